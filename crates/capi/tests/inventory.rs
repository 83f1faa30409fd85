//! What `tests/data` lists is what the project's notes list, which were read from libzmq's source and measured on it:
//! `reference/libzmq-inventory.md` and `reference/sockopt-matrix.txt`. The other tests of this crate hold the header and the
//! library to `tests/data`.
//!
//! The notes lie beside the repository, where it is developed and in its CI; where they do not, there is nothing to compare.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{data, here};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A file of the notes; none where there are no notes.
fn note(name: &str) -> Option<String> {
    let notes = here().join("../../../shared/reference");
    if !notes.exists() {
        return None;
    }
    Some(fs::read_to_string(notes.join(name)).unwrap())
}

/// The text from one line that begins with `from` to the next one that begins with `to`.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with(from)).skip(1).collect();
    let section: Vec<&str> = lines.into_iter().take_while(|line| !line.starts_with(to)).collect();
    assert!(!section.is_empty(), "{from} is not in the notes");
    section
}

/// The first two columns of the tables in these lines: numbers and names.
fn rows<'a>(lines: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let cells = lines.iter().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?, cells.next()?))
    });
    cells.filter(|(number, _)| number.starts_with(|first: char| first.is_ascii_digit())).collect()
}

/// `4`, `6 / 7`, `35/36/37`, `62..65`, and numbers with a word behind them.
fn numbers(cell: &str) -> Vec<i64> {
    let number = |text: &str| text.split_whitespace().next().unwrap().parse::<i64>().unwrap();
    match cell.split_once("..") {
        Some((first, last)) => (number(first)..=number(last)).collect(),
        None => cell.split('/').map(number).collect(),
    }
}

/// The words of each name: `PLAIN_USERNAME / _PASSWORD` is PLAIN USERNAME and PLAIN PASSWORD, or just PASSWORD. What is in
/// brackets or in lower case says something of it.
fn names(cell: &str) -> Vec<Vec<&str>> {
    let plain = cell.split('(').next().unwrap();
    let is_of_name = |word: &&str| word.contains(|letter: char| letter.is_ascii_uppercase());
    plain.split('/').map(|name| name.split(['_', ' ', '.']).filter(is_of_name).collect()).collect()
}

fn constants() -> Vec<(String, i64)> {
    data("constants.txt").into_iter().map(|line| (line[0].clone(), line[1].parse().unwrap())).collect()
}

/// Whether a constant has this number and all of these words in its name.
fn is_there(constants: &[(String, i64)], number: i64, words: &[&str]) -> bool {
    constants.iter().any(|(name, value)| {
        let of_name: Vec<&str> = name.split('_').skip(1).collect();
        *value == number && words.iter().all(|word| of_name.contains(word))
    })
}

