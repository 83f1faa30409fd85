//! One frame: small bodies live inside the value, large ones are shared by reference count.

use crate::{batch::SHARED_FROM, reuse};
use bytes::Bytes;
use std::{fmt, ops::Deref};

/// Bodies of up to this many octets are kept inside the [`Frame`] and never touch the allocator.
pub const INLINE_CAPACITY: usize = 64;

/// One frame of a message: an immutable run of octets that is cheap to clone and to move.
///
/// Up to [`INLINE_CAPACITY`] octets are stored in place. Longer bodies are reference-counted: a clone shares them.
///
/// ```
/// use zeroxide_proto::Frame;
/// let frame = Frame::from("weather");
/// assert_eq!(&frame[..], b"weather");
/// ```
#[derive(Clone)]
pub struct Frame(Body);

#[derive(Clone)]
enum Body {
    Inline(Inline),
    Shared(Shared),
}

#[derive(Clone)]
struct Shared {
    octets: Bytes,
    /// Not to be copied on their way.
    lent: bool,
}

/// Nothing but whole words: a processor forwards a store to a later load only if the store covers it, and a frame that
/// was just written is moved several times before it rests. A length of one octet behind the others would cost as much
/// as all the rest of a receive.
#[derive(Clone)]
#[repr(C)]
struct Inline {
    octets: [u8; INLINE_CAPACITY],
    length: Length,
}

/// Defines a number from 0 to 64 as a word of which the compiler knows that no other value occurs: then the kinds of
/// frames, of messages and of results are told apart in the same word, and none is larger than a frame.
macro_rules! length {
    ($($name:ident)*) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(u64)]
        enum Length { $($name,)* }

        impl Length {
            const ALL: [Self; INLINE_CAPACITY + 1] = [$(Self::$name,)*];
        }
    };
}
length! {
    L00 L01 L02 L03 L04 L05 L06 L07 L08 L09 L10 L11 L12 L13 L14 L15 L16 L17 L18 L19 L20 L21 L22 L23 L24 L25 L26 L27 L28
    L29 L30 L31 L32 L33 L34 L35 L36 L37 L38 L39 L40 L41 L42 L43 L44 L45 L46 L47 L48 L49 L50 L51 L52 L53 L54 L55 L56 L57
    L58 L59 L60 L61 L62 L63 L64
}

impl Length {
    /// The length as a word; none above [`INLINE_CAPACITY`].
    #[inline(always)]
    fn of(length: usize) -> Option<Self> {
        Self::ALL.get(length).copied()
    }
}

impl Inline {
    const EMPTY: Self = Self { octets: [0; INLINE_CAPACITY], length: Length::L00 };

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.length as usize).unwrap_or(&self.octets)
    }
}

impl Frame {
    /// A frame without octets: the delimiter of an envelope.
    pub const EMPTY: Self = Self(Body::Inline(Inline::EMPTY));

    /// Copies `octets` into a new frame.
    #[inline]
    pub fn copy_from(octets: &[u8]) -> Self {
        if let Some(window) = octets.first_chunk()
            && octets.len() == INLINE_CAPACITY
        {
            return Self(Body::Inline(Inline { octets: *window, length: Length::L64 }));
        }
        let mut inline = Inline::EMPTY;
        match (inline.octets.get_mut(..octets.len()), Length::of(octets.len())) {
            (Some(room), Some(length)) => {
                room.copy_from_slice(octets);
                inline.length = length;
                Self(Body::Inline(inline))
            }
            _ if octets.len() < SHARED_FROM => Self::shared(Bytes::copy_from_slice(octets)),
            // Memory that C may write, where it is C's at the end.
            _ => Self::shared(reuse::copy(octets)),
        }
    }

    #[inline]
    fn shared(octets: Bytes) -> Self {
        Self(Body::Shared(Shared { octets, lent: false }))
    }

