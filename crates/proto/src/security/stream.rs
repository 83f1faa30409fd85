//! The key stream of Salsa20 under one key, by the widest way the processor has.
//!
//! A wide way makes eight blocks in the time of one. Those that a message does not need are kept for the next ones, whose
//! nonces are known: they count up. Most messages are as long as the one before, so they find all they need, or all but
//! a multiple of eight blocks.
//!
//! ```text
//! message 7, 3 blocks   message 8             message 9             lanes of one pass
//! | 7.0 | 7.1 | 7.2     | 8.0 | 8.1 | 8.2     | 9.0 | 9.1 |
//! ```

use salsa20::{
    Salsa20,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};
use zeroize::Zeroize;

/// Octets of a block.
pub(super) const BLOCK: usize = 64;
/// Octets of the key stream in front of those for the text; they are the key of the tag.
pub(super) const TAG_KEY_SIZE: usize = 32;
/// Blocks made at once.
const LANES: usize = 8;

/// A key, and what is ready of its key stream.
pub(super) struct KeyStream {
    key: [u8; 32],
    way: Way,
    ready: [u8; LANES * BLOCK],
    /// Message and block of each lane that is ready.
    places: [(u64, u64); LANES],
    /// Lanes used already, and lanes filled.
    used: usize,
    filled: usize,
}

/// How blocks are made.
#[derive(Clone, Copy, Debug)]
enum Way {
    Narrow,
    #[cfg(target_arch = "x86_64")]
    Wide(super::wide::Width),
}

impl Way {
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(width) = super::wide::Width::best() {
            return Self::Wide(width);
        }
        Self::Narrow
    }
}

impl Drop for KeyStream {
    fn drop(&mut self) {
        self.key.zeroize();
        self.ready.zeroize();
    }
}

impl KeyStream {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self::by(Way::best(), key)
    }

    const fn by(way: Way, key: [u8; 32]) -> Self {
        Self { key, way, ready: [0; LANES * BLOCK], places: [(0, 0); LANES], used: 0, filled: 0 }
    }

    /// The key of the tag of message `number` with `size` octets of text; the nonce is the number, with its highest octet
    /// first.
    #[inline]
    pub(super) fn tag_key(&mut self, number: u64, size: usize) -> [u8; TAG_KEY_SIZE] {
        if !self.find(number, 0) {
            self.fill(number, 0, blocks_of(size));
        }
        let ready = self.ready.get(self.used * BLOCK..).unwrap_or_default();
        ready.first_chunk().copied().unwrap_or_default()
    }

    /// Encrypts or decrypts the text of message `number` in place.
    #[inline]
    pub(super) fn apply(&mut self, number: u64, text: &mut [u8]) {
        let blocks = blocks_of(text.len());
        if !self.find(number, 0) {
            self.fill(number, 0, blocks);
        }
        let (rest, block) = self.apply_ready(number, 0, text);
        if block >= blocks {
            return;
        }
        let (runs, rest) = rest.as_chunks_mut::<{ LANES * BLOCK }>();
        self.apply_runs(number, block, runs);
        let block = block + (runs.len() * LANES) as u64;
        if block < blocks {
            self.fill(number, block, blocks);
            self.apply_ready(number, block, rest);
        }
    }

    /// As far as blocks are ready; returns what is left of the text, and its first block.
    #[inline]
    fn apply_ready<'a>(&mut self, number: u64, block: u64, text: &'a mut [u8]) -> (&'a mut [u8], u64) {
        if !self.find(number, block) {
            return (text, block);
        }
        let lanes = self.places.get(self.used..self.filled).unwrap_or_default();
        let lanes = lanes.iter().take_while(|(message, _)| *message == number).count();
        let begin = self.used * BLOCK + if block == 0 { TAG_KEY_SIZE } else { 0 };
        self.used += lanes;
        let stream = self.ready.get(begin..self.used * BLOCK).unwrap_or_default();
        let (text, rest) = text.split_at_mut(stream.len().min(text.len()));
        for (octet, key) in text.iter_mut().zip(stream) {
            *octet ^= key;
        }
        (rest, block + lanes as u64)
    }

    /// Whether a block is ready; what stands before it is passed over.
    #[inline]
    fn find(&mut self, number: u64, block: u64) -> bool {
        while let Some(place) = self.places.get(self.used..self.filled).and_then(<[_]>::first) {
            if *place == (number, block) {
                return true;
            }
            self.used += 1;
        }
        false
    }

    /// Makes blocks ready: from this one of this message on to its end, then those of the next messages, should they be as
    /// long.
    fn fill(&mut self, number: u64, block: u64, blocks: u64) {
        self.used = 0;
        match self.way {
            Way::Narrow => {
                let wanted = blocks.saturating_sub(block).min(LANES as u64) as usize;
                for (lane, place) in self.places.iter_mut().enumerate().take(wanted) {
                    *place = (number, block + lane as u64);
                }
                let ready = self.ready.get_mut(..wanted * BLOCK).unwrap_or_default();
                ready.fill(0);
                apply_narrow(&self.key, number, block, ready);
                self.filled = wanted;
            }
            #[cfg(target_arch = "x86_64")]
            Way::Wide(width) => {
                let mut next = (number, block);
                for place in &mut self.places {
                    *place = next;
                    next.1 += 1;
                    if next.1 >= blocks {
                        next = (next.0.wrapping_add(1), 0);
                    }
                }
                let places = self.places.map(|(number, block)| (number.swap_bytes(), block));
                width.blocks(&state(&self.key), &places, &mut self.ready);
                self.filled = LANES;
            }
        }
    }

    /// Whole runs from a block on.
    fn apply_runs(&self, number: u64, block: u64, runs: &mut [[u8; LANES * BLOCK]]) {
        match self.way {
            Way::Narrow => apply_narrow(&self.key, number, block, runs.as_flattened_mut()),
            #[cfg(target_arch = "x86_64")]
            Way::Wide(width) => width.apply(&state(&self.key), number.swap_bytes(), block, runs),
        }
    }
}

