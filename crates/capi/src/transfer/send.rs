//! `zmq_send`, `zmq_msg_send` and their kin.

use super::{DONTWAIT, SNDMORE, octets, send_errno};
use crate::{
    border::call,
    errno::Errno,
    message::{Address, Part, size_to_c},
    socket::{self, Socket},
};
use bytes::Bytes;
use std::{
    ffi::{c_int, c_void},
    hint::cold_path,
};
use zeroxide::{Frame, Message, SendError, SendErrorCause, SocketType, door::SHARED_FROM};

/// What was not sent comes back.
type Sent = Result<(), (Errno, Frame)>;

impl Socket {
    /// Whether a part sent with these flags is a message by itself.
    #[inline]
    fn is_whole(&self, flags: c_int) -> bool {
        flags & SNDMORE == 0 && !self.started.any() && !self.arrived.any()
    }

    /// Sends a part.
    #[inline]
    pub fn send_part(&self, frame: Frame, flags: c_int) -> Sent {
        if self.is_whole(flags) {
            return self.send_whole(Message::from(frame), flags);
        }
        self.send_in_parts(frame, flags)
    }

    /// Sends a copy of these octets, if that is as simple as nearly always. Nothing was done otherwise.
    #[inline(always)]
    fn send_short(&self, octets: &[u8], flags: c_int) -> bool {
        if !self.is_whole(flags) {
            cold_path();
            return false;
        }
        self.native.send_short(octets)
    }

    /// Sends a copy of these octets as a part.
    #[inline(never)]
    fn send_octets(&self, octets: &[u8], flags: c_int) -> Result<(), Errno> {
        if !self.is_whole(flags) {
            return self.send_in_parts(Frame::copy_from(octets), flags).map_err(|(errno, _)| errno);
        }
        let waits = flags & DONTWAIT == 0;
        match self.native.send_octets_or_signal(octets, waits) {
            Ok(()) => Ok(()),
            Err(error) => self.not_sent(error).map_err(|(errno, _)| errno),
        }
    }

    #[inline]
    fn send_whole(&self, message: Message, flags: c_int) -> Sent {
        let waits = flags & DONTWAIT == 0;
        match self.native.send_or_signal(message, waits) {
            Ok(()) => Ok(()),
            Err(error) => self.not_sent(error),
        }
    }

    #[cold]
    fn not_sent(&self, error: SendError) -> Sent {
        match error.cause {
            // Without the address in front it goes nowhere; libzmq says nothing of it either.
            SendErrorCause::Invalid(_) if self.native.socket_type() == SocketType::Stream => Ok(()),
            cause => {
                if cause == SendErrorCause::WouldBlock {
                    self.quiet();
                }
                Err((send_errno(cause), error.message.into_first()))
            }
        }
    }

    fn send_in_parts(&self, frame: Frame, flags: c_int) -> Sent {
        if self.native.is_terminated() {
            return Err((Errno::ETERM, frame));
        }
        let kind = self.native.socket_type();
        if self.is_half_read() {
            return Err((Errno::EFSM, frame));
        }
        let more = flags & SNDMORE != 0;
        let waits = flags & DONTWAIT == 0;
        if more && self.is_thread_safe() {
            // Those types know no messages of several parts.
            return Err((Errno::EINVAL, frame));
        }
        if more && !self.started.any() {
            if let Err(cause) = self.native.may_begin(&frame, waits) {
                if cause == SendErrorCause::WouldBlock {
                    self.quiet();
                }
                return Err((send_errno(cause), frame));
            }
            self.started.push(frame);
            return Ok(());
        }
        // A STREAM's message is an address and octets; libzmq ignores what the second part says of more.
        if more && !(kind == SocketType::Stream && self.started.count() == 1) {
            self.started.push(frame);
            return Ok(());
        }
        let message = self.started.finish(frame);
        let Err(error) = self.native.send_or_signal(message, waits) else { return Ok(()) };
        match error.cause {
            // The peer that the message was begun for has gone since: libzmq drops the rest of such a message, and the
            // caller, who was told that it may begin, would begin anew.
            SendErrorCause::WouldBlock | SendErrorCause::Unroutable => {
                self.native.count_lost_with_peer();
                Ok(())
            }
            cause => Err((send_errno(cause), self.started.undo(error.message))),
        }
    }

