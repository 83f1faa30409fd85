//! Z85: four octets as five printable characters (RFC 32; zmtp.md section 20). Keys of CURVE travel so in text.

use std::{error::Error, fmt};

const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// What each octet stands for; `FOREIGN` where it is none of the 85 characters.
const VALUES: [u8; 256] = values();
const FOREIGN: u8 = 255;

/// Why something is not Z85, or cannot be written as such (rule R23).
///
/// ```
/// use zeroxide_proto::z85::{Z85Error, decode, encode};
/// assert_eq!(decode("Hell"), Err(Z85Error::Length(4)));
/// assert_eq!(decode("Hell~"), Err(Z85Error::Character { at: 4, found: b'~' }));
/// assert_eq!(encode(b"abc"), Err(Z85Error::Length(3)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Z85Error {
    /// Octets do not come in fours, or characters not in fives.
    Length(usize),
    /// A character outside the alphabet, and where.
    Character {
        /// Offset of the character.
        at: usize,
        /// The octet found there.
        found: u8,
    },
    /// Five characters, from this offset on, that stand for more than 32 bits.
    Overflow {
        /// Offset of the first of the five.
        at: usize,
    },
}

/// Writes octets, a multiple of four, as text.
///
/// ```
/// let text = zeroxide_proto::z85::encode(&[0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b])?;
/// assert_eq!(text, "HelloWorld");
/// # Ok::<(), zeroxide_proto::z85::Z85Error>(())
/// ```
///
/// # Errors
/// [`Z85Error::Length`] where the octets do not come in fours.
pub fn encode(octets: &[u8]) -> Result<String, Z85Error> {
    let (words, []) = octets.as_chunks::<4>() else { return Err(Z85Error::Length(octets.len())) };
    let mut text = String::with_capacity(words.len() * 5);
    for word in words {
        let value = u32::from_be_bytes(*word);
        for power in [52_200_625, 614_125, 7_225, 85, 1] {
            let digit = value / power % 85;
            text.extend(ALPHABET.get(digit as usize).map(|octet| char::from(*octet)));
        }
    }
    Ok(text)
}

/// Reads text, a multiple of five characters, back.
///
/// # Errors
/// Any of [`Z85Error`]; nothing is padded, trimmed or guessed.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Z85Error> {
    let text = text.as_ref();
    let (groups, []) = text.as_chunks::<5>() else { return Err(Z85Error::Length(text.len())) };
    let mut octets = Vec::with_capacity(groups.len() * 4);
    for (index, group) in groups.iter().enumerate() {
        let at = index * 5;
        let mut value = 0_u64;
        for (offset, &found) in group.iter().enumerate() {
            let digit = VALUES.get(usize::from(found)).copied().unwrap_or(FOREIGN);
            if digit == FOREIGN {
                return Err(Z85Error::Character { at: at + offset, found }); // R23
            }
            value = value * 85 + u64::from(digit);
        }
        let word = u32::try_from(value).map_err(|_| Z85Error::Overflow { at })?; // R23
        octets.extend_from_slice(&word.to_be_bytes());
    }
    Ok(octets)
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a slip is a compile error")]
const fn values() -> [u8; 256] {
    let mut values = [FOREIGN; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        values[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
}

impl fmt::Display for Z85Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(out, "{length} is not a whole number of Z85 groups"),
            Self::Character { at, found } => {
                write!(out, "'{}' at {at} is not a Z85 character", found.escape_ascii())
            }
            Self::Overflow { at } => write!(out, "the Z85 group at {at} stands for more than 32 bits"),
        }
    }
}

impl Error for Z85Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sample_of_the_specification() {
        let octets = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
        assert_eq!(encode(&octets).unwrap(), "HelloWorld");
        assert_eq!(decode("HelloWorld").unwrap(), octets);
    }

    #[test]
    fn a_key_is_forty_characters() {
        let key = decode("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID").unwrap();
        assert_eq!(key.len(), 32);
        assert_eq!(key[..4], [0xBB, 0x88, 0x47, 0x1D]);
        assert_eq!(encode(&key).unwrap(), "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    }

    #[test]
    fn r23_wrong_lengths_foreign_characters_and_overflow_are_refused() {
        assert_eq!(encode(&[1; 5]), Err(Z85Error::Length(5)));
        assert_eq!(decode("Hello1"), Err(Z85Error::Length(6)));
        assert_eq!(decode("Hell~World"), Err(Z85Error::Character { at: 4, found: b'~' }));
        assert_eq!(decode("00000Wor d"), Err(Z85Error::Character { at: 8, found: b' ' }));
        assert_eq!(decode("00000#####"), Err(Z85Error::Overflow { at: 5 }));
        assert_eq!(decode("%nSc0").unwrap(), [255; 4]);
        assert_eq!(decode("%nSc1"), Err(Z85Error::Overflow { at: 0 }));
        assert_eq!(decode("").unwrap(), []);
    }

    proptest! {
        #[test]
        fn there_and_back(words in proptest::collection::vec(any::<[u8; 4]>(), 0..20)) {
            let octets = words.concat();
            prop_assert_eq!(decode(encode(&octets).unwrap()).unwrap(), octets);
        }

        #[test]
        fn what_decodes_encodes_to_the_same(text in "[ -~]{0,40}") {
            if let Ok(octets) = decode(&text) {
                prop_assert_eq!(encode(&octets).unwrap(), text);
            }
        }
    }
}
