//! Every function of the header is called with whatever a program can get wrong: null, ended and foreign handles, handles of
//! another kind, sizes and numbers beyond reason; then by two threads at once while signals come, in a child process with
//! the parent's handles, and when the context has been shut down. Nothing may end the process, and what needs a handle
//! must refuse what is none.
//!
//! The C program is made from `zmq.h`: each parameter is known by its type and its name, and one that is not fails the
//! test, so that no function is forgotten. What C itself forbids (pointers to memory that is not there, sizes beyond what
//! is there) is not tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;
#[path = "abuse/calls.rs"]
mod calls;

use c_program::{compile_text, data, here, succeed, with_library};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn program() -> PathBuf {
    let header = fs::read_to_string(here().join("include/zmq.h")).unwrap();
    let (names, text) = calls::write(&header);
    let listed: BTreeSet<String> = data("functions.txt").into_iter().map(|line| line[0].clone()).collect();
    assert_eq!(names, listed, "the header declares every function");
    compile_text("abuse", &text, &here().join("tests/c"))
}

#[test]
fn no_argument_of_any_function_ends_the_process() {
    let output = succeed(with_library(program()).arg("alone"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.ends_with("all is well\n"), "{said}");
}

#[test]
fn nor_do_two_threads_a_child_process_and_signals() {
    let output = succeed(with_library(program()).arg("together"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.ends_with("all is well\n"), "{said}");
}

#[test]
fn and_nothing_is_touched_that_should_not_be() {
    let mut valgrind = with_library("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--fair-sched=yes"]);
    let known = here().join("tests/data/valgrind.supp");
    let output =
        succeed(valgrind.arg(format!("--suppressions={}", known.display())).arg(program()).arg("thinned"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.ends_with("all is well\n"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "valgrind has nothing to say");
}
