//! Steps, one after the other, and what came of them.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::shell::listen;
use crate::tally::Tally;

/// The steps so far. A step that fails does not keep the next from running: one run shows all that is wrong.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

struct Step {
    name: &'static str,
    took: Duration,
    tally: Tally,
    /// Why it failed, if it did.
    fault: Option<String>,
}

/// What a step must show beyond success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nothing.
    Success,
    /// That tests ran at all.
    Tests,
}

impl Report {
    /// Runs a program as a step.
    pub(crate) fn run(&mut self, name: &'static str, expect: Expect, command: &mut Command) {
        self.step(name, expect, || {
            let outcome = listen(command)?;
            let fault = (!outcome.succeeded).then(|| "it did not end well".to_owned());
            Ok((outcome.tally, fault))
        });
    }

    /// Does something as a step.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        expect: Expect,
        act: impl FnOnce() -> Result<(Tally, Option<String>), String>,
    ) {
        println!("\n=== {name}");
        let began = Instant::now();
        let (tally, mut fault) = act().unwrap_or_else(|reason| (Tally::default(), Some(reason)));
        if fault.is_none() && expect == Expect::Tests && tally.passed + tally.failed == 0 {
            fault = Some("it ran no test".to_owned());
        }
        if let Some(reason) = &fault {
            println!("{name}: {reason}");
        }
        self.steps.push(Step { name, took: began.elapsed(), tally, fault });
    }

    /// Prints the steps and the closing line.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn close(self) -> Result<(), String> {
        println!("\n=== summary");
        let (mut passed, mut failed) = (0, 0);
        for step in &self.steps {
            let (more_passed, more_failed) = step.counts();
            passed += more_passed;
            failed += more_failed;
            println!("{:>7.1} s  {:<10} {}", step.took.as_secs_f64(), step.verdict(), step.name);
            step.tally.failures.iter().for_each(|name| println!("{:22}{name}", ""));
        }
        println!("{passed} passed, {failed} failed");
        let faults = self.steps.iter().filter(|step| step.fault.is_some()).count();
        if faults == 0 { Ok(()) } else { Err(format!("{faults} of {} steps failed", self.steps.len())) }
    }
}

impl Step {
    /// Its tests; a step without any counts as one itself, and a failed step never counts as no failure.
    fn counts(&self) -> (usize, usize) {
        let Tally { passed, failed, .. } = self.tally;
        match (&self.fault, passed, failed) {
            (None, 0, 0) => (1, 0),
            (Some(_), _, 0) => (passed, 1),
            _ => (passed, failed),
        }
    }

    fn verdict(&self) -> String {
        match (&self.fault, self.tally.passed) {
            (Some(_), _) => "FAILED".to_owned(),
            (None, 0) => "ok".to_owned(),
            (None, passed) => format!("{passed} ok"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: usize, failed: usize, fault: Option<&str>) -> (usize, usize) {
        let tally = Tally { passed, failed, ..Tally::default() };
        Step { name: "step", took: Duration::ZERO, tally, fault: fault.map(str::to_owned) }.counts()
    }

    #[test]
    fn a_step_without_tests_counts_as_one() {
        assert_eq!(counts(0, 0, None), (1, 0));
        assert_eq!(counts(7, 0, None), (7, 0));
    }

    #[test]
    fn a_failed_step_is_always_a_failure() {
        assert_eq!(counts(0, 0, Some("no compiler")), (0, 1));
        assert_eq!(counts(7, 0, Some("crashed")), (7, 1));
        assert_eq!(counts(7, 2, Some("tests failed")), (7, 2));
    }

    #[test]
    fn a_step_that_should_test_and_does_not_fails() {
        let mut report = Report::default();
        report.step("empty", Expect::Tests, || Ok((Tally::default(), None)));
        assert!(report.close().is_err());
    }
}
