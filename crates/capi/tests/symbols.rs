//! The library exports the functions of libzmq, under plain names, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{data, debians, exported, library_folder, succeed};
use std::{collections::BTreeSet, process::Command};

fn ours() -> BTreeSet<String> {
    exported(&library_folder().join("libzmq.so"))
}

fn listed(part: &str) -> BTreeSet<String> {
    data("functions.txt").into_iter().filter(|line| line[1] == part).map(|line| line[0].clone()).collect()
}

#[test]
fn every_function_of_libzmq_is_exported_and_nothing_else() {
    let ours = ours();
    let functions: BTreeSet<_> = listed("stable").union(&listed("draft")).cloned().collect();
    assert_eq!(functions.len(), 97);
    let missing: Vec<_> = functions.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let surplus: Vec<_> = ours.difference(&functions).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}

#[test]
fn loaders_know_it_by_libzmqs_name() {
    let output = succeed(Command::new("readelf").arg("--dynamic").arg(library_folder().join("libzmq.so")));
    let text = String::from_utf8(output.stdout).unwrap();
    let name = text.lines().find(|line| line.contains("(SONAME)")).unwrap();
    assert!(name.ends_with("[libzmq.so.5]"), "{name}");
}

#[test]
fn programs_that_were_linked_to_debians_find_all_they_need() {
    // The list of what it has is checked against it, so that the next test of this kind needs no Debian.
    let stable = listed("stable");
    if let Some(library) = debians() {
        let needed = exported(&library);
        assert_eq!(needed, stable);
    }
    let ours = ours();
    let missing: Vec<_> = stable.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
