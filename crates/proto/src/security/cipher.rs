//! The boxes of CURVE: X25519, XSalsa20 and Poly1305 put together as NaCl does (RFC 26; zmtp.md section 9.1).
//!
//! ```text
//! key of a pair    HSalsa20(X25519(x, Y), 0)
//! nonce, 24        | 16: prefix | 8: counter |
//! subkey           HSalsa20(key, prefix)            once a prefix, not once a message
//! box              | tag 16 | text ^ Salsa20(subkey, counter) from octet 32 on |      tag: Poly1305 under octets 0..32
//! ```
//! It works in place. It does not know what is inside a box.

use super::{PublicKey, SecretKey, mac, stream::KeyStream};
use salsa20::{cipher::consts::U10, hsalsa};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Octets of a tag: what a box is longer by than its content.
pub(super) const TAG_SIZE: usize = 16;

/// A nonce: 24 octets.
pub(super) type Nonce = [u8; 24];

/// What two key pairs have in common, or a key of one side only.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct BoxKey([u8; 32]);

/// A [`BoxKey`] under one prefix of nonces.
pub(crate) struct Subkey(KeyStream);

impl fmt::Debug for BoxKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BoxKey(not shown)")
    }
}

impl BoxKey {
    /// The key that both sides can compute and nobody else. `None` where the other's key is one of the few for which the
    /// outcome would not depend on ours (R9).
    pub(super) fn agree(secret: &SecretKey, public: &PublicKey) -> Option<Self> {
        let shared = Zeroizing::new(x25519_dalek::x25519(*secret.as_bytes(), *public.as_bytes()));
        if bool::from(shared.ct_eq(&[0; 32])) {
            return None;
        }
        Some(Self(hsalsa::<U10>((&*shared).into(), &[0; 16].into()).into()))
    }

    /// For a box that only its maker opens.
    pub(super) fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The key for all nonces that begin so.
    pub(super) fn subkey(&self, prefix: &[u8; 16]) -> Subkey {
        Subkey(KeyStream::new(hsalsa::<U10>((&self.0).into(), prefix.into()).into()))
    }

    /// Encrypts `text` in place and returns its tag.
    pub(super) fn seal(&self, nonce: &Nonce, text: &mut [u8]) -> [u8; TAG_SIZE] {
        let (prefix, counter) = split(nonce);
        self.subkey(&prefix).seal(counter, text)
    }

    /// Decrypts `text` in place, if the tag belongs to it.
    #[must_use]
    pub(super) fn open(&self, nonce: &Nonce, tag: &[u8; TAG_SIZE], text: &mut [u8]) -> bool {
        let (prefix, counter) = split(nonce);
        self.subkey(&prefix).open(counter, tag, text)
    }

    /// Appends the box of `text`: tag, then the encrypted text.
    pub(super) fn write(&self, nonce: &Nonce, text: &[u8], out: &mut Vec<u8>) {
        let mut text = Zeroizing::new(text.to_vec());
        let tag = self.seal(nonce, &mut text);
        out.extend_from_slice(&tag);
        out.extend_from_slice(&text);
    }

    /// The content of a box, if it opens.
    pub(super) fn read(&self, nonce: &Nonce, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (tag, text) = sealed.split_first_chunk()?;
        let mut text = Zeroizing::new(text.to_vec());
        self.open(nonce, tag, &mut text).then_some(text)
    }
}

impl Subkey {
    /// Encrypts `text` in place and returns its tag. `counter` is the number of which the nonce's last octets are made, the
    /// highest first; whoever counts up is served fastest.
    pub(crate) fn seal(&mut self, counter: u64, text: &mut [u8]) -> [u8; TAG_SIZE] {
        let tag_key = Zeroizing::new(self.0.tag_key(counter, text.len()));
        self.0.apply(counter, text);
        mac::tag(&tag_key, text)
    }

    /// Decrypts `text` in place, if the tag belongs to it; otherwise it is left as it was.
    #[must_use]
    pub(super) fn open(&mut self, counter: u64, tag: &[u8; TAG_SIZE], text: &mut [u8]) -> bool {
        let tag_key = Zeroizing::new(self.0.tag_key(counter, text.len()));
        let whole = bool::from(mac::tag(&tag_key, text).ct_eq(tag));
        if whole {
            self.0.apply(counter, text);
        }
        whole
    }
}

/// Prefix and counter.
fn split(nonce: &Nonce) -> ([u8; 16], u64) {
    let [prefix @ .., a, b, c, d, e, f, g, h] = *nonce;
    (prefix, u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::{Keypair, stream::TAG_KEY_SIZE};
    use poly1305::{Poly1305, universal_hash::KeyInit};
    use proptest::prelude::*;
    use salsa20::cipher::{KeyIvInit, StreamCipher};

    fn pair() -> (BoxKey, BoxKey) {
        let (one, other) = (Keypair::from_random([1; 32]), Keypair::from_random([2; 32]));
        let agree = |secret, public| BoxKey::agree(secret, public).unwrap();
        (agree(&one.secret, &other.public), agree(&other.secret, &one.public))
    }

    #[test]
    fn a_box_is_the_same_as_the_xsalsa20_of_the_library_makes_it() {
        // The shortcut by subkeys against the cipher with its whole nonce.
        let (key, _) = pair();
        let nonce: Nonce = std::array::from_fn(|at| at as u8);
        for size in [
            0, 1, 31, 32, 33, 64, 97, 479, 480, 481, 511, 512, 513, 992, 1_024, 3_071, 3_072, 3_073, 5_000,
            65_537,
        ] {
            let mut expected = vec![0; TAG_KEY_SIZE + size];
            expected[TAG_KEY_SIZE..].fill(9);
            salsa20::XSalsa20::new((&key.0).into(), (&nonce).into()).apply_keystream(&mut expected);
            let mut text = vec![9; size];
            let tag = key.seal(&nonce, &mut text);
            assert_eq!(text, expected[TAG_KEY_SIZE..], "{size}");
            let mut tag_key = poly1305::Key::default();
            tag_key.copy_from_slice(&expected[..TAG_KEY_SIZE]);
            assert_eq!(tag, <[u8; 16]>::from(Poly1305::new(&tag_key).compute_unpadded(&text)));
        }
    }

    #[test]
    fn keys_without_a_secret_in_them_are_refused() {
        // The points of low order: with them everybody agrees on the same.
        let secret = SecretKey::from([7; 32]);
        for low in [[0; 32], std::array::from_fn(|at| u8::from(at == 0))] {
            assert!(BoxKey::agree(&secret, &PublicKey::from(low)).is_none());
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_on_the_other_side_only_unchanged(
            text in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let (one, other) = pair();
            let mut sealed = vec![];
            one.write(&[3; 24], &text, &mut sealed);
            prop_assert_eq!(sealed.len(), text.len() + TAG_SIZE);
            prop_assert_eq!(other.read(&[3; 24], &sealed).map(|text| text.to_vec()), Some(text));
            prop_assert!(other.read(&[4; 24], &sealed).is_none());
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(other.read(&[3; 24], &sealed).is_none());
            prop_assert!(other.read(&[3; 24], &sealed[..at]).is_none());
        }
    }
}
