//! Tests under the address and the thread sanitizer.
//!
//! The stable toolchain has their runtimes but hides the flag; RUSTC_BOOTSTRAP=1 shows it. The standard library stays
//! uninstrumented (its sources are not part of the toolchain), so the thread sanitizer cannot see the fences in it;
//! `xtask/thread-sanitizer.supp` names what it therefore misjudges. Proc-macros and build scripts are built for the
//! host without the flag, which is why the target is named.

use std::process::Command;

use crate::python;
use crate::report::{Expect, Report};
use crate::shell::{cargo, root};

const PACKAGES: [&str; 3] = ["zeroxide-pipe", "zeroxide-net", "zeroxide"];

/// Runs the tests under each of these sanitizers.
pub(crate) fn run(kinds: &[&str]) -> Result<(), String> {
    python::ready()?;
    let target = host()?;
    let mut report = Report::default();
    for kind in kinds {
        let (name, options) = match *kind {
            "address" => ("address sanitizer", ("ASAN_OPTIONS", "detect_leaks=1".to_owned())),
            "thread" => ("thread sanitizer", ("TSAN_OPTIONS", format!("suppressions={}", suppressions()))),
            other => return Err(format!("no sanitizer named {other}: address or thread")),
        };
        report.run(name, Expect::Tests, tests_under(kind, &target).env(options.0, options.1));
    }
    report.close()
}

fn tests_under(kind: &str, target: &str) -> Command {
    let mut tests = cargo(&["test", "--locked", "--lib", "--tests", "--no-fail-fast", "--target", target]);
    PACKAGES.iter().for_each(|package| {
        tests.args(["--package", package]);
    });
    tests
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zsanitizer={kind} -Cunsafe-allow-abi-mismatch=sanitizer"))
        .env("CARGO_TARGET_DIR", root().join("target/sanitize").join(kind));
    tests
}

fn suppressions() -> String {
    root().join("xtask/thread-sanitizer.supp").display().to_string()
}

/// The machine's own target, as rustc names it.
fn host() -> Result<String, String> {
    let output =
        crate::shell::command("rustc", &["-vV"]).output().map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}
