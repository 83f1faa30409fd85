//! Majordomo when things break: workers, brokers and clients that die, stand still, are slow, come back, or talk nonsense.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use common::{broker, broker_at, hears, patient, quick, quick_worker, raw, reply, said, serve, stubborn};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};
use zeroxide::{Context, Dealer, Frame, Message};
use zeroxide_patterns::{
    CallError, PatternError,
    majordomo::{
        BrokerOptions, BrokerServer, Client, ClientOptions, Once, OnceOptions, Pipeline, PipelineOptions,
        Version, Worker, WorkerOptions,
    },
};
use zeroxide_testing::{IpcPath, PATIENCE, eventually};

const READY: [&str; 4] = ["", "MDPW01", "\u{1}", "echo"];

fn echo(context: &Context, endpoints: &[&str]) {
    echo_with(context, endpoints, quick_worker());
}

fn echo_with(context: &Context, endpoints: &[&str], options: WorkerOptions) {
    let mut worker = Worker::new(context, endpoints, "echo", options).unwrap();
    thread::spawn(move || worker.serve(Message::clone));
}

#[test]
fn they_start_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (context, path) = (Context::new(), IpcPath::new());
        let endpoint = path.endpoint();
        let (mut running, mut calling) = (None, None);
        for part in order {
            match part {
                0 => running = Some(broker_at(&context, &endpoint, quick())),
                1 => echo(&context, &[&endpoint]),
                _ => {
                    let mut client = Client::new(&context, &[&endpoint], stubborn()).unwrap();
                    calling = Some(thread::spawn(move || client.call("echo", "hi")));
                }
            }
        }
        assert_eq!(calling.unwrap().join().unwrap().unwrap(), "hi".into(), "{order:?}");
        drop(running);
    }
}

#[test]
fn calls_go_on_while_the_broker_is_restarted_again_and_again() {
    let (context, path) = (Context::new(), IpcPath::new());
    let endpoint = path.endpoint();
    let mut running = broker_at(&context, &endpoint, quick());
    echo(&context, &[&endpoint]);
    let (answered, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let calling = thread::spawn({
        let (mut client, answered, over) =
            (Client::new(&context, &[&endpoint], stubborn()).unwrap(), answered.clone(), over.clone());
        move || {
            while !over.load(SeqCst) {
                let number = answered.load(SeqCst).to_string();
                assert_eq!(client.call("echo", number.as_str()).unwrap(), number.into());
                answered.fetch_add(1, SeqCst);
            }
        }
    });
    for _ in 0..5 {
        let before = answered.load(SeqCst);
        eventually(|| answered.load(SeqCst) > before + 20);
        running.stop();
        running = broker_at(&context, &endpoint, quick());
    }
    over.store(true, SeqCst);
    calling.join().unwrap();
}

#[test]
fn what_a_worker_had_when_its_connection_ended_goes_to_another() {
    let context = Context::new();
    // Not by silence: that would take longer than the test may.
    let broker = broker(&context, BrokerOptions { heartbeat: 10 * PATIENCE, ..BrokerOptions::default() });
    let worker = raw(&context, &broker.endpoint);
    worker.send(READY).unwrap();
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    let calling = thread::spawn(move || client.call("echo", "hi"));
    assert_eq!(hears(&worker)[2], b"\x02");
    drop(worker);
    // This broker never beats, and is waited for all the same.
    echo_with(&context, &[&broker.endpoint], WorkerOptions { liveness: 100_000, ..quick_worker() });
    assert_eq!(calling.join().unwrap().unwrap(), "hi".into());
    eventually(|| broker.control.statistics().replies == 1);
    let statistics = broker.control.statistics();
    assert_eq!((statistics.workers_lost, statistics.repeated), (1, 1));
}

#[test]
fn what_a_worker_had_that_stands_still_goes_to_another_and_its_late_answer_nowhere() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let frozen = raw(&context, &broker.endpoint);
    frozen.send(READY).unwrap();
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    let calling = thread::spawn({
        move || {
            let first = client.call("echo", "hi");
            (first, client.call("echo", "again"))
        }
    });
    let order = hears(&frozen);
    eventually(|| broker.control.statistics().workers_lost == 1);
    frozen.send(reply(&order, "too late")).unwrap();
    assert_eq!(hears(&frozen), said(["", "MDPW01", "\u{5}"]), "it is told to register anew");
    echo(&context, &[&broker.endpoint]);
    let (first, second) = calling.join().unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), ("hi".into(), "again".into()));
}

