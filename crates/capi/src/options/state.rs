//! Options that only answer: what a socket is, and what state it is in.

use super::{Entry, Get, Set, Wanted};
use crate::{errno::Errno, socket::Socket};
use std::ffi::c_int;
use zeroxide::SocketType::{Pub, Sub, Xpub, Xsub};

const fn state(
    number: c_int,
    name: &'static str,
    get: fn(&Socket, &mut Wanted<'_>) -> Result<(), Errno>,
) -> Entry {
    Entry { number, name, get: Get::Own(get), set: Set::Never }
}

pub(super) const STATE: &[Entry] = &[
    state(13, "ZMQ_RCVMORE", |socket, wanted| int(wanted, socket.has_more().into())),
    state(14, "ZMQ_FD", |socket, wanted| int(wanted, socket.descriptor()?)),
    state(15, "ZMQ_EVENTS", |socket, wanted| int(wanted, socket.events()?)),
    state(16, "ZMQ_TYPE", |socket, wanted| {
        wanted.exactly(&(socket.native.socket_type() as c_int).to_ne_bytes())
    }),
    state(32, "ZMQ_LAST_ENDPOINT", |socket, wanted| wanted.text(socket.native.last_endpoint().as_bytes())),
    state(81, "ZMQ_THREAD_SAFE", |socket, wanted| int(wanted, socket.is_thread_safe().into())),
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
