//! CVE-2021-20235: two messages of more than 8192 octets from a peer of ZMTP 1.0 changed the size that was noted of a
//! static buffer, and the heap behind it was overwritten.

use super::{common::*, ward::*};
use zeroxide::*;

const SIZES: [usize; 12] = [8191, 8192, 8193, 8193, 8192, 20_000, 8193, 70_000, 8191, 0, 253, 254];

#[test]
fn long_messages_of_an_old_peer_come_as_they_were_sent() {
    for kind in [
        SocketType::Pull,
        SocketType::Dealer,
        SocketType::Router,
        SocketType::Pair,
        SocketType::Sub,
        SocketType::Xsub,
    ] {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, _| {
            socket.set_minimum_version(MinimumVersion::V1).unwrap();
        });
        let mut old = RawPeer::connect(&ward.at);
        old.send(&octets::greeting_v10(b""));
        assert!(ward.socket.wait_connected(1, LONG));
        for size in SIZES {
            let body: Vec<u8> = (0..size).map(|at| (at * 7) as u8).collect();
            old.send(&octets::message_v10(&[&body]));
            let message = ward.socket.get();
            assert!(message[message.len() - 1] == body[..], "{kind}: {size} octets");
        }
        old.close();
        wait_for_connections(&ward.socket, 0);
        ward.join(&ward.at);
        ward.is_well();
    }
}

#[test]
fn what_no_old_peer_would_send_ends_its_connection_whatever_the_type() {
    let _turn = alone();
    for kind in kinds() {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, _| {
            socket.set_minimum_version(MinimumVersion::V1).unwrap();
        });
        let before = resident_octets();
        let streams: [Vec<u8>; 4] = [
            // A length of 0, which counts the flags (nmap's probe).
            vec![0, 0, 0, 0],
            // Nearly 2^64 octets, and five thousand of them: libzmq's #1488.
            [&b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xDA\x00"[..], &[0x41; 5000]].concat(),
            // Just above the native limit.
            [&[0xFF][..], &((64_u64 << 20) + 2).to_be_bytes(), &[0], &[0x41; 9000]].concat(),
            // Two frames above 8192 octets, then nonsense.
            [octets::frame_v10(true, &[1; 8193]), octets::frame_v10(true, &[2; 8193]), vec![0]].concat(),
        ];
        for stream in &streams {
            let mut old = RawPeer::connect(&ward.at);
            old.send(&octets::greeting_v10(b""));
            old.send_until_closed(stream);
            old.read_to_close();
            ward.hears_of_an_end();
        }
        wait_for_connections(&ward.socket, 0);
        assert_eq!(ward.socket.statistics().protocol_errors, streams.len() as u64, "{kind}");
        bounded(before, 16);
        // A subscriber of that age is sent everything.
        ward.join(&ward.at);
        ward.is_well();
    }
}
