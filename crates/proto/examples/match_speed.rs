//! What finding the subscribers of a message costs, in nanoseconds, with few topics and with a million, beside what one
//! access to memory costs here: `cargo run --release -p zeroxide-proto --example match_speed`.
//!
//! Topics are asked for in random order, so that nothing but the size of the index decides what is in a cache.

#![expect(clippy::indexing_slicing, reason = "a measurement, not part of the library")]

use std::{collections::HashSet, hint::black_box, time::Instant};
use zeroxide_proto::{PeerId, routing::Subscriptions};

/// Of each figure: the best counts, for others may use the machine.
const RUNS: usize = 5;
const CALLS: usize = 200_000;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|other| other == name);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    if is_wanted("memory") {
        for mebioctets in [1, 8, 32, 128] {
            say(
                &format!("one load in {mebioctets} MiB, each after the other"),
                chase(&mut random, mebioctets << 20),
            );
        }
    }
    let kinds: [(&str, Make); 4] =
        [("digits", digits), ("words", words), ("names", names), ("octets", octets)];
    for (kind, make) in kinds.into_iter().filter(|(kind, _)| is_wanted(kind)) {
        for topics in [10, 10_000, 1_000_000] {
            measure(kind, make, topics, &mut random);
        }
    }
}

/// Makes the topic of a number.
type Make = fn(usize, &mut Random) -> Vec<u8>;

fn measure(kind: &str, make: Make, count: usize, random: &mut Random) {
    let mut distinct = HashSet::new();
    let mut number = 0;
    while distinct.len() < count {
        distinct.insert(make(number, random));
        number += 1;
    }
    let mut topics: Vec<Vec<u8>> = distinct.into_iter().collect();
    topics.sort_unstable();
    let start = Instant::now();
    let mut subscriptions = Subscriptions::new();
    for topic in &topics {
        subscriptions.add(PeerId(0), topic);
    }
    let added = start.elapsed().as_nanos() as f64 / count as f64;
    let memory = subscriptions.memory() as f64 / count as f64;
    // The messages stand one behind the other: they are no part of the cost.
    let calls = CALLS.min(count * 1000);
    let mut order: Vec<usize> = (0..calls).map(|_| random.below(count)).collect();
    let mut texts = Vec::new();
    let mut starts = vec![0];
    for at in &order {
        texts.extend_from_slice(&topics[*at]);
        texts.resize(texts.len() + 56, b' ');
        starts.push(texts.len());
    }
    order.clear();
    let text = |call: usize| &texts[starts[call]..starts[call + 1]];
    let (mut matches, mut any) = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let start = Instant::now();
        for call in 0..calls {
            subscriptions.matches(black_box(text(call)), |peer| {
                black_box(peer);
            });
        }
        matches = matches.min(start.elapsed().as_nanos() as f64 / calls as f64);
        let start = Instant::now();
        for call in 0..calls {
            black_box(subscriptions.any_match(black_box(text(call))));
        }
        any = any.min(start.elapsed().as_nanos() as f64 / calls as f64);
    }
    say(&format!("{kind}, {count} topics: matches"), matches);
    say(&format!("{kind}, {count} topics: any_match"), any);
    say(&format!("{kind}, {count} topics: add"), added);
    say(&format!("{kind}, {count} topics: octets of memory for each"), memory);
    let start = Instant::now();
    subscriptions.remove_peer(PeerId(0));
    say(&format!("{kind}, {count} topics: remove"), start.elapsed().as_nanos() as f64 / count as f64);
}

fn say(what: &str, number: f64) {
    #[expect(clippy::print_stdout, reason = "this program exists to print")]
    {
        println!("{what:56} {number:8.1}");
    }
}

/// As `bench/versus` has them: all of one length, numbered.
fn digits(number: usize, _: &mut Random) -> Vec<u8> {
    format!("t{number:07}").into_bytes()
}

/// Paths of words, of many lengths.
fn words(_: usize, random: &mut Random) -> Vec<u8> {
    const WORDS: [&str; 20] = [
        "market",
        "stock",
        "bond",
        "fx",
        "eu",
        "us",
        "asia",
        "tick",
        "trade",
        "quote",
        "depth",
        "book",
        "level",
        "a",
        "id",
        "status",
        "alarm",
        "temperature",
        "pressure",
        "rome",
    ];
    let mut topic = Vec::new();
    for _ in 0..3 + random.below(3) {
        topic.extend_from_slice(WORDS[random.below(WORDS.len())].as_bytes());
        topic.push(b'.');
    }
    topic.extend_from_slice(random.below(5000).to_string().as_bytes());
    topic
}

/// Names as UUIDs are written.
fn names(_: usize, random: &mut Random) -> Vec<u8> {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:016x}",
        random.next() as u32,
        random.next() as u16,
        random.below(4096),
        random.next()
    )
    .into_bytes()
}

/// Sixteen octets of any value.
fn octets(_: usize, random: &mut Random) -> Vec<u8> {
    [random.next().to_le_bytes(), random.next().to_le_bytes()].concat()
}

/// What a load costs whose address the load before it brought.
fn chase(random: &mut Random, octets: usize) -> f64 {
    const LINE: usize = 8;
    let lines = octets / 64;
    let mut order: Vec<usize> = (0..lines).collect();
    for at in (1..lines).rev() {
        order.swap(at, random.below(at + 1));
    }
    let mut memory = vec![0; lines * LINE];
    for pair in order.windows(2) {
        memory[pair[0] * LINE] = pair[1] * LINE;
    }
    memory[order[lines - 1] * LINE] = order[0] * LINE;
    let (mut at, mut best) = (0, f64::MAX);
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..CALLS {
            at = memory[at];
        }
        best = best.min(start.elapsed().as_nanos() as f64 / CALLS as f64);
    }
    black_box(at);
    best
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}
