//! Majordomo as a whole: what is promised when all is well, and whom its parts say what.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use common::{broker, hears, patient, quick, quick_worker, raw, said};
use std::{
    collections::HashMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Context, Message, Router};
use zeroxide_patterns::{
    CallError, PatternError,
    majordomo::{
        BrokerOptions, BrokerServer, Client, ClientOptions, Pipeline, PipelineOptions, Version, Worker,
        WorkerOptions,
    },
};
use zeroxide_testing::{PATIENCE, eventually};

/// Starts a worker in a thread that ends with the context.
fn serve<R: Into<Message>>(
    context: &Context,
    endpoint: &str,
    service: &str,
    answer: impl FnMut(&Message) -> R + Send + 'static,
) {
    let mut worker = Worker::new(context, &[endpoint], service, quick_worker()).unwrap();
    thread::spawn(move || worker.serve(answer));
}

#[test]
fn each_of_many_clients_gets_its_own_answers() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    for _ in 0..3 {
        serve(&context, &broker.endpoint, "shout", |request| request.to_string().to_uppercase());
    }
    thread::scope(|scope| {
        for number in 0..5 {
            let (context, endpoint) = (&context, &broker.endpoint);
            scope.spawn(move || {
                let mut client = Client::new(context, &[endpoint], patient()).unwrap();
                for round in 0..100 {
                    let answer = client.call("shout", format!("client {number} round {round}")).unwrap();
                    assert_eq!(answer, format!("CLIENT {number} ROUND {round}").into());
                }
            });
        }
    });
    eventually(|| broker.control.statistics().requests == 500);
    let statistics = broker.control.statistics();
    assert_eq!((statistics.refused, statistics.malformed), (0, 0));
}

#[test]
fn bodies_of_many_frames_pass_as_they_are() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    serve(&context, &broker.endpoint, "echo", Message::clone);
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    let large = "x".repeat(200_000);
    for body in
        [Message::new(), ["", "", ""].into(), ["a", "", &large].into(), Message::from_frames(vec!["f"; 1000])]
    {
        assert_eq!(client.call("echo", body.clone()).unwrap(), body);
    }
}

#[test]
fn the_broker_tells_who_is_served() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    assert!(!client.is_served("echo").unwrap());
    let mut worker = Worker::new(&context, &[&broker.endpoint], "echo", quick_worker()).unwrap();
    eventually(|| client.is_served("echo").unwrap());
    assert_eq!(client.services().unwrap(), [zeroxide::Frame::from("echo")]);
    worker.control().stop();
    worker.serve(Message::clone).unwrap();
    eventually(|| !client.is_served("echo").unwrap());
    assert_eq!(client.call("mmi.anything", "?").unwrap(), "501".into());
}

#[test]
fn a_thousand_parts_come_in_order_and_the_next_answer_after_them() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    let options = WorkerOptions { version: Version::V2, ..quick_worker() };
    let mut worker = Worker::new(&context, &[&broker.endpoint], "count", options).unwrap();
    thread::spawn(move || {
        worker.serve_in_parts(|request, parts| {
            let count: usize = request.to_string().parse().unwrap();
            (0..count).try_for_each(|part| parts.send(part.to_string()))?;
            Ok("end".into())
        })
    });
    let options = ClientOptions { version: Version::V2, ..patient() };
    let mut client = Client::new(&context, &[&broker.endpoint], options).unwrap();
    for count in [1000, 0, 3] {
        let parts: Vec<Message> = client.stream("count", count.to_string()).map(Result::unwrap).collect();
        let expected: Vec<Message> =
            (0..count).map(|part| part.to_string().into()).chain(["end".into()]).collect();
        assert_eq!(parts, expected);
    }
    let first = client.stream("count", "5").next().unwrap().unwrap();
    assert_eq!(first, "0".into());
    assert_eq!(client.call("count", "2").unwrap(), "end".into(), "what was left over answers nothing");
}

#[test]
fn parts_need_the_second_version() {
    let context = Context::new();
    let mut worker = Worker::new(&context, &["inproc://nobody"], "echo", WorkerOptions::default()).unwrap();
    assert!(matches!(worker.reply_part("?"), Err(PatternError::NoParts)));
    let long = "x".repeat(256);
    for name in ["", &long] {
        let failed = Worker::new(&context, &["inproc://nobody"], name, WorkerOptions::default());
        assert!(matches!(failed, Err(PatternError::Service)));
    }
    let none: [&str; 0] = [];
    assert!(matches!(Client::new(&context, &none, patient()), Err(PatternError::NoEndpoint)));
}

