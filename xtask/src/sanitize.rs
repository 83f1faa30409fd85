//! Tests under the address or the thread sanitizer.
//!
//! The stable toolchain has their runtimes but hides the flags; RUSTC_BOOTSTRAP=1 shows them. Proc-macros and build
//! scripts are built for the host without the flag, which is why the target is named.
//!
//! The thread sanitizer sees only what is instrumented. With the standard library as it is shipped, what a contended
//! `Mutex` or a parked thread synchronises stays invisible, and every value behind a lock looks like a race: so it
//! builds the standard library too, and needs its sources.

use std::path::PathBuf;
use std::process::Command;

use crate::python;
use crate::report::{Expect, Report};
use crate::shell::{cargo, command, root};

const PACKAGES: [&str; 3] = ["zeroxide-pipe", "zeroxide-net", "zeroxide"];

/// Runs the tests under this sanitizer.
pub(crate) fn run(kind: &str) -> Result<(), String> {
    let (name, build_std) = match kind {
        "address" => ("address sanitizer", &[][..]),
        "thread" => ("thread sanitizer", &["-Zbuild-std"][..]),
        other => return Err(format!("no sanitizer named {other}: address or thread")),
    };
    if !build_std.is_empty() && !sources_of_std()?.exists() {
        return Err(
            "the thread sanitizer needs the standard library's sources: rustup component add rust-src".into(),
        );
    }
    python::ready()?;
    let mut report = Report::default();
    report.run(name, Expect::Tests, tests_under(kind, &host()?).args(build_std));
    report.close()
}

fn tests_under(kind: &str, target: &str) -> Command {
    let mut tests = cargo(&["test", "--locked", "--lib", "--tests", "--no-fail-fast", "--target", target]);
    PACKAGES.iter().for_each(|package| {
        tests.args(["--package", package]);
    });
    tests
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zsanitizer={kind}"))
        .env("CARGO_TARGET_DIR", root().join("target/sanitize").join(kind));
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
