//! Frames of ZMTP 1.0 (RFC 13; zmtp.md section 2): a length that counts the flags, then flags, then the body.
//!
//! ```text
//! short   06 00 48 65 6C 6C 6F            length 1 octet (01..FE), flags, "Hello"
//! long    FF 00 00 00 00 00 00 01 2D 00   FF, length 8 octets, flags, 300 octets of body
//! ```

use crate::batch::MORE;

/// The head of a ZMTP 1.0 frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) more: bool,
    /// Octets of the body, flags not counted.
    pub(crate) size: u64,
    /// Octets of the header itself: 2 or 10.
    pub(crate) octets: usize,
}

/// A length of nothing, where at least the flags count: rule R14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZeroLength;

impl Header {
    /// Reads a header, if all of it is there. A long form with a small length is as good as the short one; the flag
    /// bits 1 to 7 are reserved and ignored.
    pub(crate) fn parse(octets: &[u8]) -> Result<Option<Self>, ZeroLength> {
        let (length, flags, size) = match octets {
            [0xFF, rest @ ..] => match rest.split_first_chunk() {
                Some((length, [flags, ..])) => (u64::from_be_bytes(*length), flags, 10),
                Some((length, [])) if u64::from_be_bytes(*length) == 0 => return Err(ZeroLength), // R14
                _ => return Ok(None),
            },
            [0, ..] => return Err(ZeroLength), // R14
            [length, flags, ..] => (u64::from(*length), flags, 2),
            _ => return Ok(None),
        };
        let Some(body) = length.checked_sub(1) else { return Err(ZeroLength) }; // R14
        Ok(Some(Self { more: flags & MORE != 0, size: body, octets: size }))
    }

    /// Appends the header of a body of `size` octets: the long form from 254 octets on, as ZeroMQ 2 does.
    pub(crate) fn write(size: usize, more: bool, out: &mut Vec<u8>) {
        let flags = u8::from(more) * MORE;
        let length = size as u64 + 1;
        match u8::try_from(length) {
            Ok(length) if length < 0xFF => out.extend_from_slice(&[length, flags]),
            _ => {
                out.push(0xFF);
                out.extend_from_slice(&length.to_be_bytes());
                out.push(flags);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(size: usize, more: bool) -> Vec<u8> {
        let mut out = vec![];
        Header::write(size, more, &mut out);
        out
    }

    #[test]
    fn the_examples_of_the_digest() {
        assert_eq!(written(5, false), [6, 0]);
        assert_eq!(written(1, true), [2, 1]);
        assert_eq!(written(300, false), [0xFF, 0, 0, 0, 0, 0, 0, 1, 0x2D, 0]);
        assert_eq!(written(0, true), [1, 1]);
    }

    #[test]
    fn the_long_form_begins_at_254_octets_of_body() {
        assert_eq!(written(253, false), [0xFE, 0]);
        assert_eq!(written(254, false), [0xFF, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0]);
    }

    #[test]
    fn every_cut_asks_for_more_and_the_whole_reads_back() {
        for size in [0, 1, 253, 254, 255, 70_000] {
            let header = written(size, true);
            for cut in 0..header.len() {
                assert_eq!(Header::parse(&header[..cut]), Ok(None));
            }
            let read = Header { more: true, size: size as u64, octets: header.len() };
            assert_eq!(Header::parse(&header), Ok(Some(read)));
        }
    }

    #[test]
    fn a_long_form_of_a_small_length_and_reserved_flags_are_accepted() {
        let read = Header::parse(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 6, 0xFE]);
        assert_eq!(read, Ok(Some(Header { more: false, size: 5, octets: 10 })));
    }

    #[test]
    fn r14_a_length_of_zero_is_refused_in_both_forms() {
        assert_eq!(Header::parse(&[0]), Err(ZeroLength));
        assert_eq!(Header::parse(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 0]), Err(ZeroLength));
        assert_eq!(Header::parse(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(ZeroLength));
    }
}
