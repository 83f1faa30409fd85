//! Authenticators written in C, asked by ZAP, decide who enters.

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

#[test]
fn an_authenticator_lets_in_whom_it_knows_and_the_monitor_tells_who_was_refused() {
    let output = succeed(&mut with_library(compile("authentication", &[])));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "who is who is known\n");
}
