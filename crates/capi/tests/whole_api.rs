//! A C program calls every function; valgrind watches its memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{compile, exported, here, library_folder, succeed, with_library};
use std::{fs, process::Output};

fn is_well(output: &Output) {
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
}

#[test]
fn the_program_calls_every_function() {
    let source = fs::read_to_string(here().join("tests/c/whole_api.c")).unwrap();
    let exported = exported(&library_folder().join("libzmq.so"));
    let unused: Vec<_> = exported.iter().filter(|name| !source.contains(&format!("{name}("))).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_function_does_what_it_says() {
    is_well(&succeed(&mut with_library(compile("whole_api", &[]))));
}

#[test]
fn nothing_is_lost_and_nothing_is_touched_that_should_not_be() {
    let program = compile("whole_api", &[]);
    let mut valgrind = with_library("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible"]);
    valgrind.args([
        "--errors-for-leak-kinds=definite,indirect,possible",
        "--error-exitcode=9",
        "--fair-sched=yes",
    ]);
    let known = here().join("tests/data/valgrind.supp");
    let output = succeed(valgrind.arg(format!("--suppressions={}", known.display())).arg(program));
    is_well(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "valgrind has nothing to say");
}