#[test]
fn a_stuck_worker_is_taken_for_dead_and_comes_back_when_it_is_not_stuck_any_more() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let options = WorkerOptions { longest_request: Some(Duration::from_millis(100)), ..quick_worker() };
    let mut worker = Worker::new(&context, &[&broker.endpoint], "echo", options).unwrap();
    let (go_on, goes_on) = mpsc::channel::<()>();
    thread::spawn(move || {
        worker.serve(|request| {
            if *request == "stuck".into() {
                goes_on.recv().unwrap();
            }
            request.clone()
        })
    });
    let asker = raw(&context, &broker.endpoint);
    asker.send(["", "MDPC01", "echo", "stuck"]).unwrap();
    eventually(|| broker.control.statistics().workers_lost == 1);
    echo(&context, &[&broker.endpoint]);
    assert_eq!(hears(&asker), said(["", "MDPC01", "echo", "stuck"]));
    go_on.send(()).unwrap();
    eventually(|| broker.control.statistics().workers == 2);
}

#[test]
fn whoever_cannot_reach_the_first_broker_takes_the_next() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let nobody = IpcPath::new().endpoint();
    // Long enough to hear a broker that is there, which beats every 100 ms.
    let options = WorkerOptions { liveness: 20, ..quick_worker() };
    let mut worker = Worker::new(&context, &[&nobody, &broker.endpoint], "echo", options).unwrap();
    thread::spawn(move || worker.serve(Message::clone));
    let mut client = Client::new(&context, &[&nobody, &broker.endpoint], stubborn()).unwrap();
    assert_eq!(client.call("echo", "hi").unwrap(), "hi".into());
    let mut pipeline = Pipeline::new(
        &context,
        &[&nobody, &broker.endpoint],
        PipelineOptions {
            timeout: Duration::from_millis(250),
            tries: 200,
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(10),
            ..PipelineOptions::default()
        },
    )
    .unwrap();
    pipeline.send("echo", "ho").unwrap();
    assert_eq!(pipeline.recv().unwrap().body.unwrap(), "ho".into());
}

#[test]
fn an_unknown_service_is_no_answer_and_the_request_does_not_wait_for_ever() {
    let context = Context::new();
    let options = BrokerOptions { request_lifetime: Duration::from_millis(50), ..quick() };
    let broker = broker(&context, options);
    let options = ClientOptions { timeout: Duration::from_millis(50), tries: 2, ..ClientOptions::default() };
    let mut client = Client::new(&context, &[&broker.endpoint], options).unwrap();
    assert!(matches!(client.call("nobody", "hi"), Err(CallError::NoAnswer { tries: 2, .. })));
    eventually(|| {
        let statistics = broker.control.statistics();
        if statistics.requests == 0 {
            // On a loaded machine 50 ms may not be enough for a handshake: then nobody was asked.
            let _ = client.call("nobody", "hi");
        }
        statistics.waiting == 0 && statistics.expired == statistics.requests && statistics.requests > 0
    });
}

