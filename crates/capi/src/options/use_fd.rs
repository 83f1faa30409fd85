//! `ZMQ_USE_FD`: a bind that takes over a descriptor of the application, which listens already.

use crate::{errno::Errno, socket::Socket};
use std::{
    ffi::c_int,
    os::fd::{FromRawFd, OwnedFd},
};

const ZMQ_USE_FD: c_int = 89;

/// A descriptor on its way from the application to a socket. The application keeps it if the bind fails.
#[derive(Debug)]
pub struct Handover(c_int);

impl Handover {
    /// Gives the socket a duplicate for the bind to this endpoint, if one was promised and the endpoint can use it.
    ///
    /// # Errors
    /// What the system says, `EBADF` for a number that is no descriptor.
    pub fn begin(socket: &Socket, endpoint: &str) -> Result<Option<Self>, Errno> {
        let promised = socket.extras.kept(ZMQ_USE_FD).filter(|number| *number >= 0);
        let Some(number) =
            promised.filter(|_| endpoint.starts_with("tcp://") || endpoint.starts_with("ipc://"))
        else {
            return Ok(None);
        };
        // SAFETY: the call takes any number, and makes a new descriptor or fails.
        let duplicate = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
        if duplicate < 0 {
            return Err(Errno::get());
        }
        // SAFETY: it is new, and nobody else knows it.
        socket.native.set_listener(unsafe { OwnedFd::from_raw_fd(duplicate) });
        Ok(Some(Self(number)))
    }

    /// The bind has succeeded: the descriptor is the socket's, as in libzmq, and goes with it.
    pub fn end(self) {
        // SAFETY: the application has handed it over; the duplicate keeps listening.
        unsafe {
            libc::close(self.0);
        }
    }
}
