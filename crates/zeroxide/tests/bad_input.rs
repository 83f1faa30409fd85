//! Whatever comes over the wire costs at most the connection it came by; the others do not notice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::time::Duration;
use zeroxide::*;

/// A server with one good peer, by which it shows that it is well.
struct Ward {
    context: Context,
    server: Rep,
    patient: Req,
    at: String,
}

impl Ward {
    fn new(endpoint: &str, prepare: impl FnOnce(&Rep)) -> Self {
        let context = Context::new();
        let (server, patient) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
        prepare(&server);
        let at = join(&server, &patient, endpoint);
        Self { context, server, patient, at }
    }

    #[track_caller]
    fn is_well(&self) {
        self.patient.send("how are you").unwrap();
        assert_eq!(self.server.text(), "how are you");
        self.server.send("well").unwrap();
        assert_eq!(self.patient.text(), "well");
    }
}

#[test]
fn garbage_on_the_port_is_dropped_with_an_event_and_a_count() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        let events = ward.server.monitor();
        let garbage: [&[u8]; 7] = [
            b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
            &[0; 100],
            &[0xFF; 100],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello, nearly, and a few octets more to make it long",
            &[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1, b'P', b'L', b'A', b'I', b'N'],
            &[0x01, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            &[7; 65_536],
        ];
        for octets in garbage {
            let mut peer = RawPeer::connect(&ward.at);
            // The longest may be refused before all of it is out.
            peer.send_until_closed(octets);
            peer.close_sending();
            peer.read_to_close();
            events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
            ward.is_well();
        }
        assert_eq!(ward.server.statistics().failed_handshakes, garbage.len() as u64);
        assert_eq!(ward.server.connected(), 1);
    }
}

#[test]
fn a_peer_may_die_after_any_octet_of_its_handshake() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        let whole = [
            octets::greeting_v31("NULL"),
            octets::ready(Kind::Req, b"me"),
            octets::message(&[b"", b"hello"]),
        ]
        .concat();
        let handshake = 64 + octets::ready(Kind::Req, b"me").len();
        for cut in 0..whole.len() {
            let mut peer = RawPeer::connect(&ward.at);
            peer.send(&whole[..cut]);
            if cut % 2 == 0 {
                peer.close_sending();
                peer.read_to_close();
            }
        }
        ward.is_well();
        wait_for_connections(&ward.server, 1);
        eventually(|| {
            let told = ward.server.statistics();
            (told.failed_handshakes + told.connections) as usize == whole.len() + 1
        });
        // Some of those that had said all died before they were heard out.
        assert!(ward.server.statistics().failed_handshakes as usize >= handshake);
        let Ward { context, server, patient, .. } = ward;
        must_end("the end of a ward", move || drop((server, patient, context)));
    }
}

#[test]
fn a_handshake_may_come_octet_by_octet_or_with_the_first_messages() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        let whole =
            [octets::greeting_v31("NULL"), octets::ready(Kind::Req, b""), octets::message(&[b"", b"hello"])]
                .concat();
        for by_octet in [false, true, false, true] {
            let mut peer = RawPeer::connect(&ward.at);
            match by_octet {
                true => peer.send_octet_by_octet(&whole),
                false => peer.send(&whole),
            };
            assert_eq!(ward.server.text(), "hello");
            ward.server.send("world").unwrap();
            peer.read(64);
            assert_eq!(peer.read_message(), [&b""[..], b"world"]);
        }
        ward.is_well();
    }
}

#[test]
fn a_socket_of_the_wrong_type_is_told_so_and_refused() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        let events = ward.server.monitor();
        for kind in [Kind::Rep, Kind::Pub, Kind::Pull, Kind::Pair, Kind::Router] {
            let mut peer = RawPeer::connect(&ward.at);
            peer.send(&octets::greeting_v31("NULL")).send(&octets::ready(kind, b""));
            peer.read_to_close();
            let event =
                events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
            assert!(
                matches!(&event, Event::HandshakeFailed { reason, .. } if !reason.is_empty()),
                "{event:?}"
            );
        }
        let wrong = Pull::new(&ward.context).unwrap();
        let events = wrong.monitor();
        wrong.connect(&ward.at).unwrap();
        events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
        events.wait_for(LONG, |event| matches!(event, Event::Closed { .. })).unwrap();
        ward.is_well();
    }
}

