//! Poly1305 in three limbs of 44, 44 and 42 bits: the arithmetic of the portable code by A. Moon that most libraries
//! have. What of a long text fills four blocks at a time is summed up in wide registers, where there are any.
//!
//! The cipher library's, which takes a microsecond to get going, is the judge in the tests. Nothing here branches on the
//! key or the text, only on the length.

use super::cipher::TAG_SIZE;

const LOW: u64 = (1 << 44) - 1;
const HIGH: u64 = (1 << 42) - 1;
/// What stands behind a whole block of 16 octets, as it lies in the third limb.
const WHOLE: u64 = 1 << 40;

/// From so many octets on it is worth while to raise the factor to its fourth power.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 256;

/// The sum so far, and the factor.
struct Sum {
    h: [u64; 3],
    r: [u64; 3],
}

/// The tag of a text under a key that is used once.
pub(super) fn tag(key: &[u8; 32], text: &[u8]) -> [u8; TAG_SIZE] {
    #[cfg(target_arch = "x86_64")]
    if text.len() >= LONG
        && let Some(width) = super::wide::Width::best()
    {
        return tag_wide(width, key, text);
    }
    let (mut sum, pad) = Sum::new(key);
    sum.add_all(text);
    sum.finish().wrapping_add(pad).to_le_bytes()
}

#[cfg(target_arch = "x86_64")]
fn tag_wide(width: super::wide::Width, key: &[u8; 32], text: &[u8]) -> [u8; TAG_SIZE] {
    let (mut sum, pad) = Sum::new(key);
    let rest = sum.add_wide(width, text);
    sum.add_all(rest);
    sum.finish().wrapping_add(pad).to_le_bytes()
}

fn halves(key: &[u8; 32]) -> (u128, u128) {
    let mut halves = key.as_chunks().0.iter().map(|half| u128::from_le_bytes(*half));
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}

impl Sum {
    /// Nothing so far; and what is added at the end.
    fn new(key: &[u8; 32]) -> (Self, u128) {
        let (r, pad) = halves(key);
        let (low, high) = (r as u64, (r >> 64) as u64);
        let r = [
            low & 0x0ffc_0fff_ffff,
            ((low >> 44) | (high << 20)) & 0x0fff_ffc0_ffff,
            (high >> 24) & 0x000f_ffff_fc0f,
        ];
        (Self { h: [0; 3], r }, pad)
    }

    /// The rest of a text.
    #[inline]
    fn add_all(&mut self, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        for block in blocks {
            self.add(u128::from_le_bytes(*block), WHOLE);
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            for (octet, from) in last.iter_mut().zip(rest.iter().chain(&[1])) {
                *octet = *from;
            }
            self.add(u128::from_le_bytes(last), 0);
        }
    }

    /// The beginning of a text, four blocks at a time; returns what is left of it.
    #[cfg(target_arch = "x86_64")]
    fn add_wide<'a>(&mut self, width: super::wide::Width, text: &'a [u8]) -> &'a [u8] {
        let (blocks, rest) = text.as_chunks();
        let second = times(self.r, self.r);
        let powers = [self.r, second, times(second, self.r), times(second, second)];
        let [a, b, c, d, e] = width.sum(&powers.map(narrow), blocks);
        // From limbs of 26 bits, and what runs over them, to those of 44.
        let low = u128::from(a) + (u128::from(b) << 26) + (u128::from(c) << 52);
        let high = (low >> 88) as u64 + (d >> 10) + (e << 16);
        let low = (low & ((1 << 88) - 1)) + (u128::from(d & 0x3FF) << 78);
        let high = high + (low >> 88) as u64;
        self.h = carried([low as u64 & LOW, (low >> 44) as u64 & LOW, high]);
        rest
    }

    #[inline]
    fn add(&mut self, block: u128, behind: u64) {
        let [h0, h1, h2] = self.h;
        let (low, high) = (block as u64, (block >> 64) as u64);
        let h = [
            h0 + (low & LOW),
            h1 + (((low >> 44) | (high << 20)) & LOW),
            h2 + (((high >> 24) & HIGH) | behind),
        ];
        self.h = times(h, self.r);
    }

    /// The sum modulo 2^130 - 5, of which 128 bits count.
    fn finish(self) -> u128 {
        let [mut h0, mut h1, mut h2] = self.h;
        for _ in 0..2 {
            h2 += h1 >> 44;
            h1 &= LOW;
            h0 += (h2 >> 42) * 5;
            h2 &= HIGH;
            h1 += h0 >> 44;
            h0 &= LOW;
        }
        // The sum less the modulus; taken where that is not negative.
        let g0 = h0 + 5;
        let g1 = h1 + (g0 >> 44);
        let g2 = (h2 + (g1 >> 44)).wrapping_sub(1 << 42);
        let keep = (g2 >> 63).wrapping_sub(1);
        let choose = |h: u64, g: u64| u128::from((h & !keep) | (g & keep));
        choose(h0, g0 & LOW) | choose(h1, g1 & LOW) << 44 | choose(h2, g2) << 88
    }
}

