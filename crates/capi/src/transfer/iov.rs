//! `zmq_sendiov` and `zmq_recviov`: a whole message at once.

use super::{SNDMORE, octets};
use crate::{border::call, errno::Errno, message::size_to_c, socket};
use libc::iovec;
use std::ffi::{c_int, c_void};
use zeroxide::Frame;

/// Sends each of these as a part, all of one message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_sendiov(
    socket: *mut c_void,
    parts: *mut iovec,
    count: usize,
    flags: c_int,
) -> c_int {
    call(|| {
        socket::with(socket, |socket| {
            if count == 0 || parts.is_null() {
                return Err(Errno::EINVAL);
            }
            // SAFETY: the caller has so many of them there.
            let parts = unsafe { std::slice::from_raw_parts(parts, count) };
            let mut size = 0;
            for (at, part) in parts.iter().enumerate() {
                let flags = if at + 1 == count { flags & !SNDMORE } else { flags | SNDMORE };
                // SAFETY: the caller has the octets that each of them speaks of.
                let octets = unsafe { octets(part.iov_base, part.iov_len)? };
                socket.send_part(Frame::copy_from(octets), flags).map_err(|(errno, _)| errno)?;
                size = octets.len();
            }
            Ok(size_to_c(size))
        })
    })
}

/// Receives the parts of a message, as many as there is room for, each into memory of its own that the caller frees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recviov(
    socket: *mut c_void,
    parts: *mut iovec,
    count: *mut usize,
    flags: c_int,
) -> c_int {
    call(|| {
        socket::with(socket, |socket| {
            if count.is_null() || parts.is_null() {
                return Err(Errno::EINVAL);
            }
            // SAFETY: not null, so it is the caller's number.
            let count = unsafe { &mut *count };
            let room = std::mem::take(count);
            if room == 0 {
                return Err(Errno::EINVAL);
            }
            // SAFETY: the caller has so many of them there.
            let parts = unsafe { std::slice::from_raw_parts_mut(parts, room) };
            for part in parts {
                let piece = socket.recv_part(flags)?;
                // SAFETY: at least one octet.
                let memory = unsafe { libc::malloc(piece.frame.len().max(1)) };
                if memory.is_null() {
                    return Err(Errno::ENOMEM);
                }
                // SAFETY: there is room for so many octets, allocated this moment.
                unsafe { piece.frame.as_ptr().copy_to_nonoverlapping(memory.cast(), piece.frame.len()) };
                *part = iovec { iov_base: memory, iov_len: piece.frame.len() };
                *count += 1;
                if !piece.more {
                    break;
                }
            }
            Ok(size_to_c(*count))
        })
    })
}