    /// Whether a request or reply has been received in part, so that nothing can be sent yet.
    pub fn is_half_read(&self) -> bool {
        self.arrived.any() && matches!(self.native.socket_type(), SocketType::Req | SocketType::Rep)
    }
}

/// Sends a copy of these octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_send(
    socket: *mut c_void,
    data: *const c_void,
    size: usize,
    flags: c_int,
) -> c_int {
    // By value into both closures: what is referred to would lie in memory from the beginning of the call.
    call(|| {
        let shortcut = move |socket: &Socket| {
            // SAFETY: the caller has so many octets there.
            let octets = unsafe { octets(data, size) }.ok()?;
            socket.send_short(octets, flags).then(|| size_to_c(size))
        };
        socket::with_shortcut(socket, shortcut, move |socket| {
            // SAFETY: as above.
            socket.send_octets(unsafe { octets(data, size)? }, flags)?;
            Ok(size_to_c(size))
        })
    })
}

/// Sends these octets, which stay for ever, without copying large ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_send_const(
    socket: *mut c_void,
    data: *const c_void,
    size: usize,
    flags: c_int,
) -> c_int {
    call(|| {
        socket::with(socket, |socket| {
            // SAFETY: the caller has so many octets there, for ever.
            let octets: &'static [u8] = unsafe { octets(data, size)? };
            let frame = Frame::from(Bytes::from_static(octets));
            socket.send_part(frame, flags).map_err(|(errno, _)| errno)?;
            Ok(size_to_c(size))
        })
    })
}

/// Sends a message, which is empty afterwards; on errors it is as before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_send(message: *mut Part, socket: *mut c_void, flags: c_int) -> c_int {
    call(|| {
        let shortcut = move |socket: &Socket| {
            // SAFETY: the caller's contract is the callee's.
            let part = unsafe { Part::at(message) }.ok()?;
            socket.send_short_message(part, flags).map(size_to_c)
        };
        socket::with_shortcut(socket, shortcut, move |socket| {
            // SAFETY: the caller's contract is the callee's.
            let part = unsafe { Part::at(message) };
            let part = part.or_else(|errno| socket.alive().and(Err(errno)))?;
            let size = part.octets().len();
            socket.send_message(part, flags)?;
            Ok(size_to_c(size))
        })
    })
}

impl Socket {
    /// Sends a message of C's, if that is as simple as nearly always; says how many octets it had. Nothing was done
    /// otherwise. Types that look at [whom a message is for](Address) send nothing by this.
    #[inline(always)]
    fn send_short_message(&self, part: &mut Part, flags: c_int) -> Option<usize> {
        let octets = part.octets_to_copy()?;
        let size = octets.len();
        if !self.send_short(octets, flags) {
            return None;
        }
        part.sent();
        Some(size)
    }

    /// Sends a message of C's.
    #[inline(never)]
    pub(super) fn send_message(&self, part: &mut Part, flags: c_int) -> Result<(), Errno> {
        if let Some(octets) = part.octets_to_copy()
            && octets.len() < SHARED_FROM
            && !Address::is_looked_at(self.native.socket_type())
        {
            // What is copied on its way anyway need not move twice.
            self.send_octets(octets, flags)?;
            part.sent();
            return Ok(());
        }
        self.send_lent(part, flags)
    }

    /// As [`Socket::send_message`], where the octets are not copied, or it may say whom they are for.
    #[cold]
    fn send_lent(&self, part: &mut Part, flags: c_int) -> Result<(), Errno> {
        self.alive()?;
        let address = part.address(self.native.socket_type());
        let frame = part.lend();
        let sent = match address {
            None => self.send_part(frame, flags),
            Some(_) if flags & SNDMORE != 0 => Err((Errno::EINVAL, frame)),
            Some(address) => self.send_whole(address.on(frame), flags),
        };
        match sent {
            Ok(()) => {
                part.sent();
                Ok(())
            }
            Err((errno, frame)) => {
                part.restore(frame);
                Err(errno)
            }
        }
    }
}

/// As `zmq_msg_send`, with the arguments in another order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_sendmsg(socket: *mut c_void, message: *mut Part, flags: c_int) -> c_int {
    // SAFETY: the contract is the same.
    unsafe { zmq_msg_send(message, socket, flags) }
}
