//! `zox clone` and `zox lvc`: a shared map and last values from the shell.

mod support;

use rustix::process::Signal;
use std::io::Write;
use support::{Zox, run, zox};

const LOCAL: &str = "tcp://127.0.0.1:*";

#[test]
fn a_map_is_set_read_and_watched_by_one_command_each() {
    let mut server = zox(&["clone", "server", "--bind", LOCAL]);
    let serves = server.told("serves at ");
    let at = serves.trim().strip_prefix("serves at ").unwrap();
    let at = ["--connect", at, "--timeout=30s"];
    let with = |arguments: &[&str]| run(&[arguments, &at].concat(), b"");
    with(&["clone", "set", "/colours/sky", "blue"]).well();
    with(&["clone", "set", "/colours/sea", "green", "--lifetime", "1h"]).well();
    assert_eq!(with(&["clone", "get", "/colours/sky"]).well().text(), "blue\n");
    let all = with(&["clone", "get", "/colours/"]).well();
    assert_eq!(all.text(), "/colours/sea\tgreen\n/colours/sky\tblue\n");
    assert_eq!(with(&["clone", "get", "/colours/none"]).code(), 1);
    let watched = with(&["clone", "watch", "--subtree", "/colours/", "--count", "0"]).well();
    assert_eq!(watched.text(), all.text());
    with(&["clone", "set", "/colours/sea", ""]).well();
    assert_eq!(with(&["clone", "get", "/colours/"]).well().text(), "/colours/sky\tblue\n");
    server.counts(&["phase=active", " keys=1"]);
    server.signal(Signal::TERM);
    assert!(server.ended().well().stderr.contains("event=stopped"));
}

#[test]
fn without_a_server_clients_end_with_code_3_and_wrong_pairs_with_code_2() {
    let nobody =
        ["--connect", "ipc://@zox-nobody-a,ipc://@zox-nobody-b,ipc://@zox-nobody-c", "--timeout=100ms"];
    assert_eq!(run(&[&["clone", "get", "a"][..], &nobody].concat(), b"").code(), 3);
    assert_eq!(run(&[&["clone", "set", "a", "b"][..], &nobody].concat(), b"").code(), 3);
    assert_eq!(run(&["clone", "server", "--bind", LOCAL, "--primary"], b"").code(), 2);
    assert_eq!(run(&["clone", "server", "--bind", "nowhere"], b"").code(), 2);
}

#[test]
fn a_file_configures_a_last_value_cache_and_who_comes_late_gets_what_is_kept() {
    let path = std::env::temp_dir().join(format!("zox-lvc-{}.conf", std::process::id()));
    let mut file = std::fs::File::create(&path).unwrap();
    let place = |side: &str| format!("ipc://@zox-lvc-{}-{side}", std::process::id());
    writeln!(file, "front = {}\nback = {}\ntopics = 10", place("front"), place("back")).unwrap();
    let mut cache = zox(&["lvc", "--config", path.to_str().unwrap()]);
    cache.told("event=started");
    let sent = run(&["pub", "--connect", &place("front"), "--wait-subscribers", "1", "weather rain"], b"");
    sent.well();
    // Sent is not heard: who subscribes before it is has it from the sender, not from the cache.
    cache.counts(&["published=1"]);
    let late = run(&["sub", "--connect", &place("back"), "--subscribe", "weather", "--count", "1"], b"");
    assert_eq!(late.well().text(), "weather rain\n");
    cache.signal(Signal::INT);
    let ended = cache.ended().well();
    assert!(ended.stderr.contains("published=1 replayed=1"), "{}", ended.stderr);
    std::fs::remove_file(path).unwrap();
}

/// One of a pair of servers, as a process of its own.
fn one_of_a_pair(role: &str, other: &str) -> Zox {
    let place = |of: &str, what: &str| format!("ipc://@zox-pair-{}-{of}-{what}", std::process::id());
    zox(&[
        "clone",
        "server",
        &format!("--{role}"),
        "--bind",
        &pair_serves_at(role),
        "--peer",
        &pair_serves_at(other),
        "--reports",
        &place(role, "reports"),
        "--peer-reports",
        &place(other, "reports"),
        "--heartbeat=100ms",
        "--peer-timeout=3s",
    ])
}

fn pair_serves_at(role: &str) -> String {
    ["snapshots", "updates", "changes"]
        .map(|what| format!("ipc://@zox-pair-{}-{role}-{what}", std::process::id()))
        .join(",")
}

#[test]
fn the_active_of_a_pair_is_killed_and_the_other_serves_what_was_set() {
    let mut primary = one_of_a_pair("primary", "backup");
    let mut backup = one_of_a_pair("backup", "primary");
    for server in [&mut primary, &mut backup] {
        server.told("event=started");
    }
    let (first, second) = (pair_serves_at("primary"), pair_serves_at("backup"));
    let at = ["--connect", &first, "--connect", &second, "--timeout=60s", "--silence=3s"];
    let with = |arguments: &[&str]| run(&[arguments, &at].concat(), b"");
    with(&["clone", "set", "/a", "before"]).well();
    primary.counts(&["phase=active", " keys=1"]);
    // The client is gone: from here on the passive server alone can know it.
    backup.counts(&["phase=passive", " keys=1"]);
    primary.signal(Signal::KILL);
    assert!(!primary.ended().status.success());

    assert_eq!(with(&["clone", "get", "/a"]).well().text(), "before\n");
    with(&["clone", "set", "/b", "after"]).well();
    backup.counts(&["phase=active", " keys=2"]);

    // Who comes back is passive, learns everything, and takes over in its turn.
    let mut primary = one_of_a_pair("primary", "backup");
    primary.told("event=started");
    primary.counts(&["phase=passive", " keys=2"]);
    backup.signal(Signal::KILL);
    assert!(!backup.ended().status.success());
    assert_eq!(with(&["clone", "get", "/"]).well().text(), "/a\tbefore\n/b\tafter\n");
    primary.signal(Signal::TERM);
    assert!(primary.ended().well().stderr.contains("phase=active"));
}
