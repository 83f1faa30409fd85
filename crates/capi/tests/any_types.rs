//! Over inproc libzmq asks nobody for a type: sockets of any two types are joined, and what comes of it is their affair.

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

use c_calls::{zmq_recv, zmq_send};
use std::{
    ffi::{CString, c_int, c_void},
    ptr::null_mut,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    draft::zmq_join,
    endpoints::{zmq_bind, zmq_connect},
    options::zmq_setsockopt,
    socket::{zmq_close, zmq_socket},
};

const PAIR: c_int = 0;
const PULL: c_int = 7;
const STREAM: c_int = 11;
const DGRAM: c_int = 18;
const TYPES: std::ops::RangeInclusive<c_int> = 0..=20;

/// A call within the contract that it tests.
macro_rules! c {
    ($($call:tt)*) => {
        // SAFETY: what is handed over is null, where that is allowed, or ours for the time of the call.
        unsafe { $($call)* }
    };
}

/// A socket that waits for nothing, and wants what it can want.
fn open(context: *mut c_void, kind: c_int) -> *mut c_void {
    let socket = zmq_socket(context, kind);
    for option in [17, 27, 28] {
        let zero = 0_i32.to_ne_bytes();
        assert_eq!(c!(zmq_setsockopt(socket, option, zero.as_ptr().cast(), 4)), 0);
    }
    let _ = c!(zmq_setsockopt(socket, 6, null_mut(), 0));
    let _ = c!(zmq_join(socket, c"group".as_ptr()));
    socket
}

fn send(socket: *mut c_void, text: &[u8], flags: c_int) -> c_int {
    c!(zmq_send(socket, text.as_ptr().cast(), text.len(), flags))
}

fn receive(socket: *mut c_void) -> Option<Vec<u8>> {
    let mut room = [0; 64];
    let size = c!(zmq_recv(socket, room.as_mut_ptr().cast(), room.len(), 0));
    usize::try_from(size).ok().map(|size| room[..size].to_vec())
}

#[test]
fn any_two_are_joined_and_whatever_they_say_ends_nothing() {
    let context = zmq_ctx_new();
    for binding in TYPES {
        for connecting in TYPES {
            if [binding, connecting].iter().any(|kind| [STREAM, DGRAM].contains(kind)) {
                continue;
            }
            for bind_first in [true, false] {
                let name = CString::new(format!("inproc://{binding}-{connecting}-{bind_first}")).unwrap();
                let (bound, connected) = (open(context, binding), open(context, connecting));
                if bind_first {
                    assert_eq!(c!(zmq_bind(bound, name.as_ptr())), 0);
                }
                assert_eq!(c!(zmq_connect(connected, name.as_ptr())), 0, "{connecting} to {binding}");
                if !bind_first {
                    assert_eq!(c!(zmq_bind(bound, name.as_ptr())), 0);
                }
                for _ in 0..3 {
                    for socket in [bound, connected] {
                        for text in [&b"\x01topic"[..], b"", b"\x00topic", b"\x01"] {
                            send(socket, text, 2);
                            send(socket, text, 0);
                        }
                    }
                    for socket in [connected, bound] {
                        while receive(socket).is_some() {}
                    }
                }
                assert_eq!((zmq_close(bound), zmq_close(connected)), (0, 0));
            }
        }
    }
    assert_eq!(zmq_ctx_term(context), 0);
}

#[test]
fn a_pair_may_feed_a_pull() {
    let context = zmq_ctx_new();
    let (pull, pair) = (open(context, PULL), open(context, PAIR));
    // SAFETY: the text ends with a zero.
    unsafe {
        assert_eq!(
            (zmq_bind(pull, c"inproc://a".as_ptr()), zmq_connect(pair, c"inproc://a".as_ptr())),
            (0, 0)
        )
    };
    assert_eq!(send(pair, b"hello", 0), 5);
    assert_eq!(receive(pull).unwrap(), b"hello");
    assert_eq!((zmq_close(pull), zmq_close(pair), zmq_ctx_term(context)), (0, 0, 0));
}
