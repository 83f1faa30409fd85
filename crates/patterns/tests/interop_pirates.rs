//! The Paranoid Pirate Protocol (RFC 6) with strangers: a worker and a queue in Python over the real libzmq, written from
//! the RFC.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{thread::spawn, time::Duration};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    balance::{BalancerOptions, BalancerServer},
    pirate::{LazyPirate, PirateOptions, PirateWorker},
    request::RequestOptions,
};
use zeroxide_testing::{Script, eventually};

const BEAT: Duration = Duration::from_millis(100);

/// A worker or a queue.
fn python(arguments: &[&str]) -> Script {
    Script::start(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/ppp.py"), arguments)
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
    let foreign = python(&["worker", &back]);
    let mut client = LazyPirate::new(&context, &[&front], stubborn()).unwrap();
    for number in 0..200_u32 {
        let number = number.to_string();
        assert_eq!(client.call(["a", &number]).unwrap(), Message::from([&*number, "a"]));
    }
    eventually(|| control.statistics().workers == 1);
    foreign.freeze();
    eventually(|| control.statistics().workers == 0);
    let _other = python(&["worker", &back]);
    assert_eq!(client.call(["a", "b"]).unwrap(), Message::from(["b", "a"]));
    assert_eq!(control.statistics().malformed, 0);
    control.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn our_worker_serves_a_foreign_queue_and_so_does_the_next() {
    let context = Context::new();
    let mut queue = python(&["queue"]);
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
