//! Options that only answer: what a socket is, and what state it is in.

use super::{Entry, Get, Set, Wanted};
use crate::{errno::Errno, socket::Socket};
use std::ffi::c_int;
use zeroxide::SocketType::{self, Pub, Sub, Xpub, Xsub};

const fn state(
    number: c_int,
    name: &'static str,
    get: fn(&Socket, &mut Wanted<'_>) -> Result<(), Errno>,
) -> Entry {
    Entry { number, name, get: Get::Own(get), set: Set::Never }
}

pub(super) const STATE: &[Entry] = &[
    state(16, "ZMQ_TYPE", |socket, wanted| {
        wanted.exactly(&(socket.native.socket_type() as c_int).to_ne_bytes())
    }),
    state(32, "ZMQ_LAST_ENDPOINT", |socket, wanted| wanted.text(socket.native.last_endpoint().as_bytes())),
    state(81, "ZMQ_THREAD_SAFE", |socket, wanted| {
        int(wanted, is_thread_safe(socket.native.socket_type()).into())
    }),
    state(116, "ZMQ_TOPICS_COUNT", |socket, wanted| {
        if !matches!(socket.native.socket_type(), Pub | Sub | Xpub | Xsub) {
            return Err(Errno::EINVAL);
        }
        int(wanted, c_int::try_from(socket.native.topics_count()).unwrap_or(c_int::MAX))
    }),
];

/// An `int` for which more room than needed is all right.
fn int(wanted: &mut Wanted<'_>, value: c_int) -> Result<(), Errno> {
    wanted.at_least(&value.to_ne_bytes())
}

/// What libzmq answers. Here, threads may share sockets of every type.
fn is_thread_safe(_kind: SocketType) -> bool {
    false
}
