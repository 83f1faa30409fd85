//! What connections that come to nothing leave behind, counted in octets: while they are there, and when a great many of
//! them have come and gone. Short here; `cargo xtask soak` asks for more by environment variables.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod cycles;
mod half_open;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What is measured is the whole process, so they take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn resident_octets() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
}

pub(crate) fn asked(name: &str) -> Option<usize> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

/// This program once more, for one story, with a setting: what it frees or holds is not in this process's memory.
pub(crate) fn again(story: &str, setting: (&str, String)) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", story, "--nocapture"]).env(setting.0, setting.1);
    command
}

/// Runs a story in a process of its own, whose memory nothing that ran before has shaped, and says whether it has: in that
/// process it has not.
#[track_caller]
pub(crate) fn ran_elsewhere(story: &str) -> bool {
    if asked("ZEROXIDE_ELSEWHERE").is_some() {
        return false;
    }
    let mut process = again(story, ("ZEROXIDE_ELSEWHERE", "1".to_owned()));
    if asked("ZEROXIDE_SOAK_HANDSHAKES").is_some() {
        assert!(process.status().unwrap().success());
        return true;
    }
    let ended = process.output().unwrap();
    let [told, failed] = [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(ended.status.success(), "{told}{failed}");
    told.lines().filter(|line| line.contains("memory grew")).for_each(|line| println!("{line}"));
    true
}