/// Blocks of the key stream for so much text, and the key of its tag.
#[inline]
fn blocks_of(size: usize) -> u64 {
    (TAG_KEY_SIZE as u64 + size as u64).div_ceil(BLOCK as u64)
}

fn apply_narrow(key: &[u8; 32], number: u64, block: u64, text: &mut [u8]) {
    let mut cipher = Salsa20::new(key.into(), (&number.to_be_bytes()).into());
    cipher.seek(block * BLOCK as u64);
    cipher.apply_keystream(text);
}

/// The words that each block begins with, its nonce and number left out.
#[cfg(target_arch = "x86_64")]
#[inline]
fn state(key: &[u8; 32]) -> [u32; 16] {
    let mut words = [0; 8];
    for (word, octets) in words.iter_mut().zip(key.as_chunks().0) {
        *word = u32::from_le_bytes(*octets);
    }
    let [a, b, c, d, e, f, g, h] = words;
    let (first, second, third, fourth) = (0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574);
    [first, a, b, c, d, second, 0, 0, 0, 0, third, e, f, g, h, fourth]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ways() -> Vec<Way> {
        let mut ways = vec![Way::Narrow];
        #[cfg(target_arch = "x86_64")]
        ways.extend(crate::security::wide::Width::all().into_iter().map(Way::Wide));
        ways
    }

    /// Key of the tag and text, as the plain cipher has them.
    fn judged(key: &[u8; 32], number: u64, text: &[u8]) -> Vec<u8> {
        let mut whole = [&[0; TAG_KEY_SIZE], text].concat();
        apply_narrow(key, number, 0, &mut whole);
        whole
    }

    fn check(stream: &mut KeyStream, number: u64, text: &[u8], with_key: bool) {
        let expected = judged(&stream.key, number, text);
        let mut changed = text.to_vec();
        if with_key {
            assert_eq!(stream.tag_key(number, text.len()), expected[..TAG_KEY_SIZE], "{number}");
        }
        stream.apply(number, &mut changed);
        assert!(changed == expected[TAG_KEY_SIZE..], "{:?} {number} {}", stream.way, text.len());
    }

    #[test]
    fn a_text_of_any_length_is_that_of_the_plain_cipher() {
        let text: Vec<u8> = (0..70_000_u32).map(|at| (at * 7) as u8).collect();
        for way in ways() {
            let mut counting = KeyStream::by(way, [5; 32]);
            for (number, size) in (0..1_100).chain([4_095, 4_096, 4_097, 8_160, 65_537, 70_000]).enumerate() {
                // With nothing ready, and with what the message before has left.
                check(&mut KeyStream::by(way, [6; 32]), 0x0102_0304_0506_0708, &text[..size], true);
                check(&mut counting, number as u64, &text[..size], true);
                check(&mut counting, number as u64, &text[..size], false);
            }
        }
    }

    #[test]
    fn a_hundred_messages_of_any_one_length_count_up() {
        for way in ways() {
            for size in [0, 1, 31, 32, 33, 64, 95, 96, 97, 160, 200, 300, 479, 480, 481, 1_025] {
                let mut stream = KeyStream::by(way, [size as u8; 32]);
                for number in u64::from(u32::MAX) - 20..u64::from(u32::MAX) + 80 {
                    check(&mut stream, number, &vec![1; size], true);
                }
                check(&mut stream, u64::MAX, &vec![1; size], true);
            }
        }
    }

    proptest! {
        #[test]
        fn messages_of_any_lengths_and_numbers_are_those_of_the_plain_cipher(
            key: [u8; 32],
            start: u64,
            messages in proptest::collection::vec((0..4_u64, 0..1_500_usize, any::<bool>()), 1..20),
        ) {
            for way in ways() {
                let mut stream = KeyStream::by(way, key);
                let mut number = start;
                for (step, size, with_key) in &messages {
                    number = number.wrapping_add(*step);
                    check(&mut stream, number, &vec![3; *size], *with_key);
                }
            }
        }

        #[test]
        fn blocks_beyond_those_of_32_bits_are_too(
            key: [u8; 32],
            number: u64,
            block in prop_oneof![Just(u64::from(u32::MAX) - 3), Just(u64::from(u32::MAX) + 1), 0..1_u64 << 57],
        ) {
            let mut expected = [[0; LANES * BLOCK]; 2];
            apply_narrow(&key, number, block, expected.as_flattened_mut());
            for way in ways() {
                let mut runs = [[0; LANES * BLOCK]; 2];
                KeyStream::by(way, key).apply_runs(number, block, &mut runs);
                prop_assert_eq!(runs, expected);
            }
        }
    }
}
