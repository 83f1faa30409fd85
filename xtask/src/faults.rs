//! What goes wrong, for as long as there is time: every fault at every call, chaos again and again, seeds of the simulation.
//! The tests have bounded versions of all three.

use crate::shell::{cargo, must};

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
