//! CVE-2020-15166: a connection that said nothing got a place among the peers, so that one of them kept legitimate clients
//! of a secured server from being served.

use super::{common::*, ward::*};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zeroxide::*;

fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// Connections that never get beyond some point of their handshake.
fn strangers(at: &str, count: usize) -> Vec<RawPeer> {
    let greeting = octets::greeting_v31("CURVE");
    let beginnings = [&b""[..], &greeting[..1], &greeting[..10], &greeting[..11], &greeting[..63], &greeting];
    let connect = |number: usize| {
        let mut stranger = RawPeer::connect(at);
        stranger.send(beginnings[number % beginnings.len()]);
        stranger
    };
    (0..count).map(connect).collect()
}

/// A hundred messages one after the other: each has to come to the friend, who alone is a peer.
fn serves_only_the_friend(ward: &Ward) {
    assert_eq!(ward.socket.connected(), 1);
    assert_eq!(ward.socket.peers().len(), 1, "nobody is a peer before the end of the handshake");
    for _ in 0..20 {
        ward.is_well();
    }
}

#[test]
fn silent_connections_and_wrong_keys_take_nothing_from_those_who_were_let_in() {
    allow_descriptors();
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.secure_server(&server, AllowKeys::from_iter([(client.public, "friend")])).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        let silent = strangers(&ward.at, 60);
        let impostor = Socket::new(&ward.context, partner(kind)).unwrap();
        impostor.set_curve_client(curve_keypair().unwrap().public, &client).unwrap();
        impostor.connect(&ward.at).unwrap();
        ward.hears_of_a_failed_handshake();
        serves_only_the_friend(&ward);
        drop(silent);
        eventually(|| ward.socket.statistics().failed_handshakes >= 61);
        serves_only_the_friend(&ward);
    }
}

#[test]
fn a_thousand_silent_connections_do_not_keep_a_newcomer_out() {
    allow_descriptors();
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in [SocketType::Rep, SocketType::Push, SocketType::Router, SocketType::Pub] {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.set_max_handshakes(None).unwrap();
            socket.set_max_handshakes_per_address(None).unwrap();
            socket.secure_server(&server, AllowAny).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        let silent = strangers(&ward.at, 1000);
        ward.join(&ward.at);
        serves_only_the_friend(&ward);
        drop(silent);
        eventually(|| ward.socket.statistics().failed_handshakes == 1000);
        serves_only_the_friend(&ward);
    }
}

#[test]
fn with_the_limits_of_a_new_socket_they_do_not_either() {
    allow_descriptors();
    for kind in [SocketType::Rep, SocketType::Push, SocketType::Router, SocketType::Pub] {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |_, _| {});
        let silent: Vec<_> = (0..600).map(|_| std::net::TcpStream::connect(&ward.at[6..]).unwrap()).collect();
        ward.hears_of(|event| matches!(event, Event::LimitMet { limit: Limit::HandshakesPerAddress, .. }));
        // From the very address whose places are all taken: it tries until the first silent ones have had their time.
        ward.join(&ward.at);
        serves_only_the_friend(&ward);
        assert!(ward.socket.statistics().met(Limit::HandshakesPerAddress) >= 300);
        drop(silent);
    }
}
