//! The Paranoid Pirate Protocol (RFC 6) with strangers: a worker and a queue in Python over the real libzmq, written from
//! the RFC.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    thread::spawn,
    time::Duration,
};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    balance::{BalancerOptions, BalancerServer},
    pirate::{LazyPirate, PirateOptions, PirateWorker},
    request::RequestOptions,
};
use zeroxide_testing::{Process, eventually};

const BEAT: Duration = Duration::from_millis(100);

/// A Python process; killed when dropped.
struct Python {
    process: Process,
    said: BufReader<ChildStdout>,
}

impl Python {
    fn start(arguments: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("ZEROXIDE_PYTHON")
            .map_or_else(|| here.join("../../target/python/bin/python"), PathBuf::from);
        let mut command = Command::new(python);
        command.arg(here.join("tests/peers/ppp.py")).args(arguments).stdout(Stdio::piped());
        let mut process =
            Process::start(&mut command).expect("a Python with pyzmq: run `cargo xtask python`");
        let said = BufReader::new(process.child().stdout.take().unwrap());
        Self { process, said }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

fn reversed(request: Message) -> Message {
    Message::from_frames(request.iter().rev().cloned())
}

/// Asks again as long as the test is patient.
fn stubborn() -> RequestOptions {
    RequestOptions { timeout: Duration::from_secs(1), tries: 60, ..RequestOptions::default() }
}

#[test]
fn a_foreign_worker_serves_our_queue_and_is_forgotten_when_it_stands_still() {
    let context = Context::new();
    let options = BalancerOptions { heartbeat: BEAT, liveness: 30, ..BalancerOptions::default() };
    let queue = BalancerServer::new(&context, options).unwrap();
    let front = queue.bind_front("tcp://127.0.0.1:*").unwrap();
    let back = queue.bind_back("tcp://127.0.0.1:*").unwrap();
    let control = queue.control();
    let running = spawn(move || queue.run());
    let foreign = Python::start(&["worker", &back]);
    let mut client = LazyPirate::new(&context, &[&front], stubborn()).unwrap();
    for number in 0..200_u32 {
        let number = number.to_string();
        assert_eq!(client.call(["a", &number]).unwrap(), Message::from([&*number, "a"]));
    }
    eventually(|| control.statistics().workers == 1);
    foreign.process.freeze();
    eventually(|| control.statistics().workers == 0);
    let _other = Python::start(&["worker", &back]);
    assert_eq!(client.call(["a", "b"]).unwrap(), Message::from(["b", "a"]));
    assert_eq!(control.statistics().malformed, 0);
    control.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn our_worker_serves_a_foreign_queue_and_so_does_the_next() {
    let context = Context::new();
    let mut queue = Python::start(&["queue"]);
    let (front, back) = (queue.line(), queue.line());
    let options = PirateOptions {
        heartbeat: BEAT,
        liveness: 30,
        reconnect_first: BEAT,
        reconnect_most: BEAT,
        ..PirateOptions::default()
    };
    let mut worker = PirateWorker::new(&context, &back, options).unwrap();
    let control = worker.control();
    let working = spawn(move || worker.serve(reversed));
    assert_eq!(queue.line(), "ready");
    let mut client = LazyPirate::new(&context, &[&front], stubborn()).unwrap();
    for number in 0..200_u32 {
        let number = number.to_string();
        assert_eq!(client.call(["a", &number]).unwrap(), Message::from([&*number, "a"]));
    }
    control.stop();
    working.join().unwrap().unwrap();
    let mut next = PirateWorker::new(&context, &back, PirateOptions::default()).unwrap();
    spawn(move || next.serve(reversed));
    assert_eq!(queue.line(), "ready");
    assert_eq!(client.call(["a", "b"]).unwrap(), Message::from(["b", "a"]));
}
