//! The memory of the message that a thread ended last, for its next one, and whom that was from: a program that makes and
//! ends a message for each that it sends or receives allocates nothing, and counts nothing.

use crate::thread::{self, Remembered};
use std::{cell::Cell, mem::ManuallyDrop, ptr::NonNull};
use zeroxide::{Origin, door::SHARED_FROM};

/// Memory more than so many times as large as needed is not used again: a kept message must not hold it.
const SPACIOUS: usize = 16;

/// Nothing in here is dropped by itself.
pub(crate) struct Spare {
    body: Body,
    origin: Cell<ManuallyDrop<Origin>>,
    /// Whether the thread has been asked to end what is kept.
    ends: Cell<bool>,
}

thread_local! {
    static ENDS: Ends = const { Ends };
}

/// A vector in pieces: one that was put down whole and is taken up whole again, at once, keeps a processor waiting, for it
/// is put down in other pieces than it is taken up.
#[derive(Clone, Copy)]
pub(super) struct Pieces {
    memory: NonNull<u8>,
    length: usize,
    room: usize,
}

impl Pieces {
    #[inline]
    fn of(body: Vec<u8>) -> Option<Self> {
        let mut body = ManuallyDrop::new(body);
        let memory = NonNull::new(body.as_mut_ptr())?;
        Some(Self { memory, length: body.len(), room: body.capacity() })
    }

    /// What they are the pieces of.
    ///
    /// # Safety
    /// They are not used again.
    #[inline]
    unsafe fn whole(self) -> Vec<u8> {
        // SAFETY: they are those of a vector, which was taken apart for them, and nobody else has them.
        unsafe { Vec::from_raw_parts(self.memory.as_ptr(), self.length, self.room) }
    }
}

/// Taken up memory that is no vector yet; both ways to make one of it use it up.
#[must_use]
pub(super) struct Kept(Pieces);

impl Kept {
    /// So many octets, as they are, zeros where nothing is.
    #[inline]
    pub(super) fn of_size(self, size: usize) -> Vec<u8> {
        let Pieces { memory, length, room } = self.0;
        let size = size.min(room);
        if length < size {
            // SAFETY: there is room for them.
            unsafe { memory.add(length).write_bytes(0, size - length) };
        }
        // SAFETY: so many octets were written, and whoever kept the memory has given it away.
        unsafe { Pieces { memory, length: size, room }.whole() }
    }

    /// A copy of these octets, which fit.
    #[inline]
    pub(super) fn copy_of(self, octets: &[u8]) -> Vec<u8> {
        let Pieces { memory, room, .. } = self.0;
        let length = octets.len().min(room);
        // SAFETY: there is room for them, in memory that is nobody else's.
        unsafe { memory.copy_from_nonoverlapping(NonNull::from(octets).cast(), length) };
        // SAFETY: so many octets were written, and whoever kept the memory has given it away.
        unsafe { Pieces { memory, length, room }.whole() }
    }
}

struct Body {
    memory: Cell<Option<NonNull<u8>>>,
    length: Cell<usize>,
    room: Cell<usize>,
}

impl Body {
    #[inline]
    fn take(&self) -> Option<Pieces> {
        let memory = self.memory.take()?;
        Some(Pieces { memory, length: self.length.get(), room: self.room.get() })
    }

    #[inline]
    fn replace(&self, body: Vec<u8>) -> Option<Vec<u8>> {
        // SAFETY: what was taken is not here any more.
        let before = self.take().map(|pieces| unsafe { pieces.whole() });
        if let Some(Pieces { memory, length, room }) = Pieces::of(body) {
            self.length.set(length);
            self.room.set(room);
            self.memory.set(Some(memory));
        }
        before
    }
}

struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        thread::with(|Remembered { spare, .. }| {
            spare.ends.set(false);
            // SAFETY: what was taken is not here any more.
            drop(spare.body.take().map(|pieces| unsafe { pieces.whole() }));
            drop(spare.take_origin());
        });
    }
}

