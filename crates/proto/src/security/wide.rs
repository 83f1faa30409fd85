//! Salsa20 eight blocks at a time, for processors with AVX2: word by word in the eight lanes of a register. Each lane has
//! its own nonce and number of block, so that one pass may serve several short messages.
//!
//! ```text
//! register of word 3:   | block 0 | block 1 | ... | block 7 |      rounds work on 16 such registers
//! then turned over:     block 0: | word 0 | word 1 | ... | word 15 |
//! ```
//! Additions, rotations and exclusive ors only: it takes the same time whatever the key and the text are. The portable
//! cipher is the judge in the tests. With AVX-512 the compiler has a rotation in one instruction and twice the registers,
//! which takes a third off; wider registers than 256 bits are not used, because some processors slow down for them.

use super::mac_wide::{Powers, Sums};
use pulp::{
    NullaryFnOnce,
    x86::{V3, V4},
};
use std::arch::x86_64::__m256i;

/// Octets of eight blocks.
pub(super) const WIDE: usize = 512;
/// Blocks made at once.
pub(super) const LANES: usize = 8;

/// Nonces and numbers of eight blocks.
pub(super) type Places = [(u64, u64); LANES];

/// A way that this processor has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Width {
    Avx2(V3),
    Avx512(V4),
}

impl Width {
    /// The best one, if there is any.
    pub(super) fn best() -> Option<Self> {
        V4::try_new().map(Self::Avx512).or_else(|| V3::try_new().map(Self::Avx2))
    }

    /// All there are, for tests.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        V4::try_new().map(Self::Avx512).into_iter().chain(V3::try_new().map(Self::Avx2)).collect()
    }

    /// Does something with the instructions of this way.
    #[inline]
    fn run<F: NullaryFnOnce>(self, job: impl FnOnce(V3) -> F) -> F::Output {
        match self {
            Self::Avx2(simd) => simd.vectorize(job(simd)),
            Self::Avx512(simd) => simd.vectorize(job(*simd)),
        }
    }

    /// The key stream of eight blocks anywhere; `state` has the key in place.
    pub(super) fn blocks(self, state: &[u32; 16], places: &Places, out: &mut [u8; WIDE]) {
        self.run(|simd| Blocks { simd, state, places, out });
    }

    /// Encrypts or decrypts eight blocks at a time, from block `block` on.
    pub(super) fn apply(self, state: &[u32; 16], nonce: u64, block: u64, text: &mut [[u8; WIDE]]) {
        self.run(|simd| Run { simd, state, nonce, block, text });
    }

    /// See [`super::mac_wide`].
    pub(super) fn sum(self, powers: &Powers, blocks: &[[u8; 64]]) -> [u64; 5] {
        self.run(|simd| Sums { simd, powers, blocks })
    }
}

struct Blocks<'a> {
    simd: V3,
    state: &'a [u32; 16],
    places: &'a Places,
    out: &'a mut [u8; WIDE],
}

struct Run<'a> {
    simd: V3,
    state: &'a [u32; 16],
    nonce: u64,
    block: u64,
    text: &'a mut [[u8; WIDE]],
}

macro_rules! step {
    ($simd:ident, $x:ident, $to:literal, $a:literal, $b:literal, $by:literal, $rest:literal) => {{
        let sum = $simd.avx2._mm256_add_epi32($x[$a], $x[$b]);
        let turned = $simd.avx2._mm256_or_si256(
            $simd.avx2._mm256_slli_epi32::<$by>(sum),
            $simd.avx2._mm256_srli_epi32::<$rest>(sum),
        );
        $x[$to] = $simd.avx2._mm256_xor_si256($x[$to], turned);
    }};
}
macro_rules! quarter {
    ($simd:ident, $x:ident, $a:literal, $b:literal, $c:literal, $d:literal) => {
        step!($simd, $x, $b, $a, $d, 7, 25);
        step!($simd, $x, $c, $b, $a, 9, 23);
        step!($simd, $x, $d, $c, $b, 13, 19);
        step!($simd, $x, $a, $d, $c, 18, 14);
    };
}

impl NullaryFnOnce for Blocks<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { simd, state, places, out } = self;
        let (blocks, _) = out.as_chunks_mut::<64>();
        for (block, rows) in blocks.iter_mut().zip(stream(simd, state, places)) {
            *block = pulp::cast(rows);
        }
    }
}

