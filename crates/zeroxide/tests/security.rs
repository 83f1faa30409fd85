//! Who may enter, natively: keys, passwords, addresses, and what both sides learn when the answer is no.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

mod common;

use common::*;
use std::sync::mpsc;
use zeroxide::*;

fn keys() -> Keypair {
    curve_keypair().unwrap()
}

/// Why a handshake of this socket failed.
#[track_caller]
fn failure(events: &Monitor) -> HandshakeFailure {
    match events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })) {
        Some(Event::HandshakeFailed { failure, .. }) => failure,
        other => panic!("no handshake failed: {other:?}"),
    }
}

/// A server and a client, monitored, the client connected.
fn meet(context: &Context, prepare: impl Fn(&Rep, &Req)) -> (Rep, Req, Monitor, Monitor) {
    let (server, client) = (Rep::new(context).unwrap(), Req::new(context).unwrap());
    prepare(&server, &client);
    let events = (server.monitor(), client.monitor());
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    (server, client, events.0, events.1)
}

#[track_caller]
fn converse(server: &Rep, client: &Req) -> Origin {
    client.send("question").unwrap();
    assert!(server.wait_readable(Some(LONG)));
    let (question, origin) = server.try_recv_from().unwrap();
    assert_eq!(question, "question".into());
    server.send("answer").unwrap();
    assert_eq!(client.text(), "answer");
    origin
}

#[test]
fn every_pair_of_types_talks_in_secret_over_each_wire() {
    let (server_keys, client_keys) = (keys(), keys());
    for endpoint in over_wires() {
        for one in SocketType::ALL.into_iter().filter(|kind| *kind != SocketType::Stream) {
            for other in SocketType::ALL.into_iter().filter(|other| one.may_talk_to(*other)) {
                let context = Context::new();
                let (server, client) =
                    (Socket::new(&context, one).unwrap(), Socket::new(&context, other).unwrap());
                server.secure_server(&server_keys, AllowAny).unwrap();
                client.set_curve_client(server_keys.public, &client_keys).unwrap();
                join(&server, &client, endpoint);
            }
        }
    }
}

#[test]
fn the_owner_of_a_listed_key_enters_under_its_name_and_others_do_not() {
    let context = Context::new();
    let (server_keys, friend, stranger) = (keys(), keys(), keys());
    let guests = AllowKeys::from_iter([(friend.public, "friend")]);
    let (server, client, ..) = meet(&context, |server, client| {
        server.secure_server(&server_keys, guests.clone()).unwrap();
        client.set_curve_client(server_keys.public, &friend).unwrap();
    });
    let origin = converse(&server, &client);
    assert_eq!(origin.user_id(), Some("friend"));
    assert_eq!(origin.property("user-id"), Some(&b"friend"[..]));
    assert_eq!(origin.property("Peer-Address"), Some(&b"127.0.0.1"[..]));
    assert_eq!(origin.property("Socket-Type"), Some(&b"REQ"[..]));

    let refused = Req::new(&context).unwrap();
    refused.set_curve_client(server_keys.public, &stranger).unwrap();
    let (at_server, at_client) = (server.monitor(), refused.monitor());
    refused.connect(&server.last_endpoint()).unwrap();
    assert_eq!(failure(&at_server), HandshakeFailure::Authentication(400));
    assert_eq!(failure(&at_client), HandshakeFailure::Authentication(400));
    assert_eq!((server.statistics().denied_peers, server.connected()), (1, 1));

    // A list may change at any time.
    guests.allow(stranger.public, "");
    let again = Req::new(&context).unwrap();
    again.set_curve_client(server_keys.public, &stranger).unwrap();
    again.connect(&server.last_endpoint()).unwrap();
    assert_eq!(converse(&server, &again).user_id(), Some(&*stranger.public.to_z85()));
}

