//! Options of contexts: defaults, ranges, what sockets inherit.

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
    ptr::null_mut,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_shutdown, zmq_ctx_term},
    endpoints::zmq_bind,
    errno::Errno,
    options::{
        context::{zmq_ctx_get, zmq_ctx_get_ext, zmq_ctx_set, zmq_ctx_set_ext},
        zmq_getsockopt, zmq_setsockopt,
    },
    socket::{zmq_close, zmq_socket},
};

/// A call within the contract that it tests.
macro_rules! c {
    ($($call:tt)*) => {
        // SAFETY: what is handed over is null, where that is allowed, or ours for the time of the call.
        unsafe { $($call)* }
    };
}

const LINGER: c_int = 17;
const IPV6: c_int = 42;
const BLOCKY: c_int = 70;
const THREAD_NAME_PREFIX: c_int = 9;

fn refused(answer: c_int) -> Errno {
    assert_eq!(answer, -1);
    Errno::get()
}

fn int_of(socket: *mut c_void, option: c_int) -> c_int {
    let (mut value, mut length) = (0, 4);
    assert_eq!(c!(zmq_getsockopt(socket, option, (&raw mut value).cast(), &raw mut length)), 0);
    value
}

#[test]
fn defaults_are_libzmqs() {
    let context = zmq_ctx_new();
    let defaults = [
        (1, 1),
        (2, 1023),
        (3, 65_535),
        (4, -1),
        (5, c_int::MAX),
        (6, 64),
        (9, 0),
        (10, 1),
        (42, 0),
        (70, 1),
    ];
    for (option, value) in defaults {
        assert_eq!(zmq_ctx_get(context, option), value, "option {option}");
    }
    for unknown in [0, 7, 8, 11, 41, 71, -1] {
        assert_eq!(refused(zmq_ctx_get(context, unknown)), Errno::EINVAL);
    }
}

#[test]
fn what_is_set_is_read_and_what_is_out_of_range_is_refused() {
    let context = zmq_ctx_new();
    for (option, value) in [(1, 0), (1, 3), (2, 1), (2, 5000), (4, 0), (5, 10), (10, 0), (42, 1), (70, 0)] {
        assert_eq!(zmq_ctx_set(context, option, value), 0, "option {option}");
        assert_eq!(zmq_ctx_get(context, option), value, "option {option}");
    }
    assert_eq!(refused(zmq_ctx_set(context, 2, 0)), Errno::EINVAL);
    for option in [1, 2, 3, 4, 5, 7, 8, 10, 42, 70] {
        assert_eq!(refused(zmq_ctx_set(context, option, -1)), Errno::EINVAL, "option {option}");
    }
    for unknown in [0, 6, 11, 99] {
        assert_eq!(refused(zmq_ctx_set(context, unknown, 1)), Errno::EINVAL, "option {unknown}");
    }
    assert_eq!((zmq_ctx_set(context, 7, 0), zmq_ctx_set(context, 8, 0)), (0, 0));
    assert_eq!(refused(zmq_ctx_set(context, 8, 0)), Errno::EINVAL, "it is not in the set any more");
}

#[test]
fn threads_beyond_reason_are_not_started() {
    let context = zmq_ctx_new();
    assert_eq!((zmq_ctx_set(context, 1, c_int::MAX), zmq_ctx_get(context, 1)), (0, c_int::MAX));
    let socket = zmq_socket(context, 0);
    assert_eq!(c!(zmq_bind(socket, c"tcp://127.0.0.1:*".as_ptr())), 0);
    assert_eq!((zmq_close(socket), zmq_ctx_term(context)), (0, 0));
}

#[test]
fn thread_names_begin_with_a_number_or_a_text() {
    let context = zmq_ctx_new();
    assert_eq!(zmq_ctx_set(context, THREAD_NAME_PREFIX, 1234), 0);
    assert_eq!(zmq_ctx_get(context, THREAD_NAME_PREFIX), 1234);
    assert_eq!(zmq_ctx_set(context, THREAD_NAME_PREFIX, -5), 0);
    assert_eq!(zmq_ctx_get(context, THREAD_NAME_PREFIX), -5);
    let text = b"sixteen octets!!";
    let set = |octets: &[u8]| {
        c!(zmq_ctx_set_ext(context, THREAD_NAME_PREFIX, octets.as_ptr().cast(), octets.len()))
    };
    assert_eq!(set(text), 0);
    let (mut room, mut length) = ([9; 20], 20);
    let answer = c!(zmq_ctx_get_ext(context, THREAD_NAME_PREFIX, room.as_mut_ptr().cast(), &raw mut length));
    assert_eq!((answer, length, &room[..16], &room[16..]), (0, 16, &text[..], &[0; 4][..]));
    assert_eq!(refused(set(b"seventeen octets!")), Errno::EINVAL);
    assert_eq!(refused(set(b"")), Errno::EINVAL);
    let mut short = 3;
    let answer = c!(zmq_ctx_get_ext(context, THREAD_NAME_PREFIX, room.as_mut_ptr().cast(), &raw mut short));
    assert_eq!(refused(answer), Errno::EINVAL);
}

#[test]
fn sockets_inherit_ipv6_and_linger() {
    let context = zmq_ctx_new();
    let before = zmq_socket(context, 5);
    assert_eq!((int_of(before, LINGER), int_of(before, IPV6)), (-1, 0));
    assert_eq!((zmq_ctx_set(context, BLOCKY, 0), zmq_ctx_set(context, IPV6, 1)), (0, 0));
    let after = zmq_socket(context, 5);
    assert_eq!((int_of(after, LINGER), int_of(after, IPV6)), (0, 1));
    assert_eq!((int_of(before, LINGER), int_of(before, IPV6)), (-1, 0));
    assert_eq!((zmq_close(before), zmq_close(after)), (0, 0));
}

#[test]
fn after_the_end_only_linger_can_be_set() {
    let context = zmq_ctx_new();
    let socket = zmq_socket(context, 5);
    assert_eq!(zmq_ctx_shutdown(context), 0);
    let zero: c_int = 0;
    let set = |option| c!(zmq_setsockopt(socket, option, (&raw const zero).cast(), 4));
    assert_eq!(refused(set(23)), Errno::ETERM);
    assert_eq!(set(LINGER), 0);
    let (mut value, mut length) = (0, 4);
    let answer = c!(zmq_getsockopt(socket, 23, (&raw mut value).cast(), &raw mut length));
    assert_eq!(refused(answer), Errno::ETERM);
    assert_eq!(zmq_close(socket), 0);
}

#[test]
fn null_is_an_error() {
    assert_eq!(refused(zmq_ctx_set(null_mut(), 1, 1)), Errno::EFAULT);
    assert_eq!(refused(zmq_ctx_get(null_mut(), 1)), Errno::EFAULT);
    let context = zmq_ctx_new();
    assert_eq!(refused(c!(zmq_ctx_get_ext(context, 1, null_mut(), null_mut()))), Errno::EFAULT);
    let socket = zmq_socket(context, 0);
    assert_eq!(refused(c!(zmq_getsockopt(socket, 17, null_mut(), null_mut()))), Errno::EFAULT);
    assert_eq!(refused(c!(zmq_getsockopt(null_mut(), 17, null_mut(), null_mut()))), Errno::ENOTSOCK);
    assert_eq!(refused(c!(zmq_setsockopt(null_mut(), 17, null_mut(), 0))), Errno::ENOTSOCK);
    assert_eq!(refused(c!(zmq_setsockopt(socket, 17, null_mut(), 4))), Errno::EINVAL);
    zmq_close(socket);
}
