//! The memory of the message that a thread ended last, for its next one, and whom that was from: a program that makes and
//! ends a message for each that it sends or receives allocates nothing, and counts nothing.

use crate::thread::{self, Remembered};
use std::{
    cell::Cell,
    hint::cold_path,
    mem::{ManuallyDrop, replace},
    ptr::null_mut,
    slice,
};
use zeroxide::{
    Origin,
    door::{SHARED_FROM, reuse},
};

/// Memory more than so many times as large as needed is not used again: a kept message must not hold it.
const SPACIOUS: usize = 16;

/// A vector in pieces, as messages have theirs. One that was put down whole and is taken up whole again, at once, keeps a
/// processor waiting, for it is put down in other pieces than it is taken up; and it would be put down to be handed on.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Pieces {
    room: usize,
    memory: *mut u8,
    length: usize,
}

impl Pieces {
    /// Takes one apart.
    #[inline(always)]
    pub(super) fn of(body: Vec<u8>) -> Self {
        let mut body = ManuallyDrop::new(body);
        Self { room: body.capacity(), memory: body.as_mut_ptr(), length: body.len() }
    }

    /// What they are the pieces of.
    ///
    /// # Safety
    /// They are not used again, nor are copies of them.
    #[inline(always)]
    pub(super) unsafe fn whole(self) -> Vec<u8> {
        // SAFETY: they are those of a vector, which was taken apart for them, and nobody else has them, says the caller.
        unsafe { Vec::from_raw_parts(self.memory, self.length, self.room) }
    }

    /// Where the octets are.
    #[inline(always)]
    pub(super) fn memory(&self) -> *mut u8 {
        self.memory
    }

    /// The octets.
    ///
    /// # Safety
    /// They have not become [whole](Self::whole).
    #[inline(always)]
    pub(super) unsafe fn octets(&self) -> &[u8] {
        // SAFETY: so many were written there.
        unsafe { slice::from_raw_parts(self.memory, self.length) }
    }

    /// Whether the memory may be used for so many octets.
    #[inline(always)]
    pub(super) fn fit(&self, size: usize) -> bool {
        fits(self.room, size)
    }

    /// The same memory with so many octets, which fit: as they are, zeros where nothing is.
    #[inline(always)]
    pub(super) fn resized(self, size: usize) -> Self {
        let length = size.min(self.room);
        if self.length < length {
            self.fill(length);
        }
        Self { length, ..self }
    }

    #[cold]
    #[inline(never)]
    fn fill(self, length: usize) {
        // SAFETY: there is room for them, in memory that is nobody else's.
        unsafe { self.memory.add(self.length).write_bytes(0, length - self.length) };
    }

    /// The same memory with a copy of these octets, which fit.
    #[inline(always)]
    pub(super) fn copied(self, octets: &[u8]) -> Self {
        let length = octets.len().min(self.room);
        // SAFETY: there is room for them, in memory that is nobody else's.
        unsafe { self.memory.copy_from_nonoverlapping(octets.as_ptr(), length) };
        Self { length, ..self }
    }
}

/// Nothing in here is dropped by itself.
///
/// The pieces of a vector do not lie side by side: two that do in both places are moved as one, and so are later taken up
/// as they were not put down.
#[repr(C)]
pub(crate) struct Spare {
    memory: Cell<*mut u8>,
    origin: Cell<ManuallyDrop<Origin>>,
    /// So many octets of the memory were written.
    length: Cell<usize>,
    /// Not 0: the thread has been asked to end what is kept.
    ends: Cell<usize>,
    /// No octets: there is no memory.
    room: Cell<usize>,
    /// Whom other messages were from: who receives from several peers in turn finds each of them here.
    others: [Cell<ManuallyDrop<Origin>>; OTHERS],
}

/// So many peers, besides the last.
const OTHERS: usize = 8;

thread_local! {
    static ENDS: Ends = const { Ends };
}

struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        thread::with(|Remembered { spare, .. }| {
            spare.ends.set(0);
            drop(spare.take_any());
            drop(spare.replace_origin(Origin::UNKNOWN));
            spare.others.iter().for_each(|place| drop(put_in(place, Origin::UNKNOWN)));
        });
    }
}

/// Whether memory may be used for so many octets.
#[inline(always)]
fn fits(room: usize, size: usize) -> bool {
    // As `room <= size * SPACIOUS`, but for what that would be beyond all numbers.
    size <= room && room.wrapping_sub(1) / SPACIOUS < size
}

