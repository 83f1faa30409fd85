//! Options of our own: what a peer may cost at most. libzmq has none of them, so a socket of C begins without; -1 is without
//! bound. `zeroxide.h` has their numbers.

use super::{
    Entry,
    Get::Kept,
    Set::Int,
    numbers::{Apply, Rule},
};
use std::ffi::c_int;
use zeroxide::SocketType::{
    self, Channel, Client, Dealer, Dish, Gather, Pair, Peer, Pub, Pull, Push, Radio, Rep, Req, Router,
    Scatter, Server, Stream, Sub, Xpub, Xsub,
};

const TALKERS: &[SocketType] = &[
    Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, Xpub, Xsub, Server, Client, Radio, Dish, Gather,
    Scatter, Peer, Channel,
];
const CONNECTED: &[SocketType] = &[
    Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, Xpub, Xsub, Stream, Server, Client, Radio, Dish,
    Gather, Scatter, Peer, Channel,
];
const PUBLISHERS: &[SocketType] = &[Pub, Xpub, Radio];

const AT_LEAST_ZERO: Rule = |value| (value >= -1).then_some(value);
const AT_LEAST_ONE: Rule = |value| (value == -1 || value > 0).then_some(value);
const METADATA_SIZE: Rule = |value| (value == -1 || (512..=65_536).contains(&value)).then_some(value);
const PROPERTIES: Rule = |value| (value == -1 || (2..=64).contains(&value)).then_some(value);

const fn limit(
    number: c_int,
    name: &'static str,
    on: &'static [SocketType],
    rule: Rule,
    apply: Apply,
) -> Entry {
    Entry { number, name, get: Kept(-1), set: Int { on, rule, apply } }
}

pub(super) const LIMITS: &[Entry] = &[
    limit(1_000_010, "ZEROXIDE_MAX_MULTIPART_SIZE", TALKERS, AT_LEAST_ZERO, |o, _, v| {
        o.max_multipart_size = u64::try_from(v).ok();
    }),
    limit(1_000_011, "ZEROXIDE_MAX_FRAMES", TALKERS, AT_LEAST_ONE, |o, _, v| {
        o.max_frames = u32::try_from(v).ok();
    }),
    limit(1_000_012, "ZEROXIDE_MAX_METADATA_SIZE", TALKERS, METADATA_SIZE, |o, _, v| {
        o.max_metadata_size = size(v);
    }),
    limit(1_000_013, "ZEROXIDE_MAX_METADATA_PROPERTIES", TALKERS, PROPERTIES, |o, _, v| {
        o.max_metadata_properties = size(v);
    }),
    limit(1_000_014, "ZEROXIDE_MAX_TOPIC_LENGTH", PUBLISHERS, AT_LEAST_ZERO, |o, _, v| {
        o.max_topic_length = size(v);
    }),
    limit(1_000_015, "ZEROXIDE_MAX_SUBSCRIPTIONS", PUBLISHERS, AT_LEAST_ONE, |o, _, v| {
        o.max_subscriptions = size(v);
    }),
    limit(1_000_016, "ZEROXIDE_MAX_PEERS", CONNECTED, AT_LEAST_ONE, |o, _, v| o.max_peers = size(v)),
    limit(1_000_017, "ZEROXIDE_MAX_HANDSHAKES", TALKERS, AT_LEAST_ONE, |o, _, v| o.max_handshakes = size(v)),
    limit(1_000_018, "ZEROXIDE_MAX_HANDSHAKES_PER_ADDRESS", TALKERS, AT_LEAST_ONE, |o, _, v| {
        o.max_handshakes_per_address = size(v);
    }),
    Entry {
        number: 1_000_019,
        name: "ZEROXIDE_OPEN_TO_NETWORK",
        get: Kept(1),
        set: Int {
            on: &[],
            rule: |value| (value == 0 || value == 1).then_some(value),
            apply: |o, _, v| o.open_to_network = v == 1,
        },
    },
];

/// The bound, or none.
fn size(value: c_int) -> Option<usize> {
    usize::try_from(value).ok()
}
