//! How a message becomes what was received.

use super::{APART, INLINE, INLINE_CAPACITY, MORE, OWNED, Part, SHARED, Share, spare::Pieces};
use crate::thread::{self, Remembered};
use bytes::Bytes;
use zeroxide::Origin;

impl Part {
    /// Becomes the message that these octets are, received from there; what it was is given back, or used again. Nothing
    /// of the application's is called by this: what others hold of the message was [let go](Self::let_go).
    #[inline(always)]
    pub fn receive(&mut self, octets: &[u8], more: bool, origin: &Origin) {
        self.begin_receive(origin);
        let flags = if more { MORE } else { 0 };
        if octets.len() > INLINE_CAPACITY {
            self.receive_long(octets);
            // SAFETY: it is this message; it is of this kind.
            return unsafe { Self::set_head(self, OWNED, flags, 0) };
        }
        if self.kind != INLINE {
            self.drop_body();
        }
        // SAFETY: they fit in place, where nothing is.
        unsafe {
            let room: *mut u8 = (&raw mut self.body.inline).cast();
            room.copy_from_nonoverlapping(octets.as_ptr(), octets.len());
            Self::set_head(self, INLINE, flags, octets.len() as u8);
        }
    }

    /// As [`Part::receive`], of a body that stays where it is.
    #[inline]
    pub fn receive_share(&mut self, body: Bytes, origin: &Origin) {
        self.receive_held(body, SHARED, origin);
    }

    /// As [`Part::receive_share`], of a body that may be the application's.
    pub fn receive_lent(&mut self, body: Bytes, origin: &Origin) {
        self.receive_held(body, APART, origin);
    }

    #[inline(always)]
    fn receive_held(&mut self, body: Bytes, kind: u8, origin: &Origin) {
        self.begin_receive(origin);
        if self.kind != INLINE {
            self.drop_body();
        }
        self.body.shared = Share::of(body);
        // SAFETY: it is this message; it is of this kind.
        unsafe { Self::set_head(self, kind, 0, 0) };
    }

    /// Is from there from now on, and has no group.
    #[inline(always)]
    fn begin_receive(&mut self, origin: &Origin) {
        if !self.origin.is_same(origin) {
            thread::with(|Remembered { spare, .. }| spare.hold_origin(&mut self.origin, origin));
        }
        if self.group.is_some() {
            self.strip_rest();
        }
    }

    /// As [`Part::receive`], of octets that do not fit in place: the kind is to be written.
    #[inline(always)]
    fn receive_long(&mut self, octets: &[u8]) {
        let pieces = match self.pieces() {
            Some(owned) if owned.fit(octets.len()) => Some(*owned),
            Some(_) => None,
            None => thread::with(|Remembered { spare, .. }| spare.take_body(octets.len())),
        };
        match pieces {
            Some(pieces) => self.body.owned = pieces.copied(octets),
            None => self.receive_elsewhere(octets),
        }
    }

    /// As [`Part::receive_long`], in other memory than was used before.
    #[cold]
    #[inline(never)]
    fn receive_elsewhere(&mut self, octets: &[u8]) {
        self.drop_body();
        let kept = thread::with(|Remembered { spare, .. }| spare.take_body(octets.len()));
        self.body.owned = kept.map_or_else(|| Pieces::of(octets.to_vec()), |kept| kept.copied(octets));
    }
}