#[test]
fn a_server_without_anybody_to_ask_lets_nobody_in() {
    let context = Context::new();
    let server_keys = keys();
    type Prepare<'a> = &'a dyn Fn(&Rep, &Req);
    let curve: Prepare = &|server, client| {
        server.set_curve_server(&server_keys).unwrap();
        client.set_curve_client(server_keys.public, &keys()).unwrap();
    };
    let plain: Prepare = &|server, client| {
        server.set_plain_server().unwrap();
        client.set_plain_client("admin", "secret").unwrap();
    };
    let null: Prepare = &|server, _| server.set_zap_domain("global").unwrap();
    for prepare in [curve, plain, null] {
        let (server, client, at_server, _) = meet(&context, prepare);
        assert_eq!(failure(&at_server), HandshakeFailure::NoAuthenticator);
        assert_eq!((server.connected(), client.connected()), (0, 0));
    }
}

#[test]
fn as_libzmq_a_curve_server_without_anybody_to_ask_lets_everybody_in_unless_a_domain_is_enforced() {
    let context = Context::new();
    let server_keys = keys();
    let meet = |enforce: bool, domain: &'static str, mechanism: Mechanism| {
        meet(&context, |server, client| {
            server.change_options(|options| {
                let security = &mut options.security;
                security.admission = Admission::AsLibzmq;
                security.zap_enforce_domain = enforce;
                security.zap_domain = domain.into();
            });
            match mechanism {
                Mechanism::Curve => {
                    server.set_curve_server(&server_keys).unwrap();
                    client.set_curve_client(server_keys.public, &keys()).unwrap();
                }
                Mechanism::Plain => {
                    server.set_plain_server().unwrap();
                    client.set_plain_client("admin", "secret").unwrap();
                }
                _ => {}
            }
        })
    };
    for (enforce, domain, mechanism) in [
        (false, "", Mechanism::Curve),
        (false, "global", Mechanism::Curve),
        (true, "", Mechanism::Curve),
        (false, "global", Mechanism::Null),
    ] {
        let (server, client, ..) = meet(enforce, domain, mechanism);
        let origin = converse(&server, &client);
        assert_eq!(origin.user_id(), None, "nobody said who it is");
    }
    for (enforce, domain, mechanism) in
        [(true, "global", Mechanism::Curve), (true, "global", Mechanism::Null), (false, "", Mechanism::Plain)]
    {
        let (_server, _client, at_server, _) = meet(enforce, domain, mechanism);
        assert_eq!(failure(&at_server), HandshakeFailure::NoAuthenticator, "{enforce} {domain} {mechanism}");
    }
}

#[test]
fn passwords_are_checked_and_a_wrong_one_is_told_to_both_sides() {
    let context = Context::new();
    let table = Passwords::from_iter([("admin", "secret")]);
    let meet = |user: &'static str, password: &'static str| {
        meet(&context, |server, client| {
            server.set_plain_server().unwrap();
            server.set_authenticator(table.clone()).unwrap();
            client.set_plain_client(user, password).unwrap();
        })
    };
    let (server, client, ..) = meet("admin", "secret");
    assert_eq!(converse(&server, &client).user_id(), Some("admin"));
    for (user, password) in [("admin", "Secret"), ("admin", ""), ("root", "secret"), ("", "")] {
        let (_server, _client, at_server, at_client) = meet(user, password);
        assert_eq!(failure(&at_server), HandshakeFailure::Authentication(400));
        assert_eq!(failure(&at_client), HandshakeFailure::Authentication(400));
    }
}

