//! CVE-2019-13132: a CURVE server copied an INITIATE of any length, which holds the client's metadata, into a buffer of
//! fixed size on its stack.

use super::{common::*, ward::*};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use zeroxide::*;
use zeroxide_proto::{
    Handshake, Settings,
    security::{CurveClient, Entropy, NoEntropy, Security},
};

/// Numbers that anybody can guess: a stranger's secrets are its own affair.
#[derive(Debug)]
struct Guessable(AtomicU64);

impl Entropy for Guessable {
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        octets.fill(self.0.fetch_add(1, Relaxed) as u8 | 1);
        Ok(())
    }
}

/// A stranger that knows the server's key, up to its INITIATE, which is returned and not sent.
fn up_to_initiate(at: &str, server: PublicKey, own: SocketType) -> (RawPeer, Vec<u8>) {
    let client = CurveClient {
        keys: curve_keypair().unwrap(),
        server,
        entropy: Arc::new(Guessable(AtomicU64::new(1))),
    };
    let mut settings = Settings::new(own, &Options::default());
    settings.security = Security::CurveClient(Arc::new(client));
    let mut out = vec![];
    let mut handshake = Handshake::new(settings, &mut out);
    let mut peer = RawPeer::connect(at);
    loop {
        peer.send(&std::mem::take(&mut out));
        handshake.receive(&peer.read(1), &mut out).unwrap();
        if out.windows(8).any(|octets| octets == b"INITIATE") {
            return (peer, out);
        }
    }
}

/// The same command with a body of another length.
fn resized(frame: &[u8], length: usize) -> Vec<u8> {
    let header = if frame[0] & octets::LONG == 0 { 2 } else { 9 };
    let mut body = frame[header..].to_vec();
    body.resize(length, 0x41);
    octets::frame(octets::COMMAND, &body)
}

/// Lengths around all that means something: the command itself, the bound of metadata, 64 KiB, and a mebioctet.
const LENGTHS: [usize; 14] = [0, 1, 8, 9, 200, 256, 257, 300, 500, 2305, 2313, 8192, 65_536, 1 << 20];

#[test]
fn an_initiate_of_another_length_is_refused_by_every_type() {
    let _turn = alone();
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.secure_server(&server, AllowAny).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        let before = resident_octets();
        for length in LENGTHS {
            let (mut stranger, initiate) = up_to_initiate(&ward.at, server.public, partner(kind));
            stranger.send_until_closed(&resized(&initiate, length));
            stranger.read_to_close();
            ward.hears_of_a_failed_handshake();
        }
        assert_eq!(ward.socket.statistics().failed_handshakes, LENGTHS.len() as u64, "{kind}");
        bounded(before, 16);
        ward.is_well();
    }
}

#[test]
fn a_client_that_says_too_much_of_itself_is_refused_by_every_type() {
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.secure_server(&server, AllowAny).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        for length in [2500, 10_000, 60_000] {
            let talker = Socket::new(&ward.context, partner(kind)).unwrap();
            talker.set_curve_client(server.public, &client).unwrap();
            talker.set_metadata([("X-life-story", vec![b'x'; length])]).unwrap();
            talker.set_reconnect_interval(None).unwrap();
            talker.connect(&ward.at).unwrap();
            let is_limit = |event: &Event| matches!(event, Event::LimitMet { limit: Limit::Metadata, .. });
            ward.hears_of(is_limit);
            ward.hears_of_a_failed_handshake();
        }
        let told = ward.socket.statistics();
        assert_eq!((told.met(Limit::Metadata), told.failed_handshakes), (3, 3), "{kind}");
        ward.is_well();
    }
}

#[test]
fn a_hello_of_another_length_and_the_commands_of_other_mechanisms_too() {
    for mechanism in ["CURVE", "PLAIN", "NULL"] {
        for kind in kinds() {
            let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
            let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |socket, friend| match mechanism {
                "CURVE" => {
                    socket.secure_server(&server, AllowAny).unwrap();
                    friend.set_curve_client(server.public, &client).unwrap();
                }
                "PLAIN" => {
                    socket.set_plain_server().unwrap();
                    socket.set_authenticator(AllowAny).unwrap();
                    friend.set_plain_client("admin", "secret").unwrap();
                }
                _ => {}
            });
            let name = if mechanism == "NULL" { "READY" } else { "HELLO" };
            let lengths = [1, 193, 195, 600, 70_000, 1 << 20];
            for length in lengths {
                let mut stranger = RawPeer::connect(&ward.at);
                stranger.send(&octets::greeting_v31(mechanism));
                stranger.send_until_closed(&octets::command(name, &vec![0x41; length]));
                stranger.read_to_close();
                ward.hears_of_a_failed_handshake();
            }
            assert_eq!(
                ward.socket.statistics().failed_handshakes,
                lengths.len() as u64,
                "{mechanism} {kind}"
            );
            ward.is_well();
        }
    }
}
