//! Options of our own: a C program bounds what a peer may cost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_calls;
#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_calls::{
    world::{bind, done},
    zmq_recv,
};
use c_program::here;
use std::{
    ffi::{CStr, c_int, c_void},
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    errno::Errno,
    options::{entries_of_our_own, zmq_getsockopt, zmq_setsockopt},
    socket::{zmq_close, zmq_socket},
};

const PULL: c_int = 7;
const XPUB: c_int = 9;
const DGRAM: c_int = 18;
const MAX_FRAMES: c_int = 1_000_011;
const MAX_PEERS: c_int = 1_000_016;
const OPEN_TO_NETWORK: c_int = 1_000_019;

/// A socket in a context of its own.
struct Socket {
    context: *mut c_void,
    handle: *mut c_void,
}

impl Socket {
    fn new(kind: c_int) -> Self {
        let context = zmq_ctx_new();
        let handle = zmq_socket(context, kind);
        assert!(!handle.is_null());
        Self { context, handle }
    }

    fn set(&self, option: c_int, value: c_int) -> Result<(), Errno> {
        // SAFETY: the octets are there for the time of the call.
        done(unsafe { zmq_setsockopt(self.handle, option, (&raw const value).cast(), 4) }).map(|_| ())
    }

    fn get(&self, option: c_int) -> c_int {
        let (mut value, mut length) = (0, 4);
        // SAFETY: there is so much room.
        done(unsafe { zmq_getsockopt(self.handle, option, (&raw mut value).cast(), &raw mut length) })
            .unwrap();
        value
    }

    /// Where it listens, as `address:port`.
    fn bind(&self, endpoint: &CStr) -> Result<String, Errno> {
        let text = bind(self.handle, endpoint)?.into_string().unwrap();
        Ok(text["tcp://".len()..].to_owned())
    }

    fn recv(&self) -> Vec<u8> {
        let mut room = vec![0; 256];
        // SAFETY: there is so much room.
        let size = done(unsafe { zmq_recv(self.handle, room.as_mut_ptr().cast(), room.len(), 0) }).unwrap();
        room.truncate(usize::try_from(size).unwrap());
        room
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        zmq_close(self.handle);
        zmq_ctx_term(self.context);
    }
}

/// A PUSH that has said so, and heard the other side's READY.
fn pusher(at: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let mut hello = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    hello.resize(64, 0);
    hello.extend(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH");
    stream.write_all(&hello).unwrap();
    stream.read_exact(&mut [0; 64 + 2 + 26]).unwrap();
    stream
}

#[test]
fn each_is_in_the_header_begins_without_bound_and_is_read_back() {
    let header = fs::read_to_string(here().join("include/zeroxide.h")).unwrap();
    let socket = Socket::new(XPUB);
    let limits: Vec<_> = entries_of_our_own().filter(|entry| entry.name.starts_with("ZEROXIDE_")).collect();
    assert_eq!(header.matches("#define ZEROXIDE_MAX").count() + 1, limits.len());
    for entry in limits {
        assert!(header.contains(&format!("#define {} {}\n", entry.name, entry.number)), "{}", entry.name);
        if entry.number == OPEN_TO_NETWORK {
            continue;
        }
        assert_eq!(socket.get(entry.number), -1, "{}", entry.name);
        for value in [600, 64, 32] {
            if socket.set(entry.number, value).is_ok() {
                assert_eq!(socket.get(entry.number), value, "{}", entry.name);
            }
        }
        assert_ne!(socket.get(entry.number), -1, "{}", entry.name);
        socket.set(entry.number, -1).unwrap();
        assert_eq!(socket.get(entry.number), -1, "{}", entry.name);
        assert_eq!(socket.set(entry.number, -2), Err(Errno::EINVAL), "{}", entry.name);
    }
    assert_eq!(socket.set(MAX_PEERS, 0), Err(Errno::EINVAL));
    assert_eq!(Socket::new(DGRAM).set(MAX_PEERS, 1), Err(Errno::EINVAL));
    assert_eq!(Socket::new(PULL).set(1_000_015, 1), Err(Errno::EINVAL), "a PULL has no subscribers");
}

#[test]
fn a_peer_that_meets_one_is_disconnected_and_the_others_are_served() {
    let pull = Socket::new(PULL);
    pull.set(MAX_FRAMES, 2).unwrap();
    pull.set(MAX_PEERS, 2).unwrap();
    let at = pull.bind(c"tcp://127.0.0.1:*").unwrap();
    let (mut good, mut bad) = (pusher(&at), pusher(&at));
    bad.write_all(b"\x01\x01a\0\x01b").unwrap();
    assert_eq!([pull.recv(), pull.recv()], [b"a", b"b"]);
    let mut third = TcpStream::connect(&at).unwrap();
    third.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    // Turned away before or after it was greeted.
    while third.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    bad.write_all(b"\x01\x01a\x01\x01b\0\x01c").unwrap();
    while bad.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    good.write_all(b"\0\x04good").unwrap();
    assert_eq!(pull.recv(), b"good");
}

#[test]
fn a_program_can_ask_not_to_be_open_to_the_network() {
    let pull = Socket::new(PULL);
    assert_eq!(pull.get(OPEN_TO_NETWORK), 1);
    pull.set(OPEN_TO_NETWORK, 0).unwrap();
    assert_eq!(pull.bind(c"tcp://*:*"), Err(Errno(libc::EACCES)));
    pull.bind(c"tcp://127.0.0.1:*").unwrap();
    pull.set(OPEN_TO_NETWORK, 1).unwrap();
    pull.bind(c"tcp://*:*").unwrap();
}