impl NullaryFnOnce for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        let Self { simd, state, nonce, mut block, text } = self;
        for run in text {
            let mut places = [(nonce, block); LANES];
            for place in &mut places {
                place.1 = block;
                block = block.wrapping_add(1);
            }
            let (blocks, _) = run.as_chunks_mut::<64>();
            for (block, [front, back]) in blocks.iter_mut().zip(stream(simd, state, &places)) {
                let [one, other]: [__m256i; 2] = pulp::cast(*block);
                let s = simd.avx2;
                *block = pulp::cast([s._mm256_xor_si256(one, front), s._mm256_xor_si256(other, back)]);
            }
        }
    }
}

/// Eight blocks, each in two rows.
#[inline(always)]
fn stream(simd: V3, state: &[u32; 16], places: &Places) -> [[__m256i; 2]; LANES] {
    // Loops rather than closures, which the compiler may leave outside of the instructions' reach.
    let mut start = [simd.avx._mm256_setzero_si256(); 16];
    for (word, from) in start.iter_mut().zip(state) {
        *word = simd.avx._mm256_set1_epi32(*from as i32);
    }
    let mut words = [[0_u32; LANES]; 4];
    let [a, b, c, d] = &mut words;
    for ((((a, b), c), d), (nonce, block)) in a.iter_mut().zip(b).zip(c).zip(d).zip(places) {
        (*a, *b) = (*nonce as u32, (nonce >> 32) as u32);
        (*c, *d) = (*block as u32, (block >> 32) as u32);
    }
    for (word, lanes) in start.iter_mut().skip(6).zip(words) {
        *word = pulp::cast(lanes);
    }
    let mut x = start;
    for _ in 0..10 {
        quarter!(simd, x, 0, 4, 8, 12);
        quarter!(simd, x, 5, 9, 13, 1);
        quarter!(simd, x, 10, 14, 2, 6);
        quarter!(simd, x, 15, 3, 7, 11);
        quarter!(simd, x, 0, 1, 2, 3);
        quarter!(simd, x, 5, 6, 7, 4);
        quarter!(simd, x, 10, 11, 8, 9);
        quarter!(simd, x, 15, 12, 13, 14);
    }
    for (word, first) in x.iter_mut().zip(&start) {
        *word = simd.avx2._mm256_add_epi32(*word, *first);
    }
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
    let front = turn(simd, [a, b, c, d, e, f, g, h]);
    let back = turn(simd, [i, j, k, l, m, n, o, p]);
    let mut rows = [[front[0]; 2]; LANES];
    for ((row, front), back) in rows.iter_mut().zip(front).zip(back) {
        *row = [front, back];
    }
    rows
}

/// Columns to rows.
#[inline(always)]
fn turn(simd: V3, [a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    let s = simd.avx2;
    let (ab0, ab1) = (s._mm256_unpacklo_epi32(a, b), s._mm256_unpackhi_epi32(a, b));
    let (cd0, cd1) = (s._mm256_unpacklo_epi32(c, d), s._mm256_unpackhi_epi32(c, d));
    let (ef0, ef1) = (s._mm256_unpacklo_epi32(e, f), s._mm256_unpackhi_epi32(e, f));
    let (gh0, gh1) = (s._mm256_unpacklo_epi32(g, h), s._mm256_unpackhi_epi32(g, h));
    let (ad0, ad1) = (s._mm256_unpacklo_epi64(ab0, cd0), s._mm256_unpackhi_epi64(ab0, cd0));
    let (ad2, ad3) = (s._mm256_unpacklo_epi64(ab1, cd1), s._mm256_unpackhi_epi64(ab1, cd1));
    let (eh0, eh1) = (s._mm256_unpacklo_epi64(ef0, gh0), s._mm256_unpackhi_epi64(ef0, gh0));
    let (eh2, eh3) = (s._mm256_unpacklo_epi64(ef1, gh1), s._mm256_unpackhi_epi64(ef1, gh1));
    [
        s._mm256_permute2x128_si256::<0x20>(ad0, eh0),
        s._mm256_permute2x128_si256::<0x20>(ad1, eh1),
        s._mm256_permute2x128_si256::<0x20>(ad2, eh2),
        s._mm256_permute2x128_si256::<0x20>(ad3, eh3),
        s._mm256_permute2x128_si256::<0x31>(ad0, eh0),
        s._mm256_permute2x128_si256::<0x31>(ad1, eh1),
        s._mm256_permute2x128_si256::<0x31>(ad2, eh2),
        s._mm256_permute2x128_si256::<0x31>(ad3, eh3),
    ]
}
