//! `zmq_msg_t`: one frame, in 64 octets that C reserves and never looks into.
//!
//! ```text
//!  0        8                                        48     49      50      52           56      64
//!   | origin | inline octets, or whose the body is    | kind | flags | size  | routing id | group |
//! ```
//! - Up to 40 octets lie in place.
//! - More are in memory of the message's own, which the next receive into it uses again: a program that receives in a
//!   loop allocates nothing. When the message is copied they become shared.
//! - Large bodies that came apart from others, and memory of the application, are shared from the beginning.
//!
//! Whoever receives again from the same peer keeps the origin, too, so that no counter is touched.
//!
//! A message is valid if its kind is one of four. C may hand in memory in which nothing was ever made; such kinds are
//! refused (`EFAULT`), as is a message that was closed. Whoever reads the rest may rely on it.

mod calls;
mod content;
mod draft;
mod spare;

pub use content::{Body, foreign};
pub use draft::Address;
pub(crate) use spare::Spare;

use crate::errno::Errno;
use bytes::Bytes;
use std::{
    ffi::{CString, c_int, c_void},
    mem::ManuallyDrop,
};
use zeroxide::{
    Frame, Origin,
    door::{FRAME_INLINE, SHARED_FROM, reuse},
};

/// Bodies of up to this many octets lie in the message itself.
pub const INLINE_CAPACITY: usize = 40;

/// `zmq_msg_t`, from inside.
#[repr(C, align(8))]
pub struct Part {
    origin: Origin,
    body: Octets,
    kind: u8,
    flags: u8,
    size: u8,
    unused: u8,
    routing_id: u32,
    group: Option<Box<Group>>,
}

/// A boxed C string, behind a thin pointer.
struct Group(CString);

#[repr(C)]
union Octets {
    inline: [u8; INLINE_CAPACITY],
    owned: ManuallyDrop<Vec<u8>>,
    shared: ManuallyDrop<Bytes>,
}

impl Octets {
    const NONE: Self = Self { inline: [0; INLINE_CAPACITY] };
}

const _: () = assert!(size_of::<Part>() == 64 && align_of::<Part>() == align_of::<*const ()>());

const CLOSED: u8 = 0;
const INLINE: u8 = 101;
const SHARED: u8 = 102;
const CONSTANT: u8 = 103;
const OWNED: u8 = 104;

const MORE: u8 = 1;
const COPIED: u8 = 128;

impl Part {
    /// A message without octets.
    pub fn empty() -> Self {
        Self::with(Octets::NONE, INLINE, 0)
    }

    /// A message of this body.
    pub fn new(body: Body<'_>) -> Self {
        match body {
            Body::Copied(octets) if octets.len() <= INLINE_CAPACITY => {
                let mut inline = [0; INLINE_CAPACITY];
                if let Some(room) = inline.get_mut(..octets.len()) {
                    room.copy_from_slice(octets);
                }
                Self::with(Octets { inline }, INLINE, octets.len() as u8)
            }
            Body::Copied(octets) => {
                let mut room = reuse::take(octets.len());
                room.extend_from_slice(octets);
                Self::owned(room)
            }
            Body::Shared(bytes) => Self::shared(bytes, SHARED),
            Body::Constant(octets) => Self::shared(Bytes::from_static(octets), CONSTANT),
        }
    }

    /// A frame as it was received.
    pub fn of(frame: Frame, more: bool, origin: Origin) -> Self {
        let mut part = match frame.as_shared() {
            // Larger ones are sent on without a copy, and memory of that size is not used again here.
            Some(body) if body.len() >= SHARED_FROM => Self::shared(frame.into_bytes(), SHARED),
            // Without a copy where nobody else has it.
            Some(_) => Self::owned(frame.into_bytes().into()),
            None => Self::new(Body::Copied(&frame)),
        };
        part.flags = if more { MORE } else { 0 };
        part.origin = origin;
        part
    }

    /// Makes a message of so many octets where C points to, for C to fill; what is there is not looked at.
    ///
    /// # Safety
    /// `place` is null, or 64 octets can be written there.
    #[inline]
    pub unsafe fn make_unfilled(place: *mut Self, size: usize) -> Result<(), Errno> {
        if place.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so it can be written, says the caller. Each field is written where it is to be: a whole message
        // would be put together elsewhere first, and moved in pieces before it is through to memory.
        unsafe {
            if size <= INLINE_CAPACITY {
                (&raw mut (*place).body).write(Octets::NONE);
                (&raw mut (*place).kind).write(INLINE);
                (&raw mut (*place).size).write(size as u8);
            } else {
                content::put_unfilled(&raw mut (*place).body.owned, size)?;
                (&raw mut (*place).kind).write(OWNED);
                (&raw mut (*place).size).write(0);
            }
            (&raw mut (*place).origin).write(Origin::UNKNOWN);
            (&raw mut (*place).flags).write(0);
            (&raw mut (*place).unused).write(0);
            (&raw mut (*place).routing_id).write(0);
            (&raw mut (*place).group).write(None);
        }
        Ok(())
    }

