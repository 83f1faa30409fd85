//! CVE-2019-6250: a frame that claimed nearly 2^64 octets made a pointer overflow, and what followed was written wherever
//! the peer wanted.

use super::{common::*, ward::*};
use zeroxide::*;

const EDGES: [u64; 10] = [
    u64::MAX,
    u64::MAX - 1,
    u64::MAX - 8,
    u64::MAX - 37,
    (1 << 63) + 1,
    1 << 63,
    (1 << 63) - 1,
    (1 << 62) + 1,
    usize::MAX as u64 - 63,
    i64::MAX as u64 - 8191,
];

fn claims(size: u64, flags: u8) -> Vec<u8> {
    [&[octets::LONG | flags][..], &size.to_be_bytes(), &[0x41; 100]].concat()
}

/// One stranger after the other claims a huge frame.
fn claim_everything(kind: SocketType, limited: bool) {
    let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, _| {
        if !limited {
            socket.set_max_message_size(None).unwrap();
            socket.set_max_multipart_size(None).unwrap();
        }
    });
    let before = resident_octets();
    for flags in [0, octets::MORE, octets::COMMAND] {
        for size in EDGES {
            let mut stranger = ward.stranger();
            stranger.send(&claims(size, flags));
            // What may come whole some day is waited for, and only that.
            let possible = !limited && flags != octets::COMMAND && size < 1 << 63;
            if possible {
                stranger.send(&[0x42; 10_000]);
                stranger.close_sending();
            }
            stranger.read_to_close();
            ward.hears_of_an_end();
        }
    }
    wait_for_connections(&ward.socket, 0);
    bounded(before, 32);
    let told = ward.socket.statistics();
    let possible = if limited { 0 } else { EDGES.iter().filter(|size| **size < 1 << 63).count() * 2 };
    assert_eq!(told.protocol_errors, (EDGES.len() * 3 - possible) as u64, "{kind}");
    assert!(!limited || told.met(Limit::MessageSize) > 0, "{kind}");
    ward.join(&ward.at);
    ward.is_well();
}

#[test]
fn a_claim_of_all_octets_there_are_ends_the_connection() {
    let _turn = alone();
    kinds().for_each(|kind| claim_everything(kind, true));
}

#[test]
fn without_a_limit_a_claim_costs_no_more_than_what_comes() {
    let _turn = alone();
    kinds().for_each(|kind| claim_everything(kind, false));
}
