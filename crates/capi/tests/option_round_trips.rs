//! What is set is read back as from the libzmq of this machine, with the same effects on other options.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{compile, debians, succeed, with_library};
use std::process::Command;

/// Options that one of the two has not: GSSAPI there, what came after 4.3.4 here.
const NOT_IN_BOTH: &[u32] = &[62, 63, 64, 65, 90, 91, 97, 101, 102, 110, 111, 112, 113, 114, 115, 116];

fn lines(command: &mut Command) -> Vec<String> {
    let text = String::from_utf8(succeed(command).stdout).unwrap();
    let option = |line: &&str| line.split(' ').next().unwrap().parse::<u32>().unwrap();
    text.lines().filter(|line| !NOT_IN_BOTH.contains(&option(line))).map(str::to_owned).collect()
}

#[test]
fn what_is_set_is_read_back_as_from_debians_libzmq() {
    let program = compile("option_round_trip", &[]);
    let library = debians().expect("Debian has it in the package libzmq5, and .ci/run installs that");
    let ours = lines(&mut with_library(&program));
    let theirs = lines(Command::new(&program).env("LD_LIBRARY_PATH", library.parent().unwrap()));
    let different = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
    let different: Vec<_> = different.take(10).collect();
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.len() > 30_000);
    assert!(different.is_empty(), "ours and theirs:\n{different:#?}");
}
