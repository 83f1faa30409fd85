//! The memory of the message that a thread ended last, for its next one, and whom that was from: a program that makes and
//! ends a message for each that it sends or receives allocates nothing, and counts nothing.

use crate::thread::{self, Remembered};
use std::{
    cell::Cell,
    hint::cold_path,
    mem::{ManuallyDrop, replace},
    ptr::null_mut,
};
use zeroxide::{
    Origin,
    door::{SHARED_FROM, reuse},
};

/// Memory more than so many times as large as needed is not used again: a kept message must not hold it.
const SPACIOUS: usize = 16;

/// Nothing in here is dropped by itself.
///
/// A vector lies here in pieces: one that was put down whole and is taken up whole again, at once, keeps a processor waiting,
/// for it is put down in other pieces than it is taken up.
pub(crate) struct Spare {
    memory: Cell<*mut u8>,
    /// So many octets of it were written.
    length: Cell<usize>,
    /// No octets: there is no memory.
    room: Cell<usize>,
    origin: Cell<ManuallyDrop<Origin>>,
    /// Not 0: the thread has been asked to end what is kept.
    ends: Cell<usize>,
}

thread_local! {
    static ENDS: Ends = const { Ends };
}

/// Taken up memory that is no vector yet; both ways to make one of it use it up.
#[must_use]
pub(super) struct Kept {
    memory: *mut u8,
    length: usize,
    room: usize,
}

impl Kept {
    /// So many octets, as they are, zeros where nothing is.
    #[inline(always)]
    pub(super) fn of_size(self, size: usize) -> Vec<u8> {
        let Self { memory, length, room } = self;
        let size = size.min(room);
        if length < size {
            // SAFETY: there is room for them.
            unsafe { memory.add(length).write_bytes(0, size - length) };
        }
        // SAFETY: so many octets were written, and it was a vector's memory, which nobody else has.
        unsafe { Vec::from_raw_parts(memory, size, room) }
    }

    /// A copy of these octets, which fit.
    #[inline(always)]
    pub(super) fn copy_of(self, octets: &[u8]) -> Vec<u8> {
        let Self { memory, room, .. } = self;
        let length = octets.len().min(room);
        // SAFETY: there is room for them, in memory that is nobody else's.
        unsafe { memory.copy_from_nonoverlapping(octets.as_ptr(), length) };
        // SAFETY: so many octets were written, and it was a vector's memory, which nobody else has.
        unsafe { Vec::from_raw_parts(memory, length, room) }
    }
}

struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        thread::with(|Remembered { spare, .. }| {
            spare.ends.set(0);
            drop(spare.take_any());
            drop(spare.replace_origin(Origin::UNKNOWN));
        });
    }
}

/// Whether memory may be used for so many octets.
#[inline(always)]
pub(super) fn fits(room: usize, size: usize) -> bool {
    // As `room <= size * SPACIOUS`, but for what that would be beyond all numbers.
    size <= room && room.wrapping_sub(1) / SPACIOUS < size
}

impl Spare {
    pub(crate) const fn new() -> Self {
        Self {
            memory: Cell::new(null_mut()),
            length: Cell::new(0),
            room: Cell::new(0),
            origin: Cell::new(ManuallyDrop::new(Origin::UNKNOWN)),
            ends: Cell::new(0),
        }
    }

    /// Whether something can be kept: not when the thread ends.
    fn keeps(&self) -> bool {
        if self.ends.get() == 0 && ENDS.try_with(|_| ()).is_ok() {
            self.ends.set(1);
        }
        self.ends.get() != 0
    }

    fn replace_origin(&self, origin: Origin) -> Origin {
        ManuallyDrop::into_inner(self.origin.replace(ManuallyDrop::new(origin)))
    }

    fn take_any(&self) -> Option<Vec<u8>> {
        let room = self.room.take();
        // SAFETY: it was a vector's memory, so much of it was written, and nobody finds it here from now on.
        (room != 0).then(|| unsafe { Vec::from_raw_parts(self.memory.get(), self.length.get(), room) })
    }

    #[inline(always)]
    fn put(&self, body: Vec<u8>) {
        let mut body = ManuallyDrop::new(body);
        self.memory.set(body.as_mut_ptr());
        self.length.set(body.len());
        self.room.set(body.capacity());
    }

