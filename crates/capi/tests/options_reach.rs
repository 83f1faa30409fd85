//! What C sets reaches the socket that does the work: no option is taken and forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

use std::ffi::{c_int, c_void};
use zeroxide::{Options, SocketType};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    options::{entries, zmq_setsockopt},
    socket::{with, zmq_close, zmq_socket},
};

/// Options that are kept to be read back and do nothing else, as in libzmq, or as docs/compatibility.md says.
const KEPT: &[&str] = &[
    "ZMQ_RATE",
    "ZMQ_RECOVERY_IVL",
    "ZMQ_MULTICAST_MAXTPDU",
    "ZMQ_LOOPBACK_FASTPATH",
    "ZMQ_IN_BATCH_SIZE",
    "ZMQ_OUT_BATCH_SIZE",
];

/// Options that do not become native options: stories of their own are below.
const OTHERWISE: &[&str] = &["ZMQ_SUBSCRIBE", "ZMQ_UNSUBSCRIBE", "ZMQ_USE_FD"];

/// All that a native socket was told, as text, and the keys, which no text shows.
fn told(socket: *mut c_void) -> (String, Options) {
    with(socket, |socket| Ok(socket.native.options()))
        .map(|options| (format!("{options:?}"), options))
        .unwrap()
}

fn set(socket: *mut c_void, option: c_int, value: &[u8]) -> bool {
    // SAFETY: the octets are there for the time of the call.
    unsafe { zmq_setsockopt(socket, option, value.as_ptr().cast(), value.len()) == 0 }
}

/// Values, of which every option but those without a meaning takes one that is not its default.
fn values() -> Vec<Vec<u8>> {
    let ints = [2, 1, 0, 300].map(|value: c_int| value.to_ne_bytes().to_vec());
    let texts = ["X-name:value", "127.0.0.1", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"];
    ints.into_iter().chain([7_i64.to_ne_bytes().to_vec()]).chain(texts.map(|text| text.into())).collect()
}

#[test]
fn every_option_that_is_taken_is_told_to_the_socket_that_does_the_work() {
    let context = zmq_ctx_new();
    let mut forgotten = Vec::new();
    for entry in entries().filter(|entry| entry.is_writable() && !OTHERWISE.contains(&entry.name)) {
        let mut reached = false;
        for kind in SocketType::ALL {
            for value in values() {
                let socket = zmq_socket(context, kind as c_int);
                // A password or a mechanism of nobody is no use; with a user there is something to change.
                set(socket, 99, b"user");
                let (text, options) = told(socket);
                if set(socket, entry.number, &value) {
                    let (text_after, options_after) = told(socket);
                    reached |= text != text_after || options.security != options_after.security;
                }
                assert_eq!(zmq_close(socket), 0);
            }
        }
        if reached == KEPT.contains(&entry.name) {
            forgotten.push(entry.name);
        }
    }
    assert_eq!(zmq_ctx_term(context), 0);
    assert!(forgotten.is_empty(), "taken and forgotten, or not only kept: {forgotten:?}");
}
