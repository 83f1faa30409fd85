//! How a message becomes what was received.

use super::{INLINE, INLINE_CAPACITY, MORE, OWNED, Part, spare::fits};
use crate::thread::{self, Remembered};
use std::{hint::cold_path, mem::ManuallyDrop};
use zeroxide::Origin;

impl Part {
    /// Becomes the message that these octets are, received from there; what it was is given back, or used again. Nothing
    /// of the application's is called by this. The message [is private](Self::is_private).
    #[inline(always)]
    pub fn receive(&mut self, octets: &[u8], more: bool, origin: &Origin) {
        if !self.origin.is_same(origin) {
            thread::with(|Remembered { spare, .. }| spare.hold_origin(&mut self.origin, origin));
        }
        if self.group.is_some() {
            self.strip_rest();
        }
        let flags = if more { MORE } else { 0 };
        if octets.len() > INLINE_CAPACITY {
            self.receive_long(octets);
            // SAFETY: it is this message; it is of this kind.
            return unsafe { Self::set_head(self, OWNED, flags, 0) };
        }
        if let Some(owned) = self.take_owned() {
            thread::with(|Remembered { spare, .. }| spare.keep_body(owned));
        }
        // SAFETY: they fit in place, where nothing is.
        unsafe {
            let room: *mut u8 = (&raw mut self.body.inline).cast();
            room.copy_from_nonoverlapping(octets.as_ptr(), octets.len());
            Self::set_head(self, INLINE, flags, octets.len() as u8);
        }
    }

    /// As [`Part::receive`], of octets that do not fit in place: the kind is to be written.
    #[inline(always)]
    fn receive_long(&mut self, octets: &[u8]) {
        if let Some(owned) = self.vec() {
            if !fits(owned.capacity(), octets.len()) {
                cold_path();
                return self.receive_elsewhere(octets);
            }
            // SAFETY: there is room for them, in memory that is nobody else's.
            unsafe {
                owned.as_mut_ptr().copy_from_nonoverlapping(octets.as_ptr(), octets.len());
                owned.set_len(octets.len());
            }
            return;
        }
        match thread::with(|Remembered { spare, .. }| spare.take_body(octets.len())) {
            Some(kept) => self.body.owned = ManuallyDrop::new(kept.copy_of(octets)),
            None => self.receive_elsewhere(octets),
        }
    }

    /// As [`Part::receive_long`], in other memory than was used before.
    #[cold]
    #[inline(never)]
    fn receive_elsewhere(&mut self, octets: &[u8]) {
        self.drop_body();
        let kept = thread::with(|Remembered { spare, .. }| spare.take_body(octets.len()));
        let owned = kept.map_or_else(|| octets.to_vec(), |kept| kept.copy_of(octets));
        self.body.owned = ManuallyDrop::new(owned);
    }
}
