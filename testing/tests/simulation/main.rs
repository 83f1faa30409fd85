//! The library's own contexts, sockets, sessions and connections in a network that a seed decides, in virtual time.
//!
//! ```text
//!   host (a simulated context) -- unix socket --> cable -- unix socket --> host
//!                                                 latency, window, frozen, cut at an octet, refused
//! ```
//! One thread does everything, so a seed is the whole story: a failure prints it, and the same seed fails again. The kernel
//! is used for its buffers only. What blocks threads is not in here (waiting calls, seats), nor TCP's own connecting; both
//! have their tests elsewhere. `cargo xtask simulate` plays as many seeds as there is time for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a failure here is the failure of the test"
)]

mod cable;
mod ledger;
mod pattern;
mod random;
mod story;
mod world;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};
use story::play;

/// What went wrong is told with the seed that repeats it.
fn seeds(range: std::ops::Range<u64>) {
    for seed in range {
        let played = catch_unwind(|| play(seed));
        assert!(played.is_ok(), "again: cargo xtask simulate seed {seed}");
    }
}

#[test]
fn whatever_a_network_does_what_was_promised_comes_or_is_counted() {
    seeds(0..40);
}

#[test]
fn whatever_else_it_does_too() {
    seeds(1_000_000..1_000_040);
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 10..20 {
        assert_eq!(play(seed), play(seed), "seed {seed}");
    }
}

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

/// What `cargo xtask simulate seed N` runs.
#[test]
fn one_seed_that_was_asked_for() {
    println!("{:#?}", play(setting("ZEROXIDE_SIMULATE_SEED").unwrap_or(7)));
}

/// What `cargo xtask simulate MINUTES` runs; a second of it otherwise.
#[test]
fn as_many_seeds_as_there_is_time_for() {
    let minutes = setting("ZEROXIDE_SIMULATE_MINUTES");
    let end =
        Instant::now() + minutes.map_or(Duration::from_secs(1), |minutes| Duration::from_secs(60 * minutes));
    let first = setting("ZEROXIDE_SIMULATE_FROM").unwrap_or(2_000_000);
    let (mut seed, mut failed) = (first, Vec::new());
    let (mut simulated, mut sent, mut received, mut lost, mut broken) = (Duration::ZERO, 0, 0, 0, 0);
    while Instant::now() < end {
        match catch_unwind(|| play(seed)) {
            Ok(outcome) => {
                simulated += outcome.age;
                sent += outcome.sent;
                received += outcome.received;
                lost += outcome.counted_losses;
                broken += outcome.broken;
            }
            Err(_) => failed.push(seed),
        }
        seed += 1;
    }
    println!(
        "{} seeds from {first}, {:.1} simulated hours: {sent} messages sent, {received} received, {lost} losses counted, \
         {broken} connections or processes broken, {} seeds failed",
        seed - first,
        simulated.as_secs_f64() / 3600.0,
        failed.len()
    );
    assert!(failed.is_empty(), "again: cargo xtask simulate seed {failed:?}");
}
