//! What goes wrong, for as long as there is time: every fault at every call, chaos again and again, seeds of the simulation.
//! The tests have bounded versions of all three.

use crate::shell::{cargo, must};
use std::time::{Duration, Instant};

/// Every kind of failure of every system call of every conversation, or of those with this in their names; then too few
/// descriptors. Tells how many failures that were.
pub(crate) fn sweep(name: Option<&str>) -> Result<(), String> {
    let arguments = ["test", "--release", "--package", "zeroxide", "--test", "fault_sweep", "--"];
    let mut sweep = cargo(&arguments);
    must(sweep.args(["--nocapture", "--test-threads=1"]).args(name).env("ZEROXIDE_FAULTS", "whole"))?;
    if name.is_some() {
        return Ok(());
    }
    let arguments = ["test", "--release", "--package", "zeroxide", "--test", "fault_descriptors"];
    must(&mut cargo(&arguments))
}

/// The chaos suite with its large numbers, again until the time is over.
pub(crate) fn chaos(minutes: &str) -> Result<(), String> {
    let minutes: u64 = minutes.parse().map_err(|_| format!("not a number of minutes: {minutes}"))?;
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut rounds = 0;
    loop {
        let arguments = ["test", "--release", "--package", "zeroxide", "--test", "chaos"];
        must(cargo(&arguments).env("ZEROXIDE_CHAOS", "long"))?;
        rounds += 1;
        if Instant::now() >= end {
            println!("{rounds} rounds of chaos");
            return Ok(());
        }
    }
}

/// The simulation: seeds from this one on, as many as fit into some minutes.
pub(crate) fn simulate(minutes: &str, from: &str) -> Result<(), String> {
    let settings = [("ZEROXIDE_SIMULATE_MINUTES", minutes), ("ZEROXIDE_SIMULATE_FROM", from)];
    play("as_many_seeds_as_there_is_time_for", &settings)
}

/// One story of the simulation, as it went the last time.
pub(crate) fn simulate_one(seed: &str) -> Result<(), String> {
    play("one_seed_that_was_asked_for", &[("ZEROXIDE_SIMULATE_SEED", seed)])
}

fn play(story: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    let program = ["test", "--release", "--package", "zeroxide-testing", "--test", "simulation", "--"];
    must(cargo(&program).args(["--exact", story, "--nocapture"]).envs(settings.iter().copied()))
}
