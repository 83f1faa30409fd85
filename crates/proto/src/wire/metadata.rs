//! Properties of a connection, as they travel in READY (RFC 37; zmtp.md section 5.2).
//!
//! ```text
//! 0B "Socket-Type" 00 00 00 06 "DEALER" | 08 "Identity" 00 00 00 00 | ...
//! '- name, 1-octet length  '- value, 4-octet length
//! ```

use std::{error::Error, fmt};

/// The property that names the type of the peer's socket.
pub const SOCKET_TYPE: &str = "Socket-Type";
/// The property that carries the routing id.
pub const IDENTITY: &str = "Identity";

/// Properties accepted of one peer.
pub const PROPERTIES_MAX: usize = 64;
/// Octets of metadata accepted of one peer.
pub const OCTETS_MAX: usize = 64 * 1024;

/// Properties in the order in which they came; names as the peer wrote them.
pub type Properties = Vec<(String, Vec<u8>)>;

/// Why octets are not metadata (rule R8).
///
/// ```
/// use zeroxide_proto::wire::{MetadataError, metadata};
/// assert_eq!(metadata::parse(b"\x08Identity\0\0\0\x05abc"), Err(MetadataError::Truncated));
/// assert_eq!(metadata::parse(b"\x03A B\0\0\0\0"), Err(MetadataError::NameOctet(b' ')));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetadataError {
    /// A name or value reaches beyond the end, or octets are left over.
    Truncated,
    /// A name without letters.
    EmptyName,
    /// An octet in a name that is no letter, digit, `-`, `_`, `.` or `+`.
    NameOctet(u8),
    /// Socket-Type or Identity came twice.
    Duplicate,
    /// A value of more than 2^31 - 1 octets.
    ValueTooLong(u32),
    /// More properties, or more octets, than the socket accepts: at most [`PROPERTIES_MAX`] and [`OCTETS_MAX`].
    TooMuch,
}

/// Reads all properties.
///
/// # Errors
/// [`MetadataError`]; nothing of a malformed block is used.
pub fn parse(octets: &[u8]) -> Result<Properties, MetadataError> {
    if octets.len() > OCTETS_MAX {
        return Err(MetadataError::TooMuch); // R8
    }
    let mut properties = Properties::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let (name, value, behind) = property(rest)?;
        if properties.len() == PROPERTIES_MAX {
            return Err(MetadataError::TooMuch); // R8
        }
        let single = [SOCKET_TYPE, IDENTITY].iter().any(|once| once.eq_ignore_ascii_case(name));
        if single && find(&properties, name).is_some() {
            return Err(MetadataError::Duplicate); // R8
        }
        properties.push((name.to_owned(), value.to_vec()));
        rest = behind;
    }
    Ok(properties)
}

/// The octets that these properties have on the wire.
///
/// ```
/// use zeroxide_proto::wire::metadata;
/// assert_eq!(metadata::size(&[("X-a".to_owned(), vec![7; 10])]), 1 + 3 + 4 + 10);
/// ```
pub fn size(properties: &[(String, Vec<u8>)]) -> usize {
    properties.iter().map(|(name, value)| 1 + name.len() + 4 + value.len()).sum()
}

/// The first property of that name, case ignored (X9).
pub fn find<'a>(properties: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}

/// Appends one property. What cannot be written, a name that is not legal or a value of more than 2^31 - 1 octets, is
/// left out; the return value says whether it was written.
pub fn write(name: &str, value: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(name_length) = u8::try_from(name.len()) else { return false };
    let Ok(value_length) = i32::try_from(value.len()) else { return false };
    if name.is_empty() || !name.bytes().all(is_name_octet) {
        return false;
    }
    out.push(name_length);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&value_length.to_be_bytes());
    out.extend_from_slice(value);
    true
}

/// Takes one property off: name, value and what is behind.
fn property(octets: &[u8]) -> Result<(&str, &[u8], &[u8]), MetadataError> {
    let (&length, rest) = octets.split_first().ok_or(MetadataError::Truncated)?;
    if length == 0 {
        return Err(MetadataError::EmptyName); // R8
    }
    let (name, rest) = rest.split_at_checked(length.into()).ok_or(MetadataError::Truncated)?; // R8
    if let Some(&octet) = name.iter().find(|octet| !is_name_octet(**octet)) {
        return Err(MetadataError::NameOctet(octet)); // R8
    }
    let name = std::str::from_utf8(name).map_err(|_| MetadataError::NameOctet(0))?;
    let (length, rest) = rest.split_first_chunk().ok_or(MetadataError::Truncated)?; // R8
    let length = u32::from_be_bytes(*length);
    if i32::try_from(length).is_err() {
        return Err(MetadataError::ValueTooLong(length)); // R8
    }
    let (value, rest) = rest.split_at_checked(length as usize).ok_or(MetadataError::Truncated)?; // R8
    Ok((name, value, rest))
}

