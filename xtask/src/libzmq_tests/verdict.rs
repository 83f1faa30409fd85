//! What came of a program: its own test runner prints `FILE:LINE:CASE:PASS`, `:FAIL: WHY` or `:IGNORE: WHY`.

use super::excuses::Excuses;
use std::{fmt, os::unix::process::ExitStatusExt, process::Output};

/// How programs of libzmq say that they cannot test anything here.
const SKIPPED: i32 = 77;

/// What came of a program.
#[derive(Default)]
pub(super) struct Verdict {
    passed: usize,
    ignored: usize,
    /// Cases that failed, with what was said.
    failed: Vec<(String, String)>,
    /// Why it did not come to its end.
    fault: Option<String>,
    second: bool,
}

impl Verdict {
    pub(super) fn of(output: &Output) -> Self {
        let mut verdict = Verdict::default();
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        for line in String::from_utf8_lossy(&text).lines() {
            verdict.read(line);
        }
        let failures = i32::try_from(verdict.failed.len()).ok();
        verdict.fault = match (output.status.code(), output.status.signal()) {
            (Some(124 | 137), _) => Some("took too long".to_owned()),
            (Some(SKIPPED), _) => None,
            // The runner ends with the number of failed cases.
            (code, _) if code.is_some() && code == failures => None,
            (Some(code), _) => Some(format!("ended with {code}")),
            (None, signal) => Some(format!("ended by signal {}", signal.unwrap_or_default())),
        };
        verdict
    }

    pub(super) fn not_built(reason: &str) -> Self {
        Verdict { fault: Some(reason.to_owned()), ..Verdict::default() }
    }

    /// It had another try.
    pub(super) fn after_failure(self) -> Self {
        Verdict { second: true, ..self }
    }

    fn read(&mut self, line: &str) {
        let mut parts = line.splitn(5, ':').skip(2);
        let (Some(case), Some(word)) = (parts.next(), parts.next()) else { return };
        match word {
            "PASS" => self.passed += 1,
            "IGNORE" => self.ignored += 1,
            "FAIL" => self.failed.push((case.to_owned(), parts.next().unwrap_or_default().trim().to_owned())),
            _ => {}
        }
    }

    /// How many cases passed.
    pub(super) fn cases(&self) -> usize {
        self.passed
    }

    pub(super) fn all_passed(&self) -> bool {
        self.fault.is_none() && self.failed.is_empty()
    }

    /// Whether nothing failed that has no excuse.
    pub(super) fn passed(&self, excuses: &Excuses, name: &str) -> bool {
        self.fault.is_none() && self.unexcused(excuses, name).next().is_none()
    }

    pub(super) fn excused<'a>(
        &'a self,
        excuses: &'a Excuses,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.failed.iter().filter_map(move |(case, _)| Some((case.as_str(), excuses.of_case(name, case)?)))
    }

    pub(super) fn unexcused<'a>(
        &'a self,
        excuses: &'a Excuses,
        name: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        self.failed
            .iter()
            .map(|(case, _)| case.as_str())
            .filter(move |case| excuses.of_case(name, case).is_none())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} ignored", self.passed, self.failed.len(), self.ignored)?;
        for (case, why) in &self.failed {
            write!(formatter, "\n    {case}: {why}")?;
        }
        match &self.fault {
            Some(fault) => write!(formatter, "; {fault}")?,
            None if self.second => write!(formatter, " (alone)")?,
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, text: &str) -> Verdict {
        let status = std::process::ExitStatus::from_raw(code << 8);
        Verdict::of(&Output { status, stdout: text.as_bytes().to_vec(), stderr: Vec::new() })
    }

    #[test]
    fn the_runner_is_believed_only_when_its_exit_code_agrees() {
        assert!(ended(0, "a.cpp:1:test_x:PASS\n").all_passed());
        assert!(ended(SKIPPED, "").all_passed());
        assert!(!ended(1, "a.cpp:1:test_x:PASS\n").all_passed());
        let failed = ended(1, "a.cpp:1:test_x:FAIL: Expected 1 Was 2\n");
        assert!(failed.fault.is_none() && !failed.all_passed());
    }
}
