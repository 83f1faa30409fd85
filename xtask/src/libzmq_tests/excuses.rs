//! What may fail, and why.

use crate::shell::root;
use std::fs;

/// The list: `PROGRAM: REASON` is not even built, of `PROGRAM/CASE: REASON` the case may fail.
pub(super) struct Excuses(Vec<(String, String)>);

impl Excuses {
    pub(super) fn read() -> Result<Self, String> {
        let file = root().join("testing/libzmq_tests/excused.txt");
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Excuses::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(": "));
        Excuses(pairs.map(|(name, reason)| (name.to_owned(), reason.to_owned())).collect())
    }

    /// Why a program is not run; all of a transport may be named by how the names end: `*_tipc`.
    pub(super) fn of_program(&self, name: &str) -> Option<&str> {
        let fits = |listed: &str| match listed.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None => listed == name,
        };
        self.0.iter().find(|(listed, _)| fits(listed)).map(|(_, reason)| reason.as_str())
    }

    /// Why a case may fail.
    pub(super) fn of_case(&self, name: &str, case: &str) -> Option<&str> {
        let fits = |listed: &str| listed.split_once('/') == Some((name, case));
        self.0.iter().find(|(listed, _)| fits(listed)).map(|(_, reason)| reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_transports_and_cases_have_their_reasons() {
        let excuses = Excuses::parse("# why\n*_tipc: no tipc\ntest_a: no a\ntest_b/test_c: no c\n");
        assert_eq!(excuses.of_program("test_pair_tipc"), Some("no tipc"));
        assert_eq!(excuses.of_program("test_a"), Some("no a"));
        assert_eq!(excuses.of_program("test_b"), None);
        assert_eq!(excuses.of_case("test_b", "test_c"), Some("no c"));
        assert_eq!(excuses.of_case("test_a", "test_c"), None);
    }
}
