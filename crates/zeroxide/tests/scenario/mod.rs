//! What the scenarios against libzmq have in common: how a peer comes back from the dead, how what happens to a
//! connection is awaited, and messages that carry a number.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: each test file uses some of them, and their failure is the failure of a test"
)]

use std::time::Duration;
use zeroxide::*;
pub use zeroxide_testing::{
    Counted, Digest, IpcPath, Kind, PythonPeer, RemoteSocket, eventually, eventually_some, free_tcp, octets,
    raw::{RawListener, RawPeer},
};

/// Turns a hang into a failure; nothing is ever timed against it.
pub const LONG: Duration = Duration::from_secs(120);
/// A port of loopback that the binder chooses.
pub const TCP: &str = "tcp://127.0.0.1:*";

/// Plays a story over both transports of the operating system.
pub fn tcp_and_ipc(story: fn(&str)) {
    story(TCP);
    let path = IpcPath::new();
    story(&path.endpoint());
}

/// A libzmq with one bound socket, and where to connect to: to a port that nobody else is given when it is killed.
pub fn libzmq_bound(kind: Kind, endpoint: &str) -> (PythonPeer, RemoteSocket, String) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    let endpoint = if endpoint == TCP { free_tcp() } else { endpoint.to_owned() };
    let endpoint = socket.bind(&endpoint).unwrap();
    (peer, socket, endpoint)
}

/// A libzmq with one connected socket.
pub fn libzmq_connected(kind: Kind, endpoint: &str) -> (PythonPeer, RemoteSocket) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    socket.connect(endpoint).unwrap();
    (peer, socket)
}

/// Starts a libzmq with one socket bound to an endpoint that was in use before, as soon as the system lets it.
pub fn libzmq_bound_again(endpoint: &str, kind: Kind) -> (PythonPeer, RemoteSocket) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    bind_again(&socket, endpoint);
    (peer, socket)
}

/// Binds to an endpoint that was in use before, as soon as the system lets it.
pub fn bind_again(socket: &RemoteSocket, endpoint: &str) {
    eventually(|| socket.bind(endpoint).is_ok());
}

/// Waits until an established connection has ended, and returns why.
#[track_caller]
pub fn disconnected(monitor: &Monitor) -> String {
    let lost = monitor.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. }));
    let Some(Event::Disconnected { reason, .. }) = lost else { panic!("no connection ended") };
    reason
}

/// Waits until a connection is up, handshake included.
#[track_caller]
pub fn connected(monitor: &Monitor) {
    let up = monitor.wait_for(LONG, |event| matches!(event, Event::HandshakeSucceeded { .. }));
    assert!(up.is_some(), "no connection came up");
}

/// Waits until greeting or handshake has failed, and returns why and the code.
#[track_caller]
pub fn handshake_failed(monitor: &Monitor) -> (String, u32) {
    let failed = monitor.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. }));
    let Some(Event::HandshakeFailed { reason, code, .. }) = failed else { panic!("no handshake failed") };
    (reason, code)
}

/// A message that begins with its number, as those of `RemoteSocket::blast` do.
pub fn numbered(number: u64) -> Message {
    Message::from(&number.to_be_bytes())
}

/// The number of a message.
#[track_caller]
pub fn number_of(message: &Message) -> u64 {
    let octets = message.body().first_chunk().expect("8 octets of number");
    u64::from_be_bytes(*octets)
}

/// Expects the numbers of a range from libzmq's socket, in order and with nothing between them.
#[track_caller]
pub fn libzmq_gets(socket: &RemoteSocket, numbers: std::ops::Range<u64>) {
    for number in numbers {
        assert_eq!(socket.recv().unwrap(), [number.to_be_bytes()]);
    }
}