#[test]
fn who_is_told_to_come_later_comes_again_and_who_is_refused_does_not() {
    let context = Context::new();
    let server_keys = keys();
    let (say, said) = mpsc::channel::<Result<Grant, Denial>>();
    let said = std::sync::Mutex::new(said);
    let (server, client, at_server, at_client) = meet(&context, |server, client| {
        server.set_curve_server(&server_keys).unwrap();
        client.set_curve_client(server_keys.public, &keys()).unwrap();
    });
    // Bound already: it is asked from now on. The client may have been refused before, and came again.
    server.set_authenticator(move |_: &Applicant| said.lock().unwrap().recv_timeout(LONG).unwrap()).unwrap();
    say.send(Err(Denial::TryLater)).unwrap();
    say.send(Err(Denial::TryLater)).unwrap();
    say.send(Ok(Grant::default())).unwrap();
    for _ in 0..2 {
        let later = |event: &Event| {
            matches!(event, Event::HandshakeFailed { failure: HandshakeFailure::Authentication(300), .. })
        };
        assert!(at_server.wait_for(LONG, later).is_some());
    }
    converse(&server, &client);
    drop(at_client);

    let client = Req::new(&context).unwrap();
    client.set_curve_client(server_keys.public, &keys()).unwrap();
    let at_client = client.monitor();
    say.send(Err(Denial::Fault)).unwrap();
    client.connect(&server.last_endpoint()).unwrap();
    assert_eq!(failure(&at_client), HandshakeFailure::Authentication(500));
    let over = at_client
        .wait_for(LONG, |event| matches!(event, Event::Closed { .. } | Event::ConnectRetried { .. }));
    assert!(matches!(over, Some(Event::Closed { .. })), "{over:?}");
}

