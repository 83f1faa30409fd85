//! The number of a stored request: a random UUID.

use std::{
    error::Error,
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    str::FromStr,
};

/// The number of a stored request: 32 hexadecimal digits.
///
/// ```
/// use zeroxide_patterns::titanic::RequestNumber;
/// let number: RequestNumber = "0123456789abcdef0123456789ABCDEF".parse()?;
/// assert_eq!(number.to_string(), "0123456789ABCDEF0123456789ABCDEF");
/// assert!("../../etc/passwd".parse::<RequestNumber>().is_err());
/// assert_ne!(RequestNumber::random(), RequestNumber::random());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestNumber(pub(crate) u128);

/// These are not 32 hexadecimal digits.
///
/// ```
/// use zeroxide_patterns::titanic::RequestNumber;
/// assert_eq!("x".parse::<RequestNumber>().unwrap_err().to_string(), "a number has 32 hexadecimal digits");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NotANumber;

impl RequestNumber {
    /// One that nobody else has.
    pub fn random() -> Self {
        let mut octets = [0; 16];
        // Without the system's chance there is that of the hash maps.
        if getrandom::fill(&mut octets).is_err() {
            let half = || u128::from(RandomState::new().build_hasher().finish());
            octets = (half() << 64 | half()).to_be_bytes();
        }
        // A UUID of version 4.
        Self(u128::from_be_bytes(octets) & !(0xF << 76 | 0x3 << 62) | (4 << 76 | 2 << 62))
    }

    /// From a frame: digits of either case.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let digits = octets.len() == 32 && octets.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(octets).ok().filter(|_| digits)?;
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

impl FromStr for RequestNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        Self::read(text.as_bytes()).ok_or(NotANumber)
    }
}

impl fmt::Display for RequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032X}", self.0)
    }
}

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number has 32 hexadecimal digits")
    }
}

impl Error for NotANumber {}