#[test]
fn a_client_that_never_reads_is_its_own_loss() {
    const REQUESTS: usize = 100;
    let context = Context::new();
    let server = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
    // Little room, so that little has to be sent until there is none.
    server.socket().set_send_high_water_mark(Some(10)).unwrap();
    server.socket().set_send_buffer(Some(4096)).unwrap();
    let broker = serve(server, "tcp://127.0.0.1:*");
    echo(&context, &[&broker.endpoint]);
    let deaf = Dealer::new(&context).unwrap();
    deaf.set_receive_high_water_mark(Some(1)).unwrap();
    deaf.set_receive_buffer(Some(4096)).unwrap();
    deaf.connect(&broker.endpoint).unwrap();
    let body = "x".repeat(64 * 1024);
    for _ in 0..REQUESTS {
        deaf.send_timeout(["", "MDPC01", "echo", &body], PATIENCE).unwrap();
    }
    eventually(|| broker.control.statistics().replies == REQUESTS as u64);
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    for _ in 0..100 {
        assert_eq!(client.call("echo", "hi").unwrap(), "hi".into());
    }
    // It has lost something, and nothing else: now that it reads, what it asks for is answered.
    let mut answered = 0;
    while hears(&deaf)[2] == b"echo" {
        answered += 1;
        deaf.send_timeout(["", "MDPC01", "mmi.version", ""], PATIENCE).unwrap();
    }
    assert!((1..REQUESTS).contains(&answered), "{answered} answers");
}

#[test]
fn nonsense_is_counted_and_nobody_else_notices() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    echo(&context, &[&broker.endpoint]);
    let babbler = raw(&context, &broker.endpoint);
    let many = vec!["x"; 1000];
    let nonsense: [&[&str]; 8] = [
        &["nonsense"],
        &["", "MDPC01"],
        &["", "MDPC09", "echo", "hi"],
        &["MDPC02", "\u{9}", "echo", "hi"],
        &["", "MDPW01", "\u{1}"],
        &["", "", "", ""],
        &["a", "b", "c"],
        &many,
    ];
    for frames in nonsense {
        babbler.send(Message::from_frames(frames.iter().copied())).unwrap();
    }
    // An empty message is how a ROUTER tells that somebody has left: whoever sends one is as good as gone.
    babbler.send("").unwrap();
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    assert_eq!(client.call("echo", "hi").unwrap(), "hi".into());
    eventually(|| broker.control.statistics().malformed == nonsense.len() as u64);
}

#[test]
fn an_answer_that_broke_off_is_not_asked_for_again() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let worker = raw(&context, &broker.endpoint);
    worker.send(["MDPW02", "\u{1}", "parts"]).unwrap();
    // What has not come after so long has broken off; the first part comes sooner.
    let options = ClientOptions { version: Version::V2, timeout: Duration::from_secs(5), ..stubborn() };
    let mut client = Client::new(&context, &[&broker.endpoint], options).unwrap();
    let calling = thread::spawn(move || client.stream("parts", "?").collect::<Vec<_>>());
    let order = hears(&worker);
    worker.send(Message::from_frames([&b"MDPW02"[..], b"\x03", &order[2], b"", b"first"])).unwrap();
    eventually(|| broker.control.statistics().workers == 1);
    // The part is out before the worker is gone: the broker reads both in order.
    drop(worker);
    let parts = calling.join().unwrap();
    assert!(
        matches!(&parts[..], [Ok(first), Err(CallError::Broken)] if *first == "first".into()),
        "{parts:?}"
    );
    assert_eq!(broker.control.statistics().requests, 1);
}

#[test]
fn a_pipeline_outlives_its_broker_and_each_request_is_answered_once() {
    let (context, path) = (Context::new(), IpcPath::new());
    let endpoint = path.endpoint();
    let mut running = Some(broker_at(&context, &endpoint, quick()));
    let (once, acts) = (Once::new(OnceOptions::default()), Arc::new(AtomicU64::new(0)));
    for _ in 0..2 {
        let mut worker = Worker::new(&context, &[&endpoint], "act", quick_worker()).unwrap();
        let (once, acts) = (once.clone(), acts.clone());
        thread::spawn(move || {
            worker.serve(|request| {
                once.answer(request, |body| {
                    acts.fetch_add(1, SeqCst);
                    body.clone()
                })
            })
        });
    }
    let options = PipelineOptions {
        stamped: true,
        window: 100,
        // Shorter, a loaded machine would ask for everything again before it is answered, and so be loaded more.
        timeout: Duration::from_secs(2),
        tries: 1000,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
        ..PipelineOptions::default()
    };
    let mut pipeline = Pipeline::new(&context, &[&endpoint], options).unwrap();
    let (mut sent, mut seen) = (0, vec![false; 3000]);
    while seen.contains(&false) {
        while sent < seen.len()
            && let Ok(_) = pipeline.send("act", sent.to_string())
        {
            sent += 1;
        }
        if sent == 1000 || sent == 2000 {
            // At the worst moment: a hundred requests are on their way.
            drop(running.take());
            running = Some(broker_at(&context, &endpoint, quick()));
        }
        let number: usize = pipeline.recv().unwrap().body.unwrap().to_string().parse().unwrap();
        assert!(!std::mem::replace(&mut seen[number], true), "{number} was answered twice");
    }
    assert_eq!(acts.load(SeqCst), 3000, "each was acted upon once");
}