/// A product modulo 2^130 - 5; its middle limb may have a bit too many.
#[inline]
fn times([h0, h1, h2]: [u64; 3], [r0, r1, r2]: [u64; 3]) -> [u64; 3] {
    // By 5 for what runs over bit 130, and by 4 because three limbs of 44 bits would be 132.
    let (s1, s2) = (r1 * 20, r2 * 20);
    let times = |one: u64, other: u64| u128::from(one) * u128::from(other);
    let d0 = times(h0, r0) + times(h1, s2) + times(h2, s1);
    let d1 = times(h0, r1) + times(h1, r0) + times(h2, s2) + (d0 >> 44);
    let d2 = times(h0, r2) + times(h1, r1) + times(h2, r0) + (d1 >> 44);
    let first = (d0 as u64 & LOW) + (d2 >> 42) as u64 * 5;
    [first & LOW, (d1 as u64 & LOW) + (first >> 44), d2 as u64 & HIGH]
}

/// The same number with no limb too long, but perhaps the last.
#[cfg(target_arch = "x86_64")]
fn carried([h0, h1, h2]: [u64; 3]) -> [u64; 3] {
    let h0 = h0 + (h2 >> 42) * 5;
    let h1 = h1 + (h0 >> 44);
    [h0 & LOW, h1 & LOW, (h2 & HIGH) + (h1 >> 44)]
}

/// Limbs of 26 bits, the fourth perhaps a little longer.
#[cfg(target_arch = "x86_64")]
fn narrow(h: [u64; 3]) -> [u32; 5] {
    const LIMB: u64 = (1 << 26) - 1;
    let [h0, h1, h2] = carried(h);
    [
        h0 & LIMB,
        (h0 >> 26) + ((h1 << 18) & LIMB),
        (h1 >> 8) & LIMB,
        (h1 >> 34) + ((h2 << 10) & LIMB),
        h2 >> 16,
    ]
    .map(|limb| limb as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poly1305::{Poly1305, universal_hash::KeyInit};
    use proptest::prelude::*;

    fn judged(key: &[u8; 32], text: &[u8]) -> [u8; TAG_SIZE] {
        Poly1305::new(key.into()).compute_unpadded(text).into()
    }

    /// By every way, whichever a text of this length would take.
    fn check(key: &[u8; 32], text: &[u8]) {
        let expected = judged(key, text);
        assert_eq!(tag(key, text), expected, "{key:?} {}", text.len());
        #[cfg(target_arch = "x86_64")]
        for width in crate::security::wide::Width::all() {
            assert_eq!(tag_wide(width, key, text), expected, "{width:?} {key:?} {}", text.len());
        }
    }

    #[test]
    fn a_text_of_any_length_has_the_tag_of_the_library() {
        let text: Vec<u8> = (0..70_000_u32).map(|at| (at * 7) as u8).collect();
        for key in [[7; 32], [0xFF; 32], std::array::from_fn(|at| at as u8)] {
            for size in (0..1_100).chain([4_095, 4_096, 65_537, 70_000]) {
                check(&key, &text[..size]);
            }
        }
    }

    #[test]
    fn the_sample_of_rfc_8439() {
        let key = [
            0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33, 0x7f, 0x44, 0x52, 0xfe, 0x42, 0xd5, 0x06, 0xa8,
            0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d, 0xb2, 0xfd, 0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b,
        ];
        let expected =
            [0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6, 0xc2, 0x2b, 0x8b, 0xaf, 0x0c, 0x01, 0x27, 0xa9];
        assert_eq!(tag(&key, b"Cryptographic Forum Research Group"), expected);
    }

    #[test]
    fn sums_about_the_modulus_are_those_of_the_library() {
        // Section 3 of the appendix of RFC 8439 in the main: where a carry is forgotten it shows here.
        for factor in [1_u8, 2, 4, 0xFF] {
            let mut key = [0; 32];
            key[0] = factor;
            for pad in [0, 0xFF] {
                key[16..].fill(pad);
                for octet in [0, 1, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF] {
                    for first in [0, 1, 0xFB, 0xFE, 0xFF] {
                        for size in (0..50).chain([64, 80, 127, 128, 129, 192, 256, 320, 500]) {
                            let mut text = vec![octet; size];
                            text.iter_mut().step_by(16).for_each(|begin| *begin = first);
                            check(&key, &text);
                        }
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn a_tag_is_that_of_the_library(key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..700)) {
            check(&key, &text);
        }

        #[test]
        fn also_of_texts_and_keys_of_many_ones(
            key in proptest::array::uniform32(prop_oneof![Just(0xFF_u8), Just(0), any::<u8>()]),
            text in proptest::collection::vec(prop_oneof![Just(0xFF_u8), Just(0), any::<u8>()], 0..600),
        ) {
            check(&key, &text);
        }
    }
}
