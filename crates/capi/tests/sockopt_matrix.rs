//! Every option of every socket type answers as libzmq does, or is listed here with the reason why not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{compile, data, succeed, with_library};
use std::collections::{BTreeMap, BTreeSet};

const ALL: &[u32] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

/// Where we differ on purpose: option, direction, socket types, our answer where libzmq has one, and why.
const DIFFERENCES: &[(u32, &str, &[u32], &str, &str)] = &[
    (103, "set", ALL, "", "wss is not built in; libzmq without it answers EINVAL as well"),
    (104, "set", ALL, "", "wss is not built in"),
    (105, "set", ALL, "", "wss is not built in"),
    (106, "set", ALL, "", "wss is not built in"),
    (107, "set", ALL, "", "wss is not built in"),
    (
        115,
        "set",
        ALL,
        "int0 int1 int2 int-1 int-2 int1000 int6553599 int6553600 i64_0 i64_1 i64_-1 empty str1 str3 ip kv bin32 z85_40 \
         z85_41 str255 str256",
        "null ends the process there, and is EINVAL here",
    ),
];

type Answers = BTreeMap<(u32, String, u32), BTreeSet<String>>;

fn expected() -> Answers {
    let mut answers = Answers::new();
    for line in data("sockopt.txt") {
        let types = match line[2].as_str() {
            "*" => (0..21).collect(),
            list => list.split(',').map(|kind| kind.parse().unwrap()).collect::<Vec<u32>>(),
        };
        let option = line[0].parse().unwrap();
        for kind in types {
            let differs = |(number, way, on, ..): &&(u32, &str, &[u32], &str, &str)| {
                *number == option && **way == line[1] && on.contains(&kind)
            };
            let answer = match DIFFERENCES.iter().find(differs) {
                Some((.., ours, _)) => ours.split_whitespace().map(str::to_owned).collect(),
                None => line[3..].iter().cloned().collect(),
            };
            answers.insert((option, line[1].clone(), kind), answer);
        }
    }
    answers
}

#[test]
fn every_option_of_every_socket_type_answers_as_in_libzmq() {
    let output = succeed(&mut with_library(compile("sockopt_probe", &[])));
    let expected = expected();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, option, way) = (words[0].parse().unwrap(), words[1].parse().unwrap(), words[2]);
        let answer: BTreeSet<String> = words[3..].iter().map(|word| (*word).to_owned()).collect();
        let wanted = expected.get(&(option, way.to_owned(), kind)).cloned().unwrap_or_default();
        seen += 1;
        if answer != wanted {
            let missing: Vec<_> = wanted.difference(&answer).collect();
            let unasked: Vec<_> = answer.difference(&wanted).collect();
            wrong
                .push(format!("option {option} {way} on type {kind}: without {missing:?}, with {unasked:?}"));
        }
    }
    assert_eq!(seen, 21 * 131 * 2);
    assert!(wrong.is_empty(), "{} answers are not libzmq's:\n{}", wrong.len(), wrong.join("\n"));
}
