//! What C programs may rely on beyond single calls: how things end, signals, forks, event loops, messages in parts.
//! Each is a program in `tests/c`, compiled against our header.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{compile, succeed, with_library};

fn is_well(program: &str) {
    let output = succeed(&mut with_library(compile(program, &[])));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
}

#[test]
fn every_call_that_waits_is_told_of_the_end_and_handles_of_what_is_gone_are_errors() {
    is_well("endings");
}

#[test]
fn a_signal_ends_what_waits() {
    is_well("signals");
}

#[test]
fn a_child_process_inherits_nothing_and_harms_nothing() {
    is_well("forked");
}

#[test]
fn the_descriptor_speaks_when_something_changed_and_is_silent_after_a_look() {
    is_well("descriptors");
}

#[test]
fn messages_of_parts_are_refused_at_the_first_and_lent_memory_comes_back_once() {
    is_well("parts");
}

#[test]
fn monitors_tell_in_both_versions() {
    is_well("watched");
}
