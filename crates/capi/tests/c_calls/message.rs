//! A message of C's that ends by itself.

use super::{
    Msg,
    world::{Socket, done},
    zmq_msg_close, zmq_msg_copy, zmq_msg_data, zmq_msg_init, zmq_msg_more, zmq_msg_move, zmq_msg_recv,
    zmq_msg_send, zmq_msg_size,
};
use std::{ffi::c_int, mem::MaybeUninit, slice};
use zmq::errno::Errno;

/// A message of C's, where it stays.
pub(crate) struct Message(Box<MaybeUninit<Msg>>);

// SAFETY: a message may be used by any thread, by one after the other.
unsafe impl Send for Message {}

impl Message {
    pub(crate) fn new() -> Self {
        // SAFETY: there is room for a message.
        Self::made(|place| unsafe { zmq_msg_init(place) })
    }

    /// One that this call makes.
    pub(crate) fn made(make: impl FnOnce(*mut Msg) -> c_int) -> Self {
        let mut place = Box::new(MaybeUninit::uninit());
        assert_eq!(make(place.as_mut_ptr()), 0);
        Self(place)
    }

    pub(crate) fn receive(&mut self, socket: &Socket, flags: c_int) -> Result<usize, Errno> {
        // SAFETY: the message is valid, and used by nobody else.
        done(unsafe { zmq_msg_recv(self.0.as_mut_ptr(), socket.0, flags) }).map(|size| size as usize)
    }

    /// Sends it; it is empty then.
    pub(crate) fn send(&mut self, socket: &Socket, flags: c_int) -> Result<usize, Errno> {
        // SAFETY: the message is valid, and used by nobody else.
        done(unsafe { zmq_msg_send(self.0.as_mut_ptr(), socket.0, flags) }).map(|size| size as usize)
    }

    pub(crate) fn octets(&mut self) -> &mut [u8] {
        let part = self.0.as_mut_ptr();
        // SAFETY: the message is valid and has so many octets, which may be written.
        unsafe { slice::from_raw_parts_mut(zmq_msg_data(part).cast(), zmq_msg_size(part)) }
    }

    pub(crate) fn has_more(&self) -> bool {
        // SAFETY: the message is valid.
        unsafe { zmq_msg_more(self.0.as_ptr()) != 0 }
    }

    pub(crate) fn copy(&mut self) -> Self {
        let mut copy = Self::new();
        // SAFETY: both are valid.
        assert_eq!(unsafe { zmq_msg_copy(copy.0.as_mut_ptr(), self.0.as_mut_ptr()) }, 0);
        copy
    }

    pub(crate) fn moved(mut self) -> Self {
        let mut moved = Self::new();
        // SAFETY: both are valid.
        assert_eq!(unsafe { zmq_msg_move(moved.0.as_mut_ptr(), self.0.as_mut_ptr()) }, 0);
        assert!(self.octets().is_empty());
        moved
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message is valid, and ended once.
        assert_eq!(unsafe { zmq_msg_close(self.0.as_mut_ptr()) }, 0);
    }
}
