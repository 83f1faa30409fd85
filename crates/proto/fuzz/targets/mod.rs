//! What hostile octets are thrown at: a function of octets each, that panics where something does not hold. The fuzzers call
//! them, one binary a target; `tests/fuzz.rs` calls them on a stable toolchain.

mod command;
mod curve_handshake;
mod datagram;
mod decoder;
mod endpoint;
mod greeting_handshake;
mod handshakes;
mod machines;
mod metadata;
mod plain_handshake;
mod subscriptions;
mod z85;

pub(crate) type Target = fn(&[u8]);

/// Names, which are those of the corpora, and functions.
pub(crate) const ALL: [(&str, Target); 12] = [
    ("command", command::run),
    ("curve_handshake", curve_handshake::run),
    ("datagram", datagram::run),
    ("decoder", decoder::run),
    ("endpoint", endpoint::run),
    ("greeting_handshake", greeting_handshake::run),
    ("handshakes", handshakes::run),
    ("machines", machines::run),
    ("metadata", metadata::run),
    ("plain_handshake", plain_handshake::run),
    ("subscriptions", subscriptions::run),
    ("z85", z85::run),
];
