//! Contexts and sockets of C's that end by themselves.

use super::{zmq_recv, zmq_send};
use std::ffi::{CStr, CString, c_int, c_void};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    endpoints::{zmq_bind, zmq_connect},
    errno::Errno,
    options::{zmq_getsockopt, zmq_setsockopt},
    socket::{zmq_close, zmq_socket},
};

pub(crate) const LAST_ENDPOINT: c_int = 32;
const LINGER: c_int = 17;

/// What C's answer says.
pub(crate) fn done(answer: c_int) -> Result<c_int, Errno> {
    if answer < 0 { Err(Errno::get()) } else { Ok(answer) }
}

/// Has a socket of C's listen; where it does.
pub(crate) fn bind(socket: *mut c_void, endpoint: &CStr) -> Result<CString, Errno> {
    // SAFETY: the text ends with a zero.
    done(unsafe { zmq_bind(socket, endpoint.as_ptr()) })?;
    let (mut text, mut length) = (vec![0; 256], 256);
    // SAFETY: there is so much room.
    done(unsafe { zmq_getsockopt(socket, LAST_ENDPOINT, text.as_mut_ptr().cast(), &raw mut length) })?;
    text.truncate(length);
    Ok(CString::from_vec_with_nul(text).unwrap())
}

/// Connects a socket of C's.
pub(crate) fn connect(socket: *mut c_void, endpoint: &CStr) {
    // SAFETY: the text ends with a zero.
    done(unsafe { zmq_connect(socket, endpoint.as_ptr()) }).unwrap();
}

/// A context whose sockets end with it.
pub(crate) struct World(*mut c_void);

impl World {
    pub(crate) fn new() -> Self {
        Self(zmq_ctx_new())
    }

    /// A socket that does not linger.
    pub(crate) fn socket(&self, kind: c_int) -> Socket {
        let socket = Socket(zmq_socket(self.0, kind));
        socket.set_int(LINGER, 0);
        socket
    }
}

impl Drop for World {
    fn drop(&mut self) {
        zmq_ctx_term(self.0);
    }
}

pub(crate) struct Socket(pub(crate) *mut c_void);

// SAFETY: a handle is looked up, and never followed, in whatever thread.
unsafe impl Send for Socket {}
// SAFETY: as above; sockets are for all threads here.
unsafe impl Sync for Socket {}

impl Socket {
    pub(crate) fn set(&self, option: c_int, value: &[u8]) -> Result<(), Errno> {
        // SAFETY: the octets are there for the time of the call.
        done(unsafe { zmq_setsockopt(self.0, option, value.as_ptr().cast(), value.len()) }).map(|_| ())
    }

    pub(crate) fn set_int(&self, option: c_int, value: c_int) {
        self.set(option, &value.to_ne_bytes()).unwrap();
    }

    pub(crate) fn get(&self, option: c_int) -> Vec<u8> {
        let (mut value, mut length) = (vec![0; 256], 256);
        // SAFETY: there is so much room.
        done(unsafe { zmq_getsockopt(self.0, option, value.as_mut_ptr().cast(), &raw mut length) }).unwrap();
        value.truncate(length);
        value
    }

    /// Where it listens.
    pub(crate) fn bind(&self, endpoint: &str) -> Result<CString, Errno> {
        bind(self.0, &CString::new(endpoint).unwrap())
    }

    pub(crate) fn connect(&self, endpoint: &CStr) {
        connect(self.0, endpoint);
    }

    pub(crate) fn send(&self, octets: &[u8]) {
        self.send_with(octets, 0).unwrap();
    }

    pub(crate) fn send_with(&self, octets: &[u8], flags: c_int) -> Result<(), Errno> {
        // SAFETY: the octets are there for the time of the call.
        done(unsafe { zmq_send(self.0, octets.as_ptr().cast(), octets.len(), flags) }).map(|_| ())
    }

    pub(crate) fn recv(&self) -> Result<Vec<u8>, Errno> {
        self.recv_with(0)
    }

    /// Receives no more than 16 KiB.
    pub(crate) fn recv_with(&self, flags: c_int) -> Result<Vec<u8>, Errno> {
        let mut room = vec![0; 16 * 1024];
        // SAFETY: there is so much room.
        let length = done(unsafe { zmq_recv(self.0, room.as_mut_ptr().cast(), room.len(), flags) })?;
        room.truncate(length.unsigned_abs() as usize);
        Ok(room)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        zmq_close(self.0);
    }
}
