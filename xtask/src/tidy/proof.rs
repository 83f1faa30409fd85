//! How tests must not be.

use super::tree::{Source, Tree};

/// Words for which a number after them is a number in some tracker.
const TRACKERS: [&str; 6] = ["issue", "bug", "pr", "gh", "ticket", "regression"];

pub(super) fn ignored(tree: &Tree) -> Vec<String> {
    let mark = concat!("#[ig", "nore");
    tree.ending(".rs")
        .flat_map(|file| file.places(|line| line.contains(mark).then(|| line.trim().to_owned())))
        .collect()
}

pub(super) fn sleeping(tree: &Tree) -> Vec<String> {
    let sleeps = [concat!("thread::sl", "eep"), concat!("time.sl", "eep(")];
    let files = tree.ending(".rs").chain(tree.ending(".py"));
    files
        .flat_map(|file| {
            let tests_begin = first_test_line(file);
            let asleep = |line: &&(usize, &str)| sleeps.iter().any(|sleep| line.1.contains(sleep));
            let lines: Vec<(usize, &str)> = file.lines().filter(|line| line.0 >= tests_begin).collect();
            lines
                .iter()
                .filter(asleep)
                .map(|(number, line)| file.place(*number, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn named_by_number(tree: &Tree) -> Vec<String> {
    let in_test = |file: &&Source| first_test_line(file) < usize::MAX;
    let files = tree.ending(".rs").filter(in_test);
    files
        .flat_map(|file| file.places(|line| function_name(line).filter(|name| has_tracker_number(name))))
        .collect()
}

/// From which line on a file is a test: all of it by its place, or what follows the first `cfg(test)`.
fn first_test_line(file: &Source) -> usize {
    let by_place = ["tests/", "testing/"];
    if by_place.iter().any(|place| file.path.starts_with(place) || file.path.contains(&format!("/{place}")))
        || file.path.ends_with("/tests.rs")
    {
        return 1;
    }
    let marked = |line: &str| line.trim_start().starts_with("#[cfg(") && line.contains("test");
    file.lines().find(|(_, line)| marked(line)).map_or(usize::MAX, |(number, _)| number)
}

fn function_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    Some(rest.split(['(', '<']).next()?.to_owned())
}

/// `issue_12` or `issue12`, at any place of the name.
fn has_tracker_number(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let numeric = |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_digit());
    words.iter().enumerate().any(|(index, word)| {
        TRACKERS.iter().any(|tracker| match word.strip_prefix(tracker) {
            Some("") => words.get(index + 1).is_some_and(|next| numeric(next)),
            Some(rest) => numeric(rest),
            None => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_counts_in_tests_only() {
        let sleep = concat!("std::thread::sl", "eep(second);");
        let (code, test) =
            (format!("{sleep}\n#[cfg(test)]\n"), format!("\n#[cfg(all(test, not(loom)))]\n{sleep}"));
        assert!(sleeping(&Tree::of(&[("crates/a/src/lib.rs", &code)])).is_empty());
        assert_eq!(sleeping(&Tree::of(&[("crates/a/src/lib.rs", &test)])).len(), 1);
        assert_eq!(sleeping(&Tree::of(&[("crates/a/tests/b.rs", sleep)])).len(), 1);
    }

    #[test]
    fn numbers_of_trackers_are_no_names() {
        for bad in ["issue_954", "process_issue_42", "bug7_again", "pr_12"] {
            assert!(has_tracker_number(bad), "{bad}");
        }
        for good in ["a_3_1_peer", "the_issue_is_told", "proof_1", "ping_655"] {
            assert!(!has_tracker_number(good), "{good}");
        }
    }
}