fn is_name_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+')
}

impl fmt::Display for MetadataError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => out.write_str("a property is cut off"),
            Self::EmptyName => out.write_str("a property has no name"),
            Self::NameOctet(octet) => write!(out, "octet {octet:#04x} in the name of a property"),
            Self::Duplicate => out.write_str("Socket-Type or Identity is given twice"),
            Self::ValueTooLong(length) => write!(out, "a property of {length} octets"),
            Self::TooMuch => out.write_str("more properties, or longer ones, than are accepted"),
        }
    }
}

impl Error for MetadataError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let mut out = vec![];
        assert!(write(SOCKET_TYPE, b"DEALER", &mut out));
        assert!(write(IDENTITY, b"", &mut out));
        assert!(write("X-Colour.1_a+b", &[0, 255], &mut out));
        out
    }

    #[test]
    fn octets_are_those_of_the_digest() {
        assert_eq!(sample()[..35], *b"\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00");
    }

    #[test]
    fn t6_each_truncation_point_is_refused_or_a_shorter_list() {
        let octets = sample();
        let ends = [0, 22, 35, octets.len()];
        for cut in 0..=octets.len() {
            match parse(&octets[..cut]) {
                Ok(properties) => assert_eq!(ends.iter().position(|end| *end == cut), Some(properties.len())),
                Err(error) => assert_eq!((error, ends.contains(&cut)), (MetadataError::Truncated, false)),
            }
        }
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let properties = parse(b"\x0bsOCKET-tYPE\x00\x00\x00\x03REQ").unwrap();
        assert_eq!(find(&properties, SOCKET_TYPE), Some(&b"REQ"[..]));
        assert_eq!(find(&properties, IDENTITY), None);
    }

    #[test]
    fn r8_what_can_be_read_two_ways_is_refused() {
        assert_eq!(parse(b"\x00\x00\x00\x00\x00"), Err(MetadataError::EmptyName));
        assert_eq!(parse(b"\x01 \x00\x00\x00\x00"), Err(MetadataError::NameOctet(b' ')));
        assert_eq!(parse(b"\x02\xc3\xa4\x00\x00\x00\x00"), Err(MetadataError::NameOctet(0xC3)));
        assert_eq!(parse(b"\x01a\x80\x00\x00\x00"), Err(MetadataError::ValueTooLong(0x8000_0000)));
        let twice = b"\x08Identity\x00\x00\x00\x00\x08IDENTITY\x00\x00\x00\x00";
        assert_eq!(parse(twice), Err(MetadataError::Duplicate));
        assert_eq!(parse(b"\x03X-a\x00\x00\x00\x00\x03X-a\x00\x00\x00\x00").unwrap().len(), 2);
    }

    #[test]
    fn r8_sixty_four_properties_pass_and_one_more_does_not() {
        let one = b"\x01a\x00\x00\x00\x00";
        assert_eq!(parse(&one.repeat(PROPERTIES_MAX)).unwrap().len(), PROPERTIES_MAX);
        assert_eq!(parse(&one.repeat(PROPERTIES_MAX + 1)), Err(MetadataError::TooMuch));
        let mut large = vec![];
        write("a", &vec![0; OCTETS_MAX - 6], &mut large);
        assert!(parse(&large).is_ok());
        large.clear();
        write("a", &vec![0; OCTETS_MAX - 5], &mut large);
        assert_eq!(parse(&large), Err(MetadataError::TooMuch));
    }

    #[test]
    fn what_is_not_legal_is_not_written() {
        let mut out = vec![];
        assert!(
            !write("", b"", &mut out)
                && !write("a b", b"", &mut out)
                && !write(&"a".repeat(256), b"", &mut out)
        );
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn what_parses_writes_back_the_same(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(properties) = parse(&octets) {
                let mut again = vec![];
                for (name, value) in &properties {
                    prop_assert!(write(name, value, &mut again));
                }
                prop_assert_eq!(again, octets);
            }
        }
    }
}