    fn owned(octets: Vec<u8>) -> Self {
        Self::with(Octets { owned: ManuallyDrop::new(octets) }, OWNED, 0)
    }

    fn shared(bytes: Bytes, kind: u8) -> Self {
        Self::with(Octets { shared: ManuallyDrop::new(bytes) }, kind, 0)
    }

    fn with(body: Octets, kind: u8, size: u8) -> Self {
        Self { origin: Origin::default(), body, kind, flags: 0, size, unused: 0, routing_id: 0, group: None }
    }

    /// The valid message that C points to.
    ///
    /// # Safety
    /// `part` is null, or 64 octets can be read and written there, by nobody else meanwhile; either a message was made
    /// there, or no octet in the place of the kind happens to be one of ours.
    #[inline]
    pub unsafe fn at<'a>(part: *mut Self) -> Result<&'a mut Self, Errno> {
        if part.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: it can be read, says the caller; any octet is a `u8`.
        let kind = unsafe { (&raw const (*part).kind).read() };
        if !matches!(kind, INLINE..=OWNED) {
            return Err(Errno::EFAULT);
        }
        // SAFETY: the kind says that a message was made here, and not closed since.
        Ok(unsafe { &mut *part })
    }

    /// Makes a message where C points to; what is there is not looked at.
    ///
    /// # Safety
    /// `place` is null, or 64 octets can be written there.
    #[inline]
    pub unsafe fn make(place: *mut Self, part: Self) -> Result<(), Errno> {
        if place.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so it can be written, says the caller. Nothing is dropped that was never made.
        unsafe { place.write(part) };
        Ok(())
    }

    /// Ends the message: its memory is given back, and it is not valid any more.
    #[inline]
    pub fn close(&mut self) {
        self.strip();
        self.kind = CLOSED;
    }

    /// Gives back, or keeps for the next message, what is not in place.
    #[inline]
    fn strip(&mut self) {
        if self.kind != INLINE || self.group.is_some() {
            self.strip_body();
        }
        if !self.origin.is_unknown() {
            spare::keep_origin(std::mem::replace(&mut self.origin, Origin::UNKNOWN));
        }
    }

    fn strip_body(&mut self) {
        self.drop_body();
        (self.body, self.kind, self.group) = (Octets::NONE, INLINE, None);
    }

    /// Whether nobody but the message has to do with its body, so that [`Part::receive`] may end it.
    #[inline]
    pub fn is_private(&self) -> bool {
        matches!(self.kind, INLINE | OWNED)
    }

    /// Becomes the message that these octets are, received from there; what it was is given back, or used again. Nothing
    /// of the application's is called by this, if the message [is private](Self::is_private).
    #[inline]
    pub fn receive(&mut self, octets: &[u8], more: bool, origin: &Origin) {
        if !self.origin.is_same(origin) {
            self.origin = spare::origin(origin);
        }
        (self.flags, self.routing_id) = (if more { MORE } else { 0 }, 0);
        if self.group.is_some() {
            self.group = None;
        }
        if octets.len() > INLINE_CAPACITY {
            return self.receive_long(octets);
        }
        if self.kind != INLINE {
            self.drop_body();
            self.body = Octets::NONE;
            self.kind = INLINE;
        }
        self.size = octets.len() as u8;
        // SAFETY: this kind has the octets in place.
        if let Some(room) = unsafe { &mut self.body.inline }.get_mut(..octets.len()) {
            room.copy_from_slice(octets);
        }
    }

    /// As [`Part::receive`], of octets that do not fit in place.
    #[inline]
    fn receive_long(&mut self, octets: &[u8]) {
        if let Some(owned) = self.vec()
            && spare::fits(owned.capacity(), octets.len())
        {
            owned.clear();
            owned.extend_from_slice(octets);
            return;
        }
        self.drop_body();
        match spare::take_body(octets.len()) {
            Some(kept) => self.body.owned = ManuallyDrop::new(kept.copy_of(octets)),
            None => self.body.owned = ManuallyDrop::new(octets.to_vec()),
        }
        self.kind = OWNED;
    }

    /// The octets.
    #[inline]
    pub fn octets(&self) -> &[u8] {
        if self.kind == INLINE {
            // SAFETY: this kind has the octets in place.
            return unsafe { &self.body.inline }.get(..usize::from(self.size)).unwrap_or_default();
        }
        match self.kind {
            // SAFETY: this kind has a body of its own.
            OWNED => unsafe { &self.body.owned },
            _ => self.bytes().map_or(&[], |bytes| bytes),
        }
    }

