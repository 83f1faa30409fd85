//! The three commands of the README, as they are written there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

mod support;

use rustix::process::Pid;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};
use zeroxide_testing::Process;

/// The commands, and what stands behind them as a comment.
fn commands() -> Vec<(String, String)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let (_, behind) = readme.split_once("takes three commands").expect("the README has three commands");
    let (_, block) = behind.split_once("```sh\n").unwrap();
    let lines = block.split_once("```").unwrap().0.lines();
    let split =
        |line: &str| line.split_once('#').map(|(line, comment)| (line.trim().into(), comment.trim().into()));
    lines.map(|line| split(line).expect("each says what it does")).collect()
}

/// A shell that has this zox.
fn shell(command: &str, more: &str) -> Command {
    let folder = Path::new(env!("CARGO_BIN_EXE_zox")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {command} {more}")]).env("PATH", path).stdin(Stdio::null());
    shell
}

#[test]
fn a_newcomer_has_a_service_with_the_three_commands_of_the_readme() {
    let commands = commands();
    let [(broker, at), (worker, _), (call, answer)] = &commands[..] else {
        panic!("not three: {commands:?}")
    };
    // A free port in place of the usual one, which may be taken; that the usual ones agree is looked at below.
    let mut broker = shell(broker, "--bind 'tcp://127.0.0.1:*'");
    let mut broker = Process::start(broker.stderr(Stdio::piped())).unwrap();
    let mut notes = BufReader::new(broker.child().stderr.take().unwrap()).lines();
    let bound = || notes.find_map(|line| line.unwrap().strip_prefix("bound ").map(str::to_owned));
    let bound = support::in_time(Pid::from_child(broker.child()), "where it is bound", bound).unwrap();
    let there = format!("--connect '{bound}'");
    let _worker = Process::start(&mut shell(worker, &there)).unwrap();
    let called = shell(call, &format!("{there} --timeout 60s")).output().unwrap();
    assert!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));
    assert_eq!(String::from_utf8(called.stdout).unwrap().trim(), answer);
    let usual = at.trim_start_matches("at ");
    for verb in ["broker", "worker", "call"] {
        let help = support::run(&[verb, "--help"], b"").well();
        assert!(help.text().contains(&format!("[default: {usual}]")), "{verb}: {}", help.text());
    }
}
