//! What all stories stand on. A test names sockets and what happens; how it waits, where it binds, and what a peer of
//! octets says is written here once.

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

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context as TaskContext, Poll, Waker},
    thread,
    time::Duration,
};
use zeroxide::*;
pub use zeroxide_testing::{
    IpcPath, Kind, block_on, eventually, free_tcp, octets, own_address,
    raw::{RawListener, RawPeer},
    with_cores_loaded,
};

/// Turns a hang into a failure; nothing is ever timed against it.
pub const LONG: Duration = Duration::from_secs(120);

/// Endpoints to bind, one a transport; names are new at each call.
pub fn everywhere() -> [String; 3] {
    ["tcp://127.0.0.1:*".to_owned(), "ipc://*".to_owned(), inproc()]
}

/// Endpoints to bind that go through the operating system.
pub fn over_wires() -> [&'static str; 2] {
    ["tcp://127.0.0.1:*", "ipc://*"]
}

/// A name that nobody else has.
pub fn inproc() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("inproc://story {}", NEXT.fetch_add(1, Relaxed))
}

/// Endpoints of each transport that are free now, for those who connect before anybody binds.
/// The guard keeps the path of ipc; the port of tcp is this process's.
pub fn not_yet_bound() -> (IpcPath, [String; 3]) {
    let path = IpcPath::new();
    let endpoints = [free_tcp(), path.endpoint(), inproc()];
    (path, endpoints)
}

/// Binds one, connects the other, and waits until both know of each other. Returns where.
#[track_caller]
pub fn join(binder: &Handle, connecter: &Handle, endpoint: &str) -> String {
    let (bound, connected) = (binder.connected(), connecter.connected());
    let endpoint = binder.bind(endpoint).unwrap();
    connecter.connect(&endpoint).unwrap();
    assert!(connecter.wait_connected(connected + 1, LONG), "no connection to {endpoint}");
    assert!(binder.wait_connected(bound + 1, LONG), "no connection from {endpoint}");
    endpoint
}

/// Connects one more, and waits until both know of each other.
#[track_caller]
pub fn join_at(binder: &Handle, connecter: &Handle, endpoint: &str) {
    let (bound, connected) = (binder.connected(), connecter.connected());
    connecter.connect(endpoint).unwrap();
    assert!(connecter.wait_connected(connected + 1, LONG), "no connection to {endpoint}");
    assert!(binder.wait_connected(bound + 1, LONG), "no connection from {endpoint}");
}

/// Waits until this socket has exactly so many connections.
#[track_caller]
pub fn wait_for_connections(socket: &Handle, count: usize) {
    eventually(|| socket.connected() == count);
}

/// Sockets that receive.
pub trait Get {
    /// The next message; a failure if none comes.
    fn get(&self) -> Message;
    /// The next message as text, frames apart by ` | `.
    #[track_caller]
    fn text(&self) -> String {
        self.get().to_string()
    }
    /// Whether nothing is there now.
    fn has_nothing(&self) -> bool;
}

macro_rules! gets {
    ($($name:ident)*) => {$(
        impl Get for $name {
            #[track_caller]
            fn get(&self) -> Message {
                self.recv_timeout(LONG).unwrap()
            }
            fn has_nothing(&self) -> bool {
                self.try_recv().is_err_and(|error| error.cause == RecvErrorCause::WouldBlock)
            }
        }
    )*};
}
gets!(Req Rep Dealer Router Sub Xpub Xsub Pull Pair Stream Socket Client Server Dish Gather Peer Channel Dgram);

/// Sends numbered messages until no more are taken; returns how many were.
pub fn fill(mut send: impl FnMut(Message) -> Result<(), SendError>) -> usize {
    for count in 0..1_000_000 {
        match send(Message::from(format!("{count}"))) {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error.cause, SendErrorCause::WouldBlock);
                return count;
            }
        }
    }
    panic!("a queue without end");
}

/// A number as a message.
pub fn number(number: u32) -> Message {
    Message::from(&number.to_be_bytes())
}

/// The number in a message.
#[track_caller]
pub fn as_number(message: &Message) -> u32 {
    u32::from_be_bytes(message.body().try_into().unwrap())
}

/// A raw peer of this kind that has greeted the socket at this endpoint, and whom it has let in.
#[track_caller]
pub fn raw(endpoint: &str, kind: Kind, identity: &[u8]) -> RawPeer {
    let mut peer = RawPeer::connect(endpoint);
    shake_hands(&mut peer, kind, identity);
    peer
}

/// The handshake of a raw peer, whatever the other side is.
#[track_caller]
pub fn shake_hands(peer: &mut RawPeer, kind: Kind, identity: &[u8]) {
    peer.send(&octets::greeting_v31("NULL")).send(&octets::ready(kind, identity));
    assert_eq!(peer.read(64), octets::greeting_v31("NULL"));
    let ready = peer.read_frame();
    assert_eq!((ready.flags & octets::COMMAND, &ready.body[..6]), (octets::COMMAND, &b"\x05READY"[..]));
}

/// Polls a future once.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

/// Runs `first` in a thread of its own, `then` here once that thread sleeps in it, and returns what both did.
pub fn once_asleep<A: Send, B>(first: impl FnOnce() -> A + Send, then: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let (tell, told) = std::sync::mpsc::channel();
        let first = scope.spawn(move || {
            tell.send(rustix::thread::gettid()).unwrap();
            first()
        });
        let thread = told.recv().unwrap().as_raw_pid();
        let state = || {
            let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().and_then(|rest| rest.chars().next())
        };
        eventually(|| first.is_finished() || state() == Some('S'));
        let then = then();
        let first = first.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (first, then)
    })
}

/// Runs this in a thread and fails, rather than hangs, if it does not end.
#[track_caller]
pub fn must_end<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, ended) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        let result = work();
        let _ = done.send(());
        result
    });
    if ended.recv_timeout(LONG) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("{what} did not end");
    }
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// How often a suspicious interleaving is tried: `STORIES_ROUNDS` times the usual.
pub fn rounds(usual: usize) -> usize {
    usual * std::env::var("STORIES_ROUNDS").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}
