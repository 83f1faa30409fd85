//! MDP 0.1 with strangers: a client, a worker and a broker in Python over the real libzmq, written from the RFC.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use common::{broker, patient, quick, quick_worker, stubborn};
use std::{thread, time::Duration};
use zeroxide::{Context, Message};
use zeroxide_patterns::majordomo::{Client, Once, OnceOptions, Pipeline, PipelineOptions, Worker};
use zeroxide_testing::{PATIENCE, Script, eventually};

/// A client, a worker or a broker.
fn python(arguments: &[&str]) -> Script {
    Script::start(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/mdp.py"), arguments)
}

fn reversed(request: &Message) -> Message {
    Message::from_frames(request.iter().rev().cloned())
}

#[test]
fn a_foreign_client_is_served_by_our_broker_and_worker() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let mut worker = Worker::new(&context, &[&broker.endpoint], "turn", quick_worker()).unwrap();
    thread::spawn(move || worker.serve(reversed));
    assert_eq!(python(&["client", &broker.endpoint, "turn", "500"]).line(), "answered");
    assert_eq!(broker.control.statistics().malformed, 0);
}

#[test]
fn our_client_is_served_by_a_foreign_worker_and_by_another_when_that_is_killed_or_stands_still() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    let mut pipeline = Pipeline::new(
        &context,
        &[&broker.endpoint],
        PipelineOptions { timeout: PATIENCE, ..PipelineOptions::default() },
    )
    .unwrap();
    for end in ["killed", "frozen", "left alone"] {
        let mut worker = python(&["worker", &broker.endpoint, "turn"]);
        for _ in 0..100 {
            assert_eq!(client.call("turn", ["a", "b"]).unwrap(), ["b", "a"].into());
        }
        for number in 0..100 {
            pipeline.send("turn", ["x", &number.to_string()]).unwrap();
        }
        while let Some(answer) = pipeline.recv() {
            assert_eq!(answer.body.unwrap()[1].as_str(), Some("x"));
        }
        match end {
            "killed" => worker.kill(),
            "frozen" => worker.freeze(),
            _ => {}
        }
        if end != "left alone" {
            // Asked before anybody has noticed: the request goes to the next worker.
            pipeline.send("turn", "again").unwrap();
            let next = python(&["worker", &broker.endpoint, "turn"]);
            assert_eq!(pipeline.recv().unwrap().body.unwrap(), "again".into());
            drop(next);
            eventually(|| broker.control.statistics().workers == 0);
        }
        drop(worker);
    }
    let statistics = broker.control.statistics();
    assert_eq!((statistics.malformed, statistics.workers_expelled), (0, 0));
}

#[test]
fn our_client_and_worker_meet_at_a_foreign_broker() {
    let context = Context::new();
    let mut broker = python(&["broker"]);
    let endpoint = broker.line();
    let mut worker = Worker::new(&context, &[&endpoint], "turn", quick_worker()).unwrap();
    let leave = worker.control();
    let once = Once::new(OnceOptions::default());
    let serving = thread::spawn(move || {
        worker.serve(
            |request| if request.len() > 2 { once.answer(request, reversed) } else { reversed(request) },
        )
    });
    let mut client = Client::new(&context, &[&endpoint], stubborn()).unwrap();
    for _ in 0..200 {
        assert_eq!(client.call("turn", ["a", "b"]).unwrap(), ["b", "a"].into());
    }
    let options = PipelineOptions {
        stamped: true,
        timeout: Duration::from_secs(1),
        tries: 30,
        ..PipelineOptions::default()
    };
    let mut pipeline = Pipeline::new(&context, &[&endpoint], options).unwrap();
    for number in 0..200 {
        pipeline.send("turn", ["x", &number.to_string()]).unwrap();
    }
    let mut answers: Vec<String> = std::iter::from_fn(|| pipeline.recv())
        .map(|answer| answer.body.unwrap()[0].as_str().unwrap().into())
        .collect();
    answers.sort_unstable_by_key(|answer| answer.parse::<u32>().unwrap());
    assert_eq!(answers, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
    leave.stop();
    serving.join().unwrap().unwrap();
    assert_eq!(broker.line(), "left", "a worker that goes says so");
}
