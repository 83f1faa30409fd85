//! Who decides, and what both sides learn of it: domains, addresses, handlers in our process and in libzmq's.

use crate::{Server, common::*, enter_curve, enter_plain, every_exchange, failure, keys, their_failure};
use zeroxide::*;
use zeroxide_testing::{PythonPeer, RemoteSocket};

const MECHANISMS: [Mechanism; 3] = [Mechanism::Null, Mechanism::Plain, Mechanism::Curve];

/// Lets in whoever is asked about in the name of this domain.
fn only_at_home(applicant: &Applicant) -> Result<Grant, Denial> {
    match &*applicant.domain {
        "home" => Ok(Grant { user_id: "guest".to_owned(), ..Grant::default() }),
        _ => Err(Denial::Refused),
    }
}

#[test]
fn every_pair_exchanges_after_a_question_without_a_mechanism_when_we_ask() {
    every_exchange(
        &PythonPeer::spawn(),
        Server::We,
        |ours| {
            ours.set_zap_domain("home").unwrap();
            ours.set_authenticator(only_at_home).unwrap();
        },
        |_| (),
    );
}

#[test]
fn every_pair_exchanges_after_a_question_without_a_mechanism_when_libzmq_asks() {
    let peer = PythonPeer::spawn();
    // Its handler lets in whoever comes without a mechanism, unless an address is on a list.
    peer.authenticate("plain", &["*", "nobody", "nothing"]).unwrap();
    every_exchange(&peer, Server::They, |_| (), |theirs| theirs.set_bytes("ZAP_DOMAIN", b"home").unwrap());
}

/// A server of ours, and a client of libzmq that has not connected yet.
fn server_and_client(context: &Context, peer: &PythonPeer, mechanism: Mechanism) -> (Rep, RemoteSocket) {
    let (server, client, server_keys) = (Rep::new(context).unwrap(), peer.socket(Kind::Req), keys());
    match mechanism {
        Mechanism::Curve => {
            server.set_curve_server(&server_keys).unwrap();
            enter_curve(&client, &server_keys.public, &keys());
        }
        Mechanism::Plain => {
            server.set_plain_server().unwrap();
            enter_plain(&client, "admin", "secret");
        }
        _ => {}
    }
    client.monitor().unwrap();
    (server, client)
}

/// What libzmq's client makes of a refusal with this status.
fn as_libzmq_sees(mechanism: Mechanism, status: u16) -> HandshakeFailure {
    match (mechanism, status) {
        // It is told nothing.
        (_, 300) => HandshakeFailure::Connection,
        // Its PLAIN client knows ERROR only in the spelling of its own server (see plain.rs).
        (Mechanism::Plain, _) => HandshakeFailure::Protocol(0x1000_0001),
        _ => HandshakeFailure::Authentication(status),
    }
}

#[test]
fn a_wrong_domain_and_a_denied_address_are_400_to_libzmq() {
    let peer = PythonPeer::spawn();
    for mechanism in MECHANISMS {
        for denied in [false, true] {
            let context = Context::new();
            let (server, client) = server_and_client(&context, &peer, mechanism);
            if denied {
                server.set_authenticator(Addresses::only().deny("127.0.0.0/8").unwrap()).unwrap();
            } else {
                server.set_zap_domain("away").unwrap();
                server.set_authenticator(only_at_home).unwrap();
            }
            let events = server.monitor();
            client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
            assert_eq!(failure(&events), HandshakeFailure::Authentication(400), "{mechanism}");
            assert_eq!(their_failure(&client), as_libzmq_sees(mechanism, 400), "{mechanism}");
            assert!(server.statistics().denied_peers > 0);
        }
    }
}

#[test]
fn our_handler_is_asked_about_libzmq_and_each_status_is_heard_on_both_sides() {
    let peer = PythonPeer::spawn();
    for mechanism in MECHANISMS {
        for status in [300, 400, 500] {
            let context = Context::new();
            let handler = Rep::new(&context).unwrap();
            handler.bind("inproc://zeromq.zap.01").unwrap();
            let (server, client) = server_and_client(&context, &peer, mechanism);
            server.set_zap_domain("home").unwrap();
            let events = server.monitor();
            client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
            let question = handler.get();
            let asked: Vec<_> = [2, 3, 5].iter().map(|at| question[*at].to_vec()).collect();
            assert_eq!(asked, [b"home", &b"127.0.0.1"[..], mechanism.name().as_bytes()]);
            let status_text = status.to_string();
            let answer = [b"1.0", &question[1][..], status_text.as_bytes(), b"", b"", b""];
            handler.send(Message::from_frames(answer.map(<[u8]>::to_vec))).unwrap();
            assert_eq!(failure(&events), HandshakeFailure::Authentication(status));
            assert_eq!(their_failure(&client), as_libzmq_sees(mechanism, status), "{mechanism} {status}");
        }
    }
}

#[test]
fn our_handler_lets_libzmq_in_and_says_who_it_is() {
    let peer = PythonPeer::spawn();
    for mechanism in MECHANISMS {
        let context = Context::new();
        let handler = Rep::new(&context).unwrap();
        handler.bind("inproc://zeromq.zap.01").unwrap();
        let (server, client) = server_and_client(&context, &peer, mechanism);
        server.set_zap_domain("home").unwrap();
        client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        let question = handler.get();
        let answer = [b"1.0", &question[1][..], b"200", b"", b"joe", b"\x04team\0\0\0\x03red"];
        handler.send(Message::from_frames(answer.map(<[u8]>::to_vec))).unwrap();
        client.send(&[b"hi"]).unwrap();
        assert!(server.wait_readable(Some(LONG)));
        let (message, origin) = server.try_recv_from().unwrap();
        assert_eq!((message, origin.user_id()), ("hi".into(), Some("joe")));
        assert_eq!(origin.property("team"), Some(&b"red"[..]));
    }
}
