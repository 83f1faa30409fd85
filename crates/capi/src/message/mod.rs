//! `zmq_msg_t`: one frame, in 64 octets that C reserves and never looks into.
//!
//! ```text
//!  0        8                                        48     49      50      52           56      64
//!   | origin | inline octets, or whose the body is    | kind | flags | size  | routing id | group |
//! ```
//! - Up to 40 octets lie in place.
//! - More are in memory of the message's own, which the next receive into it uses again: a program that receives in a
//!   loop allocates nothing. When the message is copied they become shared.
//! - Long bodies that were received stay in the memory they came in, which other messages share; large ones, and memory of
//!   the application, are shared from the beginning, and the latter is given back when nobody needs it (`lent`).
//!
//! Whoever receives again from the same peer keeps the origin, too, so that no counter is touched.
//!
//! A message is valid if its kind is one of five. C may hand in memory in which nothing was ever made; such kinds are
//! refused (`EFAULT`), as is a message that was closed. Whoever reads the rest may rely on it.

mod calls;
mod content;
mod draft;
pub(crate) mod lent;
mod receiving;
mod share;
mod spare;

pub use content::Body;
pub use draft::Address;
pub use lent::foreign;
use share::Share;
use spare::Pieces;
pub(crate) use spare::Spare;

use crate::{
    errno::Errno,
    thread::{self, Remembered},
};
use bytes::Bytes;
use std::{
    ffi::{CString, c_int, c_void},
    hint::cold_path,
    mem::{ManuallyDrop, MaybeUninit, offset_of, replace},
    ptr::null_mut,
    slice,
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
    inline: [MaybeUninit<u8>; INLINE_CAPACITY],
    owned: Pieces,
    shared: ManuallyDrop<Share>,
}

impl Octets {
    /// Nothing, and nothing is written for it.
    const NONE: Self = Self { inline: [MaybeUninit::uninit(); INLINE_CAPACITY] };

    /// As many of these as there is room for.
    fn inline(octets: &[u8]) -> Self {
        let mut inline = [MaybeUninit::uninit(); INLINE_CAPACITY];
        for (room, octet) in inline.iter_mut().zip(octets) {
            room.write(*octet);
        }
        Self { inline }
    }
}

const _: () = assert!(size_of::<Part>() == 64 && align_of::<Part>() == align_of::<*const ()>());
const _: () = assert!(offset_of!(Part, kind) == 48 && offset_of!(Part, group) == 56);