#[test]
fn a_pipeline_gets_each_answer_once_from_several_workers() {
    let context = Context::new();
    let broker = broker(&context, BrokerOptions::default());
    for _ in 0..4 {
        serve(&context, &broker.endpoint, "double", |request| format!("{request}{request}"));
    }
    for version in [Version::V1, Version::V2] {
        if version == Version::V2 {
            let mut worker = Worker::new(
                &context,
                &[&broker.endpoint],
                "double",
                WorkerOptions { version, ..quick_worker() },
            )
            .unwrap();
            thread::spawn(move || {
                worker.serve_in_parts(|request, parts| {
                    parts.send("part")?;
                    Ok(format!("{request}{request}").into())
                })
            });
        }
        let options =
            PipelineOptions { window: 100, timeout: PATIENCE, version, ..PipelineOptions::default() };
        let mut pipeline = Pipeline::new(&context, &[&broker.endpoint], options).unwrap();
        let (mut expected, mut parts) = (HashMap::new(), 0);
        let mut take = |pipeline: &mut Pipeline, expected: &mut HashMap<_, String>| {
            let answer = pipeline.recv().unwrap();
            let body = answer.body.unwrap().to_string();
            if answer.is_last {
                assert_eq!(expected.remove(&answer.ticket), Some(body));
            } else {
                parts += 1;
            }
        };
        for number in 0..1000 {
            let ticket = loop {
                match pipeline.send("double", number.to_string()) {
                    Ok(ticket) => break ticket,
                    Err(CallError::Full) => take(&mut pipeline, &mut expected),
                    Err(error) => panic!("{error}"),
                }
            };
            expected.insert(ticket, format!("{number}{number}"));
        }
        while pipeline.outstanding() > 0 {
            take(&mut pipeline, &mut expected);
        }
        assert!(pipeline.recv().is_none());
        assert!(expected.is_empty());
        assert_eq!(parts, if version == Version::V2 { 1000 } else { 0 });
    }
}

#[test]
fn a_worker_beats_while_it_works() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    let endpoint = router.bind("tcp://127.0.0.1:*").unwrap();
    let (go_on, goes_on) = mpsc::channel::<()>();
    serve(&context, &endpoint, "slow", move |_| {
        goes_on.recv().unwrap();
        "done"
    });
    let hear = || -> Vec<Vec<u8>> {
        router.recv_timeout(PATIENCE).unwrap().iter().map(|frame| frame.to_vec()).collect()
    };
    let ready = hear();
    assert_eq!(ready[1..], [&b""[..], b"MDPW01", b"\x01", b"slow"]);
    router
        .send(Message::from_frames([&ready[0][..], b"", b"MDPW01", b"\x02", b"client", b"", b"body"]))
        .unwrap();
    for _ in 0..3 {
        assert_eq!(hear()[1..], [&b""[..], b"MDPW01", b"\x04"]);
    }
    go_on.send(()).unwrap();
    let answer = std::iter::repeat_with(hear).find(|said| said[3] != b"\x04").unwrap();
    assert_eq!(answer[1..], [&b""[..], b"MDPW01", b"\x03", b"client", b"", b"done"]);
}

#[test]
fn a_broker_that_goes_says_so_and_lets_what_is_worked_at_be_answered() {
    let context = Context::new();
    // The worker never beats, and answers when it likes.
    let options = BrokerOptions { heartbeat: PATIENCE, drain: PATIENCE, ..BrokerOptions::default() };
    let broker = broker(&context, options);
    let worker = raw(&context, &broker.endpoint);
    worker.send(["", "MDPW01", "\u{1}", "echo"]).unwrap();
    let client = raw(&context, &broker.endpoint);
    client.send(["", "MDPC01", "echo", "first"]).unwrap();
    let order = hears(&worker);
    let stopping = thread::spawn(move || broker.stop());
    worker.send(common::reply(&order, "answer")).unwrap();
    assert_eq!(hears(&client), said(["", "MDPC01", "echo", "answer"]));
    assert_eq!(hears(&worker), said(["", "MDPW01", "\u{5}"]));
    stopping.join().unwrap();
}

#[test]
fn a_broker_does_not_wait_for_ever_for_those_that_work() {
    let context = Context::new();
    let broker =
        broker(&context, BrokerOptions { drain: Duration::from_millis(50), ..BrokerOptions::default() });
    let worker = raw(&context, &broker.endpoint);
    worker.send(["", "MDPW01", "\u{1}", "echo"]).unwrap();
    raw(&context, &broker.endpoint).send(["", "MDPC01", "echo", "first"]).unwrap();
    hears(&worker);
    let began = Instant::now();
    broker.stop();
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!(hears(&worker), said(["", "MDPW01", "\u{5}"]));
}

#[test]
fn all_three_are_tasks_of_one_thread_too() {
    let context = Context::new();
    let broker = BrokerServer::new(&context, quick()).unwrap();
    let endpoint = broker.bind("inproc://tasks").unwrap();
    let mut worker = Worker::new(&context, &[&endpoint], "echo", quick_worker()).unwrap();
    let mut client = Client::new(&context, &[&endpoint], patient()).unwrap();
    let mut pipeline = Pipeline::new(&context, &[&endpoint], PipelineOptions::default()).unwrap();
    let (stop, leave) = (broker.control(), worker.control());
    let executor = smol::LocalExecutor::new();
    let asked = executor.spawn(async move {
        for number in 0..100 {
            assert_eq!(
                client.call_async("echo", number.to_string()).await.unwrap(),
                number.to_string().into()
            );
        }
        let ticket = pipeline.send("echo", "last").unwrap();
        assert_eq!(pipeline.recv_async().await.unwrap().ticket, ticket);
        leave.stop();
    });
    smol::block_on(executor.run(async {
        let serving = executor.spawn(broker.run_async());
        worker.serve_async(|request| async move { request }).await.unwrap();
        asked.await;
        stop.stop();
        serving.await.unwrap();
    }));
}
