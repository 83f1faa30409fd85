//! Poly1305 four blocks at a time, for processors with AVX2: five limbs of 26 bits, a block in each lane.
//!
//! ```text
//! lanes        h0 = m0, m4, m8, ...      h1 = m1, m5, ...      h2 = m2, m6, ...      h3 = m3, m7, ...
//! a step       h * r^4 + m, in all of them
//! at the end   h0 * r^4 + h1 * r^3 + h2 * r^2 + h3 * r
//! ```
//! Multiplications, additions and shifts only: the time depends on the length alone.

use pulp::{NullaryFnOnce, x86::V3};
use std::arch::x86_64::__m256i;

/// Powers of the factor in limbs of 26 bits: first, second, third, fourth.
pub(super) type Powers = [[u32; 5]; 4];

const LIMB: i64 = (1 << 26) - 1;
/// What stands behind a block of 16 octets, as it lies in the fifth limb.
const WHOLE: i64 = 1 << 24;

/// The sum of whole blocks, times the factor, in limbs of 26 bits and a little.
pub(super) struct Sums<'a> {
    pub(super) simd: V3,
    pub(super) powers: &'a Powers,
    pub(super) blocks: &'a [[u8; 64]],
}

impl NullaryFnOnce for Sums<'_> {
    type Output = [u64; 5];
    #[inline(always)]
    fn call(self) -> [u64; 5] {
        let Self { simd, powers: [first, second, third, fourth], blocks } = self;
        // Loops rather than closures, which the compiler may leave outside of the instructions' reach.
        let mut four = [simd.avx._mm256_setzero_si256(); 5];
        for (limbs, limb) in four.iter_mut().zip(fourth) {
            *limbs = simd.avx._mm256_set1_epi64x(i64::from(*limb));
        }
        let mut h = [simd.avx._mm256_setzero_si256(); 5];
        let Some((last, front)) = blocks.split_last() else { return [0; 5] };
        for block in front {
            h = times(simd, add(simd, h, limbs(simd, block)), four);
        }
        h = add(simd, h, limbs(simd, last));
        // In the order in which `limbs` puts the blocks.
        let mut each = four;
        for ((((limbs, a), b), c), d) in each.iter_mut().zip(fourth).zip(second).zip(third).zip(first) {
            *limbs = pulp::cast([u64::from(*a), u64::from(*b), u64::from(*c), u64::from(*d)]);
        }
        let mut sums = [0; 5];
        for (sum, limbs) in sums.iter_mut().zip(times(simd, h, each)) {
            let [a, b, c, d]: [u64; 4] = pulp::cast(limbs);
            *sum = a + b + c + d;
        }
        sums
    }
}

#[inline(always)]
fn add(simd: V3, mut one: [__m256i; 5], other: [__m256i; 5]) -> [__m256i; 5] {
    for (one, other) in one.iter_mut().zip(other) {
        *one = simd.avx2._mm256_add_epi64(*one, other);
    }
    one
}

/// Four blocks as limbs; the lanes hold blocks 0, 2, 1 and 3.
#[inline(always)]
fn limbs(simd: V3, block: &[u8; 64]) -> [__m256i; 5] {
    let s = simd.avx2;
    let [front, back]: [__m256i; 2] = pulp::cast(*block);
    let (low, high) = (s._mm256_unpacklo_epi64(front, back), s._mm256_unpackhi_epi64(front, back));
    let limb = simd.avx._mm256_set1_epi64x(LIMB);
    let middle = s._mm256_or_si256(s._mm256_srli_epi64::<52>(low), s._mm256_slli_epi64::<12>(high));
    [
        s._mm256_and_si256(low, limb),
        s._mm256_and_si256(s._mm256_srli_epi64::<26>(low), limb),
        s._mm256_and_si256(middle, limb),
        s._mm256_and_si256(s._mm256_srli_epi64::<14>(high), limb),
        s._mm256_or_si256(s._mm256_srli_epi64::<40>(high), simd.avx._mm256_set1_epi64x(WHOLE)),
    ]
}

/// A product modulo 2^130 - 5. Limbs of `h` may have 28 bits, those of `r` 27; those of the product have 26 and a little.
#[inline(always)]
fn times(simd: V3, h: [__m256i; 5], r: [__m256i; 5]) -> [__m256i; 5] {
    let s = simd.avx2;
    let mul = |one, other| s._mm256_mul_epu32(one, other);
    let add = |one, other| s._mm256_add_epi64(one, other);
    let five = |limb| add(s._mm256_slli_epi64::<2>(limb), limb);
    let [h0, h1, h2, h3, h4] = h;
    let [r0, r1, r2, r3, r4] = r;
    let (s1, s2, s3, s4) = (five(r1), five(r2), five(r3), five(r4));
    let sum = |a, b, c, d, e| add(add(add(a, b), add(c, d)), e);
    let mut d0 = sum(mul(h0, r0), mul(h1, s4), mul(h2, s3), mul(h3, s2), mul(h4, s1));
    let mut d1 = sum(mul(h0, r1), mul(h1, r0), mul(h2, s4), mul(h3, s3), mul(h4, s2));
    let mut d2 = sum(mul(h0, r2), mul(h1, r1), mul(h2, r0), mul(h3, s4), mul(h4, s3));
    let mut d3 = sum(mul(h0, r3), mul(h1, r2), mul(h2, r1), mul(h3, r0), mul(h4, s4));
    let mut d4 = sum(mul(h0, r4), mul(h1, r3), mul(h2, r2), mul(h3, r1), mul(h4, r0));
    let limb = simd.avx._mm256_set1_epi64x(LIMB);
    let over = |sum| s._mm256_srli_epi64::<26>(sum);
    let rest = |sum| s._mm256_and_si256(sum, limb);
    // Two chains of carries at a time.
    (d1, d0) = (add(d1, over(d0)), rest(d0));
    (d4, d3) = (add(d4, over(d3)), rest(d3));
    (d2, d1) = (add(d2, over(d1)), rest(d1));
    (d0, d4) = (add(d0, five(over(d4))), rest(d4));
    (d3, d2) = (add(d3, over(d2)), rest(d2));
    (d1, d0) = (add(d1, over(d0)), rest(d0));
    (d4, d3) = (add(d4, over(d3)), rest(d3));
    [d0, d1, d2, d3, d4]
}
