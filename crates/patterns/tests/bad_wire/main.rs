//! Every pattern of requests over a wire that loses, doubles and reorders messages, stands still, or is cut.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod wire;

use common::{broker, quick, quick_worker};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::spawn,
    time::Duration,
};
use wire::{Faults, Order, Wire};
use zeroxide::{Context, Message, Rep};
use zeroxide_patterns::{
    balance::{BalancerOptions, BalancerServer},
    freelance::{FreelanceClient, FreelanceOptions, FreelanceServer},
    majordomo::{Client, ClientOptions, Once, OnceOptions, Pipeline, PipelineOptions, Worker, WorkerOptions},
    pirate::{PirateOptions, PirateWorker},
    request::{RequestOptions, Requester},
    titanic::{FileStore, StoreLimits, TitanicClient, TitanicOptions, TitanicServer},
};
use zeroxide_testing::{PATIENCE, eventually, eventually_some};

const ANYWHERE: &str = "tcp://127.0.0.1:*";

/// One message of three fares badly.
const BAD: Faults = Faults { lost: 8, doubled: 12, late: 12 };

fn pipeline(stamped: bool) -> PipelineOptions {
    PipelineOptions {
        stamped,
        window: 50,
        timeout: Duration::from_millis(500),
        tries: 10_000,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
        ..PipelineOptions::default()
    }
}

/// Asks so many things, and checks that each is answered once and by its own answer.
fn each_is_answered_once(pipeline: &mut Pipeline, service: &str, requests: usize) {
    let (mut sent, mut seen) = (0, HashSet::new());
    while seen.len() < requests {
        while sent < requests
            && let Ok(_) = pipeline.send(service, sent.to_string())
        {
            sent += 1;
        }
        let number = pipeline.recv().unwrap().body.unwrap().to_string();
        assert!(number.parse::<usize>().unwrap() < requests);
        assert!(seen.insert(number), "answered twice");
    }
    assert_eq!(pipeline.outstanding(), 0);
}

#[test]
fn majordomo_answers_each_once_and_acts_once_over_a_bad_wire_to_its_clients() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let wire = Wire::new(ANYWHERE, &broker.endpoint, None, BAD);
    let (once, acts) = (Once::new(OnceOptions::default()), Arc::new(AtomicU64::new(0)));
    for window in [1, 8] {
        let options = WorkerOptions { window, ..quick_worker() };
        let mut worker = Worker::new(&context, &[&broker.endpoint], "act", options).unwrap();
        let (once, acts) = (once.clone(), acts.clone());
        spawn(move || {
            worker.serve(|request| {
                once.answer(request, |body| {
                    acts.fetch_add(1, SeqCst);
                    body.clone()
                })
            })
        });
    }
    let mut pipeline = Pipeline::new(&context, &[&wire.endpoint], pipeline(true)).unwrap();
    each_is_answered_once(&mut pipeline, "act", 400);
    assert_eq!(acts.load(SeqCst), 400, "each was acted upon once");
}

#[test]
fn majordomo_goes_on_when_what_its_workers_hear_and_say_comes_twice() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let doubling = Faults { doubled: 10, ..Faults::default() };
    let wire = Wire::new(ANYWHERE, &broker.endpoint, None, doubling);
    let once = Once::new(OnceOptions::default());
    for _ in 0..2 {
        let mut worker = Worker::new(&context, &[&wire.endpoint], "act", quick_worker()).unwrap();
        let once = once.clone();
        spawn(move || worker.serve(|request| once.answer(request, Message::clone)));
    }
    let mut pipeline = Pipeline::new(&context, &[&broker.endpoint], pipeline(true)).unwrap();
    each_is_answered_once(&mut pipeline, "act", 100);
}

