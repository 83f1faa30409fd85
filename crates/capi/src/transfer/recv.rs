//! `zmq_recv`, `zmq_msg_recv` and their kin.

use super::{
    DONTWAIT,
    parts::{Arrived, Next, Piece},
    recv_errno,
};
use crate::{
    border::call,
    errno::Errno,
    message::{Part, size_to_c},
    socket::{self, Socket},
};
use bytes::Bytes;
use std::{
    ffi::{c_int, c_void},
    hint::cold_path,
};
use zeroxide::{
    Frame, Interest, Message, Origin, RecvError, RecvErrorCause,
    door::{Taking, Whence},
};

impl Socket {
    /// As [`Socket::recv_whole`], and from whom it is in any case.
    #[inline]
    fn recv_whole_from(&self, flags: c_int) -> Result<(Message, Origin), Errno> {
        let waits = flags & DONTWAIT == 0;
        match self.native.recv_from_or_signal(waits) {
            Ok(message) => Ok(message),
            Err(error) => self.not_received(error, || self.native.recv_from_or_signal(false)),
        }
    }

    /// Nothing is there: who waits by descriptor may rely on it that the descriptor is silent now.
    #[cold]
    fn not_received<R>(
        &self,
        error: RecvError,
        again: impl Fn() -> Result<R, RecvError>,
    ) -> Result<R, Errno> {
        if error.cause == RecvErrorCause::WouldBlock && self.quiet() {
            // Whoever waits elsewhere leaves the reading to the I/O thread.
            self.native.readiness_for(Interest::READABLE);
            return again().map_err(|error| recv_errno(error.cause));
        }
        Err(recv_errno(error.cause))
    }

    /// The next part of a message that was taken in part, if one was.
    #[inline]
    fn recv_rest(&self) -> Option<Result<Piece, Errno>> {
        if self.arrived.any() { self.recv_next() } else { None }
    }

    #[cold]
    fn recv_next(&self) -> Option<Result<Piece, Errno>> {
        if self.native.is_terminated() {
            return Some(Err(Errno::ETERM));
        }
        self.arrived.take_piece().map(Ok)
    }

    /// The next part.
    pub(super) fn recv_part(&self, flags: c_int) -> Result<Piece, Errno> {
        if let Some(piece) = self.recv_rest() {
            return piece;
        }
        let (message, origin) = self.recv_whole_from(flags)?;
        Ok(self.arrived.begin(message, origin))
    }

    /// Whether a receive may take what lies ready. The first few that would wait are noted, whatever they find.
    #[inline(always)]
    fn is_shortcut_for(&self, flags: c_int) -> bool {
        if self.native.is_looked_at() && flags & DONTWAIT == 0 {
            cold_path();
            return false;
        }
        true
    }

    /// The next part into a message of C's, if it lies ready; says how many octets it has.
    #[inline(always)]
    fn recv_ready_to(&self, part: &mut Part) -> Option<usize> {
        if self.arrived.any() {
            cold_path();
            return None;
        }
        // Not while much of the socket waits: the application may be called by it.
        part.let_go();
        self.native.take_to(ToPart { arrived: &self.arrived, part })
    }

    /// The next part into a message of C's; says how many octets it has.
    #[inline(never)]
    fn recv_to(&self, part: &mut Part, flags: c_int) -> Result<usize, Errno> {
        part.let_go();
        if self.arrived.any() {
            if self.native.is_terminated() {
                return Err(Errno::ETERM);
            }
            if let Some(size) = self.arrived.take(|next, more, origin| Self::lay(next, more, origin, part)) {
                return Ok(size);
            }
        }
        let (message, origin) = self.recv_whole_from(flags)?;
        if let Some(frame) = message.as_plain()
            && is_short(frame)
        {
            part.receive(frame, false, &origin);
            return Ok(frame.len());
        }
        Self::put(self.arrived.begin(message, origin), part)
    }

    /// A part into a message of C's of which nothing is held by others.
    fn lay(next: Next<'_>, more: bool, origin: &Origin, part: &mut Part) -> usize {
        let size = next.octets().len();
        match next {
            Next::Frame(frame) if !is_short(&frame) => *part = Part::of(frame, more, origin.clone()),
            next => part.receive(next.octets(), more, origin),
        }
        size
    }

    fn put(piece: Piece, part: &mut Part) -> Result<usize, Errno> {
        let Piece { frame, more, origin, routing_id, group } = piece;
        let size = frame.len();
        *part = Part::of(frame, more, origin);
        if let Some(number) = routing_id {
            part.set_routing_id(number.get());
        }
        if let Some(group) = group {
            part.set_group(&group)?;
        }
        Ok(size)
    }

