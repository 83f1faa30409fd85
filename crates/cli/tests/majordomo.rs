//! `zox broker`, `zox worker` and `zox call`: services from the shell.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

mod support;

use rustix::process::Signal;
use std::io::Write;
use support::{run, zox};
use zeroxide::{Context, Dealer};
use zeroxide_testing::PATIENCE;

const LOCAL: &str = "tcp://127.0.0.1:*";

#[test]
fn three_commands_are_a_service() {
    let mut broker = zox(&["broker", "--bind", LOCAL]);
    let endpoint = broker.bound();
    let worker = zox(&["worker", "shout", "--connect", &endpoint, "--exec", "tr a-z A-Z"]);
    let called =
        run(&["call", "shout", "--connect", &endpoint, "--timeout=30s", "hello", "world"], b"").well();
    assert_eq!(called.text(), "HELLO\nWORLD\n");
    let asked =
        run(&["call", "mmi.service", "--connect", &endpoint, "--timeout=30s", "shout", "nothing"], b"")
            .well();
    assert_eq!(asked.text(), "200\n404\n");
    let counters = broker.counts(&["workers=1"]);
    assert!(counters.contains("malformed=0"), "{counters}");
    worker.signal(Signal::TERM);
    worker.ended().well();
    // What it said last and what is asked next come by two connections.
    broker.counts(&["workers=0"]);
    let gone = || run(&["call", "mmi.service", "--connect", &endpoint, "--timeout=30s", "shout"], b"").well();
    assert_eq!(gone().text(), "404\n", "it has said that it goes");
    broker.signal(Signal::INT);
    let ended = broker.ended().well();
    assert!(ended.stderr.contains("event=stopped requests=5 replies=5"), "{}", ended.stderr);
}

#[test]
fn a_file_configures_the_broker_and_the_command_line_has_the_last_word() {
    let directory = std::env::temp_dir().join(format!("zox-broker-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("broker.conf");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "# nobody else\nbind = \"{LOCAL}\"\nworkers = 0\nheartbeat = 1h\nheartbeat = 100ms")
        .unwrap();
    let path = path.to_str().unwrap();
    let mut broker = zox(&["broker", "--config", path, "--workers", "1"]);
    let endpoint = broker.bound();
    let _worker = zox(&["worker", "echo", "--connect", &endpoint, "--echo", "--heartbeat=100ms"]);
    let called = run(&["call", "echo", "--connect", &endpoint, "--timeout=30s", "hi"], b"").well();
    assert_eq!(called.text(), "hi\n");
    let wrong = run(&["broker", "--config", "/no/such/file"], b"");
    assert_eq!(wrong.code(), 2, "{}", wrong.stderr);
    writeln!(file, "colour = red").unwrap();
    let wrong = run(&["broker", "--config", path], b"");
    assert_eq!(wrong.code(), 2);
    assert!(wrong.stderr.contains("--colour"), "{}", wrong.stderr);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn whoever_gets_no_answer_is_told_with_code_3() {
    let mut broker = zox(&["broker", "--bind", LOCAL]);
    let endpoint = broker.bound();
    let ended = run(&["call", "nobody", "--connect", &endpoint, "--timeout=10ms", "--tries=2", "hi"], b"");
    assert_eq!(ended.code(), 3);
    assert!(ended.stderr.contains("asked 2 times"), "{}", ended.stderr);
}

#[test]
fn what_was_lost_is_logged_unasked() {
    let mut broker = zox(&["broker", "--bind", LOCAL, "--services=0"]);
    let endpoint = broker.bound();
    // It waits in vain, so that what it asked has all the time to come.
    let _call = zox(&["call", "echo", "--connect", &endpoint, "--timeout=60s", "--tries=1", "hi"]);
    let line = broker.told("event=losses");
    assert!(line.contains("refused=1"), "{line}");
}

/// A worker that takes a request and does nothing about it.
fn at_work(context: &Context, broker: &str, service: &str) -> Dealer {
    let worker = Dealer::new(context).unwrap();
    worker.connect(broker).unwrap();
    worker.send(["", "MDPW01", "\u{1}", service]).unwrap();
    while worker.recv_timeout(PATIENCE).unwrap()[2] != "\u{2}" {}
    worker
}

#[test]
fn a_request_is_given_to_no_second_worker_where_the_file_says_once() {
    let file = std::env::temp_dir().join(format!("zox-once-{}.conf", std::process::id()));
    std::fs::write(&file, "once = pay\nonce = debit\n").unwrap();
    let mut broker = zox(&["broker", "--config", file.to_str().unwrap(), "--bind", LOCAL]);
    let endpoint = broker.bound();
    std::fs::remove_file(file).unwrap();
    let context = Context::new();
    for (service, counts) in [
        ("debit", "repeated=0 refused=0 expired=0 given_up=1"),
        ("echo", "repeated=1 refused=0 expired=0 given_up=1"),
    ] {
        let _call = zox(&["call", service, "--connect", &endpoint, "--timeout=60s", "--tries=1", "hi"]);
        drop(at_work(&context, &endpoint, service));
        broker.counts(&[counts]);
    }
    // The one to echo waits for another.
    at_work(&context, &endpoint, "echo");
}

#[test]
fn a_worker_that_is_stopped_and_a_broker_that_is_killed_cost_no_answer() {
    // In the abstract namespace: a killed broker leaves nothing behind, and the next has the same endpoint.
    let at = format!("ipc://@zox-majordomo-{}", std::process::id());
    let start = || zox(&["broker", "--bind", &at, "--heartbeat=500ms", "--liveness=16"]);
    let work = || {
        zox(&["worker", "shout", "--connect", &at, "--heartbeat=500ms", "--window=4", "--exec", "tr a-z A-Z"])
    };
    let call = || zox(&["call", "shout", "--connect", &at, "--timeout=60s", "--tries=1", "hello"]);
    let mut first = start();
    first.bound();
    let stopped = work();
    assert_eq!(call().ended().well().text(), "HELLO\n");
    first.counts(&["workers=1"]);

    stopped.signal(Signal::STOP);
    let waiting = call();
    first.counts(&["at_work=1"]);
    let _other = work();
    // The broker learns of it by silence alone, since the connection stands.
    assert_eq!(waiting.ended().well().text(), "HELLO\n");
    first.counts(&["workers_lost=1"]);
    stopped.signal(Signal::CONT);
    first.counts(&["workers=2"]);

    first.signal(Signal::KILL);
    assert!(!first.ended().status.success());
    let patient = ["--timeout=2s", "--tries=60", "hello again"];
    let calling = zox(&[&["call", "shout", "--connect", &at][..], &patient].concat());
    let mut second = start();
    second.bound();
    assert_eq!(calling.ended().well().text(), "HELLO AGAIN\n");
    second.counts(&["workers=2"]);
}