#[test]
fn majordomo_takes_a_frozen_wire_for_a_dead_worker_and_has_it_back_afterwards() {
    let context = Context::new();
    let broker = broker(&context, quick());
    let wire = Wire::new(ANYWHERE, &broker.endpoint, None, Faults::default());
    let (far, near) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let work = |endpoint: &str, window: u16, done: &Arc<AtomicU64>| {
        let options = WorkerOptions { window, ..quick_worker() };
        let mut worker = Worker::new(&context, &[endpoint], "echo", options).unwrap();
        let done = done.clone();
        spawn(move || {
            worker.serve(|request| {
                done.fetch_add(1, SeqCst);
                request.clone()
            })
        });
    };
    work(&wire.endpoint, 8, &far);
    let mut pipeline = Pipeline::new(&context, &[&broker.endpoint], pipeline(false)).unwrap();
    each_is_answered_once(&mut pipeline, "echo", 100);
    wire.tell(Order::Freeze);
    // A dead wire does not say so: what goes into it comes out of another worker when the silence is too long.
    work(&broker.endpoint, 1, &near);
    each_is_answered_once(&mut pipeline, "echo", 100);
    eventually(|| broker.control.statistics().workers_lost >= 1);
    let before = far.load(SeqCst);
    wire.tell(Order::GoOn);
    eventually(|| broker.control.statistics().workers == 2);
    eventually(|| {
        each_is_answered_once(&mut pipeline, "echo", 50);
        far.load(SeqCst) > before
    });
    wire.tell(Order::Cut);
    each_is_answered_once(&mut pipeline, "echo", 100);
    eventually(|| broker.control.statistics().workers == 2);
}

#[test]
fn a_requester_gets_each_answer_over_a_bad_wire() {
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    let wire = Wire::new(ANYWHERE, &server.bind(ANYWHERE).unwrap(), None, BAD);
    spawn(move || {
        while let Ok(request) = server.recv() {
            server.send(request)?;
        }
        Ok::<(), zeroxide::SendError>(())
    });
    let options =
        RequestOptions { timeout: Duration::from_millis(300), tries: 10_000, ..RequestOptions::default() };
    let requester = Requester::new(&context, &[&wire.endpoint], options).unwrap();
    let replies: Vec<_> = (0..300).map(|number: u32| requester.request(number.to_string())).collect();
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.wait().unwrap(), number.to_string().into());
    }
    assert_eq!(requester.statistics().failed, 0);
}

