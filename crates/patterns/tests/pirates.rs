//! Pirates and their queue on real sockets: what is killed, restarted, slow or rude.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{JoinHandle, spawn},
    time::Duration,
};
use zeroxide::{Context, Dealer, Message, Rep, Req, Router};
use zeroxide_patterns::{
    CallError, PatternError, ServerControl,
    balance::{BalancerOptions, BalancerServer, BalancerStatistics, Dialect},
    pirate::{LazyPirate, PirateOptions, PirateWorker},
    pool::{PoolOptions, PoolServer},
    request::{RequestOptions, Requester},
};
use zeroxide_testing::{IpcPath, PATIENCE, eventually, eventually_some, own_address};

const BEAT: Duration = Duration::from_millis(50);

struct Queue {
    front: String,
    back: String,
    control: ServerControl<BalancerStatistics>,
    running: JoinHandle<Result<(), PatternError>>,
}

impl Queue {
    fn start(context: &Context, front: &str, back: &str, options: BalancerOptions) -> Self {
        let server = BalancerServer::new(context, options).unwrap();
        let (front, back) = (server.bind_front(front).unwrap(), server.bind_back(back).unwrap());
        Self { front, back, control: server.control(), running: spawn(move || server.run()) }
    }

    fn stop(self) -> (String, String) {
        self.control.stop();
        self.running.join().unwrap().unwrap();
        (self.front, self.back)
    }
}

fn beating() -> PirateOptions {
    // Patient enough for a loaded machine: silence of three seconds is death.
    PirateOptions {
        heartbeat: BEAT,
        liveness: 60,
        reconnect_first: BEAT,
        reconnect_most: BEAT,
        ..PirateOptions::default()
    }
}

fn queueing() -> BalancerOptions {
    BalancerOptions { heartbeat: BEAT, liveness: 600, ..BalancerOptions::default() }
}

/// Asks again as long as the test is patient.
fn persistent() -> RequestOptions {
    RequestOptions { timeout: Duration::from_millis(500), tries: 60, ..RequestOptions::default() }
}

#[test]
fn a_client_is_answered_by_a_server_that_comes_back() {
    let context = Context::new();
    let first = Rep::new(&context).unwrap();
    let endpoint = first.bind(&own_address()).unwrap();
    let mut client = LazyPirate::new(&context, &[&endpoint], persistent()).unwrap();
    let serving = spawn(move || first.recv().map(|_| drop(first)));
    let calling = spawn(move || client.call("1").map(|answer| (answer, client.statistics())));
    serving.join().unwrap().unwrap();
    // The first server has taken the request with it.
    let second = Rep::new(&context).unwrap();
    eventually(|| second.bind(&endpoint).is_ok());
    second.send(second.recv_timeout(PATIENCE).unwrap()).unwrap();
    let (answer, statistics) = calling.join().unwrap().unwrap();
    assert_eq!(answer, Message::from("1"));
    assert!(statistics.repeated >= 1);
}

#[test]
fn without_numbers_a_late_answer_is_never_taken_for_the_next() {
    let context = Context::new();
    let server = Router::new(&context).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let options = RequestOptions {
        form: zeroxide_patterns::request::Form::Plain,
        timeout: Duration::from_millis(100),
        tries: 1,
        ..RequestOptions::default()
    };
    let mut client = LazyPirate::new(&context, &[&endpoint], options.clone()).unwrap();
    // On a loaded machine a tenth of a second may not be enough for the handshake: then nothing was asked, or nothing heard.
    let mut asked = Vec::new();
    while asked.is_empty() {
        assert!(matches!(client.call("slow"), Err(CallError::NoAnswer { tries: 1, .. })));
        asked.extend(server.try_recv());
    }
    let over = Arc::new(AtomicBool::new(false));
    let serving = spawn({
        let over = Arc::clone(&over);
        move || {
            // Too late: the client has hung up.
            asked.into_iter().for_each(|asked| drop(server.try_send(asked)));
            while !over.load(SeqCst) {
                if let Ok(asked) = server.recv_timeout(BEAT) {
                    let _ = server.try_send(asked);
                }
            }
        }
    });
    assert_eq!(eventually_some(|| client.call("quick").ok()), Message::from("quick"));
    over.store(true, SeqCst);
    serving.join().unwrap();
}

