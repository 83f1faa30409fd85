//! Waiting for many sockets and descriptors at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::{
    future::Future,
    io::Write,
    os::{fd::AsFd, unix::net::UnixStream},
    pin::pin,
    task::{Context as TaskContext, Waker},
    thread,
    time::Duration,
};
use zeroxide::*;

const LONG: Option<Duration> = Some(Duration::from_secs(120));
const NOW: Option<Duration> = Some(Duration::ZERO);

fn pipeline(context: &Context, endpoint: &str) -> (Push, Pull) {
    let (push, pull) = (Push::new(context).unwrap(), Pull::new(context).unwrap());
    push.connect(&pull.bind(endpoint).unwrap()).unwrap();
    (push, pull)
}

fn tokens(events: &[Ready]) -> Vec<usize> {
    events.iter().map(|event| event.token).collect()
}

#[test]
fn a_socket_is_reported_for_as_long_as_a_message_is_there() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://level"] {
        let context = Context::new();
        let (push, pull) = pipeline(&context, endpoint);
        let mut poller = Poller::new();
        poller.add(&pull, 7, Interest::READABLE);
        push.send("one").unwrap();
        push.send("two").unwrap();
        for _ in 0..2 {
            for _ in 0..3 {
                assert_eq!(tokens(&poller.wait(LONG).unwrap()), [7]);
            }
            pull.try_recv().unwrap();
            // The second may still be on its way, so it is waited for.
        }
        assert_eq!(poller.wait(NOW).unwrap(), []);
    }
}

#[test]
fn a_message_that_comes_later_ends_the_wait() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://later"] {
        let context = Context::new();
        let (push, pull) = pipeline(&context, endpoint);
        let (go, wait) = std::sync::mpsc::channel();
        let sender = thread::spawn(move || {
            for number in wait {
                push.send(u32::to_string(&number)).unwrap();
            }
        });
        let mut poller = Poller::new();
        poller.add(&pull, 0, Interest::READABLE);
        for number in 0..1000 {
            go.send(number).unwrap();
            assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
            assert_eq!(pull.try_recv().unwrap(), number.to_string().into());
        }
        drop(go);
        sender.join().unwrap();
    }
}

#[test]
fn whoever_read_before_gives_the_reading_back() {
    let context = Context::new();
    let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
    let mut poller = Poller::new();
    poller.add(&pull, 0, Interest::READABLE);
    for number in 0..1000 {
        push.send("to the one who waits in recv").unwrap();
        pull.recv_timeout(LONG.unwrap()).unwrap();
        push.send(number.to_string()).unwrap();
        assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
        assert_eq!(pull.try_recv().unwrap(), number.to_string().into());
    }
}

#[test]
fn a_hundred_sockets_and_those_that_have_something_are_found() {
    let context = Context::new();
    let pairs: Vec<_> = (0..100).map(|at| pipeline(&context, &format!("inproc://{at}"))).collect();
    let mut poller = Poller::new();
    for (token, (_, pull)) in pairs.iter().enumerate() {
        poller.add(pull, token, Interest::READABLE);
    }
    assert_eq!(poller.len(), 100);
    for at in [3, 50, 99] {
        pairs[at].0.send("x").unwrap();
    }
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [3, 50, 99]);
    pairs[50].1.recv().unwrap();
    assert!(poller.remove(3));
    assert!(!poller.remove(3));
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [99]);
}

#[test]
fn descriptors_and_sockets_wait_together() {
    let context = Context::new();
    let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
    let (mut near, far) = UnixStream::pair().unwrap();
    let mut poller = Poller::new();
    poller.add(&pull, 1, Interest::READABLE);
    poller.add_fd(far.as_fd(), 2, Interest::READABLE);
    assert_eq!(poller.wait(NOW).unwrap(), []);

    push.send("message").unwrap();
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [1]);
    near.write_all(b"!").unwrap();
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [1, 2]);
    pull.recv().unwrap();
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [2]);

    poller.add_fd(far.as_fd(), 2, Interest::READABLE | Interest::WRITABLE);
    drop(near);
    let events = poller.wait(LONG).unwrap();
    assert!(events[0].readable && events[0].error, "{events:?}");
}

#[test]
fn a_message_wakes_a_thread_that_polls_descriptors() {
    let context = Context::new();
    let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
    let (_near, far) = UnixStream::pair().unwrap();
    let echo = thread::spawn(move || {
        let mut poller = Poller::new();
        poller.add(&pull, 1, Interest::READABLE);
        poller.add_fd(far.as_fd(), 2, Interest::READABLE);
        for number in 0..1000 {
            assert_eq!(tokens(&poller.wait(LONG).unwrap()), [1]);
            assert_eq!(pull.try_recv().unwrap(), i32::to_string(&number).into());
        }
    });
    for number in 0..1000 {
        push.send(number.to_string()).unwrap();
    }
    echo.join().unwrap();
}

