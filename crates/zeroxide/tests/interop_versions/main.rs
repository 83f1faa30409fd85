//! Every version of ZMTP, octet for octet, on live sockets: as the one who binds and as the one who connects, the
//! greeting in any portions. And what must be refused is refused, with an event and a counter, while a legitimate
//! libzmq on the same socket is served undisturbed. T, R and X are numbers of rules in zmtp.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#[path = "../scenario/mod.rs"]
mod scenario;

mod frames;
mod giving_up;
mod greetings;
mod refusals;
mod sessions;
mod subscriptions;

use octets::{
    COMMAND, MORE, cancel, cancel_message, command, error, frame, frame_long, frame_v10, greeting_tail,
    greeting_v10, greeting_v20, greeting_v30, greeting_v31, message, message_v10, ping, pong, property,
    ready, signature, subscribe, subscribe_message,
};
use scenario::*;
use std::time::Duration;
use zeroxide::*;

/// A socket of ours of this type.
fn ours(context: &Context, kind: Kind) -> Socket {
    Socket::new(context, SocketType::from_name(kind.name().as_bytes()).unwrap()).unwrap()
}

/// A socket of ours and the raw peer it talks to, in either role.
fn bound_and_connected(kind: Kind, prepare: impl Fn(&Socket), mut story: impl FnMut(&Socket, RawPeer)) {
    let context = Context::new();
    let binder = ours(&context, kind);
    prepare(&binder);
    let endpoint = binder.bind(TCP).unwrap();
    story(&binder, RawPeer::connect(&endpoint));

    let listener = RawListener::tcp();
    let connecter = ours(&context, kind);
    prepare(&connecter);
    connecter.connect(listener.endpoint()).unwrap();
    story(&connecter, listener.accept());
}

fn speak_v1(socket: &Socket) {
    socket.set_minimum_version(MinimumVersion::V1).unwrap();
}

#[track_caller]
fn gets(socket: &Socket, parts: &[&[u8]]) {
    assert_eq!(socket.recv_timeout(LONG).unwrap(), Message::from_frames(parts.iter().copied()));
}

/// What a stranger says behind a proper greeting of 3.1.
fn greeted(rest: &[u8]) -> Vec<u8> {
    [&greeting_v31("NULL"), rest].concat()
}
