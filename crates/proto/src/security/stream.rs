//! The key stream of Salsa20 from any block on: by the widest way the processor has.

use salsa20::{
    Salsa20,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};

/// Encrypts or decrypts `text` in place with the key stream from block `block` on.
pub(super) fn apply(key: &[u8; 32], nonce: &[u8; 8], block: u64, text: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = super::wide::simd() {
        return apply_wide(simd, key, nonce, block, text);
    }
    apply_narrow(key, nonce, block, text);
}

/// As the library does it, block by block.
fn apply_narrow(key: &[u8; 32], nonce: &[u8; 8], block: u64, text: &mut [u8]) {
    if text.is_empty() {
        return;
    }
    let mut stream = Salsa20::new(key.into(), nonce.into());
    stream.seek(block * 64);
    stream.apply_keystream(text);
}

#[cfg(target_arch = "x86_64")]
fn apply_wide(simd: pulp::x86::V3, key: &[u8; 32], nonce: &[u8; 8], block: u64, text: &mut [u8]) {
    use super::wide::{self, WIDE};
    use zeroize::{Zeroize, Zeroizing};

    let mut state = state(key, nonce);
    let (runs, rest) = text.as_chunks_mut::<WIDE>();
    wide::apply(simd, &state, block, runs);
    if !rest.is_empty() {
        let mut last = Zeroizing::new([0; WIDE]);
        for (octet, from) in last.iter_mut().zip(rest.iter()) {
            *octet = *from;
        }
        wide::apply(simd, &state, block + 8 * runs.len() as u64, std::slice::from_mut(&mut *last));
        for (octet, from) in rest.iter_mut().zip(last.iter()) {
            *octet = *from;
        }
    }
    state.zeroize();
}

/// The words that each block begins with, its number left out.
#[cfg(target_arch = "x86_64")]
fn state(key: &[u8; 32], nonce: &[u8; 8]) -> [u32; 16] {
    let mut words = key.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    let mut key = || words.next().unwrap_or_default();
    let nonce = u64::from_le_bytes(*nonce);
    let (first, second, third, fourth) = (0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574);
    [
        first,
        key(),
        key(),
        key(),
        key(),
        second,
        nonce as u32,
        (nonce >> 32) as u32, //
        0,
        0,
        third,
        key(),
        key(),
        key(),
        key(),
        fourth,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_make_the_same(
            key: [u8; 32],
            nonce: [u8; 8],
            block in prop_oneof![0..100_u64, Just(u64::from(u32::MAX) - 3), Just(u64::from(u32::MAX) + 1)],
            text in proptest::collection::vec(any::<u8>(), 0..2_000),
        ) {
            let (mut one, mut other) = (text.clone(), text);
            apply(&key, &nonce, block, &mut one);
            apply_narrow(&key, &nonce, block, &mut other);
            prop_assert_eq!(one, other);
        }
    }
}