#[test]
fn a_push_is_writable_while_a_peer_has_room() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    let endpoint = push.bind("inproc://room").unwrap();
    push.set_send_high_water_mark(Some(1)).unwrap();
    let mut poller = Poller::new();
    poller.add(&push, 0, Interest::WRITABLE | Interest::READABLE);
    assert_eq!(poller.wait(NOW).unwrap(), [], "no peer");

    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    pull.connect(&endpoint).unwrap();
    let found = poller.wait(LONG).unwrap();
    assert!(found[0].writable && !found[0].readable, "a PUSH cannot receive");
    push.try_send("1").unwrap();
    push.try_send("2").unwrap();
    assert_eq!(poller.wait(NOW).unwrap(), [], "both queues are full");
    let taker = thread::spawn(move || (pull.recv().unwrap(), pull.recv().unwrap(), pull));
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
    taker.join().unwrap();
}

#[test]
fn a_mandatory_router_is_writable_while_a_peer_has_room_and_another_always() {
    let context = Context::new();
    let (router, dealer) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
    assert!(router.readiness().send, "it drops what nobody can take");
    router.set_router_mandatory(true).unwrap();
    assert!(!router.readiness().send, "no peer");
    router.set_send_high_water_mark(Some(1)).unwrap();
    dealer.set_receive_high_water_mark(Some(1)).unwrap();
    dealer.set_routing_id("dealer").unwrap();
    let mut poller = Poller::new();
    poller.add(&router, 0, Interest::WRITABLE);
    dealer.connect(&router.bind("inproc://particular").unwrap()).unwrap();
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
    router.try_send(["dealer", "1"]).unwrap();
    router.try_send(["dealer", "2"]).unwrap();
    assert_eq!(poller.wait(NOW).unwrap(), [], "both queues are full");
    let taker = thread::spawn(move || (dealer.recv().unwrap(), dealer.recv().unwrap(), dealer));
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
    taker.join().unwrap();
}

#[test]
fn the_lock_step_of_questions_and_answers_shows() {
    let context = Context::new();
    let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
    let is = |socket: &Handle, receive, send| assert_eq!(socket.readiness(), Readiness { receive, send });
    is(&req, false, false);
    req.connect(&rep.bind("inproc://steps").unwrap()).unwrap();
    is(&req, false, true);
    is(&rep, false, false);
    req.send("question").unwrap();
    is(&req, false, false);
    is(&rep, true, false);
    rep.recv().unwrap();
    is(&rep, false, true);
    rep.send("answer").unwrap();
    is(&req, true, false);
    req.recv().unwrap();
    is(&req, false, true);
    req.set_req_relaxed(true).unwrap();
    req.send("question").unwrap();
    is(&req, false, true);
}

#[test]
fn what_the_filter_drops_makes_no_sub_ready() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    subscriber.connect(&publisher.bind("inproc://news").unwrap()).unwrap();
    subscriber.subscribe("sport").unwrap();
    publisher.send("politics").unwrap();
    assert!(!subscriber.readiness().receive);
    publisher.send("sport: 1:0").unwrap();
    assert!(subscriber.wait_readable(LONG));
    assert!(!subscriber.wait_writable(None), "a SUB never sends");
    assert_eq!(subscriber.try_recv().unwrap(), "sport: 1:0".into());
    assert!(!subscriber.wait_readable(NOW));
}

#[test]
fn a_full_subscriber_holds_up_a_publisher_that_drops_nothing() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    publisher.set_send_high_water_mark(Some(1)).unwrap();
    subscriber.set_receive_high_water_mark(Some(1)).unwrap();
    subscriber.connect(&publisher.bind("inproc://full").unwrap()).unwrap();
    subscriber.subscribe("").unwrap();
    for _ in 0..3 {
        assert!(publisher.readiness().send);
        publisher.send("x").unwrap();
    }
    publisher.set_xpub_nodrop(true).unwrap();
    assert!(!publisher.readiness().send);
}

#[test]
fn a_dropped_socket_leaves_and_an_empty_poller_does_not_wait_for_ever() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let mut poller = Poller::new();
    assert!(matches!(poller.wait(None), Err(PollError::Nothing)));
    poller.add(&pull, 0, Interest::READABLE);
    let closer = thread::spawn(move || drop(pull));
    assert!(matches!(poller.wait(None), Err(PollError::Nothing)));
    assert!(poller.is_empty());
    closer.join().unwrap();
}

