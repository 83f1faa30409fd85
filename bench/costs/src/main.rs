//! What a message costs, in instructions and allocations: figures that no busy machine can blur. Callgrind counts them.
//!
//! `check` compares with `bench/costs.json` and fails if something costs more; `record` writes it anew. Each cost is
//! the difference of a long run and a short one, so that beginning and ending do not count.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program exists to print")]

mod callgrind;
mod record;
mod work;

use record::{Cost, Record};
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["run", name, messages] => run(name, messages),
        ["record"] => measure().and_then(|measured| record::write(&measured)),
        ["check"] => measure().and_then(|measured| check(&measured)),
        _ => Err("usage: zeroxide-costs check | record".to_owned()),
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

fn measure() -> Result<Record, String> {
    work::ALL
        .iter()
        .map(|work| {
            let cost = callgrind::difference(work.name, work.messages)?;
            println!(
                "{:28} {:>9.1} instructions {:>6.2} allocations",
                work.name, cost.instructions, cost.allocations
            );
            Ok((work.name.to_owned(), cost))
        })
        .collect()
}

fn check(measured: &Record) -> Result<(), String> {
    let before = record::read()?;
    let mut worse = vec![];
    for work in work::ALL {
        let (Some(now), Some(then)) = (measured.get(work.name), before.get(work.name)) else {
            worse.push(format!("{}: not on record", work.name));
            continue;
        };
        let mut compare = |what: &str, pick: fn(&Cost) -> f64, slack: f64| {
            let (now, then) = (pick(now), pick(then));
            if now > then * (1.0 + work.tolerance) + slack {
                worse.push(format!("{}: {now:.2} {what}, had {then:.2}", work.name));
            } else if now < then * (1.0 - work.tolerance) - slack {
                println!("{}: {now:.2} {what} instead of {then:.2}: record it", work.name);
            }
        };
        compare("instructions", |cost| cost.instructions, 1.0);
        compare("allocations", |cost| cost.allocations, 0.01);
    }
    if worse.is_empty() { Ok(()) } else { Err(worse.join("\n")) }
}
