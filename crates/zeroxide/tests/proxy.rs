//! Proxies: what they pass on, whom they hold up, how they are steered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};
use zeroxide::*;

const LONG: Duration = Duration::from_secs(120);

fn words(socket: &Req, word: &str) -> Message {
    socket.send(word).unwrap();
    socket.recv_timeout(LONG).unwrap()
}

#[test]
fn a_queue_passes_questions_and_answers() {
    let context = Context::new();
    let (front, back) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
    let (clients, workers) =
        (front.bind("tcp://127.0.0.1:*").unwrap(), back.bind("tcp://127.0.0.1:*").unwrap());
    let proxy = Proxy::new(&front, &back);
    let control = proxy.controller();
    thread::scope(|scope| {
        let broker = scope.spawn(|| proxy.run());
        let served: Vec<_> = (0..3)
            .map(|_| {
                let worker = Rep::new(&context).unwrap();
                worker.connect(&workers).unwrap();
                scope.spawn(move || {
                    while let Ok(question) = worker.recv() {
                        worker.send(question).unwrap();
                    }
                })
            })
            .collect();
        let asked: Vec<_> = (0..5)
            .map(|_| {
                let client = Req::new(&context).unwrap();
                client.connect(&clients).unwrap();
                scope.spawn(move || {
                    for number in 0..100 {
                        client.send(number.to_string()).unwrap();
                        assert_eq!(client.recv_timeout(LONG).unwrap(), number.to_string().into());
                    }
                })
            })
            .collect();
        asked.into_iter().for_each(|client| client.join().unwrap());
        let counts = control.statistics();
        for moved in [counts.front_received, counts.front_sent, counts.back_received, counts.back_sent] {
            assert_eq!(moved.messages, 500);
        }
        control.terminate();
        assert_eq!(broker.join().unwrap(), Ok(()));
        context.terminate();
        served.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn a_forwarder_passes_subscriptions_up_and_news_down() {
    let context = Context::new();
    let (front, back) = (Xsub::new(&context).unwrap(), Xpub::new(&context).unwrap());
    let (publishers, subscribers) =
        (front.bind("inproc://in").unwrap(), back.bind("tcp://127.0.0.1:*").unwrap());
    thread::scope(|scope| {
        let proxy = scope.spawn(|| proxy(&front, &back));
        let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
        publisher.connect(&publishers).unwrap();
        subscriber.connect(&subscribers).unwrap();
        subscriber.subscribe("weather").unwrap();
        assert!(publisher.wait_for_subscribers("weather", 1, LONG), "the subscription passes the proxy");
        publisher.send("sport").unwrap();
        publisher.send(["weather", "rain"]).unwrap();
        assert_eq!(subscriber.recv_timeout(LONG).unwrap(), Message::from(["weather", "rain"]));
        context.terminate();
        assert_eq!(proxy.join().unwrap(), Err(ProxyError::Terminated));
    });
}

const MESSAGES: u32 = 5_000;

fn all_numbers(socket: &Pull) {
    for number in 0..MESSAGES {
        assert_eq!(socket.recv_timeout(LONG).unwrap().body(), number.to_be_bytes());
    }
}

#[test]
fn nothing_is_lost_when_one_side_is_slow_and_the_capture_has_it_all() {
    let context = Context::new();
    let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let capture = Push::new(&context).unwrap();
    for socket in [&*back, &*capture] {
        socket.set_send_high_water_mark(Some(2)).unwrap();
    }
    front.set_receive_high_water_mark(Some(2)).unwrap();
    let (source, sink) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    let tape = Pull::new(&context).unwrap();
    tape.set_receive_high_water_mark(Some(10)).unwrap();
    source.connect(&front.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    sink.connect(&back.bind("inproc://out").unwrap()).unwrap();
    tape.connect(&capture.bind("inproc://tape").unwrap()).unwrap();
    let proxy = Proxy::new(&front, &back).capture(&capture);
    let control = proxy.controller();
    thread::scope(|scope| {
        let proxy = scope.spawn(|| proxy.run());
        scope.spawn(|| (0..MESSAGES).for_each(|number| source.send(&number.to_be_bytes()).unwrap()));
        let taped = scope.spawn(|| all_numbers(&tape));
        all_numbers(&sink);
        taped.join().unwrap();
        control.terminate();
        proxy.join().unwrap().unwrap();
    });
    for socket in [&*front, &*back, &*capture] {
        assert_eq!(socket.statistics().lost_in_all(), 0);
    }
}

#[test]
fn nothing_is_received_that_cannot_be_sent_on() {
    let context = Context::new();
    let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let (source, control, steering) =
        (Push::new(&context).unwrap(), Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    source.connect(&front.bind("inproc://in").unwrap()).unwrap();
    steering.connect(&control.bind("inproc://control").unwrap()).unwrap();
    back.bind("inproc://nobody").unwrap();
    let proxy = Proxy::new(&front, &back).control(&control);
    thread::scope(|scope| {
        let proxy = scope.spawn(|| proxy.run());
        (0..10).for_each(|number| source.send(number.to_string()).unwrap());
        assert_eq!(numbers(&words(&steering, "STATISTICS")), [0; 8]);
        assert_eq!(words(&steering, "TERMINATE"), "".into());
        proxy.join().unwrap().unwrap();
    });
    for number in 0..10 {
        assert_eq!(front.try_recv().unwrap(), number.to_string().into());
    }
}

fn numbers(message: &Message) -> Vec<u64> {
    message.frames().iter().map(|frame| u64::from_ne_bytes(frame.as_slice().try_into().unwrap())).collect()
}

#[test]
fn a_proxy_obeys_words() {
    let context = Context::new();
    let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let (control, steering) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    let (source, sink) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    source.connect(&front.bind("inproc://in").unwrap()).unwrap();
    sink.connect(&back.bind("inproc://out").unwrap()).unwrap();
    steering.connect(&control.bind("inproc://control").unwrap()).unwrap();
    let proxy = Proxy::new(&front, &back).control(&control);
    thread::scope(|scope| {
        let proxy = scope.spawn(|| proxy.run());
        source.send(["one", "two"]).unwrap();
        sink.recv_timeout(LONG).unwrap();
        assert_eq!(words(&steering, "PAUSE"), "".into());
        source.send("three").unwrap();
        assert_eq!(words(&steering, "WHAT?"), "".into());
        assert_eq!(numbers(&words(&steering, "STATISTICS")), [1, 6, 0, 0, 0, 0, 1, 6]);
        assert_eq!(sink.try_recv().unwrap_err().cause, RecvErrorCause::WouldBlock);
        assert_eq!(words(&steering, "RESUME"), "".into());
        assert_eq!(sink.recv_timeout(LONG).unwrap(), "three".into());
        assert_eq!(words(&steering, "TERMINATE"), "".into());
        assert_eq!(proxy.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_controller_outlives_its_proxy_and_termination_is_final() {
    let context = Context::new();
    let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let proxy = Proxy::new(&front, &back);
    let control = proxy.controller();
    control.pause();
    control.terminate();
    control.resume();
    assert_eq!(proxy.run(), Ok(()));
    control.pause();
    assert_eq!(control.statistics(), ProxyStatistics::default());
}

#[test]
fn one_socket_can_be_both_sides() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    let client = Req::new(&context).unwrap();
    client.connect(&router.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let proxy = Proxy::new(&router, &router);
    let control = proxy.controller();
    thread::scope(|scope| {
        let echo = scope.spawn(|| proxy.run());
        for number in 0..10 {
            client.send(number.to_string()).unwrap();
            assert_eq!(client.recv_timeout(LONG).unwrap(), number.to_string().into());
        }
        control.terminate();
        echo.join().unwrap().unwrap();
    });
}

#[test]
fn an_answer_to_a_client_that_left_does_not_end_the_proxy() {
    let context = Context::new();
    let (front, back) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
    front.set_router_mandatory(true).unwrap();
    let clients = front.bind("inproc://clients").unwrap();
    let worker = Dealer::new(&context).unwrap();
    worker.connect(&back.bind("inproc://workers").unwrap()).unwrap();
    let proxy = Proxy::new(&front, &back);
    let control = proxy.controller();
    thread::scope(|scope| {
        let broker = scope.spawn(|| proxy.run());
        worker.send(["nobody", "answer"]).unwrap();
        let client = Dealer::new(&context).unwrap();
        client.connect(&clients).unwrap();
        client.send("question").unwrap();
        worker.send(worker.recv_timeout(LONG).unwrap()).unwrap();
        assert_eq!(client.recv_timeout(LONG).unwrap(), "question".into());
        control.terminate();
        broker.join().unwrap().unwrap();
    });
    assert_eq!(front.statistics().lost_to(Loss::Unroutable), 1);
}

#[test]
fn a_rep_that_is_both_sides_answers_each_question_with_itself() {
    let context = Context::new();
    let (echo, client) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    client.connect(&echo.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let proxy = Proxy::new(&echo, &echo);
    let control = proxy.controller();
    thread::scope(|scope| {
        let broker = scope.spawn(|| proxy.run());
        for word in ["one", "two", "three"] {
            assert_eq!(words(&client, word), word.into());
        }
        control.terminate();
        assert_eq!(broker.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_flood_one_way_does_not_starve_the_other() {
    let context = Context::new();
    let (front, back) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    let (left, right) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    left.set_linger(Some(Duration::ZERO));
    left.connect(&front.bind("inproc://left").unwrap()).unwrap();
    right.connect(&back.bind("inproc://right").unwrap()).unwrap();
    let proxy = Proxy::new(&front, &back);
    let control = proxy.controller();
    thread::scope(|scope| {
        let broker = scope.spawn(|| proxy.run());
        let flood = scope.spawn(|| while left.send("flood").is_ok() && left.try_recv().is_err() {});
        for _ in 0..10_000 {
            right.recv_timeout(LONG).unwrap();
        }
        right.send("enough").unwrap();
        while !flood.is_finished() {
            let _ = right.recv_timeout(Duration::from_millis(10));
        }
        control.terminate();
        broker.join().unwrap().unwrap();
    });
}

#[test]
fn sockets_that_do_not_fit_are_refused() {
    let context = Context::new();
    let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    let sub = Sub::new(&context).unwrap();
    assert_eq!(proxy(&pull, &sub), Err(ProxyError::NoDirection(SocketType::Pull, SocketType::Sub)));
    assert_eq!(proxy(&push, &push), Err(ProxyError::NoDirection(SocketType::Push, SocketType::Push)));
    let misfit = Proxy::new(&pull, &push).capture(&sub).run();
    assert_eq!(misfit, Err(ProxyError::CannotCapture(SocketType::Sub)));
    let misfit = Proxy::new(&pull, &push).control(&push).run();
    assert_eq!(misfit, Err(ProxyError::CannotControl(SocketType::Push)));
}

#[test]
fn a_streamer_keeps_order_counts_and_marks_whether_it_moves_batches_or_messages() {
    const COUNT: u64 = 20_000;
    // With one worker whole batches pass; with marks smaller than a batch single messages do.
    for (workers, mark) in [(1, 1000), (1, 7), (2, 1000)] {
        for transport in ["tcp://127.0.0.1:*", "inproc://"] {
            let context = Context::new();
            let (front, back) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
            front.set_receive_high_water_mark(Some(mark)).unwrap();
            back.set_send_high_water_mark(Some(mark)).unwrap();
            let place = |name: &str| match transport {
                "inproc://" => format!("inproc://{name}"),
                other => other.to_owned(),
            };
            let (work, taken) = (front.bind(&place("work")).unwrap(), back.bind(&place("taken")).unwrap());
            let pulls: Vec<_> = (0..workers)
                .map(|_| {
                    let pull = Pull::new(&context).unwrap();
                    pull.connect(&taken).unwrap();
                    pull
                })
                .collect();
            assert!(back.wait_connected(workers, LONG));
            let proxy = Proxy::new(&front, &back);
            let control = proxy.controller();
            thread::scope(|scope| {
                let running = scope.spawn(|| proxy.run());
                let push = Push::new(&context).unwrap();
                push.connect(&work).unwrap();
                let sender = scope.spawn(move || {
                    for number in 0..COUNT {
                        // Short and long framing, one frame and two.
                        let body = [&number.to_be_bytes()[..], &vec![7; number as usize % 400]].concat();
                        match number % 3 {
                            0 => push.send([b"front".to_vec(), body]).unwrap(),
                            _ => push.send(body).unwrap(),
                        }
                    }
                    push
                });
                // Work goes round, but whoever is full is passed over: nobody knows who gets how much.
                let arrived = Arc::new(AtomicU64::new(0));
                let receivers: Vec<_> = pulls
                    .into_iter()
                    .map(|pull| {
                        let arrived = arrived.clone();
                        scope.spawn(move || {
                            let (mut before, deadline) = (None, Instant::now() + 6 * LONG);
                            while arrived.load(SeqCst) < COUNT {
                                assert!(Instant::now() < deadline, "{} arrived", arrived.load(SeqCst));
                                let Ok(message) = pull.recv_timeout(Duration::from_millis(20)) else {
                                    continue;
                                };
                                arrived.fetch_add(1, SeqCst);
                                let body = message.frames().last().unwrap();
                                let number = u64::from_be_bytes(*body.first_chunk().unwrap());
                                assert!(before < Some(number), "{before:?} then {number}");
                                assert_eq!(body.len(), 8 + number as usize % 400);
                                assert_eq!(message.frames().len(), if number % 3 == 0 { 2 } else { 1 });
                                before = Some(number);
                            }
                            pull
                        })
                    })
                    .collect();
                receivers.into_iter().for_each(|receiver| drop(receiver.join().unwrap()));
                drop(sender.join().unwrap());
                let counts = control.statistics();
                assert_eq!(counts.front_received, counts.back_sent, "{workers} {mark} {transport}");
                let octets = (0..COUNT).map(|n| 8 + n % 400 + if n % 3 == 0 { 5 } else { 0 }).sum();
                assert_eq!(counts.front_received, Moved { messages: COUNT, octets });
                control.terminate();
                assert_eq!(running.join().unwrap(), Ok(()));
            });
        }
    }
}