#[test]
fn requests_survive_a_queue_that_restarts_and_workers_that_die() {
    let context = Context::new();
    let queue = Queue::start(&context, &own_address(), &own_address(), queueing());
    let done = Arc::new(AtomicUsize::new(0));
    let contexts: Vec<_> = (0..4).map(|_| Context::new()).collect();
    let worker = |context: &Context| {
        let mut worker = PirateWorker::new(context, &queue.back, beating()).unwrap();
        let done = Arc::clone(&done);
        spawn(move || {
            worker.serve(|body| {
                done.fetch_add(1, SeqCst);
                body
            })
        })
    };
    let workers: Vec<_> = contexts.iter().map(worker).collect();
    let requester = Requester::new(&context, &[&queue.front], persistent()).unwrap();
    let requester = Arc::new(requester);
    let asking = Arc::clone(&requester);
    let asking = spawn(move || {
        for number in 0..400_u32 {
            let body = number.to_string();
            assert_eq!(asking.call(&*body).unwrap(), Message::from(&*body));
        }
    });
    eventually(|| done.load(SeqCst) >= 100);
    contexts[0].terminate();
    eventually(|| done.load(SeqCst) >= 200);
    let (front, back) = queue.stop();
    let mut queue = None;
    eventually(|| {
        let server = BalancerServer::new(&context, queueing()).unwrap();
        let bound = server.bind_front(&front).and_then(|_| server.bind_back(&back));
        queue = bound.ok().map(|_| server);
        queue.is_some()
    });
    let queue = queue.unwrap();
    let control = queue.control();
    let running = spawn(move || queue.run());
    asking.join().unwrap();
    assert_eq!(requester.statistics().failed, 0);
    contexts.iter().for_each(Context::terminate);
    for worker in workers {
        let _ = worker.join().unwrap();
    }
    control.stop();
    running.join().unwrap().unwrap();
}

#[test]
fn simple_workers_are_plain_req_sockets() {
    let context = Context::new();
    let options = BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() };
    let queue = Queue::start(&context, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*", options);
    let worker = Req::new(&context).unwrap();
    worker.connect(&queue.back).unwrap();
    let working = spawn(move || {
        worker.send("READY").unwrap();
        for _ in 0..10 {
            let request = worker.recv_timeout(PATIENCE).unwrap();
            assert_eq!((request.len(), &request[1][..], &request[2][..]), (3, &b""[..], &b"HELLO"[..]));
            worker.send([request[0].clone(), "".into(), "OK".into()]).unwrap();
        }
    });
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let client = Req::new(&context).unwrap();
            client.connect(&queue.front).unwrap();
            client.send("HELLO").unwrap();
            client
        })
        .collect();
    for client in clients {
        assert_eq!(client.recv_timeout(PATIENCE).unwrap(), Message::from("OK"));
    }
    working.join().unwrap();
    queue.stop();
}

#[test]
fn nonsense_does_not_disturb_a_queue() {
    let context = Context::new();
    let queue = Queue::start(&context, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*", queueing());
    let mut worker = PirateWorker::new(&context, &queue.back, beating()).unwrap();
    let control = worker.control();
    let working = spawn(move || worker.serve(|body| body));
    let rude: Vec<_> = [&queue.front, &queue.back]
        .map(|endpoint| {
            let rude = Dealer::new(&context).unwrap();
            rude.connect(endpoint).unwrap();
            for message in [Message::from("x"), Message::from_frames(vec!["y"; 1000])] {
                rude.send(message).unwrap();
            }
            rude
        })
        .into();
    eventually(|| queue.control.statistics().malformed == 4);
    let mut client = LazyPirate::new(&context, &[&queue.front], persistent()).unwrap();
    assert_eq!(client.call("still there").unwrap(), Message::from("still there"));
    drop(rude);
    control.stop();
    working.join().unwrap().unwrap();
    queue.stop();
}

#[test]
fn a_thousand_requests_are_under_way_at_once_and_each_gets_its_own_answer() {
    let context = Context::new();
    let server = Router::new(&context).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    // Each is asked once, however long they are on their way together.
    let options = RequestOptions { timeout: PATIENCE, tries: 1, ..RequestOptions::default() };
    let requester = Requester::new(&context, &[&endpoint], options).unwrap();
    let replies: Vec<_> = (0..1_000).map(|number: u32| requester.request(number.to_string())).collect();
    let one_more = requester.request("too many").wait();
    assert!(matches!(one_more, Err(CallError::NoAnswer { tries: 0, .. })));
    let serving = spawn(move || {
        // The last is answered first.
        let mut asked: Vec<_> = (0..1_000).map(|_| server.recv_timeout(PATIENCE).unwrap()).collect();
        asked.reverse();
        asked.into_iter().for_each(|message| server.send(message).unwrap());
        server
    });
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(zeroxide::block_on(reply).unwrap(), Message::from(number.to_string().as_str()));
    }
    drop(serving.join().unwrap());
}

