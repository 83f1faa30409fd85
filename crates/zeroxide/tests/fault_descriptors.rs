//! A machine without descriptors (`ulimit -n`): calls answer with errors, accepting pauses and says so, and everything goes
//! on when there are descriptors again. In child processes, since the limit is one of the process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};
use zeroxide::{Context, Event, Rep, Req};
use zeroxide_net::fault::{Call, Fault};

/// Runs the test of this name once more in a process of its own, where `IN_CHILD` is set.
fn in_child(test: &str) -> bool {
    if std::env::var_os("IN_CHILD").is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("IN_CHILD", "1")
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].map(|told| String::from_utf8_lossy(&told).into_owned());
    assert!(output.status.success() && told[0].contains("1 passed"), "{}\n{}", told[0], told[1]);
    false
}

fn allow_descriptors(count: u64) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), ..limit }).unwrap();
}

/// From now on so many more may be open at a time. New ones get the lowest numbers that are free, and the limit is one of
/// numbers.
fn allow_more_descriptors(few: usize) {
    let files: Vec<_> = (0..=few).map(|_| File::open("/dev/null").unwrap()).collect();
    let highest = files.iter().map(AsRawFd::as_raw_fd).max().unwrap();
    allow_descriptors(highest as u64);
}

#[test]
fn with_however_few_descriptors_there_is_an_error_or_it_works_as_soon_as_there_are_more() {
    if !in_child("with_however_few_descriptors_there_is_an_error_or_it_works_as_soon_as_there_are_more") {
        return;
    }
    let enough = getrlimit(Resource::Nofile).current.unwrap();
    for endpoint in over_wires() {
        let mut refused = 0;
        for few in 0..16 {
            let context = Context::new();
            let (server, client) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
            client.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
            allow_more_descriptors(few);
            let bound = server.bind(endpoint);
            let connected = bound.as_ref().ok().map(|at| client.connect(at));
            // Whether this much is enough, is a matter of how much it is.
            let early = client.send_timeout("early", Duration::from_millis(1)).is_ok();
            allow_descriptors(enough);
            refused += usize::from(bound.is_err());
            let at = bound.or_else(|_| server.bind(endpoint)).unwrap();
            if !matches!(connected, Some(Ok(()))) {
                client.connect(&at).unwrap();
            }
            if !early {
                client.send_timeout("late", LONG).unwrap();
            }
            assert_eq!(server.text(), if early { "early" } else { "late" });
            server.send("answer").unwrap();
            assert_eq!(client.text(), "answer");
        }
        assert!(refused > 0, "this was to be too few at first");
    }
}

#[test]
fn accepting_without_descriptors_pauses_and_says_so_and_goes_on() {
    if !in_child("accepting_without_descriptors_pauses_and_says_so_and_goes_on") {
        return;
    }
    let enough = getrlimit(Resource::Nofile).current.unwrap();
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    let events = server.monitor();
    let at = server.bind("tcp://127.0.0.1:*").unwrap();
    let client = Req::new(&context).unwrap();
    join_at(&server, &client, &at);

    let knock = || rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let strangers: Vec<_> = (0..10).map(|_| knock()).collect();
    allow_more_descriptors(0);
    let (accepts, waits, start) = (Fault::none(Call::Accept), Fault::none(Call::Wait), Instant::now());
    let address: SocketAddr = at.trim_start_matches("tcp://").parse().unwrap();
    for stranger in &strangers {
        rustix::net::connect(stranger, &address).unwrap();
    }
    for _ in 0..5 {
        let paused = events.wait_for(LONG, |event| matches!(event, Event::AcceptFailed { paused: true, .. }));
        assert!(paused.is_some());
    }
    // Who is there already is served meanwhile.
    client.send("question").unwrap();
    assert_eq!(server.text(), "question");
    server.send("answer").unwrap();
    assert_eq!(client.text(), "answer");
    // Ten tries a second, however busy the machine is; and a few for those who were let in.
    let most = 50 + start.elapsed().as_millis() as usize / 100;
    assert!(accepts.seen() <= most, "{} accepts in {:?}", accepts.seen(), start.elapsed());
    assert!(waits.seen() <= 20 * most, "{} waits in {:?}", waits.seen(), start.elapsed());

    drop(strangers);
    allow_descriptors(enough);
    drop(client);
    let client = Req::new(&context).unwrap();
    client.connect(&at).unwrap();
    client.send("after that").unwrap();
    assert_eq!(server.text(), "after that");
}
