//! What a message costs, in instructions and allocations: figures that no busy machine can blur. Callgrind counts them.
//!
//! `check` compares with `bench/costs.json` and fails if something costs more; `record` writes it anew, or some lines of it.
//! Each cost is the difference of a long run and a short one, so that beginning and ending do not count.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program exists to print")]

mod callgrind;
mod capi;
mod check;
mod peer;
mod record;
mod toolchain;
mod work;

use check::{Verdict, compare};
use record::{Cost, Record};
use std::{env, process::ExitCode};
use work::{Threads, Work};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["run", name, messages] => run(name, messages),
        ["record", names @ ..] => record(names),
        ["check"] => check(),
        _ => Err("usage: zeroxide-costs check | record [BEGINNING OF A NAME]...".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What callgrind watches.
fn run(name: &str, messages: &str) -> Result<(), String> {
    let messages = messages.parse().map_err(|_| format!("not a number: {messages}"))?;
    let work = work::ALL.iter().find(|work| work.name == name).ok_or_else(|| format!("no work {name}"))?;
    (work.run)(messages)
}

/// Records all works, or those that are named; the others stay as they are if they were counted with the same tools.
fn record(names: &[&str]) -> Result<(), String> {
    let toolchain = toolchain::toolchain()?;
    let named = |work: &&Work| names.is_empty() || names.iter().any(|name| work.name.starts_with(name));
    let mut all = if names.is_empty() { Record::default() } else { record::read()? };
    if !names.is_empty() && all.toolchain != toolchain {
        return Err(format!("the others were counted with other tools: {}", all.toolchain));
    }
    for work in work::ALL.iter().filter(named) {
        all.costs.insert(work.name.to_owned(), measure(work)?);
    }
    record::write(&Record { toolchain, ..all })
}

fn measure(work: &Work) -> Result<Cost, String> {
    let cost = callgrind::difference(work)?;
    println!(
        "{:28} {:>9.1} instructions {:>6.2} allocations",
        work.name, cost.instructions, cost.allocations
    );
    Ok(cost)
}

/// Where threads meet, a count may be too high, and never too low: what looks worse is counted again so many times.
const SECOND_LOOKS: usize = 3;

fn check() -> Result<(), String> {
    let (before, toolchain) = (record::read()?, toolchain::toolchain()?);
    let same_tools = before.toolchain == toolchain;
    let mut all = Verdict::default();
    for work in work::ALL {
        let mut verdict = compare(work, &measure(work)?, &before, same_tools);
        let looks = if work.threads == Threads::All { SECOND_LOOKS } else { 0 };
        for _ in 0..looks {
            if verdict.worse.is_empty() || !before.costs.contains_key(work.name) {
                break;
            }
            verdict = compare(work, &measure(work)?, &before, same_tools);
        }
        all.worse.append(&mut verdict.worse);
        all.better.append(&mut verdict.better);
    }
    for name in before.costs.keys().filter(|name| work::ALL.iter().all(|work| work.name != **name)) {
        all.worse.push(format!("{name}: on record, but no work"));
    }
    if !same_tools {
        println!(
            "\nOnly allocations were compared. The instructions on record were counted with\n  {}\nand these with\n  {toolchain}\n\
             If that is the new state of things, run `cargo xtask costs record` on a commit whose costs are known to be good, and commit bench/costs.json.",
            before.toolchain
        );
    }
    for better in &all.better {
        println!("better: {better}; `cargo xtask costs record` keeps it so");
    }
    if all.worse.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nIf it is worth that much, run `cargo xtask costs record`, commit bench/costs.json and say why.",
        all.worse.join("\n")
    ))
}
