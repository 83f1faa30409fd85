//! CVE-2014-7202 and CVE-2014-9721: a greeting of an older version, or of NULL, made a secured socket talk without
//! security.

use super::{common::*, ward::*};
use zeroxide::*;

/// Greetings of whoever wants no security, or another one.
fn downgrades(own: &str) -> Vec<(&'static str, Vec<u8>)> {
    let other = if own == "CURVE" { "PLAIN" } else { "CURVE" };
    let with_revision = |revision: u8, tail: &[u8]| [&octets::signature(0)[..], &[revision], tail].concat();
    let with_as_server = |mechanism: &str, as_server: u8| {
        let mut octets = octets::greeting_v31(mechanism);
        octets[32] = as_server;
        octets
    };
    vec![
        ("1.0, anonymous", octets::greeting_v10(b"")),
        ("1.0, named", octets::greeting_v10(b"somebody")),
        ("1.0, with a message", [octets::greeting_v10(b""), octets::message_v10(&[b"hello"])].concat()),
        ("revision 0", with_revision(0, &[8, 1, 0])),
        ("2.0", octets::greeting_v20(Kind::Pull, b"")),
        ("revision 2", with_revision(2, &[7, 0, 0])),
        ("3.0 NULL", octets::greeting_v30("NULL")),
        ("3.1 NULL", octets::greeting_v31("NULL")),
        ("3.1 NULL as server", with_as_server("NULL", 1)),
        ("another mechanism", octets::greeting_v31(other)),
        ("another mechanism as server", with_as_server(other, 1)),
        ("no mechanism", octets::greeting_v31("")),
        ("a longer name", octets::greeting_v31(&format!("{own}X"))),
        ("NULL behind it", octets::greeting_v31(&format!("{own}\0NULL"))),
    ]
}

/// Every downgrade is refused by a socket of every type, without a word of its own metadata.
fn no_downgrade(own: &str, prepare: impl Fn(&Socket, &Socket)) {
    for kind in kinds() {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", &prepare);
        let downgrades = downgrades(own);
        for (name, octets) in &downgrades {
            let mut stranger = RawPeer::connect(&ward.at);
            stranger.send(octets);
            let heard = stranger.read_to_close();
            assert!(heard.len() <= 64, "{kind}, {name}: {} octets", heard.len());
            ward.hears_of_a_failed_handshake();
        }
        assert_eq!(ward.socket.statistics().failed_handshakes, downgrades.len() as u64, "{kind}");
        assert_eq!(ward.socket.connected(), 1, "{kind}");
        ward.is_well();
    }
}

#[test]
fn curve_is_not_talked_out_of_its_security() {
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    no_downgrade("CURVE", |socket, friend| {
        socket.secure_server(&server, AllowAny).unwrap();
        friend.set_curve_client(server.public, &client).unwrap();
    });
}

#[test]
fn plain_is_not_talked_out_of_its_password() {
    no_downgrade("PLAIN", |socket, friend| {
        socket.set_plain_server().unwrap();
        socket.set_authenticator(Passwords::from_iter([("admin", "secret")])).unwrap();
        friend.set_plain_client("admin", "secret").unwrap();
    });
}

#[test]
fn a_client_with_keys_is_not_talked_out_of_them_either() {
    for kind in kinds() {
        let context = Context::new();
        let (server, keys) = (curve_keypair().unwrap().public, curve_keypair().unwrap());
        for (name, octets) in downgrades("CURVE") {
            let client = Socket::new(&context, kind).unwrap();
            client.set_curve_client(server, &keys).unwrap();
            let listener = RawListener::tcp();
            let events = client.monitor();
            client.connect(listener.endpoint()).unwrap();
            let mut impostor = listener.accept();
            impostor.send(&octets);
            let heard = impostor.read_to_close();
            assert!(heard.len() <= 64, "{kind}, {name}: {} octets", heard.len());
            let failed = |event: &Event| matches!(event, Event::HandshakeFailed { .. });
            assert!(events.wait_for(LONG, failed).is_some(), "{kind}, {name}");
            assert_eq!((client.connected(), client.statistics().failed_handshakes), (0, 1), "{kind}, {name}");
        }
    }
}

#[test]
fn a_null_socket_that_asks_who_comes_takes_nobody_who_cannot_be_asked() {
    for kind in kinds() {
        let prepare = |socket: &Socket, _: &Socket| {
            socket.set_minimum_version(MinimumVersion::V1).unwrap();
            socket.set_authenticator(AllowAny).unwrap();
        };
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", prepare);
        for octets in [
            octets::greeting_v10(b""),
            octets::greeting_v10(b"somebody"),
            octets::greeting_v20(Kind::Pull, b""),
        ] {
            let mut stranger = RawPeer::connect(&ward.at);
            stranger.send(&octets);
            stranger.read_to_close();
            ward.hears_of_a_failed_handshake();
        }
        assert_eq!(ward.socket.statistics().failed_handshakes, 3, "{kind}");
        ward.is_well();
    }
}