    /// Where the octets are; C may write them.
    pub fn data(&mut self) -> *mut c_void {
        if self.kind == INLINE {
            return (&raw mut self.body.inline).cast();
        }
        match self.kind {
            // SAFETY: this kind has a body of its own.
            OWNED => unsafe { &mut self.body.owned }.as_mut_ptr().cast(),
            _ => self.octets().as_ptr().cast_mut().cast(),
        }
    }

    #[inline]
    fn vec(&mut self) -> Option<&mut Vec<u8>> {
        // SAFETY: this kind has a body of its own.
        (self.kind == OWNED).then(|| unsafe { &mut *self.body.owned })
    }

    /// Takes the body out where it is the message's own; the message is empty then.
    fn take_vec(&mut self) -> Option<Vec<u8>> {
        let owned = self.vec().map(std::mem::take)?;
        self.body = Octets::NONE;
        (self.kind, self.size) = (INLINE, 0);
        Some(owned)
    }

    /// Gives the body back. What lies there is not to be looked at after this.
    #[inline]
    fn drop_body(&mut self) {
        match std::mem::replace(&mut self.kind, CLOSED) {
            // SAFETY: these kinds have a shared body.
            SHARED | CONSTANT => unsafe { ManuallyDrop::drop(&mut self.body.shared) },
            OWNED => {
                // SAFETY: this kind has a body of its own.
                let owned = unsafe { ManuallyDrop::take(&mut self.body.owned) };
                if let Some(other) = spare::keep_body(owned) {
                    reuse::give(other);
                }
            }
            _ => {}
        }
    }

    fn bytes(&self) -> Option<&Bytes> {
        // SAFETY: these kinds have a shared body.
        matches!(self.kind, SHARED | CONSTANT).then(|| unsafe { &*self.body.shared })
    }

    /// Whether another frame of the same message follows.
    pub fn more(&self) -> bool {
        self.flags & MORE != 0
    }

    /// Whether others hold the same octets, or did, since a copy was made.
    pub fn is_shared(&self) -> bool {
        self.kind == CONSTANT || self.flags & COPIED != 0
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A second message of the same octets, shared where they do not lie in place.
    pub fn copy(&mut self) -> Self {
        if let Some(owned) = self.take_vec() {
            // The octets stay where they are, in memory that is counted from now on.
            self.body = Octets { shared: ManuallyDrop::new(reuse::share(owned)) };
            self.kind = SHARED;
        }
        if self.kind == SHARED {
            self.flags |= COPIED;
        }
        let body = match self.bytes() {
            Some(bytes) => Octets { shared: ManuallyDrop::new(bytes.clone()) },
            // SAFETY: what is not shared lies in place.
            None => Octets { inline: unsafe { self.body.inline } },
        };
        Self {
            origin: self.origin.clone(),
            body,
            kind: self.kind,
            flags: self.flags,
            size: self.size,
            unused: 0,
            routing_id: self.routing_id,
            group: self.group.as_ref().map(|group| Box::new(Group(group.0.clone()))),
        }
    }

    /// The octets as a frame to be sent. Larger bodies move out of the message, to be put [back](Self::restore) if they
    /// are not sent: until then the message is empty. Smaller ones are copied.
    #[inline]
    pub fn lend(&mut self) -> Frame {
        if self.kind == INLINE || self.octets().len() <= FRAME_INLINE {
            return Frame::copy_from(self.octets());
        }
        if let Some(owned) = self.take_vec() {
            self.size = LENT;
            return Frame::from(reuse::share(owned));
        }
        // SAFETY: it is of a kind with a shared body, and from the next line on it says that it is not.
        let bytes = unsafe { ManuallyDrop::take(&mut self.body.shared) };
        self.body.inline = [0; INLINE_CAPACITY];
        let constant = std::mem::replace(&mut self.kind, INLINE) == CONSTANT;
        self.size = if constant { LENT_CONSTANT } else { LENT };
        Frame::from(bytes)
    }

    /// Takes back what was lent and not sent.
    pub fn restore(&mut self, frame: Frame) {
        if !matches!(self.size, LENT | LENT_CONSTANT) {
            return;
        }
        let constant = self.size == LENT_CONSTANT;
        self.size = 0;
        self.body = Octets { shared: ManuallyDrop::new(frame.into_bytes()) };
        self.kind = if constant { CONSTANT } else { SHARED };
    }

    /// What was lent was sent: the message is empty from now on.
    #[inline]
    pub fn sent(&mut self) {
        self.strip();
        (self.flags, self.size, self.routing_id) = (0, 0, 0);
    }
}

/// More than the inline capacity: nothing is in place, because it was lent.
const LENT: u8 = u8::MAX;
const LENT_CONSTANT: u8 = u8::MAX - 1;

impl Drop for Part {
    #[inline]
    fn drop(&mut self) {
        self.drop_body();
    }
}

/// What `zmq_msg_send` and `zmq_msg_recv` answer: sizes beyond an `int` become its largest.
pub fn size_to_c(size: usize) -> c_int {
    c_int::try_from(size).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests;
