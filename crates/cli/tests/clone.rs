//! `zox clone` and `zox lvc`: a shared map and last values from the shell.

mod support;

use rustix::process::Signal;
use std::io::Write;
use support::{run, zox};

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
    server.signal(Signal::USR1);
    let counters = server.told("event=statistics");
    assert!(counters.contains("phase=active") && counters.contains("keys=1"), "{counters}");
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
    let late = run(&["sub", "--connect", &place("back"), "--subscribe", "weather", "--count", "1"], b"");
    assert_eq!(late.well().text(), "weather rain\n");
    cache.signal(Signal::INT);
    let ended = cache.ended().well();
    assert!(ended.stderr.contains("published=1 replayed=1"), "{}", ended.stderr);
    std::fs::remove_file(path).unwrap();
}