    /// A frame of memory that somebody waits to have back: a socket that sends it does not copy it, however short it is, and
    /// holds it until it is written. Short ones cost more like that than a copy does.
    ///
    /// ```
    /// use zeroxide_proto::{Batch, Frame};
    /// let memory = bytes::Bytes::from_static(b"lent");
    /// let mut batch = Batch::new();
    /// batch.push(&Frame::lent(memory.clone()), false);
    /// let frame = batch.pop().ok_or("it was put there")?.into_first();
    /// assert_eq!(frame.as_ptr(), memory.as_ptr());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lent(octets: Bytes) -> Self {
        Self(Body::Shared(Shared { octets, lent: true }))
    }

    /// Whether this is a [`Frame::lent`].
    pub fn is_lent(&self) -> bool {
        matches!(self.0, Body::Shared(Shared { lent: true, .. }))
    }

    /// The octets, if they are to stand apart in a batch.
    #[inline]
    pub(crate) fn stands_apart(&self) -> Option<&Bytes> {
        match &self.0 {
            Body::Shared(Shared { octets, lent }) if octets.len() >= SHARED_FROM || *lent => Some(octets),
            _ => None,
        }
    }

    /// As [`Frame::copy_from`] of the first `length` octets of `window`, if they are no more than a frame holds in
    /// place. A copy of a size known in advance is several times faster; what is behind `length` is never shown.
    #[inline(always)]
    pub(crate) fn copy_window(window: &[u8; INLINE_CAPACITY], length: u8) -> Option<Self> {
        Some(Self(Body::Inline(Inline { octets: *window, length: Length::of(usize::from(length))? })))
    }

    /// The body.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Body::Inline(inline) => inline.as_slice(),
            Body::Shared(shared) => &shared.octets,
        }
    }

    /// The body as text, if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_slice()).ok()
    }

    /// Turns the frame into shared octets; copies only what was stored in place.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Body::Inline(inline) => Bytes::copy_from_slice(inline.as_slice()),
            Body::Shared(shared) => shared.octets,
        }
    }

    /// The shared octets, where the body is not stored in place.
    #[inline]
    pub fn as_shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Body::Inline(_) => None,
            Body::Shared(shared) => Some(&shared.octets),
        }
    }
}

impl Deref for Frame {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Default for Frame {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        if bytes.len() <= INLINE_CAPACITY { Self::copy_from(&bytes) } else { Self::shared(bytes) }
    }
}

impl From<Vec<u8>> for Frame {
    fn from(octets: Vec<u8>) -> Self {
        if octets.len() <= INLINE_CAPACITY { Self::copy_from(&octets) } else { Self::shared(octets.into()) }
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Frame {
    #[inline]
    fn from(octets: &[u8]) -> Self {
        Self::copy_from(octets)
    }
}

impl<const N: usize> From<&[u8; N]> for Frame {
    #[inline]
    fn from(octets: &[u8; N]) -> Self {
        Self::copy_from(octets)
    }
}

impl From<&str> for Frame {
    #[inline]
    fn from(text: &str) -> Self {
        Self::copy_from(text.as_bytes())
    }
}

impl From<&String> for Frame {
    fn from(text: &String) -> Self {
        Self::copy_from(text.as_bytes())
    }
}

impl From<&Vec<u8>> for Frame {
    fn from(octets: &Vec<u8>) -> Self {
        Self::copy_from(octets)
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Frame {
    fn eq(&self, other: &T) -> bool {
        self.as_slice() == other.as_ref()
    }
}

impl Eq for Frame {}

impl std::hash::Hash for Frame {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        let shown = self.as_slice().get(..SHOWN).unwrap_or(self.as_slice());
        write!(out, "\"{}\"", shown.escape_ascii())?;
        if self.len() > SHOWN { write!(out, "... ({} octets)", self.len()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_inline_body_needs_no_allocation_and_one_more_octet_is_shared() {
        assert!(Frame::copy_from(&[7; INLINE_CAPACITY]).as_shared().is_none());
        assert!(Frame::copy_from(&[7; INLINE_CAPACITY + 1]).as_shared().is_some());
    }

    #[test]
    fn a_frame_and_all_that_is_made_of_one_is_nine_words() {
        assert_eq!(size_of::<Frame>(), 72);
        assert_eq!(size_of::<crate::Message>(), 72);
        assert_eq!(size_of::<Option<crate::Message>>(), 72);
    }

    #[test]
    fn every_source_gives_the_same_octets() {
        for size in [0, 1, INLINE_CAPACITY, INLINE_CAPACITY + 1, 5000] {
            let octets: Vec<u8> = (0..size).map(|at| at as u8).collect();
            assert_eq!(Frame::from(&octets[..]), octets);
            assert_eq!(Frame::from(Bytes::from(octets.clone())), octets);
            assert_eq!(Frame::from(octets.clone()).into_bytes(), octets);
        }
    }
}
