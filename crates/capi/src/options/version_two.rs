//! An option of our own: the ways of ZeroMQ 2.x, for programs that `zmq2.h` compiles.

use super::{Entry, Get::Kept, Set::Int};
use zeroxide::SocketType::{Rep, Router};

/// Names that a ROUTER generates have 17 octets, and a REP takes requests from a ROUTER. `zmq2.h` knows the number; it is
/// far from libzmq's, and no program that was written for libzmq has it.
pub(super) const VERSION_TWO: Entry = Entry {
    number: 1_000_002,
    name: "ZMQ2_WAYS",
    get: Kept(0),
    set: Int {
        on: &[Rep, Router],
        rule: |value| (value == 0 || value == 1).then_some(value),
        apply: |options, _, value| options.version_two = value == 1,
    },
};
