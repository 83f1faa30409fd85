//! Sending and receiving. C hands messages over part by part; inside they are whole.
//!
//! ```text
//!   zmq_send(a, SNDMORE)   may a message begin? -> [a]         errors are told here, as libzmq tells them
//!   zmq_send(b)            [a] + b = one message -> socket
//!
//!   zmq_recv               socket -> one message [a, b] -> a   ZMQ_RCVMORE 1
//!   zmq_recv               [b] -> b                            ZMQ_RCVMORE 0
//! ```
//! Messages of one part go straight through.

mod iov;
mod parts;
mod recv;
mod send;

pub use parts::{Arrived, Started};

use crate::errno::Errno;
use std::{
    ffi::{c_int, c_void},
    hint::cold_path,
};
use zeroxide::{RecvErrorCause, SendErrorCause};

/// `ZMQ_DONTWAIT`
pub const DONTWAIT: c_int = 1;
/// `ZMQ_SNDMORE`
pub const SNDMORE: c_int = 2;

/// So many octets of C's.
///
/// # Safety
/// They can be read there for as long as the answer is used; with none of them the address does not matter.
pub unsafe fn octets<'a>(data: *const c_void, size: usize) -> Result<&'a [u8], Errno> {
    match (data.is_null(), size) {
        (_, 0) => Ok(&[]),
        (true, _) => {
            cold_path();
            Err(Errno::EFAULT)
        }
        // SAFETY: not null, so they are there, says the caller.
        _ => Ok(unsafe { std::slice::from_raw_parts(data.cast(), size) }),
    }
}

/// The errno for what was in the way of sending.
pub fn send_errno(cause: SendErrorCause) -> Errno {
    match cause {
        SendErrorCause::WouldBlock | SendErrorCause::TimedOut => Errno::EAGAIN,
        SendErrorCause::IllegalState(_) => Errno::EFSM,
        SendErrorCause::Unroutable => Errno::EHOSTUNREACH,
        SendErrorCause::NotSupported => Errno::ENOTSUP,
        SendErrorCause::Terminated => Errno::ETERM,
        SendErrorCause::Closed => Errno::ENOTSOCK,
        SendErrorCause::Interrupted => Errno::EINTR,
        _ => Errno::EINVAL,
    }
}

/// The errno for what was in the way of receiving.
pub fn recv_errno(cause: RecvErrorCause) -> Errno {
    match cause {
        RecvErrorCause::WouldBlock | RecvErrorCause::TimedOut => Errno::EAGAIN,
        RecvErrorCause::IllegalState(_) => Errno::EFSM,
        RecvErrorCause::NotSupported => Errno::ENOTSUP,
        RecvErrorCause::Terminated => Errno::ETERM,
        RecvErrorCause::Closed => Errno::ENOTSOCK,
        RecvErrorCause::Interrupted => Errno::EINTR,
        _ => Errno::EINVAL,
    }
}
