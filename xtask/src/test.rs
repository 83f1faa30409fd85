//! Everything that must hold before a commit lands. Nothing is skipped in silence: what is missing is installed, or
//! the step fails and says what to do.

use crate::report::{Expect, Report};
use crate::shell::{cargo, root, works};
use crate::tally::Tally;
use crate::{costs, python, tidy};

/// Runs all steps.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    report.step("python environment", Expect::Success, || {
        println!("{}", python::ready()?.display());
        Ok((Tally::default(), None))
    });
    report.step("house rules", Expect::Tests, tidy::check);
    report.run("rustfmt", Expect::Success, &mut cargo(&["fmt", "--all", "--check"]));
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    report.run("clippy", Expect::Success, &mut cargo(&lints));
    run_tests(&mut report);
    report.run("doctests", Expect::Success, &mut cargo(&["test", "--locked", "--workspace", "--doc"]));
    let documents = ["doc", "--locked", "--workspace", "--no-deps", "--quiet"];
    report.run("documentation", Expect::Success, cargo(&documents).env("RUSTDOCFLAGS", "-D warnings"));
    run_loom(&mut report);
    report.step("costs of a message", Expect::Success, || {
        costs::check()?;
        Ok((Tally::default(), None))
    });
    run_deny(&mut report);
    report.close()
}

/// Unit, integration and interop tests. Nextest gives each test its own process and a deadline.
fn run_tests(report: &mut Report) {
    if works(&mut cargo(&["nextest", "--version"])) {
        let arguments = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--no-fail-fast",
            "--config-file",
            "testing/nextest.toml",
        ];
        report.run("tests", Expect::Tests, &mut cargo(&arguments));
    } else {
        println!("\ncargo-nextest is not installed; plain cargo test instead");
        let arguments = ["test", "--locked", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"];
        report.run("tests", Expect::Tests, &mut cargo(&arguments));
    }
}

/// The models of the lock-free room: every interleaving loom can think of.
fn run_loom(report: &mut Report) {
    let arguments = ["test", "--locked", "--release", "--package", "zeroxide-pipe", "--lib", "--tests"];
    let mut models = cargo(&arguments);
    models
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", root().join("target/loom"))
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    if std::env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        models.env("LOOM_MAX_PREEMPTIONS", "3");
    }
    report.run("loom models", Expect::Tests, &mut models);
}

/// The house rules check licences and sources themselves; cargo-deny, where it is (CI installs it), checks them better,
/// and that no dependency comes in two versions.
fn run_deny(report: &mut Report) {
    if works(&mut cargo(&["deny", "--version"])) {
        let arguments = ["deny", "--locked", "check", "licenses", "bans", "sources"];
        report.run("cargo-deny", Expect::Success, &mut cargo(&arguments));
    } else {
        println!(
            "\ncargo-deny is not installed: licences and sources were checked by the house rules only, versions not at all"
        );
    }
}