#[test]
fn every_number_of_the_notes_is_listed_under_its_name() {
    let Some(inventory) = note("libzmq-inventory.md") else { return };
    let constants = constants();
    let mut wrong = Vec::new();
    for (from, to, count) in [("## 2.", "## 3.", 21), ("### 3.1", "### 3.3", 113), ("## 4.", "## 5.", 13)] {
        let mut seen = 0;
        for (number_cell, name_cell) in rows(&between(&inventory, from, to)) {
            let (numbers, names) = (numbers(number_cell), names(name_cell));
            assert_eq!(numbers.len(), names.len(), "{number_cell} {name_cell}");
            for (number, words) in numbers.iter().zip(&names) {
                seen += 1;
                assert!(!words.is_empty(), "{number_cell} {name_cell}");
                if !is_there(&constants, *number, words) {
                    wrong.push(format!("{number} {words:?}"));
                }
            }
        }
        assert_eq!(seen, count, "rows of section {from}");
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Names with their numbers, as sections 5 and 6 have them in running text: `POLLIN 1 POLLOUT 2`, `CONNECTED 0x1 (fd)`.
#[test]
fn errors_events_and_flags_of_the_notes_are_listed() {
    let Some(inventory) = note("libzmq-inventory.md") else { return };
    let constants = constants();
    let text =
        [between(&inventory, "## 5.", "## 6."), between(&inventory, "## 6.", "## 7.")].concat().join(" ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut seen = BTreeSet::new();
    for pair in words.windows(2) {
        let digits = pair[1].trim_end_matches(['.', ';', ',']);
        let hexadecimal = digits.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
        // Errors are told by what is added to one number.
        let base = if digits.starts_with('+') { NUMBER_OF_OUR_ERRORS } else { 0 };
        let is_name = pair[0].len() > 2 && pair[0].chars().all(|c| c.is_ascii_uppercase() || c == '_');
        if let (true, Some(number)) = (is_name, hexadecimal.or_else(|| digits.parse().ok())) {
            let words: Vec<&str> = pair[0].split('_').collect();
            let plain = (pair[0].to_owned(), number + base);
            assert!(
                constants.contains(&plain) || is_there(&constants, number, &words),
                "{} is {number}",
                pair[0]
            );
            seen.insert(pair[0]);
        }
    }
    for name in ["EFSM", "ETERM", "SNDMORE", "POLLPRI", "CONNECTED", "HANDSHAKE_FAILED_AUTH", "PIPES_STATS"] {
        assert!(seen.contains(name), "{name} was not found: {seen:?}");
    }
}

const NUMBER_OF_OUR_ERRORS: i64 = 156_384_712;

#[test]
fn every_function_of_the_notes_is_listed() {
    let Some(inventory) = note("libzmq-inventory.md") else { return };
    let mut of_notes: [BTreeSet<String>; 2] = Default::default();
    let lines = between(&inventory, "Exported names, stable:", "## 2.");
    let stable = lines.iter().take_while(|line| !line.starts_with("Draft adds:")).count();
    for (at, line) in lines.iter().enumerate() {
        let part = usize::from(at > stable);
        of_notes[part]
            .extend(line.split_whitespace().filter(|word| word.starts_with("zmq_")).map(str::to_owned));
    }
    let listed = |part: &str| -> BTreeSet<String> {
        data("functions.txt").into_iter().filter(|line| line[1] == part).map(|line| line[0].clone()).collect()
    };
    assert_eq!(of_notes, [listed("stable"), listed("draft")]);
}

/// What a line of the matrix says of an option: nothing where all is EINVAL.
fn answers_of_notes(rest: &str) -> BTreeSet<String> {
    let errors =
        [("ENOTSUP", "95"), ("EFAULT", "14"), ("EAGAIN", "11"), ("ENOTSOCK", "88"), ("ENODEV", "19")];
    let number = |error: &str| match errors.iter().find(|(name, _)| *name == error) {
        Some((_, number)) => (*number).to_owned(),
        None => error.trim_start_matches('E').to_owned(),
    };
    let answer = |word: &str| {
        let (asked, told) = word.split_once('=').unwrap();
        let asked = asked.strip_prefix("get").filter(|room| room.parse::<u32>().is_ok()).unwrap_or(asked);
        match told {
            "EINVAL" => None,
            "OK" => Some(asked.to_owned()),
            _ => Some(match told.strip_prefix("OK/") {
                Some(octets) => format!("{asked}:{octets}"),
                None => format!("{asked}={}", number(told)),
            }),
        }
    };
    rest.split_whitespace().filter_map(answer).collect()
}

#[test]
fn every_answer_of_the_matrix_is_listed() {
    let Some(matrix) = note("sockopt-matrix.txt") else { return };
    let mut listed = BTreeMap::new();
    for line in data("sockopt.txt") {
        let types: Vec<u32> = match line[2].as_str() {
            "*" => (0..21).collect(),
            list => list.split(',').map(|kind| kind.parse().unwrap()).collect(),
        };
        for kind in types {
            let answers: BTreeSet<String> = line[3..].iter().cloned().collect();
            listed.insert((kind, line[0].parse::<u32>().unwrap(), line[1].clone()), answers);
        }
    }
    let mut seen = 0;
    for line in matrix.lines() {
        let Some((head, rest)) = line.split_once(':') else { continue };
        let words: Vec<&str> = head.split_whitespace().collect();
        let ["type", kind, "opt", option] = words[..] else { continue };
        let way = if rest.trim_start().starts_with("set") { "set" } else { "get" };
        let key = (kind.parse().unwrap(), option.parse().unwrap(), way.to_owned());
        let answers = answers_of_notes(rest.trim_start().trim_start_matches("set"));
        assert_eq!(listed.get(&key).cloned().unwrap_or_default(), answers, "{line}");
        seen += 1;
    }
    assert_eq!(seen, 21 * 131 * 2);
}