#[test]
fn a_hedged_request_is_answered_by_the_server_that_does() {
    let context = Context::new();
    let (silent, talking) = (Router::new(&context).unwrap(), Rep::new(&context).unwrap());
    let endpoints = [silent.bind("tcp://127.0.0.1:*").unwrap(), talking.bind("tcp://127.0.0.1:*").unwrap()];
    let endpoints: Vec<_> = endpoints.iter().map(String::as_str).collect();
    let options =
        RequestOptions { timeout: PATIENCE, hedge: Some(BEAT), tries: 1, ..RequestOptions::default() };
    let requester = Requester::new(&context, &endpoints, options).unwrap();
    let reply = requester.request("hi");
    talking.send(talking.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(reply.wait().unwrap(), Message::from("hi"));
    assert_eq!(requester.statistics().hedged, 1);
}

#[test]
fn replies_that_nobody_waits_for_end_with_their_requester() {
    let context = Context::new();
    let requester =
        Requester::new(&context, &["tcp://127.0.0.1:1"], RequestOptions { window: 1, ..persistent() })
            .unwrap();
    drop(requester.request("cancelled"));
    let mut reply = requester.request("waits");
    // The cancelled one makes room when the requester hears of it.
    while requester.statistics().asked < 2 {
        reply = requester.request("waits");
    }
    drop(requester);
    assert!(matches!(reply.wait(), Err(CallError::NoAnswer { .. })));
}

#[test]
fn clients_of_a_pool_get_only_their_own_answers_and_are_forgotten() {
    let context = Context::new();
    let options = PoolOptions { client_lifetime: BEAT, ..PoolOptions::default() };
    let server = PoolServer::new(&context, options).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let control = server.control();
    let serving = spawn(move || {
        // As many answers as the request says.
        server.run(|request, answers| {
            let count: usize = request[1].as_str().unwrap().parse().unwrap();
            (0..count).for_each(|_| answers.send(request[0].clone()));
        })
    });
    let clients: Vec<_> = (0..3_u32)
        .map(|name| {
            let client = Dealer::new(&context).unwrap();
            client.connect(&endpoint).unwrap();
            for count in 0..5 {
                client.send([name.to_string(), count.to_string()]).unwrap();
            }
            client
        })
        .collect();
    for (name, client) in clients.iter().enumerate() {
        for _ in 0..10 {
            assert_eq!(client.recv_timeout(PATIENCE).unwrap(), Message::from(name.to_string().as_str()));
        }
    }
    // It tells its figures when it has nothing else to do: at first there were no clients either.
    eventually(|| {
        let statistics = control.statistics();
        (statistics.requests, statistics.clients, statistics.under_way) == (15, 0, 0)
    });
    assert_eq!(control.statistics().answers, 30);
    control.stop();
    serving.join().unwrap().unwrap();
}

#[test]
fn they_start_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (context, places) = (Context::new(), [IpcPath::new(), IpcPath::new()]);
        let [front, back] = places.each_ref().map(IpcPath::endpoint);
        let (mut queue, mut calling) = (None, None);
        for part in order {
            match part {
                0 => queue = Some(Queue::start(&context, &front, &back, queueing())),
                1 => {
                    let mut worker = PirateWorker::new(&context, &back, beating()).unwrap();
                    spawn(move || worker.serve(|body| body));
                }
                _ => {
                    let mut client = LazyPirate::new(&context, &[&front], persistent()).unwrap();
                    calling = Some(spawn(move || client.call("hi")));
                }
            }
        }
        assert_eq!(calling.unwrap().join().unwrap().unwrap(), Message::from("hi"), "{order:?}");
        queue.unwrap().stop();
    }
}

#[test]
fn a_client_that_never_reads_is_its_own_loss() {
    let context = Context::new();
    let queue = Queue::start(&context, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*", queueing());
    let mut worker = PirateWorker::new(&context, &queue.back, beating()).unwrap();
    spawn(move || worker.serve(|body| body));
    let deaf = Dealer::new(&context).unwrap();
    deaf.set_receive_high_water_mark(Some(1)).unwrap();
    deaf.set_receive_buffer(Some(4096)).unwrap();
    deaf.connect(&queue.front).unwrap();
    let body = "x".repeat(64 * 1024);
    for _ in 0..200 {
        deaf.send_timeout(["", &body], PATIENCE).unwrap();
    }
    eventually(|| queue.control.statistics().replies == 200);
    let mut client = LazyPirate::new(&context, &[&queue.front], persistent()).unwrap();
    for number in 0..50_u32 {
        let body = number.to_string();
        assert_eq!(client.call(&*body).unwrap(), Message::from(&*body));
    }
    queue.stop();
}