#[test]
fn an_authenticator_that_takes_its_time_stops_nobody_who_is_in() {
    let context = Context::new();
    let (entered, wait) = mpsc::channel();
    let (free, freed) = mpsc::channel::<()>();
    let freed = std::sync::Mutex::new(freed);
    let slow = Rep::new(&context).unwrap();
    slow.set_plain_server().unwrap();
    slow.set_authenticator(move |_: &Applicant| {
        entered.send(()).unwrap();
        freed.lock().unwrap().recv_timeout(LONG).unwrap();
        Ok(Grant::default())
    })
    .unwrap();
    let client = Req::new(&context).unwrap();
    client.set_plain_client("a", "b").unwrap();
    client.connect(&slow.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    wait.recv_timeout(LONG).unwrap();
    // The one I/O thread of this context serves others meanwhile.
    let (server, other, ..) = meet(&context, |_, _| ());
    converse(&server, &other);
    assert_eq!(slow.connected(), 0);
    free.send(()).unwrap();
    converse(&slow, &client);
}

#[test]
fn an_authenticator_that_panics_lets_nobody_in_and_is_asked_again() {
    let context = Context::new();
    let mut first = true;
    let first = std::sync::Mutex::new(move || std::mem::take(&mut first));
    let (server, _client, at_server, at_client) = meet(&context, |server, client| {
        server.set_plain_server().unwrap();
        client.set_plain_client("a", "b").unwrap();
    });
    let _ = (failure(&at_server), at_client);
    server
        .set_authenticator(move |_: &Applicant| {
            let first = first.lock().map(|mut first| first()).unwrap_or(false);
            assert!(!first, "a fault of the authenticator, as this test wants it");
            Ok(Grant::default())
        })
        .unwrap();
    let fault = |event: &Event| {
        matches!(event, Event::HandshakeFailed { failure: HandshakeFailure::Authentication(500), .. })
    };
    // The client of above may come again by itself; this one comes in any case.
    let try_again = Req::new(&context).unwrap();
    try_again.set_plain_client("a", "b").unwrap();
    try_again.connect(&server.last_endpoint()).unwrap();
    assert!(at_server.wait_for(LONG, fault).is_some());
    let third = Req::new(&context).unwrap();
    third.set_plain_client("a", "b").unwrap();
    third.connect(&server.last_endpoint()).unwrap();
    converse(&server, &third);
}

#[test]
fn peers_that_leave_while_somebody_decides_are_forgotten_and_so_are_the_late_answers() {
    let context = Context::new();
    let (entered, wait) = mpsc::channel();
    let (free, freed) = mpsc::channel::<()>();
    let freed = std::sync::Mutex::new(freed);
    let server = Rep::new(&context).unwrap();
    server.set_plain_server().unwrap();
    server
        .set_authenticator(move |_: &Applicant| {
            entered.send(()).unwrap();
            freed.lock().unwrap().recv_timeout(LONG).unwrap();
            Ok(Grant::default())
        })
        .unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let events = server.monitor();
    {
        let other = Context::new();
        let client = Req::new(&other).unwrap();
        client.set_plain_client("a", "b").unwrap();
        client.connect(&endpoint).unwrap();
        wait.recv_timeout(LONG).unwrap();
    }
    free.send(()).unwrap();
    let ended = |event: &Event| matches!(event, Event::HandshakeFailed { .. } | Event::Disconnected { .. });
    assert!(events.wait_for(LONG, ended).is_some());
    free.send(()).unwrap();
    let client = Req::new(&context).unwrap();
    client.set_plain_client("a", "b").unwrap();
    client.connect(&endpoint).unwrap();
    converse(&server, &client);
}

#[test]
fn a_context_can_end_while_somebody_decides() {
    let (entered, wait) = mpsc::channel();
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    server.set_plain_server().unwrap();
    let (free, freed) = mpsc::channel::<()>();
    let freed = std::sync::Mutex::new(freed);
    context.set_authenticator(move |_: &Applicant| {
        entered.send(()).unwrap();
        let _ = freed.lock().unwrap().recv_timeout(LONG);
        Ok(Grant::default())
    });
    let client = Req::new(&context).unwrap();
    client.set_plain_client("a", "b").unwrap();
    client.connect(&server.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    wait.recv_timeout(LONG).unwrap();
    drop(free);
    drop((server, client, context));
}

#[test]
fn addresses_are_let_through_or_not() {
    let context = Context::new();
    for (who, enters) in [
        (Addresses::only().allow("127.0.0.0/8").unwrap(), true),
        (Addresses::only().allow("10.0.0.0/8").unwrap(), false),
        (Addresses::only().deny("10.0.0.0/8").unwrap(), true),
        (Addresses::only().allow("127.0.0.0/8").unwrap().deny("127.0.0.1").unwrap(), false),
        (Addresses::before(AllowKeys::new()).allow("127.0.0.1").unwrap(), false),
    ] {
        let who = std::cell::Cell::new(Some(who));
        let (server, client, at_server, _) =
            meet(&context, |server, _| server.set_authenticator(who.take().unwrap()).unwrap());
        match enters {
            true => drop(converse(&server, &client)),
            false => assert_eq!(failure(&at_server), HandshakeFailure::Authentication(400)),
        }
    }
    assert!(Addresses::only().allow("nowhere").is_err());
}

#[test]
fn keys_in_files_are_read_again_when_they_change() {
    let place = IpcPath::new();
    let directory = place.path();
    std::fs::create_dir_all(directory).unwrap();
    let (server_keys, joe, ann) = (keys(), keys(), keys());
    std::fs::write(directory.join("joe.pub"), format!("{}\n", joe.public)).unwrap();
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    server.secure_server(&server_keys, AuthorizedKeys::open(directory).unwrap()).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let enter = |keys: &Keypair| {
        let client = Req::new(&context).unwrap();
        client.set_curve_client(server_keys.public, keys).unwrap();
        client.connect(&endpoint).unwrap();
        client
    };
    assert_eq!(converse(&server, &enter(&joe)).user_id(), Some("joe"));
    let events = server.monitor();
    let _stranger = enter(&ann);
    assert_eq!(failure(&events), HandshakeFailure::Authentication(400));
    std::fs::write(directory.join("others"), format!("# friends\n{} ann\n", ann.public)).unwrap();
    assert_eq!(converse(&server, &enter(&ann)).user_id(), Some("ann"));
    std::fs::remove_file(directory.join("joe.pub")).unwrap();
    let events = server.monitor();
    let _late = enter(&joe);
    assert_eq!(failure(&events), HandshakeFailure::Authentication(400));
    std::fs::remove_dir_all(directory).unwrap();
    let events = server.monitor();
    let _nobody_knows = enter(&ann);
    assert_eq!(failure(&events), HandshakeFailure::Authentication(500), "what cannot be read lets nobody in");
    assert!(AuthorizedKeys::open(directory).is_err());
}

#[test]
fn a_wrong_server_key_or_another_mechanism_comes_to_nothing_and_says_why() {
    let context = Context::new();
    let server_keys = keys();
    let (_server, _client, at_server, _) = meet(&context, |server, client| {
        server.secure_server(&server_keys, AllowAny).unwrap();
        client.set_curve_client(keys().public, &keys()).unwrap();
    });
    assert_eq!(failure(&at_server), HandshakeFailure::Protocol(0x1100_0001));
    let (_server, _client, at_server, at_client) = meet(&context, |server, client| {
        server.secure_server(&server_keys, AllowAny).unwrap();
        client.set_plain_client("a", "b").unwrap();
    });
    assert_eq!(failure(&at_server), HandshakeFailure::Protocol(0x1100_0002));
    assert_eq!(failure(&at_client), HandshakeFailure::Protocol(0x1100_0002));
}

#[test]
fn silent_strangers_at_a_secure_server_are_in_nobodys_way() {
    let context = Context::new();
    let server_keys = keys();
    let (server, client) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    server.secure_server(&server_keys, AllowAny).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let mut strangers: Vec<RawPeer> = (0..20).map(|_| RawPeer::connect(&endpoint)).collect();
    for stranger in &mut strangers[10..] {
        stranger.send(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03");
    }
    client.set_curve_client(server_keys.public, &keys()).unwrap();
    client.connect(&endpoint).unwrap();
    for _ in 0..10 {
        converse(&server, &client);
    }
    assert_eq!(server.peers().len(), 1);
}

#[test]
fn connections_that_a_secure_client_lost_come_again_in_secret() {
    let context = Context::new();
    let (server_keys, client_keys) = (keys(), keys());
    let serve = |endpoint: &str| {
        let server = Rep::new(&context).unwrap();
        server.secure_server(&server_keys, AllowAny).unwrap();
        server.bind(endpoint).unwrap();
        server
    };
    let endpoint = free_tcp();
    let server = serve(&endpoint);
    let client = Req::new(&context).unwrap();
    client.set_curve_client(server_keys.public, &client_keys).unwrap();
    client.connect(&endpoint).unwrap();
    converse(&server, &client);
    server.unbind(&endpoint).unwrap();
    drop(server);
    wait_for_connections(&client, 0);
    let server = serve(&endpoint);
    converse(&server, &client);
}

#[test]
fn what_no_socket_can_honour_is_refused() {
    let context = Context::new();
    let socket = Req::new(&context).unwrap();
    let invalid = |answer: Result<(), OptionError>| {
        assert!(matches!(answer.unwrap_err().cause, OptionErrorCause::Invalid(_)));
    };
    let mixed = Keypair { public: keys().public, secret: keys().secret };
    invalid(socket.set_curve_server(&mixed));
    invalid(socket.set_curve_client(keys().public, &mixed));
    invalid(socket.set_curve_client(PublicKey::default(), &keys()));
    invalid(socket.set_curve_server(&Keypair::from(SecretKey::default())));
    invalid(socket.set_plain_client(vec![b'u'; 256], "p"));
    invalid(socket.set_plain_client("u", vec![b'p'; 256]));
    invalid(socket.set_zap_domain(vec![b'd'; 256]));
    assert_eq!(socket.mechanism(), Mechanism::Null);
    socket.set_plain_client("u", "p").unwrap();
    assert_eq!(socket.mechanism(), Mechanism::Plain);
    socket.set_curve_client(keys().public, &keys()).unwrap();
    assert_eq!(socket.mechanism(), Mechanism::Curve);
    socket.set_no_mechanism();
    assert_eq!(socket.mechanism(), Mechanism::Null);

    let stream = Stream::new(&context).unwrap();
    let not_for = |answer: Result<(), OptionError>| {
        assert_eq!(answer.unwrap_err().cause, OptionErrorCause::NotForThisType);
    };
    not_for(stream.set_curve_server(&keys()));
    not_for(stream.set_curve_client(keys().public, &keys()));
    not_for(stream.set_plain_server());
    not_for(stream.set_plain_client("u", "p"));
    not_for(stream.set_zap_domain("d"));
    not_for(stream.set_authenticator(AllowAny));
}
