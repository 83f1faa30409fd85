//! The heads of frames in ZMTP 2.0 and 3.x.

use super::{COMMAND, LONG, MORE};

/// Cuts the first frame off a run of octets: its body, whether another frame of the same message follows, and what is behind
/// it. `None` if it is a command, or not all there.
///
/// ```
/// use zeroxide_proto::batch::split_frame;
/// assert_eq!(split_frame(b"\x01\x01a\0\x01b"), Some((&b"a"[..], true, &b"\0\x01b"[..])));
/// assert_eq!(split_frame(b"\0\x02b"), None);
/// ```
#[inline]
pub fn split_frame(framed: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let head = Header::parse(framed)?;
    let behind = framed.get(head.octets..)?;
    let (body, rest) = behind.split_at_checked(usize::try_from(head.size).ok()?)?;
    (!head.is_command()).then_some((body, head.more(), rest))
}

/// The head of a ZMTP 2.0 or 3.x frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) flags: u8,
    pub(crate) size: u64,
    /// Octets of the header itself: 2 or 9.
    pub(crate) octets: usize,
}

impl Header {
    /// Reads a header, if all of it is there.
    #[inline]
    pub(crate) fn parse(octets: &[u8]) -> Option<Self> {
        let (&flags, rest) = octets.split_first()?;
        if flags & LONG == 0 {
            return Some(Self { flags, size: u64::from(*rest.first()?), octets: 2 });
        }
        let size = u64::from_be_bytes(*rest.first_chunk()?);
        Some(Self { flags, size, octets: 9 })
    }

    /// Appends the shortest header for a body of `size` octets; `flags` without LONG.
    #[inline]
    pub(crate) fn write(flags: u8, size: usize, out: &mut Vec<u8>) {
        match u8::try_from(size) {
            Ok(size) => out.extend_from_slice(&[flags, size]),
            Err(_) => {
                let mut header = [0; 9];
                header[0] = flags | LONG;
                header[1..].copy_from_slice(&(size as u64).to_be_bytes());
                out.extend_from_slice(&header);
            }
        }
    }

    #[inline]
    pub(crate) fn more(self) -> bool {
        self.flags & MORE != 0
    }

    #[inline]
    pub(crate) fn is_command(self) -> bool {
        self.flags & COMMAND != 0
    }
}