#[test]
fn a_shut_down_context_ends_every_wait() {
    let context = Context::new();
    let (_push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
    let mut poller = Poller::new();
    poller.add(&pull, 0, Interest::READABLE);
    let ender = thread::spawn({
        let context = context.clone();
        move || context.terminate()
    });
    assert_eq!(tokens(&poller.wait(LONG).unwrap()), [0]);
    assert_eq!(pull.try_recv().unwrap_err().cause, RecvErrorCause::Terminated);
    ender.join().unwrap();
}

/// The same story under the library's own executor and two others.
fn on_executors<F: Future<Output = ()> + Send>(story: impl Fn() -> F) {
    block_on(story());
    smol::block_on(story());
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(story());
}

#[test]
fn a_task_waits_for_several_sockets() {
    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://task"] {
        on_executors(|| async {
            let context = Context::new();
            let ways: Vec<_> = (0..6)
                .map(|at| match endpoint.strip_prefix("inproc://") {
                    Some(name) => pipeline(&context, &format!("inproc://{name} {at}")),
                    None => pipeline(&context, endpoint),
                })
                .collect();
            let (pushes, pulls): (Vec<_>, Vec<_>) = ways.into_iter().unzip();
            let (go, wait) = std::sync::mpsc::channel::<usize>();
            let sender = thread::spawn(move || {
                for number in wait {
                    pushes[number % 6].send(number.to_string()).unwrap();
                }
            });
            let mut poller = Poller::new();
            for (token, pull) in pulls.iter().enumerate() {
                poller.add(pull, token, Interest::READABLE);
            }
            let mut ready = Vec::new();
            for number in 0..600 {
                // Sent when this task is about to wait, or waits.
                go.send(number).unwrap();
                poller.wait_into_async(&mut ready).await.unwrap();
                assert_eq!(tokens(&ready), [number % 6]);
                assert_eq!(pulls[number % 6].try_recv().unwrap(), number.to_string().into());
            }
            drop(go);
            sender.join().unwrap();
        });
    }
}

#[test]
fn whoever_always_finds_something_at_one_socket_hears_of_the_other() {
    let context = Context::new();
    let (push, pull) = pipeline(&context, "inproc://busy");
    let (other_push, other) = pipeline(&context, "tcp://127.0.0.1:*");
    push.send("always here").unwrap();
    let mut poller = Poller::new();
    poller.add(&pull, 0, Interest::READABLE);
    poller.add(&other, 1, Interest::READABLE);
    block_on(async {
        for number in 0..200 {
            other_push.send(number.to_string()).unwrap();
            while !tokens(&poller.wait_async().await.unwrap()).contains(&1) {}
            assert_eq!(other.recv_async().await.unwrap(), number.to_string().into());
        }
    });
}

#[test]
fn a_wait_of_a_task_that_is_dropped_loses_nothing() {
    on_executors(|| async {
        let context = Context::new();
        let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
        let mut poller = Poller::new();
        poller.add(&pull, 0, Interest::READABLE);
        for number in 0..100 {
            {
                let dropped = pin!(poller.wait_async());
                let mut nobody = TaskContext::from_waker(Waker::noop());
                assert!(dropped.poll(&mut nobody).is_pending());
                push.send(number.to_string()).unwrap();
            }
            assert_eq!(tokens(&poller.wait_async().await.unwrap()), [0]);
            assert_eq!(pull.try_recv().unwrap(), number.to_string().into());
        }
    });
}

#[test]
fn a_task_is_told_what_it_cannot_wait_for() {
    let context = Context::new();
    let (_push, pull) = pipeline(&context, "inproc://gone");
    let (_near, far) = UnixStream::pair().unwrap();
    let mut poller = Poller::new();
    assert!(matches!(block_on(poller.wait_async()), Err(PollError::Nothing)));
    poller.add_fd(far.as_fd(), 1, Interest::READABLE);
    assert!(matches!(block_on(poller.wait_async()), Err(PollError::Descriptors)));
    poller.remove(1);
    poller.add(&pull, 0, Interest::READABLE);
    context.terminate();
    assert_eq!(tokens(&block_on(poller.wait_async()).unwrap()), [0], "its end is to be received");
    drop(pull);
    assert!(matches!(block_on(poller.wait_async()), Err(PollError::Nothing)));
}

#[test]
fn a_task_waits_for_room() {
    on_executors(|| async {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.set_send_high_water_mark(Some(1)).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        push.connect(&pull.bind("inproc://room").unwrap()).unwrap();
        while push.try_send("full").is_ok() {}
        let taker = thread::spawn(move || (pull.recv().unwrap(), pull.recv().unwrap(), pull));
        let mut poller = Poller::new();
        poller.add(&push, 3, Interest::WRITABLE);
        let ready = poller.wait_async().await.unwrap();
        assert!(ready[0].token == 3 && ready[0].writable && !ready[0].readable);
        push.try_send("there is room").unwrap();
        drop(taker.join().unwrap());
    });
}
