//! The demo finds nothing wrong when nothing is, and something when something is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod support;

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::retry_on_intr,
    process::{Pid, PidfdFlags, Signal, pidfd_open},
};
use std::fs;
use support::{run, zox};

#[test]
fn the_demo_is_faultless() {
    let demo = run(&["demo", "--quick"], b"").well();
    let text = demo.text();
    assert!(
        text.contains("nothing lost, nothing doubled, nothing out of order, nothing wrong, nothing late"),
        "{text}"
    );
    for transport in ["tcp", "ipc"] {
        let told = |line: &&str| line.starts_with(&format!("  {transport}  "));
        assert_eq!(text.lines().filter(told).count(), 4, "one line a scene: {text}");
    }
    assert!(!text.contains("FAULT"), "{text}");
    assert_eq!(demo.stderr, "");
}

#[test]
fn the_demo_notices_when_a_process_misbehaves() {
    for (sabotage, told) in
        [("lose", "1 lost"), ("double", "1 doubled"), ("swap", "1 out of order"), ("lie", "1 wrong")]
    {
        let demo = run(&["demo", "--quick", "--sabotage", sabotage], b"");
        assert_eq!(demo.code(), 1, "{sabotage}");
        assert!(demo.text().contains(told), "{sabotage}: {}", demo.text());
        assert!(demo.text().contains("NOT faultless"), "{sabotage}: {}", demo.text());
    }
}

#[test]
fn the_demo_ends_when_a_process_dies() {
    let demo = run(&["demo", "--quick", "--sabotage", "die"], b"");
    assert_eq!(demo.code(), 1);
    assert!(demo.stderr.contains("task-worker 1 ended before it was done"), "{}", demo.stderr);
}

#[test]
fn no_process_outlives_a_killed_demo() {
    let mut demo = zox(&["demo"]);
    while !demo.line().contains("->") {}
    let children: Vec<_> = children_of(demo.child.id()).into_iter().filter_map(pidfd).collect();
    assert!(!children.is_empty());
    demo.signal(Signal::KILL);
    for child in &children {
        retry_on_intr(|| poll(&mut [PollFd::new(child, PollFlags::IN)], None)).unwrap();
    }
}

fn pidfd(pid: Pid) -> Option<std::os::fd::OwnedFd> {
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// From `/proc/PID/stat`: `PID (name) state parent ...`.
fn children_of(parent: u32) -> Vec<Pid> {
    let child = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let mut words = stat.rsplit(')').next()?.split_whitespace().skip(1);
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (words.next()? == parent.to_string()).then(|| Pid::from_raw(pid)).flatten()
    };
    fs::read_dir("/proc").unwrap().flatten().filter_map(child).collect()
}
