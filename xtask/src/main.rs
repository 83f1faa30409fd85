//! The project's chores, one verb a file. Nothing but the standard library, so that it builds in a moment.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a terminal")]

mod costs;
mod debian;
mod drop_in;
mod faults;
mod fuzz;
mod install;
mod libzmq_tests;
mod programs;
mod python;
mod pyzmq;
mod report;
mod sanitize;
mod seeds;
mod shell;
mod soak;
mod stress;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB
  test               everything that must hold: style, lints, tests, doctests, loom models, interop with libzmq
  ci                 the same
  tidy               only the house rules
  python             make the Python environment with libzmq's peer, and print its interpreter
  install --prefix DIR [--from DIR]
                     the drop-in libzmq.so.5 with headers, pkg-config and CMake files; from a folder where it is built
  drop-in [--from DIR]
                     Debian's Python binding, and a program of its CZMQ, on our library
  pyzmq [--from DIR] [FILTER]
                     pyzmq's own tests on our library, built in release mode or taken from a folder
  libzmq-tests [DIR] [--from DIR] [--only WORD]
                     libzmq's own test programs on our library; from cargo's store or a tree of its sources
  programs [--from DIR]
                     Jupyter, ipyparallel, Locust, aiozmq, and C++, PHP, Ruby, Perl bindings on our library; npm's at the
                     other end
  czmq SOURCES [--from DIR]
                     CZMQ's own tests, built from a tree of its sources, on our library
  seeds DIR [--from DIR]
                     the C programs of documents in a folder, as they are, on our library: what compiles, what behaves
  stress N [FILTER]  the socket and interop tests N times with every core loaded; tells what was flaky
  faults [NAME]      every kind of failure of every system call, one by one, and too few descriptors; NAME is a part of
                     the names of the conversations to have
  chaos [MINUTES]    the chaos suite with large numbers, again until the time is over
  simulate MINUTES [FROM]
                     the library's own code in a seeded network in virtual time, seed after seed
  simulate seed N    one of its stories again
  costs [record]     instructions and allocations per message, compared with bench/costs.json or recorded there
  soak handshakes [N [TYPE,TYPE]]
                     N (a million) handshakes that fail, on a socket of each type: what is left of them in memory
  soak silent [N]    throughput alone, and beside N (ten thousand) connections that never speak
  fuzz [SECONDS]     each fuzz target so long, 60 if not said, with executions and coverage (needs cargo-fuzz)
  fuzz keep          writes what was found, minimised, into the corpora
  sanitize [KIND]    tests under the address sanitizer, or the thread sanitizer (needs rust-src)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test" | "ci"] => test::run(),
        ["tidy"] => tidy::run(),
        ["python"] => python::print(),
        ["install", "--prefix", prefix] => install::run(prefix, None),
        ["install", "--prefix", prefix, "--from", built] => install::run(prefix, Some(built)),
        ["drop-in"] => drop_in::run(None),
        ["drop-in", "--from", built] => drop_in::run(Some(built)),
        ["pyzmq"] => pyzmq::run(None, None),
        ["pyzmq", "--from", built] => pyzmq::run(Some(built), None),
        ["pyzmq", "--from", built, filter] => pyzmq::run(Some(built), Some(filter)),
        ["pyzmq", filter] => pyzmq::run(None, Some(filter)),
        ["libzmq-tests", words @ ..] => match libzmq_tests::Wanted::read(words) {
            Some(wanted) => libzmq_tests::run(&wanted),
            None => Err(HELP.to_owned()),
        },
        ["programs"] => programs::run(None),
        ["programs", "--from", built] => programs::run(Some(built)),
        ["czmq", source] => programs::czmq(source, None),
        ["czmq", source, "--from", built] => programs::czmq(source, Some(built)),
        ["seeds", documents] => seeds::run(documents, None),
        ["seeds", documents, "--from", built] => seeds::run(documents, Some(built)),
        ["stress", times] => stress::run(times, None),
        ["stress", times, filter] => stress::run(times, Some(filter)),
        ["faults"] => faults::sweep(None),
        ["faults", name] => faults::sweep(Some(name)),
        ["chaos"] => faults::chaos("1"),
        ["chaos", minutes] => faults::chaos(minutes),
        ["simulate", "seed", seed] => faults::simulate_one(seed),
        ["simulate", minutes] => faults::simulate(minutes, "0"),
        ["simulate", minutes, from] => faults::simulate(minutes, from),
        ["costs"] => costs::check(),
        ["costs", "record"] => costs::record(),
        ["soak", "handshakes"] => soak::handshakes("1000000", None),
        ["soak", "handshakes", count] => soak::handshakes(count, None),
        ["soak", "handshakes", count, types] => soak::handshakes(count, Some(types)),
        ["soak", "silent"] => soak::silent("10000"),
        ["soak", "silent", count] => soak::silent(count),
        ["fuzz"] => fuzz::run("60"),
        ["fuzz", "keep"] => fuzz::keep(),
        ["fuzz", seconds] => fuzz::run(seconds),
        ["sanitize"] => sanitize::run("address"),
        ["sanitize", kind] => sanitize::run(kind),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
