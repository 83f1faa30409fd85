//! Keys of CURVE: 32 octets each, or 40 characters of Z85. Secret ones are wiped when they are dropped and never shown.

use crate::wire::z85::{self, Z85Error};
use std::{error::Error, fmt, str::FromStr};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Octets of a key.
pub const KEY_SIZE: usize = 32;
/// Characters of a key in Z85.
pub const KEY_TEXT_SIZE: usize = 40;

/// The half of a key pair that others may know. It names its owner.
///
/// ```
/// use zeroxide_proto::security::PublicKey;
/// let key: PublicKey = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".parse()?;
/// assert_eq!(key.as_bytes()[..2], [0x54, 0xFC]);
/// assert_eq!(key.to_string(), "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
/// # Ok::<(), zeroxide_proto::security::KeyError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; KEY_SIZE]);

/// The half of a key pair that nobody else may know. It is wiped when dropped, compared in constant time, and `Debug`
/// does not show it.
///
/// ```
/// use zeroxide_proto::security::{KeyError, SecretKey};
/// let secret: SecretKey = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6".parse()?;
/// assert_eq!(secret.public().to_z85(), "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
/// assert!(!format!("{secret:?}").contains("JTKV"), "safe to log");
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; KEY_SIZE]);

/// Both halves.
///
/// ```
/// use zeroxide_proto::security::{KeyError, Keypair, SecretKey};
/// let secret: SecretKey = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6".parse()?;
/// let keys = Keypair::from(secret);
/// assert_eq!(keys.public, keys.secret.public());
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keypair {
    /// For everybody.
    pub public: PublicKey,
    /// For its owner.
    pub secret: SecretKey,
}

/// Why something is no key (rule R23).
///
/// ```
/// use zeroxide_proto::security::{KeyError, PublicKey};
/// assert_eq!("too short".parse::<PublicKey>(), Err(KeyError::Length(9)));
/// assert!(matches!("~".repeat(40).parse::<PublicKey>(), Err(KeyError::Text(_))));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// Neither 32 octets nor 40 characters.
    Length(usize),
    /// 40 characters that are not Z85.
    Text(Z85Error),
}

impl PublicKey {
    /// The 32 octets.
    pub const fn as_bytes(&self) -> &[u8; KEY_SIZE] {
        &self.0
    }

    /// Whether nobody has set it: all octets are zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; KEY_SIZE]
    }

    /// The key in 40 characters; the same as `to_string`.
    pub fn to_z85(&self) -> String {
        z85::encode(&self.0).unwrap_or_default()
    }
}

impl SecretKey {
    /// The 32 octets. Whoever copies them has to wipe the copy.
    pub const fn as_bytes(&self) -> &[u8; KEY_SIZE] {
        &self.0
    }

    /// Whether nobody has set it: all octets are zero.
    pub fn is_zero(&self) -> bool {
        self.0.ct_eq(&[0; KEY_SIZE]).into()
    }

    /// The key in 40 characters, to be kept safe: unlike this value the text is not wiped.
    pub fn to_z85(&self) -> String {
        z85::encode(&self.0).unwrap_or_default()
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(x25519_dalek::x25519(self.0, x25519_dalek::X25519_BASEPOINT_BYTES))
    }
}

impl Keypair {
    /// The pair whose secret half are these octets, which must come from a source that nobody can guess.
    pub fn from_random(secret: [u8; KEY_SIZE]) -> Self {
        Self::from(SecretKey(secret))
    }
}

impl From<SecretKey> for Keypair {
    fn from(secret: SecretKey) -> Self {
        Self { public: secret.public(), secret }
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(not shown)")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({self})")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_z85())
    }
}

/// 32 octets as they are, or 40 characters of Z85.
fn read(octets_or_text: &[u8]) -> Result<[u8; KEY_SIZE], KeyError> {
    match octets_or_text.len() {
        KEY_TEXT_SIZE => {
            let mut octets = z85::decode(octets_or_text).map_err(KeyError::Text)?;
            let key = octets.first_chunk().copied().ok_or(KeyError::Length(octets.len()))?;
            octets.zeroize();
            Ok(key)
        }
        length => octets_or_text.try_into().map_err(|_| KeyError::Length(length)),
    }
}

macro_rules! reads {
    ($key:ident) => {
        impl From<[u8; KEY_SIZE]> for $key {
            fn from(octets: [u8; KEY_SIZE]) -> Self {
                Self(octets)
            }
        }

        /// From 32 octets, or from 40 characters of Z85.
        impl TryFrom<&[u8]> for $key {
            type Error = KeyError;
            fn try_from(octets_or_text: &[u8]) -> Result<Self, KeyError> {
                read(octets_or_text).map(Self)
            }
        }

        /// From 40 characters of Z85.
        impl FromStr for $key {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                match text.len() {
                    KEY_TEXT_SIZE => read(text.as_bytes()).map(Self),
                    length => Err(KeyError::Length(length)),
                }
            }
        }
    };
}
reads!(PublicKey);
reads!(SecretKey);

impl fmt::Display for KeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => {
                write!(out, "a key has {KEY_SIZE} octets or {KEY_TEXT_SIZE} characters, not {length}")
            }
            Self::Text(error) => error.fmt(out),
        }
    }
}

impl Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    const SECRET: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

    #[test]
    fn a_public_key_follows_from_its_secret() {
        let secret: SecretKey = SECRET.parse().unwrap();
        assert_eq!(secret.public().to_string(), PUBLIC);
        assert_eq!(Keypair::from(secret.clone()), Keypair::from_random(*secret.as_bytes()));
        assert_eq!(secret.to_z85(), SECRET);
    }

    #[test]
    fn octets_and_text_are_the_same_key() {
        let key: PublicKey = PUBLIC.parse().unwrap();
        assert_eq!(PublicKey::try_from(&key.as_bytes()[..]), Ok(key));
        assert_eq!(PublicKey::try_from(PUBLIC.as_bytes()), Ok(key));
        assert!(!key.is_zero() && PublicKey::default().is_zero() && SecretKey::default().is_zero());
    }

    #[test]
    fn r23_what_is_no_key_is_refused() {
        assert_eq!("".parse::<PublicKey>(), Err(KeyError::Length(0)));
        assert_eq!(PublicKey::try_from(&[1; 31][..]), Err(KeyError::Length(31)));
        assert_eq!(
            PUBLIC[..32].parse::<PublicKey>(),
            Err(KeyError::Length(32)),
            "text is not taken for octets"
        );
        let foreign = PUBLIC.replace('$', "~");
        assert!(matches!(foreign.parse::<SecretKey>(), Err(KeyError::Text(Z85Error::Character { .. }))));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let keys = Keypair::from(SECRET.parse::<SecretKey>().unwrap());
        let shown = format!("{keys:?} {keys:#?}");
        assert!(shown.contains(PUBLIC) && shown.contains("not shown"));
        assert!(!shown.contains(SECRET) && !shown.contains("123, 184"), "{shown}");
    }
}
