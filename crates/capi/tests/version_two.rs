//! Sources of ZeroMQ 2.x run as they are.

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
fn a_program_of_the_old_kind_behaves_as_it_did() {
    let output = succeed(&mut with_library(compile("version_two", &["-include", "zmq2.h"])));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "as ever\n");
}
