//! Tests under the address or the thread sanitizer.
//!
//! The stable toolchain has their runtimes but hides the flags; RUSTC_BOOTSTRAP=1 shows them. Proc-macros and build
//! scripts are built for the host without the flag, which is why the target is named.
//!
//! The thread sanitizer sees only what is instrumented. With the standard library as it is shipped, what a contended
//! `Mutex` or a parked thread synchronises stays invisible, and every value behind a lock looks like a race: so it builds
//! the standard library too, where its sources are there (`rustup component add rust-src`). Where they are not, it runs
//! `zeroxide-pipe` alone, in which all that threads share goes through one lock that can spin instead (its README).

use std::path::PathBuf;
use std::process::Command;

use crate::python;
use crate::report::{Expect, Report};
use crate::shell::{cargo, command, root};

const PACKAGES: [&str; 4] = ["zeroxide-pipe", "zeroxide-net", "zeroxide-proto", "zeroxide"];

/// What these assert is how little memory the process takes; a sanitizer takes several times as much.
const ASSERT_MEMORY: [&str; 10] = [
    "a_connection_that_is_not_let_in_yet_costs_less_than_four_kibioctets",
    "a_message_whose_end_never_comes_is_forgotten_with_its_connection",
    "a_trie_of_one_branch_a_node_for_each_octet_goes_with_its_peer",
    "an_initiate_of_another_length_is_refused_by_every_type",
    "of_ten_thousand_who_say_nothing_only_as_many_stay_as_may",
    "ten_thousand_peers_cost_little_and_every_one_is_served",
    "two_thousand_idle_peers_of_a_router_cost_less_than_twelve_kibioctets_each",
    "what_a_type_does_not_take_is_dropped_and_counted",
    "what_fails_leaves_nothing_behind_on_a_socket_of_any_type",
    "what_fails_under_a_mechanism_leaves_nothing_behind",
];

/// Runs the tests under this sanitizer.
pub(crate) fn run(kind: &str) -> Result<(), String> {
    let host = host()?;
    let (name, mut tests) = match kind {
        "address" => ("address sanitizer", tests_under(kind, &host, &PACKAGES)),
        "thread" if sources_of_std()?.exists() => {
            let mut tests = tests_under(kind, &host, &PACKAGES);
            tests.arg("-Zbuild-std");
            ("thread sanitizer", tests)
        }
        "thread" => ("thread sanitizer, zeroxide-pipe alone for want of rust-src", pipe_under_thread(&host)),
        other => return Err(format!("no sanitizer named {other}: address or thread")),
    };
    python::ready()?;
    tests.arg("--");
    ASSERT_MEMORY.iter().for_each(|test| {
        tests.args(["--skip", test]);
    });
    let mut report = Report::default();
    report.run(name, Expect::Tests, &mut tests);
    report.close()
}

fn tests_under(kind: &str, target: &str, packages: &[&str]) -> Command {
    let mut tests = cargo(&["test", "--locked", "--lib", "--tests", "--no-fail-fast", "--target", target]);
    packages.iter().for_each(|package| {
        tests.args(["--package", package]);
    });
    tests
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zsanitizer={kind}"))
        .env("CARGO_TARGET_DIR", root().join("target/sanitize").join(kind));
    tests
}

/// With the standard library as it is: what it does not tell the sanitizer is spun around, or named in the suppressions.
fn pipe_under_thread(target: &str) -> Command {
    let mut tests = tests_under("thread", target, &["zeroxide-pipe"]);
    let suppressions = root().join("crates/pipe/tsan-suppressions.txt");
    tests
        .arg("--release")
        .env("RUSTFLAGS", "--cfg tsan -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer")
        .env("TSAN_OPTIONS", format!("suppressions={}", suppressions.display()))
        .env("PIPE_STRESS_MESSAGES", "200000")
        .env("RUST_TEST_THREADS", "1");
    tests
}

/// The machine's own target, as rustc names it.
fn host() -> Result<String, String> {
    let text = rustc("-vV")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}

fn sources_of_std() -> Result<PathBuf, String> {
    let sysroot = PathBuf::from(rustc("--print=sysroot")?.trim());
    Ok(sysroot.join("lib/rustlib/src/rust/library/std"))
}

fn rustc(argument: &str) -> Result<String, String> {
    let output = command("rustc", &[argument]).output().map_err(|error| format!("rustc: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