#[test]
fn a_queue_of_pirates_survives_a_bad_wire_to_its_clients_and_a_frozen_one_to_a_worker() {
    let context = Context::new();
    // Who is at work does not beat, so that the queue knows only by time that it will not answer.
    let options = BalancerOptions {
        heartbeat: Duration::from_millis(50),
        liveness: 60,
        work_limit: Duration::from_secs(3),
        ..BalancerOptions::default()
    };
    let queue = BalancerServer::new(&context, options).unwrap();
    let (front, back) = (queue.bind_front(ANYWHERE).unwrap(), queue.bind_back(ANYWHERE).unwrap());
    let control = queue.control();
    let running = spawn(move || queue.run());
    let to_clients = Wire::new(ANYWHERE, &front, None, BAD);
    let to_worker = Wire::new(ANYWHERE, &back, None, Faults::default());
    for endpoint in [&to_worker.endpoint, &back] {
        let options = PirateOptions {
            heartbeat: Duration::from_millis(50),
            liveness: 40,
            reconnect_first: Duration::from_millis(50),
            reconnect_most: Duration::from_millis(50),
            ..PirateOptions::default()
        };
        let mut worker = PirateWorker::new(&context, endpoint, options).unwrap();
        spawn(move || worker.serve(|body| body));
    }
    eventually(|| control.statistics().workers == 2);
    let options =
        RequestOptions { timeout: Duration::from_millis(300), tries: 10_000, ..RequestOptions::default() };
    let requester = Requester::new(&context, &[&to_clients.endpoint], options).unwrap();
    let ask = |requests: u32| {
        let replies: Vec<_> = (0..requests).map(|number| requester.request(number.to_string())).collect();
        for (number, reply) in replies.into_iter().enumerate() {
            assert_eq!(reply.wait().unwrap(), number.to_string().into());
        }
    };
    ask(200);
    to_worker.tell(Order::Freeze);
    ask(200);
    eventually(|| control.statistics().workers == 1);
    to_worker.tell(Order::GoOn);
    eventually(|| control.statistics().workers == 2);
    ask(200);
    control.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn freelance_answers_each_over_bad_wires_and_a_frozen_one() {
    let context = Context::new();
    let wires: Vec<Wire> = (0..3)
        .map(|_| {
            let server = eventually_some(|| FreelanceServer::bind(&context, ANYWHERE).ok());
            let to = server.endpoint().to_owned();
            spawn(move || server.run(|body| body));
            let name = format!("ipc://@zeroxide-bad-wire-{}-{to}", std::process::id()).replace("tcp://", "");
            Wire::new(&name, &to, Some(&name), BAD)
        })
        .collect();
    let endpoints: Vec<String> = wires.iter().map(|wire| wire.endpoint.clone()).collect();
    let options = FreelanceOptions {
        timeout: Duration::from_millis(200),
        deadline: PATIENCE,
        ..FreelanceOptions::default()
    };
    let client = FreelanceClient::new(&context, &endpoints, options).unwrap();
    for frozen in &wires {
        frozen.tell(Order::Freeze);
        for number in 0..30 {
            let body = number.to_string();
            assert_eq!(client.call(&*body).unwrap(), Message::from(body));
        }
        frozen.tell(Order::GoOn);
    }
    assert_eq!(client.statistics().failed, 0);
}

#[test]
fn titanic_accepts_and_does_each_once_over_a_bad_wire() {
    let context = Context::new();
    let broker = broker(&context, zeroxide_patterns::majordomo::BrokerOptions { attempts: 1, ..quick() });
    let directory = std::env::temp_dir().join(format!("zeroxide-bad-wire-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let store = FileStore::open(directory.join("titanic.redb"), StoreLimits::default()).unwrap();
    let options = TitanicOptions {
        tick: Duration::from_millis(50),
        accepting: 2,
        replying: 2,
        dispatchers: 2,
        once: vec!["debit".into()],
        ..TitanicOptions::default()
    };
    let titanic = TitanicServer::new(&context, &[&broker.endpoint], store, options).unwrap();
    let control = titanic.control();
    let running = spawn(move || titanic.run());
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut worker = Worker::new(&context, &[&broker.endpoint], "debit", quick_worker()).unwrap();
    let doing = done.clone();
    spawn(move || {
        worker.serve(|request| {
            doing.lock().unwrap().push(request.to_string());
            request.clone()
        })
    });
    // A client with one request at a time trusts its connection not to double answers, as TCP does not.
    let wire = Wire::new(ANYWHERE, &broker.endpoint, None, Faults { doubled: 0, ..BAD });
    let patient = ClientOptions {
        timeout: Duration::from_millis(300),
        tries: 10_000,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
        ..ClientOptions::default()
    };
    let mut client = TitanicClient::new(&context, &[&wire.endpoint], patient.clone()).unwrap();
    let mut numbers = Vec::new();
    for amount in 0..20 {
        numbers.push((client.request("debit", amount.to_string()).unwrap(), amount.to_string()));
    }
    for (number, amount) in &numbers {
        assert_eq!(client.wait(*number, PATIENCE).unwrap(), Message::from(amount));
        client.close(*number).unwrap();
    }
    let mut done = done.lock().unwrap().clone();
    done.sort_by_key(|amount| amount.parse::<u32>().unwrap());
    assert_eq!(done, numbers.into_iter().map(|(_, amount)| amount).collect::<Vec<_>>(), "each once");
    // Whoever asks plainly by the same wire is served as well, one request at a time.
    let mut plain = Client::new(&context, &[&wire.endpoint], patient).unwrap();
    assert_eq!(plain.call("mmi.service", "debit").unwrap(), "200".into());
    control.stop();
    running.join().unwrap().unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}
