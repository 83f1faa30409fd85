//! CVE-2021-20237: a publisher kept what subscribers sent that was no subscription, for ever.

use super::{common::*, ward::*};
use zeroxide::*;

/// Messages of a kibioctet: twenty mebioctets if they stayed.
const MESSAGES: usize = 20_000;

#[test]
fn what_a_type_does_not_take_is_dropped_and_counted() {
    let _turn = alone();
    // All that nobody receives from: what comes there all the same would stay for ever.
    for kind in kinds().filter(|kind| !kind.receives()) {
        for part in [octets::message(&[&[2; 1000]]), octets::message(&[b"\x02", &[7; 1000]])] {
            let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |_, _| {});
            let mut stranger = ward.stranger();
            assert!(ward.socket.wait_connected(2, LONG));
            let before = resident_octets();
            for _ in 0..MESSAGES / 100 {
                stranger.send(&part.repeat(100));
            }
            eventually(|| ward.socket.statistics().lost_to(Loss::BadEnvelope) == MESSAGES as u64);
            bounded(before, 8);
            stranger.close();
            wait_for_connections(&ward.socket, 1);
            ward.is_well();
        }
    }
}

#[test]
fn what_a_publisher_shows_its_application_waits_there_and_can_be_taken() {
    // An XPUB does receive: what its peers say is the application's, and no subscription (libzmq's e0e3ce08).
    let ward = Ward::joined(SocketType::Xpub, "tcp://127.0.0.1:*", |_, _| {});
    let mut stranger = ward.stranger();
    for body in [&b"\x02topic"[..], b"", b"hello"] {
        stranger.send(&octets::frame(0, body));
        assert_eq!(ward.socket.get().body(), body);
    }
    assert_eq!(ward.socket.subscribers("topic"), 1, "only the friend, who wants all");
    stranger.close();
    wait_for_connections(&ward.socket, 1);
    ward.is_well();
}