impl Spare {
    pub(crate) const fn new() -> Self {
        Self {
            memory: Cell::new(null_mut()),
            origin: Cell::new(ManuallyDrop::new(Origin::UNKNOWN)),
            length: Cell::new(0),
            ends: Cell::new(0),
            room: Cell::new(0),
            others: [const { Cell::new(ManuallyDrop::new(Origin::UNKNOWN)) }; OTHERS],
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
        put_in(&self.origin, origin)
    }

    fn other(&self, origin: &Origin) -> &Cell<ManuallyDrop<Origin>> {
        self.others.get(origin.spread() % OTHERS).unwrap_or(&self.origin)
    }

    /// Keeps it among the others, in place of what was there.
    fn keep_other(&self, origin: Origin) {
        if !origin.is_unknown() && self.keeps() {
            drop(put_in(self.other(&origin), origin));
        }
    }

    /// The same as this: one that was kept among the others, or another count of it.
    fn take_other(&self, origin: &Origin) -> Origin {
        let place = self.other(origin);
        let kept = put_in(place, Origin::UNKNOWN);
        if kept.is_same(origin) {
            return kept;
        }
        drop(put_in(place, kept));
        origin.clone()
    }

    fn take_any(&self) -> Option<Vec<u8>> {
        let room = self.room.take();
        let pieces = Pieces { room, memory: self.memory.get(), length: self.length.get() };
        // SAFETY: nobody finds them here from now on.
        (room != 0).then(|| unsafe { pieces.whole() })
    }

    /// Whether this memory can be [put](Self::put) here: it is not too much, nothing is kept, and what is will be ended.
    #[inline(always)]
    pub(super) fn has_place_for(&self, body: Pieces) -> bool {
        self.room.get() == 0 && self.ends.get() != 0 && body.room <= SHARED_FROM
    }

    /// Keeps memory that there is a [place](Self::has_place_for) for, and that is nobody else's from now on.
    #[inline(always)]
    pub(super) fn put(&self, body: Pieces) {
        self.memory.set(body.memory);
        self.length.set(body.length);
        self.room.set(body.room);
    }

    /// Whether an origin can be [put](Self::put_origin) here.
    #[inline(always)]
    pub(super) fn has_place_for_origin(&self) -> bool {
        // SAFETY: nothing else looks at it meanwhile.
        self.ends.get() != 0 && unsafe { &*self.origin.as_ptr() }.is_unknown()
    }

    /// Keeps an origin that there is a [place](Self::has_place_for_origin) for.
    #[inline(always)]
    pub(super) fn put_origin(&self, origin: Origin) {
        self.origin.set(ManuallyDrop::new(origin));
    }

    /// Memory for so many octets, one at least, if such was kept. What is in it is of an earlier message.
    #[inline(always)]
    pub(super) fn take_body(&self, size: usize) -> Option<Pieces> {
        let room = self.room.get();
        if !fits(room, size) {
            cold_path();
            return None;
        }
        self.room.set(0);
        Some(Pieces { room, memory: self.memory.get(), length: self.length.get() })
    }

    /// Keeps memory in place of what was kept, which is given back; unless it is too much to be kept.
    ///
    /// # Safety
    /// The pieces, and copies of them, are not used by anybody else from now on.
    #[cold]
    pub(super) unsafe fn keep_body(&self, body: Pieces) {
        if body.room > SHARED_FROM || !self.keeps() {
            // SAFETY: says the caller.
            return reuse::give(unsafe { body.whole() });
        }
        if let Some(before) = self.take_any() {
            reuse::give(before);
        }
        self.put(body);
    }

    /// Keeps in place of what was kept, which is given back, whom a message was from.
    #[cold]
    pub(super) fn keep_origin(&self, origin: Origin) {
        if !origin.is_unknown() && self.keeps() {
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
        let same = if kept.is_same(origin) {
            kept
        } else {
            self.keep_other(kept);
            self.take_other(origin)
        };
        self.keep_other(replace(holder, same));
    }
}

/// Puts it there; answers what was there.
fn put_in(place: &Cell<ManuallyDrop<Origin>>, origin: Origin) -> Origin {
    ManuallyDrop::into_inner(place.replace(ManuallyDrop::new(origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(body: Vec<u8>) {
        // SAFETY: nobody else has them.
        thread::with(|kept| unsafe { kept.spare.keep_body(Pieces::of(body)) });
    }

    fn take(size: usize) -> Option<Pieces> {
        thread::with(|kept| kept.spare.take_body(size))
    }

    fn whole(pieces: Pieces) -> Vec<u8> {
        // SAFETY: the tests use none of them twice.
        unsafe { pieces.whole() }
    }

    #[test]
    fn memory_that_fits_is_kept_for_the_next_message_of_the_thread() {
        let mut body = Vec::with_capacity(100);
        body.extend(*b"earlier");
        let place = body.as_ptr();
        keep(body);
        assert!(take(101).is_none(), "too small");
        assert!(take(6).is_none(), "far too large");
        let body = whole(take(9).unwrap().resized(9));
        assert_eq!((body.as_ptr(), &body[..]), (place, &b"earlier\0\0"[..]));
        assert!(take(9).is_none(), "it was taken");
        keep(body);
        let body = whole(take(50).unwrap().copied(&[7; 50]));
        assert_eq!((body.as_ptr(), &body[..]), (place, &[7; 50][..]));
        keep(body);
        assert_eq!(whole(take(20).unwrap().resized(20)), [7; 20]);
        keep(Vec::with_capacity(SHARED_FROM + 1));
        assert!(take(SHARED_FROM).is_none(), "too much");
    }

    #[test]
    fn the_newest_memory_is_kept() {
        keep(Vec::with_capacity(100));
        keep(Vec::with_capacity(200));
        assert_eq!(whole(take(150).unwrap().resized(150)), [0; 150]);
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
