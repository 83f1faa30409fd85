//! The fuzz targets without a fuzzer: every octet string of the corpora, and a bounded number of seeded changes to them.
//! `cargo xtask fuzz` goes on from there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::{fs, path::Path};

/// xorshift64*: the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }
}

/// A line an input, in hexadecimal digits.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name).with_extension("hex");
    let text = fs::read_to_string(&path).expect("each target has a corpus");
    let octet = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    let inputs: Vec<Vec<u8>> =
        text.lines().map(|line| line.as_bytes().chunks(2).map(octet).collect()).collect();
    assert!(!inputs.is_empty(), "{name} has an empty corpus");
    inputs
}

fn change(octets: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(octets.len() + 1);
        match numbers.below(6) {
            0 if at < octets.len() => octets[at] ^= 1 << numbers.below(8),
            1 if at < octets.len() => octets[at] = [0, 1, 0x7F, 0x80, 0xFF][numbers.below(5)],
            2 => octets.insert(at, numbers.below(256) as u8),
            3 => octets.truncate(at),
            4 => octets.extend_from_slice(&other[numbers.below(other.len() + 1)..]),
            _ => octets.splice(at..at, other.iter().copied().take(8)).for_each(drop),
        }
    }
}

/// What was thrown stands in the message if it breaks something.
fn run(name: &str, target: targets::Target, input: &[u8]) {
    let thrown = std::panic::catch_unwind(|| target(input));
    assert!(thrown.is_ok(), "{name} breaks on {input:02x?}");
}

fn hold(name: &str, changes: usize) {
    let &(_, target) = targets::ALL.iter().find(|(known, _)| *known == name).expect("a target has this name");
    let inputs = corpus(name);
    inputs.iter().for_each(|input| run(name, target, input));
    let mut numbers = Numbers(0x2016_0705);
    for _ in 0..changes {
        let mut input = inputs[numbers.below(inputs.len())].clone();
        change(&mut input, &inputs[numbers.below(inputs.len())], &mut numbers);
        run(name, target, &input);
    }
}

/// Each target in a test of its own, with as many changed inputs as take about a second.
macro_rules! targets_hold {
    ($($name:ident: $changes:expr),* $(,)?) => {
        $(#[test] fn $name() { hold(stringify!($name), $changes) })*

        #[test]
        fn each_target_is_here() {
            let here = [$(stringify!($name)),*];
            assert_eq!(here, targets::ALL.map(|(name, _)| name));
        }
    };
}

// An agreement on keys takes milliseconds in a build without optimisations.
targets_hold! {
    command: 10_000,
    curve_handshake: 30,
    datagram: 10_000,
    decoder: 1_000,
    endpoint: 5_000,
    greeting_handshake: 5_000,
    handshakes: 60,
    machines: 3_000,
    metadata: 10_000,
    plain_handshake: 3_000,
    subscriptions: 3_000,
    z85: 10_000,
}

#[test]
fn a_handshake_of_each_mechanism_cut_into_portions_of_every_size_is_the_same_as_in_one() {
    let (_, handshakes) = targets::ALL.into_iter().find(|(name, _)| *name == "handshakes").unwrap();
    for mechanism in 0..3 {
        for portion in (1..=u8::MAX).filter(|portion| mechanism < 2 || portion % 16 < 2) {
            for kind in 0..5 {
                if mechanism < 2 || kind == 2 {
                    handshakes(&[mechanism, kind, 5, portion]);
                }
            }
        }
    }
}