    /// The next part into C's memory, if it lies ready; says how many octets it has, whether there was room or not.
    #[inline(always)]
    fn recv_ready_into(&self, room: &mut [u8]) -> Option<usize> {
        if self.arrived.any() {
            cold_path();
            return None;
        }
        let take = |first: &[u8], others: &[u8], mut whence: Whence<'_>| {
            if !others.is_empty() {
                cold_path();
                self.arrived.copy(others, whence.origin());
            }
            fill(room, first)
        };
        self.native.take_in_place(take)
    }

    /// The next part into C's memory; says how many octets it has, whether there was room or not.
    #[inline(never)]
    fn recv_into(&self, room: &mut [u8], flags: c_int) -> Result<usize, Errno> {
        if self.arrived.any()
            && let Some(done) = self.recv_next_into(room)
        {
            return done;
        }
        self.recv_message_into(room, flags)
    }

    /// The next part of a message that was taken in part, if there still is one.
    #[cold]
    fn recv_next_into(&self, room: &mut [u8]) -> Option<Result<usize, Errno>> {
        if self.native.is_terminated() {
            return Some(Err(Errno::ETERM));
        }
        self.arrived.take(|next, _, _| Ok(fill(room, next.octets())))
    }

    /// The next message, or the first part of it, into C's memory.
    fn recv_message_into(&self, room: &mut [u8], flags: c_int) -> Result<usize, Errno> {
        let received = self.native.recv_or_signal(flags & DONTWAIT == 0);
        if let Ok((message, _)) = &received
            && let [frame] = message.frames()
        {
            return Ok(fill(room, frame));
        }
        let (message, origin) = match received {
            Ok(received) => received,
            Err(error) => self.not_received(error, || self.native.recv_or_signal(false))?,
        };
        let piece = self.arrived.begin(message, origin);
        Ok(fill(room, &piece.frame))
    }
}

/// Takes a message where it lies, into one of C's.
struct ToPart<'a> {
    arrived: &'a Arrived,
    part: &'a mut Part,
}

impl<'a> Taking<Whence<'a>> for ToPart<'_> {
    type Taken = usize;
    const SHARES: bool = true;

    #[inline(always)]
    fn copy(self, first: &[u8], others: &[u8], mut whence: Whence<'a>) -> usize {
        let origin = whence.origin();
        self.part.receive(first, !others.is_empty(), origin);
        if !others.is_empty() {
            cold_path();
            self.arrived.copy(others, origin);
        }
        first.len()
    }

    #[inline(always)]
    fn share(self, body: Bytes, mut whence: Whence<'a>) -> usize {
        let size = body.len();
        self.part.receive_share(body, whence.origin());
        size
    }

    #[inline(never)]
    fn share_apart(self, body: Bytes, mut whence: Whence<'a>) -> usize {
        let size = body.len();
        self.part.receive_lent(body, whence.origin());
        size
    }
}

/// Whether a frame keeps its octets itself, so that they are copied in any case.
fn is_short(frame: &Frame) -> bool {
    frame.as_shared().is_none()
}

#[inline]
fn fill(room: &mut [u8], octets: &[u8]) -> usize {
    let fitting = room.len().min(octets.len());
    if let (Some(room), Some(octets)) = (room.get_mut(..fitting), octets.get(..fitting)) {
        room.copy_from_slice(octets);
    }
    octets.len()
}

/// Receives a part into the caller's memory; what does not fit is lost. Says how many octets the part had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recv(
    socket: *mut c_void,
    data: *mut c_void,
    size: usize,
    flags: c_int,
) -> c_int {
    // SAFETY: if it is not null, the caller has so many octets there, and for the time of this call they are ours. It is
    // called for one slice after the other.
    let room = move || unsafe { room(data, size) };
    call(|| {
        let shortcut = move |socket: &Socket| match socket.is_shortcut_for(flags) {
            true => socket.recv_ready_into(room().ok()?).map(size_to_c),
            false => None,
        };
        socket::with_shortcut(socket, shortcut, move |socket| socket.recv_into(room()?, flags).map(size_to_c))
    })
}

/// So many octets of C's to be written.
///
/// # Safety
/// They can be written there, by nobody else, for as long as the answer is used; with none of them the address does not matter.
unsafe fn room<'a>(data: *mut c_void, size: usize) -> Result<&'a mut [u8], Errno> {
    match (data.is_null(), size) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(Errno::EFAULT),
        // SAFETY: not null, so they are there, says the caller.
        _ => Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), size) }),
    }
}

/// Receives a part; what was in the message before is given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_msg_recv(message: *mut Part, socket: *mut c_void, flags: c_int) -> c_int {
    call(|| {
        let shortcut = move |socket: &Socket| match socket.is_shortcut_for(flags) {
            // SAFETY: the caller's contract is the callee's.
            true => socket.recv_ready_to(unsafe { Part::at(message) }.ok()?).map(size_to_c),
            false => None,
        };
        socket::with_shortcut(socket, shortcut, move |socket| {
            // SAFETY: the caller's contract is the callee's.
            let part = unsafe { Part::at(message) };
            let part = part.or_else(|errno| socket.alive().and(Err(errno)))?;
            let received = socket.recv_to(part, flags);
            if matches!(received, Err(Errno::EAGAIN | Errno::EINTR)) {
                // As with libzmq, what was in it is gone.
                part.empty_out();
            }
            received.map(size_to_c)
        })
    })
}

/// As `zmq_msg_recv`, with the arguments in another order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_recvmsg(socket: *mut c_void, message: *mut Part, flags: c_int) -> c_int {
    // SAFETY: the contract is the same.
    unsafe { zmq_msg_recv(message, socket, flags) }
}