#[test]
fn whoever_waits_when_the_context_ends_is_told() {
    let context = Context::new();
    let mut client = Client::new(&context, &["inproc://nobody"], patient()).unwrap();
    let mut pipeline = Pipeline::new(&context, &["inproc://nobody"], PipelineOptions::default()).unwrap();
    pipeline.send("echo", "1").unwrap();
    pipeline.send("echo", "2").unwrap();
    let mut worker = Worker::new(&context, &["inproc://nobody"], "echo", WorkerOptions::default()).unwrap();
    let serving = thread::spawn(move || worker.serve(Message::clone));
    let running = broker(&context, BrokerOptions::default());
    let calling = thread::spawn(move || client.call("echo", "hi"));
    let piping = thread::spawn(move || std::iter::from_fn(|| pipeline.recv()).collect::<Vec<_>>());
    let _ = context.shutdown(Duration::ZERO);
    assert!(matches!(
        calling.join().unwrap(),
        Err(CallError::Pattern(PatternError::Receive(_) | PatternError::Send(_) | PatternError::Socket(_)))
    ));
    assert!(piping.join().unwrap().iter().filter(|answer| answer.body.is_err()).count() == 2);
    assert!(serving.join().unwrap().is_ok());
    running.stop();
}

/// Whatever frames come, by whomever: nothing but counts, and the broker's books stay right.
mod random {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use std::time::Instant;
    use zeroxide_patterns::majordomo::Broker;

    fn frame() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(Vec::new()),
            prop_oneof![Just("MDPC01"), Just("MDPC02"), Just("MDPW01"), Just("MDPW02")]
                .prop_map(|header| header.into()),
            (0_u8..8).prop_map(|command| vec![command]),
            prop_oneof![Just("a"), Just("b"), Just("echo"), Just("mmi.service"), Just("mmi.stats")]
                .prop_map(|name| name.into()),
            vec(any::<u8>(), 0..300),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn whatever_is_said_the_books_stay_right(said in vec((0_u8..4, vec(frame(), 0..8), 0_u64..3), 0..60)) {
            let mut now = Instant::now();
            let options = BrokerOptions { waiting_requests: 5, services: 3, workers: 3, ..quick() };
            let mut broker = Broker::new(options, now);
            let mut out = Vec::new();
            for (from, frames, pause) in said {
                now += Duration::from_millis(100 * pause);
                let frames = std::iter::once(Frame::from(&[from])).chain(frames.into_iter().map(Frame::from));
                let before = broker.statistics();
                broker.receive(Message::from_frames(frames), now, &mut out);
                broker.tick(now, &mut out);
                let after = broker.statistics();
                prop_assert!(after.workers <= 3 && after.services <= 3 && after.waiting <= 3 * 8);
                prop_assert!(after.requests >= before.requests && after.malformed >= before.malformed);
                prop_assert!(after.requests >= after.refused + after.expired + after.given_up + after.waiting as u64);
            }
            for message in out {
                prop_assert!(message.len() >= 3, "{message}");
                prop_assert!(message[0].len() == 1, "only to whom has spoken");
            }
        }
    }
}
