//! One frame: small bodies live inside the value, large ones are shared by reference count.

use bytes::Bytes;
use std::{fmt, num::NonZeroU8, ops::Deref};

/// Bodies of up to this many octets are kept inside the [`Frame`] and never touch the allocator.
pub const INLINE_CAPACITY: usize = 71;

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
    Shared(Bytes),
}

/// The octets come first, so that they are written and moved in the same aligned words: a processor forwards a store to
/// a load only if it covers it. The length is kept plus one: zero in its place tells the shared kind from this one.
#[derive(Clone)]
#[repr(C)]
struct Inline {
    octets: [u8; INLINE_CAPACITY],
    length_and_one: NonZeroU8,
}

impl Inline {
    const EMPTY: Self = Self { octets: [0; INLINE_CAPACITY], length_and_one: NonZeroU8::MIN };

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length_and_one.get()) - 1).unwrap_or(&self.octets)
    }
}

impl Frame {
    /// A frame without octets: the delimiter of an envelope.
    pub const EMPTY: Self = Self(Body::Inline(Inline::EMPTY));

    /// Copies `octets` into a new frame.
    #[inline]
    pub fn copy_from(octets: &[u8]) -> Self {
        let mut inline = Inline::EMPTY;
        match inline.octets.get_mut(..octets.len()) {
            Some(room) => {
                room.copy_from_slice(octets);
                inline.length_and_one = NonZeroU8::MIN.saturating_add(octets.len() as u8);
                Self(Body::Inline(inline))
            }
            None => Self(Body::Shared(Bytes::copy_from_slice(octets))),
        }
    }

    /// As [`Frame::copy_from`] of the first `length` octets of `window`. A copy of a size known in advance is several
    /// times faster; what is behind `length` is never shown.
    #[inline(always)]
    pub(crate) const fn copy_window(window: &[u8; INLINE_CAPACITY], length: u8) -> Self {
        debug_assert!(length as usize <= INLINE_CAPACITY);
        Self(Body::Inline(Inline { octets: *window, length_and_one: NonZeroU8::MIN.saturating_add(length) }))
    }

    /// The body.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Body::Inline(inline) => inline.as_slice(),
            Body::Shared(bytes) => bytes,
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
            Body::Shared(bytes) => bytes,
        }
    }

    /// The shared octets, where the body is not stored in place.
    #[inline]
    pub fn as_shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Body::Inline(_) => None,
            Body::Shared(bytes) => Some(bytes),
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
        if bytes.len() <= INLINE_CAPACITY { Self::copy_from(&bytes) } else { Self(Body::Shared(bytes)) }
    }
}

impl From<Vec<u8>> for Frame {
    fn from(octets: Vec<u8>) -> Self {
        if octets.len() <= INLINE_CAPACITY {
            Self::copy_from(&octets)
        } else {
            Self(Body::Shared(octets.into()))
        }
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
    fn a_frame_is_nine_words() {
        assert_eq!(size_of::<Frame>(), 72);
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
