//! The socket and interop tests again and again while every core is busy: what then fails once is flaky.

use std::collections::BTreeMap;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::python;
use crate::shell::{Outcome, cargo, listen, must};

const PACKAGES: [&str; 4] = ["--package", "zeroxide", "--package", "zeroxide-testing"];

/// Runs them so many times; `filter` is a part of the names to run.
pub(crate) fn run(times: &str, filter: Option<&str>) -> Result<(), String> {
    let times: usize = times.parse().map_err(|_| format!("not a number of rounds: {times}"))?;
    python::ready()?;
    must(cargo(&["nextest", "run", "--no-run"]).args(PACKAGES)).map_err(|reason| {
        format!("{reason}\nstress needs cargo-nextest: cargo install --locked cargo-nextest")
    })?;
    let mut failures: BTreeMap<String, usize> = BTreeMap::new();
    let mut bad_rounds = 0;
    for number in 1..=times {
        println!("\n=== round {number} of {times}");
        let outcome = loaded(|| round(filter))?;
        bad_rounds += usize::from(!outcome.succeeded);
        outcome.tally.failures.into_iter().for_each(|name| *failures.entry(name).or_default() += 1);
    }
    println!("\n=== summary");
    for (name, count) in &failures {
        println!("failed in {count} of {times} rounds: {name}");
    }
    println!("{} passed, {bad_rounds} failed", times - bad_rounds);
    if bad_rounds == 0 { Ok(()) } else { Err(format!("{bad_rounds} of {times} rounds failed")) }
}

fn round(filter: Option<&str>) -> Result<Outcome, String> {
    let arguments = ["nextest", "run", "--no-fail-fast", "--config-file", "testing/nextest.toml"];
    listen(cargo(&arguments).args(["--status-level", "fail"]).args(PACKAGES).args(filter))
}

/// One spinning thread per core for as long as `work` takes.
fn loaded<T>(work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    spin_loop();
                }
            });
        }
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })
}