#[test]
fn broken_frames_after_the_handshake_end_the_connection() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        let events = ward.server.monitor();
        let broken: [&[u8]; 4] = [
            &[0x80, 1, 0],
            &[0x05, 4, 1, b'X', 0, 0],
            &[0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x04, 5, 4, b'P', b'I', b'N', b'G'],
        ];
        for octets in broken {
            let mut peer = raw(&ward.at, Kind::Req, b"");
            peer.send(octets);
            peer.read_to_close();
            events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. })).unwrap();
        }
        assert_eq!(ward.server.statistics().protocol_errors, broken.len() as u64);
        ward.is_well();
    }
}

#[test]
fn a_claimed_length_allocates_nothing_and_waits_for_its_octets() {
    let ward = Ward::new("tcp://127.0.0.1:*", |_| {});
    let before = resident_octets();
    let peers: Vec<RawPeer> = (0..20)
        .map(|_| {
            let mut peer = raw(&ward.at, Kind::Req, b"");
            peer.send(&[octets::LONG, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).send(b"a little of it");
            peer
        })
        .collect();
    ward.is_well();
    assert!(resident_octets() < before + (64 << 20));
    drop(peers);
    wait_for_connections(&ward.server, 1);
}

fn resident_octets() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
}

#[test]
fn a_message_longer_than_allowed_ends_the_connection_and_one_just_as_long_does_not() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |server| server.set_max_message_size(Some(1000)).unwrap());
        let events = ward.server.monitor();
        let mut peer = raw(&ward.at, Kind::Req, b"");
        peer.send(&octets::message(&[b"", &[7; 1000]]));
        assert_eq!(ward.server.get()[0], [7; 1000]);
        ward.server.send("taken").unwrap();
        assert_eq!(peer.read_message(), [&b""[..], b"taken"]);
        peer.send(&octets::message(&[b"", &[7; 1001]]));
        peer.read_to_close();
        events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. })).unwrap();
        ward.is_well();
        assert!(ward.server.has_nothing());
    }
}

#[test]
fn a_flood_of_pings_and_unknown_commands_is_survived() {
    let ward = Ward::new("tcp://127.0.0.1:*", |_| {});
    let mut peer = raw(&ward.at, Kind::Req, b"");
    peer.send(&octets::ping(0, b"echo me"));
    let pong = peer.read_frame();
    assert_eq!(pong.body, [&b"\x04PONG"[..], b"echo me"].concat());
    // Far more than is answered, from one who reads none of the answers.
    for _ in 0..100 {
        peer.send(&octets::ping(0, b"0123456789abcdef").repeat(1000));
    }
    peer.send(&octets::command("WHATEVER", &[1; 100]));
    peer.send(&octets::message(&[b"", b"still here"]));
    assert_eq!(ward.server.text(), "still here");
    ward.server.send("fine").unwrap();
    assert_eq!(peer.read_message(), [&b""[..], b"fine"]);
    ward.is_well();
}

#[test]
fn a_peer_that_never_finishes_its_handshake_is_shown_out() {
    for endpoint in over_wires() {
        let ward = Ward::new(endpoint, |_| {});
        // The good peer, which is in, had all the time it needed.
        ward.server.set_handshake_interval(Some(Duration::from_millis(100))).unwrap();
        let mut silent = RawPeer::connect(&ward.at);
        let mut half = RawPeer::connect(&ward.at);
        half.send_until_closed(&octets::greeting_v31("NULL"));
        silent.read_to_close();
        half.read_to_close();
        ward.is_well();
        assert_eq!(ward.server.statistics().failed_handshakes, 2);
    }
}

#[test]
fn a_peer_that_closes_only_its_reading_side_is_noticed_when_written_to() {
    let path = IpcPath::new();
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_linger(Some(Duration::ZERO));
    push.bind(&path.endpoint()).unwrap();
    let peer = std::os::unix::net::UnixStream::connect(path.path()).unwrap();
    use std::io::{Read, Write};
    (&peer).write_all(&[octets::greeting_v31("NULL"), octets::ready(Kind::Pull, b"")].concat()).unwrap();
    (&peer).read_exact(&mut [0; 64]).unwrap();
    assert!(push.wait_connected(1, LONG));
    peer.shutdown(std::net::Shutdown::Read).unwrap();
    eventually(|| push.try_send("is anybody there").is_err());
    wait_for_connections(&push, 0);
    drop(peer);
}