impl Spare {
    pub(crate) const fn new() -> Self {
        Self {
            body: Body { memory: Cell::new(None), length: Cell::new(0), room: Cell::new(0) },
            origin: Cell::new(ManuallyDrop::new(Origin::UNKNOWN)),
            ends: Cell::new(false),
        }
    }

    /// Whether something can be kept: not when the thread ends.
    #[inline]
    fn keeps(&self) -> bool {
        self.ends.get() || self.will_end()
    }

    #[cold]
    fn will_end(&self) -> bool {
        self.ends.set(ENDS.try_with(|_| ()).is_ok());
        self.ends.get()
    }

    #[inline]
    fn take_origin(&self) -> Origin {
        ManuallyDrop::into_inner(self.origin.replace(ManuallyDrop::new(Origin::UNKNOWN)))
    }
}

/// Whether memory may be used for so many octets.
#[inline]
pub(super) fn fits(room: usize, size: usize) -> bool {
    size <= room && room <= size.saturating_mul(SPACIOUS)
}

/// Memory for so many octets, if such was kept. What is in it is of an earlier message.
#[inline]
pub(super) fn take_body(size: usize) -> Option<Kept> {
    thread::with(|Remembered { spare, .. }| match fits(spare.body.room.get(), size) {
        true => spare.body.take().map(Kept),
        false => None,
    })
}

/// Keeps memory in place of what was kept, which comes back; or itself does, if it is too much to be kept.
#[inline]
pub(super) fn keep_body(body: Vec<u8>) -> Option<Vec<u8>> {
    if body.capacity() > SHARED_FROM {
        return Some(body);
    }
    thread::with(|Remembered { spare, .. }| match spare.keeps() {
        true => spare.body.replace(body),
        false => Some(body),
    })
}

/// Keeps in place of what was kept, which is given back, whom a message was from.
#[inline]
pub(super) fn keep_origin(origin: Origin) {
    thread::with(|Remembered { spare, .. }| {
        if spare.keeps() {
            drop(spare.take_origin());
            spare.origin.set(ManuallyDrop::new(origin));
        }
    });
}

/// Another holder of this: the one that was kept, if it is the same.
#[inline]
pub(super) fn origin(origin: &Origin) -> Origin {
    thread::with(|Remembered { spare, .. }| {
        let kept = spare.take_origin();
        if kept.is_same(origin) {
            return kept;
        }
        spare.origin.set(ManuallyDrop::new(kept));
        origin.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_fits_is_kept_for_the_next_message_of_the_thread() {
        let mut body = Vec::with_capacity(100);
        body.extend(*b"earlier");
        let place = body.as_ptr();
        assert!(keep_body(body).is_none());
        assert!(take_body(101).is_none(), "too small");
        assert!(take_body(6).is_none(), "far too large");
        let body = take_body(9).unwrap().of_size(9);
        assert_eq!((body.as_ptr(), &body[..]), (place, &b"earlier\0\0"[..]));
        assert!(take_body(9).is_none(), "it was taken");
        assert!(keep_body(body).is_none());
        let body = take_body(50).unwrap().copy_of(&[7; 50]);
        assert_eq!((body.as_ptr(), &body[..]), (place, &[7; 50][..]));
        assert!(keep_body(body).is_none());
        assert_eq!(take_body(20).unwrap().of_size(20), [7; 20]);
        assert!(keep_body(Vec::with_capacity(SHARED_FROM + 1)).is_some(), "too much");
    }

    #[test]
    fn what_a_thread_keeps_ends_with_it() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                drop(keep_body(Vec::with_capacity(100)));
            }
        }
        thread_local!(static LATE: Late = const { Late });
        let run = || {
            LATE.with(|_| ());
            drop(keep_body(Vec::with_capacity(100)));
        };
        std::thread::spawn(run).join().unwrap();
    }
}