const CLOSED: u8 = 0;
const INLINE: u8 = 101;
const SHARED: u8 = 102;
const CONSTANT: u8 = 103;
const OWNED: u8 = 104;
/// As `SHARED`, and never copied when it is sent, however short it is: somebody may wait to have it back.
const APART: u8 = 105;

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
                Self::with(Octets::inline(octets), INLINE, octets.len() as u8)
            }
            Body::Copied(octets) => {
                let mut room = reuse::take(octets.len());
                room.extend_from_slice(octets);
                Self::owned(room)
            }
            Body::Lent(bytes) => Self::shared(bytes, APART),
            Body::Constant(octets) => Self::shared(Bytes::from_static(octets), CONSTANT),
        }
    }

    /// A frame as it was received.
    pub fn of(frame: Frame, more: bool, origin: Origin) -> Self {
        let mut part = match frame.as_shared() {
            _ if frame.is_lent() => Self::shared(frame.into_bytes(), APART),
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

    /// Makes an empty message where C points to; what is there is not looked at.
    ///
    /// # Safety
    /// `place` is null, or 64 octets can be written there.
    #[inline(always)]
    pub unsafe fn make_empty(place: *mut Self) -> Result<(), Errno> {
        if place.is_null() {
            cold_path();
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so it can be written, says the caller.
        unsafe { Self::begin(place, INLINE, 0) };
        Ok(())
    }

    /// Makes a message of so many octets where C points to, for C to fill; what is there is not looked at.
    ///
    /// # Safety
    /// `place` is null, or 64 octets can be written there.
    #[inline(always)]
    pub unsafe fn make_unfilled(place: *mut Self, size: usize) -> Result<(), Errno> {
        if place.is_null() {
            cold_path();
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so it can be written, says the caller. Each field is written where it is to be: a whole message
        // would be put together elsewhere first, and moved in pieces before it is through to memory.
        unsafe {
            if size <= INLINE_CAPACITY {
                (&raw mut (*place).body.inline).write([MaybeUninit::new(0); INLINE_CAPACITY]);
                Self::begin(place, INLINE, size as u8);
            } else {
                content::put_unfilled(&raw mut (*place).body.owned, size)?;
                Self::begin(place, OWNED, 0);
            }
        }
        Ok(())
    }

    /// Writes all but the body.
    ///
    /// # Safety
    /// 64 octets can be written there.
    #[inline(always)]
    unsafe fn begin(place: *mut Self, kind: u8, size: u8) {
        // SAFETY: says the caller.
        unsafe {
            (&raw mut (*place).origin).write(Origin::UNKNOWN);
            Self::set_head(place, kind, 0, size);
            (&raw mut (*place).group).write(None);
        }
    }

    /// Writes all that is between the body and the group; there is no routing id.
    ///
    /// # Safety
    /// 64 octets can be written there. Either the body is of this kind, or nobody looks at it before it is.
    #[inline(always)]
    unsafe fn set_head(place: *mut Self, kind: u8, flags: u8, size: u8) {
        // One store, and not one for each.
        let head = u64::from_ne_bytes([kind, flags, size, 0, 0, 0, 0, 0]);
        // SAFETY: eight octets from the kind to the routing id, which is where a multiple of eight is.
        unsafe { (&raw mut (*place).kind).cast::<u64>().write(head) };
    }

    fn owned(octets: Vec<u8>) -> Self {
        Self::with(Octets { owned: Pieces::of(octets) }, OWNED, 0)
    }

    fn shared(bytes: Bytes, kind: u8) -> Self {
        Self::with(Octets { shared: Share::of(bytes) }, kind, 0)
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
            cold_path();
            return Err(Errno::EFAULT);
        }
        // SAFETY: it can be read, says the caller; any octet is a `u8`.
        let kind = unsafe { (&raw const (*part).kind).read() };
        if !matches!(kind, INLINE..=APART) {
            cold_path();
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
    #[inline(always)]
    pub fn close(&mut self) {
        self.strip(CLOSED);
    }

    /// Gives back, or keeps for the next message, what is not in place. The message is empty then, or closed.
    #[inline(always)]
    fn strip(&mut self, kind: u8) {
        self.let_go();
        thread::with(|Remembered { spare, .. }| {
            // All is asked before anything is done, so that nothing is to be remembered across a call.
            let keeps_body = match self.kind {
                INLINE => true,
                // SAFETY: this kind has a body of its own.
                OWNED => spare.has_place_for(unsafe { self.body.owned }),
                _ => false,
            };
            let keeps_origin = self.origin.is_unknown() || spare.has_place_for_origin();
            if self.group.is_some() || !keeps_body || !keeps_origin {
                cold_path();
                return self.strip_slowly(spare, kind);
            }
            if let Some(owned) = self.pieces() {
                spare.put(*owned);
            }
            if !self.origin.is_unknown() {
                spare.put_origin(replace(&mut self.origin, Origin::UNKNOWN));
            }
            // SAFETY: it is this message. Nothing is left in it, and of neither kind is anything looked at.
            unsafe { Self::set_head(self, kind, 0, 0) };
        });
    }

    #[cold]
    #[inline(never)]
    fn strip_slowly(&mut self, spare: &Spare, kind: u8) {
        self.strip_rest();
        spare.keep_origin(replace(&mut self.origin, Origin::UNKNOWN));
        // SAFETY: as in `strip`.
        unsafe { Self::set_head(self, kind, 0, 0) };
    }

    #[cold]
    #[inline(never)]
    fn strip_rest(&mut self) {
        self.drop_body();
        self.kind = INLINE;
        self.group = None;
    }

    /// Takes the body out where it is the message's own. There is no body then, and a kind to be written.
    #[inline(always)]
    fn take_owned(&mut self) -> Option<Pieces> {
        let owned = self.pieces().copied()?;
        self.kind = CLOSED;
        Some(owned)
    }

    /// Gives back a body that others hold, or held: the message is empty then. The application is called by that, to free
    /// its memory: nothing of ours may be locked. After this nothing of the application's has to do with the message, and [`Part::receive`] may end it.
    #[inline(always)]
    pub fn let_go(&mut self) {
        if !matches!(self.kind, INLINE | OWNED) {
            self.drop_shared();
        }
    }

    #[inline(never)]
    fn drop_shared(&mut self) {
        self.drop_body();
        (self.kind, self.size) = (INLINE, 0);
        lent::give_back();
    }

    /// The octets.
    #[inline]
    pub fn octets(&self) -> &[u8] {
        if self.kind == INLINE {
            let size = if usize::from(self.size) <= INLINE_CAPACITY { self.size } else { 0 };
            // SAFETY: this kind has so many octets in place.
            return unsafe { slice::from_raw_parts((&raw const self.body.inline).cast(), size.into()) };
        }
        match self.kind {
            // SAFETY: this kind has a body of its own.
            OWNED => unsafe { self.body.owned.octets() },
            _ => self.share().map_or(&[], Share::octets),
        }
    }

    /// Where the octets are; C may write them.
    pub fn data(&mut self) -> *mut c_void {
        if self.kind == INLINE {
            return (&raw mut self.body.inline).cast();
        }
        match self.kind {
            // SAFETY: this kind has a body of its own.
            OWNED => unsafe { self.body.owned }.memory().cast(),
            _ => self.share().map_or(null_mut(), |share| share.place().cast()),
        }
    }

    #[inline(always)]
    fn pieces(&mut self) -> Option<&mut Pieces> {
        // SAFETY: this kind has a body of its own.
        if self.kind == OWNED { Some(unsafe { &mut self.body.owned }) } else { None }
    }

    /// Takes the body out where it is the message's own; the message is empty then.
    fn take_vec(&mut self) -> Option<Vec<u8>> {
        let owned = self.take_owned()?;
        (self.kind, self.size) = (INLINE, 0);
        // SAFETY: they were this message's, and are nobody's now.
        Some(unsafe { owned.whole() })
    }

    /// Gives the body back. What lies there is not to be looked at after this.
    #[inline]
    fn drop_body(&mut self) {
        if let Some(owned) = self.take_owned() {
            // SAFETY: they were this message's, and are nobody's now.
            return thread::with(|Remembered { spare, .. }| unsafe { spare.keep_body(owned) });
        }
        if matches!(replace(&mut self.kind, CLOSED), SHARED | CONSTANT | APART) {
            // SAFETY: these kinds have a shared body.
            unsafe { ManuallyDrop::drop(&mut self.body.shared) };
        }
    }

    fn share(&self) -> Option<&Share> {
        // SAFETY: these kinds have a shared body.
        matches!(self.kind, SHARED | CONSTANT | APART).then(|| unsafe { &*self.body.shared })
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
            self.body = Octets { shared: Share::of(reuse::share(owned)) };
            self.kind = SHARED;
        }
        if matches!(self.kind, SHARED | APART) {
            self.flags |= COPIED;
        }
        let body = match self.share() {
            Some(share) => Octets { shared: share.again() },
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

    /// The octets, if they are to be copied when they are sent and are not many.
    #[inline(always)]
    pub fn octets_to_copy(&self) -> Option<&[u8]> {
        if self.kind == APART {
            cold_path();
            None
        } else {
            Some(self.octets())
        }
    }

    /// The octets as a frame to be sent. Larger bodies, and those of the application, move out of the message, to be put
    /// [back](Self::restore) if they are not sent: until then the message is empty. Smaller ones are copied.
    #[inline]
    pub fn lend(&mut self) -> Frame {
        if self.kind != APART && (self.kind == INLINE || self.octets().len() <= FRAME_INLINE) {
            return Frame::copy_from(self.octets());
        }
        if let Some(owned) = self.take_vec() {
            self.size = SHARED;
            return Frame::from(reuse::share(owned));
        }
        // SAFETY: it is of a kind with a shared body, and from the next line on it says that it is not.
        let bytes = unsafe { ManuallyDrop::take(&mut self.body.shared) }.into_bytes();
        // More than the inline capacity: nothing is in place, because it was lent.
        self.size = replace(&mut self.kind, INLINE);
        if self.size == APART { Frame::lent(bytes) } else { Frame::from(bytes) }
    }

    /// Takes back what was lent and not sent.
    pub fn restore(&mut self, frame: Frame) {
        if let kind @ (SHARED | CONSTANT | APART) = self.size {
            self.body = Octets { shared: Share::of(frame.into_bytes()) };
            (self.kind, self.size) = (kind, 0);
        }
    }

    /// Gives back what is in the message, which is empty then.
    #[cold]
    pub fn empty_out(&mut self) {
        self.strip(INLINE);
    }

    /// What was lent was sent: the message is empty from now on.
    #[inline(always)]
    pub fn sent(&mut self) {
        self.strip(INLINE);
    }
}

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
