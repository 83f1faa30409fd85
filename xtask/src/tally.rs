//! Counts tests by what their runners print.

use std::collections::BTreeSet;

/// Tests seen so far.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// The names of those that failed, as far as the runner told.
    pub(crate) failures: BTreeSet<String>,
}

impl Tally {
    /// Reads one line of output of `cargo test` or `cargo nextest`.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.add(counts.split([';', '.']));
        } else if let Some(counts) = nextest_summary(line) {
            self.add(counts.split(','));
        } else if let Some(name) = failed_test(line) {
            self.failures.insert(name);
        }
    }

    fn add<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for count in counts {
            let Some((number, kind)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match kind {
                "failed" | "timed out" | "exec failed" => self.failed += number,
                // "3 passed (1 slow)"
                kind if kind.starts_with("passed") => self.passed += number,
                _ => {}
            }
        }
    }
}

/// The counts in `Summary [ 1.2s] 5 tests run: 4 passed, 1 failed, 0 skipped`.
fn nextest_summary(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix("Summary [")?.split_once(']')?;
    rest.split_once(" run: ").map(|(_, counts)| counts)
}

/// The name in `FAIL [ 0.1s] (1/2) package::file module::name` or in `test module::name ... FAILED`.
fn failed_test(line: &str) -> Option<String> {
    let nextest = ["FAIL [", "TIMEOUT [", "SIGABRT [", "SIGSEGV [", "SIGKILL ["];
    if nextest.iter().any(|mark| line.starts_with(mark)) {
        let (_, rest) = line.split_once(']')?;
        let rest = rest.trim_start();
        let name = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
        return Some(name.trim().to_owned());
    }
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn cargo_test_is_counted_over_its_binaries() {
        let seen = tally(&[
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test rooms::door ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s",
        ]);
        assert_eq!((seen.passed, seen.failed), (4, 1));
        assert_eq!(Vec::from_iter(seen.failures), ["rooms::door"]);
    }

    #[test]
    fn nextest_is_counted_by_its_summary() {
        let seen = tally(&[
            "        FAIL [   0.353s] ( 1/33) zeroxide-testing::python_peer it_speaks",
            "     TIMEOUT [  60.353s] ( 2/33) zeroxide-testing::python_peer it_ends",
            "     Summary [  61.858s] 33 tests run: 31 passed (2 slow), 1 failed, 1 timed out, 0 skipped",
        ]);
        assert_eq!((seen.passed, seen.failed), (31, 2));
        let names = ["zeroxide-testing::python_peer it_ends", "zeroxide-testing::python_peer it_speaks"];
        assert_eq!(Vec::from_iter(seen.failures), names);
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(tally(&["running 3 tests", "3 passed", "Summary of it: 4 passed"]), Tally::default());
    }
}
