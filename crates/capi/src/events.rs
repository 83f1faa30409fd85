//! `ZMQ_FD` and `ZMQ_EVENTS`: how event loops wait for sockets.
//!
//! The descriptor says that something *may* have changed, and nothing else. It falls silent when the application looks
//! (`ZMQ_EVENTS`), or learns by `EAGAIN` that nothing is there; what changes after that rings it again.

use crate::{errno::Errno, socket::Socket};
use std::{
    ffi::{c_int, c_short},
    os::fd::{AsFd, AsRawFd},
};
use zeroxide::{
    Interest, SocketType,
    door::{Bell, Descriptor, Watch},
};

/// `ZMQ_POLLIN`
pub const POLLIN: c_short = 1;
/// `ZMQ_POLLOUT`
pub const POLLOUT: c_short = 2;
/// `ZMQ_POLLERR`
pub const POLLERR: c_short = 4;
/// `ZMQ_POLLPRI`
pub const POLLPRI: c_short = 8;

impl Socket {
    /// `ZMQ_RCVMORE`
    pub fn has_more(&self) -> bool {
        self.arrived.any()
    }

    /// `ZMQ_EVENTS`
    pub fn events(&self) -> Result<c_int, Errno> {
        self.quiet();
        self.ready_for(POLLIN | POLLOUT).map(Into::into)
    }

    /// `ZMQ_THREAD_SAFE`: what libzmq answers. Here, threads may share sockets of every type.
    pub fn is_thread_safe(&self) -> bool {
        // The draft types, except for DGRAM.
        let number = self.native.socket_type() as c_int;
        number >= 12 && number != 18
    }

    /// `ZMQ_FD`; it is the socket's, and lives as long.
    pub fn descriptor(&self) -> Result<c_int, Errno> {
        if self.is_thread_safe() {
            return Err(Errno::EINVAL);
        }
        if let Some(descriptor) = self.descriptor.get() {
            return Ok(descriptor.as_fd().as_raw_fd());
        }
        let fresh = Descriptor::new().map_err(|error| Errno::of(&error, Errno::EMFILE))?;
        let descriptor = self.descriptor.get_or_init(|| fresh);
        descriptor.rearm(&self.native);
        // What came before anybody asked is news as well.
        descriptor.ring();
        Ok(descriptor.as_fd().as_raw_fd())
    }

    /// Silences the descriptor, if there is one, until something changes from now on.
    pub(crate) fn quiet(&self) -> bool {
        let Some(descriptor) = self.descriptor.get() else { return false };
        descriptor.rearm(&self.native);
        true
    }

    /// What of these the socket can do now without waiting.
    pub fn ready_for(&self, wanted: c_short) -> Result<c_short, Errno> {
        let mut ready = 0;
        if wanted & POLLIN != 0 && (self.arrived.any() || self.can(Interest::READABLE)) {
            ready |= POLLIN;
        }
        if wanted & POLLOUT != 0
            && !self.is_half_read()
            && (self.started.any() || self.joins() || self.can(Interest::WRITABLE))
        {
            ready |= POLLOUT;
        }
        // Asked last: a socket whose end comes meanwhile is ready for calls that fail.
        if self.native.is_terminated() {
            return Err(Errno::ETERM);
        }
        if self.native.is_closed() {
            return Err(Errno::ENOTSOCK);
        }
        Ok(ready)
    }

    /// A DISH sends nothing, but libzmq counts it as able to, since it can always join a group.
    fn joins(&self) -> bool {
        self.native.socket_type() == SocketType::Dish
    }

    fn can(&self, interest: Interest) -> bool {
        let ready = self.native.readiness_for(interest);
        ready.receive || ready.send
    }

    /// Has the socket ring this bell when one of these may have become possible.
    pub fn watch(&self, bell: &Bell, wanted: c_short) -> Watch<'_> {
        // A socket that is waited for without a wish still tells that its context ended.
        let mut interest = if wanted & POLLOUT == 0 { Interest::READABLE } else { Interest::WRITABLE };
        if wanted & POLLIN != 0 {
            interest = interest | Interest::READABLE;
        }
        self.native.watch(bell, interest)
    }
}