    /// Memory for so many octets, one at least, if such was kept. What is in it is of an earlier message.
    #[inline(always)]
    pub(super) fn take_body(&self, size: usize) -> Option<Kept> {
        let room = self.room.get();
        if !fits(room, size) {
            cold_path();
            return None;
        }
        self.room.set(0);
        Some(Kept { memory: self.memory.get(), length: self.length.get(), room })
    }

    /// Keeps memory in place of what was kept, which is given back; unless it is too much to be kept.
    #[inline(always)]
    pub(super) fn keep_body(&self, body: Vec<u8>) {
        if self.room.get() != 0 || self.ends.get() == 0 || body.capacity() > SHARED_FROM {
            return self.keep_instead(body);
        }
        self.put(body);
    }

    #[cold]
    #[inline(never)]
    fn keep_instead(&self, body: Vec<u8>) {
        if body.capacity() > SHARED_FROM || !self.keeps() {
            return reuse::give(body);
        }
        if let Some(before) = self.take_any() {
            reuse::give(before);
        }
        self.put(body);
    }

    /// Keeps in place of what was kept, which is given back, whom a message was from.
    #[inline(always)]
    pub(super) fn keep_origin(&self, origin: Origin) {
        let before = self.origin.replace(ManuallyDrop::new(Origin::UNKNOWN));
        if !before.is_unknown() || self.ends.get() == 0 {
            return self.keep_origin_instead(origin, before);
        }
        self.origin.set(ManuallyDrop::new(origin));
    }

    #[cold]
    #[inline(never)]
    fn keep_origin_instead(&self, origin: Origin, before: ManuallyDrop<Origin>) {
        drop(ManuallyDrop::into_inner(before));
        if self.keeps() {
            drop(self.replace_origin(origin));
        }
    }

    /// Has `holder` hold this, in place of what it holds: by the one that was kept, if that is the same.
    #[inline(always)]
    pub(super) fn hold_origin(&self, holder: &mut Origin, origin: &Origin) {
        let kept = self.replace_origin(Origin::UNKNOWN);
        if kept.is_same(origin) && holder.is_unknown() {
            return std::mem::forget(replace(holder, kept));
        }
        self.hold_another(holder, origin, kept);
    }

    #[cold]
    #[inline(never)]
    fn hold_another(&self, holder: &mut Origin, origin: &Origin, kept: Origin) {
        if kept.is_same(origin) {
            *holder = kept;
        } else {
            self.origin.set(ManuallyDrop::new(kept));
            *holder = origin.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(body: Vec<u8>) {
        thread::with(|kept| kept.spare.keep_body(body));
    }

    fn take(size: usize) -> Option<Kept> {
        thread::with(|kept| kept.spare.take_body(size))
    }

    #[test]
    fn memory_that_fits_is_kept_for_the_next_message_of_the_thread() {
        let mut body = Vec::with_capacity(100);
        body.extend(*b"earlier");
        let place = body.as_ptr();
        keep(body);
        assert!(take(101).is_none(), "too small");
        assert!(take(6).is_none(), "far too large");
        let body = take(9).unwrap().of_size(9);
        assert_eq!((body.as_ptr(), &body[..]), (place, &b"earlier\0\0"[..]));
        assert!(take(9).is_none(), "it was taken");
        keep(body);
        let body = take(50).unwrap().copy_of(&[7; 50]);
        assert_eq!((body.as_ptr(), &body[..]), (place, &[7; 50][..]));
        keep(body);
        assert_eq!(take(20).unwrap().of_size(20), [7; 20]);
        keep(Vec::with_capacity(SHARED_FROM + 1));
        assert!(take(SHARED_FROM).is_none(), "too much");
    }

    #[test]
    fn the_newest_memory_is_kept() {
        keep(Vec::with_capacity(100));
        keep(Vec::with_capacity(200));
        assert!(take(150).is_some_and(|kept| kept.of_size(150) == [0; 150]));
        assert!(take(100).is_none());
    }

    #[test]
    fn what_a_thread_keeps_ends_with_it() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                keep(Vec::with_capacity(100));
            }
        }
        thread_local!(static LATE: Late = const { Late });
        let run = || {
            LATE.with(|_| ());
            keep(Vec::with_capacity(100));
        };
        std::thread::spawn(run).join().unwrap();
    }
}
