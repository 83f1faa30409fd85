//! Bodies that C made.

use super::spare::Pieces;
use crate::{
    errno::Errno,
    thread::{self, Remembered},
};
use bytes::Bytes;
use std::alloc::{Layout, alloc_zeroed};
use zeroxide::door::{SHARED_FROM, reuse};

/// What a message is made of.
pub enum Body<'a> {
    /// Octets to be copied.
    Copied(&'a [u8]),
    /// Octets of the application, which waits to have them back.
    Lent(Bytes),
    /// Octets that stay for ever.
    Constant(&'static [u8]),
}

/// Memory of so many octets for C to fill, put there. Clearing it would cost as much as filling it: where it was used before,
/// the octets are whatever they were, as libzmq's always are. Short ones were written at least, so that the rules of a
/// socket, which look at the beginnings of some messages, never see memory that nobody wrote.
///
/// # Safety
/// Pieces can be written at `place`.
#[inline(always)]
pub(super) unsafe fn put_unfilled(place: *mut Pieces, size: usize) -> Result<(), Errno> {
    let Some(kept) = thread::with(|Remembered { spare, .. }| spare.take_body(size)) else {
        // SAFETY: the contract is the same.
        return unsafe { put_fresh(place, size) };
    };
    // SAFETY: says the caller.
    unsafe { place.write(kept.resized(size)) };
    Ok(())
}

/// As [`put_unfilled`], in other memory than was used before.
///
/// # Safety
/// As for [`put_unfilled`].
#[cold]
#[inline(never)]
unsafe fn put_fresh(place: *mut Pieces, size: usize) -> Result<(), Errno> {
    let room = fresh(size)?;
    // SAFETY: says the caller.
    unsafe { place.write(Pieces::of(room)) };
    Ok(())
}

#[expect(
    clippy::slow_vector_initialization,
    reason = "the system's calloc is the slower of the two for what is short"
)]
fn fresh(size: usize) -> Result<Vec<u8>, Errno> {
    if size < SHARED_FROM {
        // Short memory that was used a moment ago is faster to have and to clear than memory that comes cleared.
        let mut octets = Vec::with_capacity(size);
        octets.resize(size, 0);
        return Ok(octets);
    }
    if let Some(mut kept) = reuse::take_kept(size) {
        // SAFETY: the memory is there. C fills it before it has anybody read it, says the contract of `zmq_msg_init_size`;
        // if C does not, the octets are what earlier messages left there.
        unsafe { kept.set_len(size) };
        return Ok(kept);
    }
    let layout = Layout::array::<u8>(size).map_err(|_| Errno::ENOMEM)?;
    // SAFETY: the size is not zero.
    let memory = unsafe { alloc_zeroed(layout) };
    if memory.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: allocated this moment with the layout of so many octets, all of them zero.
    Ok(unsafe { Vec::from_raw_parts(memory, size, size) })
}
