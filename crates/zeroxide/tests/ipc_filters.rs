//! Who may connect over ipc: a peer that one of the filters names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use rustix::process::{getgid, getuid};
use std::time::Duration;
use zeroxide::*;

/// Whether a peer out of this process may enter.
fn enters(set: impl FnOnce(&Pull)) -> bool {
    let context = Context::new();
    let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let events = pull.monitor();
    push.set_linger(Some(Duration::ZERO));
    set(&pull);
    push.connect(&pull.bind("ipc://*").unwrap()).unwrap();
    push.send("let me in").unwrap();
    loop {
        match events.wait_timeout(LONG).expect("an event") {
            Event::HandshakeSucceeded { .. } => return pull.text() == "let me in",
            Event::AcceptFailed { paused, .. } => {
                assert!(!paused && pull.has_nothing());
                return false;
            }
            _ => {}
        }
    }
}

const NOBODY: u32 = u32::MAX - 1;

#[test]
fn one_filter_that_names_the_peer_is_enough() {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    assert!(enters(|_| {}));
    assert!(enters(|pull| pull.set_ipc_filter_process_ids(vec![1, std::process::id()])));
    assert!(enters(|pull| pull.set_ipc_filter_user_ids(vec![NOBODY, user])));
    assert!(enters(|pull| pull.set_ipc_filter_group_ids(vec![NOBODY, group])));
    assert!(enters(|pull| {
        pull.set_ipc_filter_process_ids(vec![1]);
        pull.set_ipc_filter_group_ids(vec![NOBODY]);
        pull.set_ipc_filter_user_ids(vec![user]);
    }));
}

#[test]
fn whom_no_filter_names_stays_outside() {
    assert!(!enters(|pull| pull.set_ipc_filter_process_ids(vec![1])));
    assert!(!enters(|pull| pull.set_ipc_filter_user_ids(vec![NOBODY])));
    assert!(!enters(|pull| pull.set_ipc_filter_group_ids(vec![NOBODY])));
}

#[test]
fn the_groups_that_list_the_user_are_its_groups() {
    let user = getuid().as_raw();
    let text = std::fs::read_to_string("/etc/group").unwrap();
    let groups: Vec<u32> = text.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect();
    let listed = |group: u32| zeroxide_net::groups::list(&[group], user).unwrap();
    for group in groups.into_iter().filter(|group| *group != getgid().as_raw()) {
        assert_eq!(enters(|pull| pull.set_ipc_filter_group_ids(vec![group])), listed(group), "{group}");
    }
}
