//! Values that no network can honour, but that options take as libzmq's do: the calls that use them may fail, and nothing
//! worse happens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

use std::{
    ffi::{c_int, c_void},
    time::Duration,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    endpoints::{zmq_bind, zmq_connect},
    options::{entries, zmq_setsockopt},
    socket::{with, zmq_close, zmq_socket},
};

const LINGER: c_int = 17;
const USE_FD: c_int = 89;
const VALUES: [c_int; 7] = [c_int::MAX, c_int::MAX - 1, 65_536, 256, 0, -1, c_int::MIN];

fn set(socket: *mut c_void, option: c_int, value: &[u8]) -> bool {
    // SAFETY: the octets are there for the time of the call.
    unsafe { zmq_setsockopt(socket, option, value.as_ptr().cast(), value.len()) == 0 }
}

/// Two sockets of a type that has been told this, bound, connected, and let go.
fn use_it(context: *mut c_void, kind: c_int, option: c_int, value: &[u8]) {
    let (server, client) = (zmq_socket(context, kind), zmq_socket(context, kind));
    if set(server, option, value) && set(client, option, value) {
        // SAFETY: the texts end with a zero.
        unsafe {
            zmq_bind(server, c"tcp://127.0.0.1:*".as_ptr());
            zmq_connect(client, c"tcp://127.0.0.1:1".as_ptr());
        }
        let endpoint = with(server, |socket| Ok(socket.native.last_endpoint())).unwrap();
        if let Ok(endpoint) = std::ffi::CString::new(endpoint) {
            // SAFETY: as above.
            unsafe { zmq_connect(client, endpoint.as_ptr()) };
        }
        // Some come up, some never: to be told of either takes no longer than this.
        let _ = with(client, |socket| Ok(socket.native.wait_connected(1, Duration::from_millis(2))));
    }
    for socket in [server, client] {
        assert!(set(socket, LINGER, &0_i32.to_ne_bytes()));
        assert_eq!(zmq_close(socket), 0);
    }
}

#[test]
fn no_value_of_a_number_hangs_or_ends_the_process() {
    let context = zmq_ctx_new();
    for entry in entries().filter(|entry| entry.is_writable() && entry.number != USE_FD) {
        for value in VALUES {
            // PAIR has most options; the other two have what it has not.
            for kind in [0, 6, 9] {
                use_it(context, kind, entry.number, &value.to_ne_bytes());
            }
        }
    }
    assert_eq!(zmq_ctx_term(context), 0);
}

#[test]
fn no_value_of_a_text_hangs_or_ends_the_process() {
    let context = zmq_ctx_new();
    let long = vec![b'x'; 100_000];
    let values: [&[u8]; 7] = [b"", b"\0", b"\xff\xfe", b"a:b", b"127.0.0.1:1", b"X-:", &long];
    for entry in entries().filter(|entry| entry.is_writable()) {
        for value in values {
            use_it(context, 6, entry.number, value);
        }
    }
    assert_eq!(zmq_ctx_term(context), 0);
}
