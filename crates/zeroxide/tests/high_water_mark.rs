//! Queues hold what the high-water marks say, to the message.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{iter, thread, time::Duration};
use zeroxide::*;

fn set(socket: &Handle, send: usize, receive: usize) {
    let mark = |value: usize| (value > 0).then_some(value);
    let _ = socket.set_send_high_water_mark(mark(send));
    let _ = socket.set_receive_high_water_mark(mark(receive));
    socket.set_linger(Some(Duration::ZERO));
}

#[test]
fn a_peer_that_is_not_there_yet_is_owed_exactly_the_send_mark() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        for kind in [SocketType::Push, SocketType::Dealer, SocketType::Pair] {
            for mark in [1, 2, 10, 1000] {
                let context = Context::new();
                let socket = Socket::new(&context, kind).unwrap();
                set(&socket, mark, 7);
                socket.connect(endpoint).unwrap();
                assert_eq!(fill(|message| socket.try_send(message)), mark, "{kind} to {endpoint}");
                assert_eq!(socket.peers()[0].queued_out, mark);
            }
        }
    }
}

#[test]
fn an_inproc_pair_holds_the_marks_of_both_sides_together() {
    for connect_first in [false, true] {
        for (send, receive) in [(1, 1), (2, 3), (100, 1), (1, 100), (1000, 1000)] {
            let context = Context::new();
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            set(&push, send, 0);
            set(&pull, 0, receive);
            let at = inproc();
            if connect_first {
                push.connect(&at).unwrap();
                pull.bind(&at).unwrap();
            } else {
                join(&pull, &push, &at);
            }
            for _ in 0..3 {
                assert_eq!(fill(|message| push.try_send(message)), send + receive);
                for count in 0..send + receive {
                    assert_eq!(pull.text(), count.to_string());
                }
                assert!(pull.has_nothing());
            }
        }
    }
}

#[test]
fn without_a_mark_on_either_side_an_inproc_pair_holds_any_number() {
    for (send, receive) in [(0, 5), (5, 0), (0, 0)] {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        set(&push, send, 0);
        set(&pull, 0, receive);
        join(&pull, &push, &inproc());
        for count in 0..20_000 {
            push.try_send(number(count)).unwrap();
        }
        for count in 0..20_000 {
            assert_eq!(as_number(&pull.get()), count);
        }
    }
}

#[test]
fn a_multipart_message_counts_as_one() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    set(&push, 5, 5);
    push.connect(&inproc()).unwrap();
    for _ in 0..5 {
        push.try_send(["one", "message", "of", "many", "parts"]).unwrap();
    }
    push.try_send("a sixth").unwrap_err();
}

#[test]
fn marks_changed_later_act_on_living_pairs() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    set(&push, 1, 1);
    set(&pull, 1, 1);
    join(&pull, &push, &inproc());
    assert_eq!(fill(|message| push.try_send(message)), 2);
    push.set_send_high_water_mark(Some(5)).unwrap();
    assert_eq!(fill(|message| push.try_send(message)), 4);
    pull.set_receive_high_water_mark(Some(3)).unwrap();
    assert_eq!(fill(|message| push.try_send(message)), 2);
    push.set_send_high_water_mark(Some(1)).unwrap();
    push.try_send("too many already").unwrap_err();
    (0..8).for_each(|_| drop(pull.get()));
    assert_eq!(fill(|message| push.try_send(message)), 4);
}

#[test]
fn a_raised_mark_lets_a_waiting_sender_go_on() {
    for endpoint in [inproc(), free_tcp()] {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        set(&push, 1, 1);
        push.connect(&endpoint).unwrap();
        push.send("fills the queue").unwrap();
        let (sent, ()) = once_asleep(
            || push.send_timeout("has to wait", LONG),
            || push.set_send_high_water_mark(Some(2)).unwrap(),
        );
        sent.unwrap();
    }
}

#[test]
fn a_publisher_drops_exactly_what_does_not_fit_and_counts_it() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    set(&publisher, 20, 0);
    let subscribers = [(); 3].map(|()| {
        let subscriber = Sub::new(&context).unwrap();
        set(&subscriber, 0, 30);
        subscriber.subscribe("").unwrap();
        subscriber
    });
    let at = inproc();
    publisher.bind(&at).unwrap();
    for subscriber in &subscribers {
        subscriber.connect(&at).unwrap();
    }
    for count in 0..100 {
        publisher.try_send(number(count)).unwrap();
    }
    assert_eq!(publisher.statistics().lost_to(Loss::HighWaterMark), 150);
    for subscriber in &subscribers {
        for count in 0..50 {
            assert_eq!(as_number(&subscriber.get()), count);
        }
        assert!(subscriber.has_nothing());
    }
    publisher.send("goes on").unwrap();
    for subscriber in &subscribers {
        assert_eq!(subscriber.text(), "goes on");
    }
}

#[test]
fn a_publisher_that_keeps_all_waits_for_the_slowest() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Xpub::new(&context).unwrap();
        publisher.set_xpub_nodrop(true).unwrap();
        set(&publisher, 10, 1000);
        publisher.set_linger(None);
        let at = publisher.bind(&endpoint).unwrap();
        let [fast, slow] = [(); 2].map(|()| {
            let subscriber = Sub::new(&context).unwrap();
            set(&subscriber, 0, 10);
            subscriber.subscribe("").unwrap();
            subscriber.connect(&at).unwrap();
            subscriber
        });
        assert!(publisher.wait_for_subscribers("", 2, LONG));
        let fast =
            thread::spawn(move || (0..20_000).for_each(|count| assert_eq!(as_number(&fast.get()), count)));
        let slow = thread::spawn(move || {
            for count in 0..20_000 {
                assert_eq!(as_number(&slow.get()), count);
                if count % 100 == 0 {
                    thread::yield_now();
                }
            }
        });
        for count in 0..20_000 {
            publisher.send_timeout(number(count), LONG).unwrap();
        }
        fast.join().unwrap();
        slow.join().unwrap();
        assert_eq!(publisher.statistics().lost_to(Loss::HighWaterMark), 0);
    }
}

#[test]
fn a_receiver_that_does_not_read_stops_the_sender_over_any_wire() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        set(&push, 10, 10);
        set(&pull, 10, 10);
        join(&pull, &push, endpoint);
        let body = vec![0; 100_000];
        let mut sent = 0;
        // Both queues and what the kernel holds in between, but no more.
        while sent < 10_000 && push.send_timeout(&body, Duration::from_millis(300)).is_ok() {
            sent += 1;
        }
        assert!((10..1000).contains(&sent), "{sent}");
        for _ in 0..sent {
            assert_eq!(pull.get()[0].len(), body.len());
        }
        assert!(pull.has_nothing());
        push.send_timeout("room again", LONG).unwrap();
        assert_eq!(pull.text(), "room again");
    }
}

#[test]
fn what_is_queued_goes_out_without_the_senders_that_gave_up_waiting() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        set(&push, 10, 10);
        set(&pull, 10, 10);
        join(&pull, &push, endpoint);
        let body = vec![7; 6_000];
        let fill_up = || {
            let sent = iter::repeat_with(|| push.send_timeout(&body, Duration::from_millis(20)));
            sent.take_while(Result::is_ok).count()
        };
        // Whoever waits for room watches the connection meanwhile, and so do others at the same time.
        let sent: usize = thread::scope(|scope| {
            let filling = [0; 3].map(|_| scope.spawn(fill_up));
            filling.map(|thread| thread.join().unwrap()).into_iter().sum()
        });
        for _ in 0..sent {
            assert_eq!(pull.get()[0], body);
        }
        assert!(pull.has_nothing());
    }
}

#[test]
fn a_mandatory_router_says_when_a_peer_is_full_and_goes_on_when_it_is_not() {
    for endpoint in [inproc(), free_tcp()] {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_mandatory(true).unwrap();
        set(&router, 5, 5);
        router.set_connect_routing_id("peer").unwrap();
        router.connect(&endpoint).unwrap();
        for count in 0..5 {
            router.try_send(["peer", &count.to_string()]).unwrap();
        }
        let more = Message::from(["peer", "more"]);
        let refused = |error: SendError| (error.cause, error.message);
        assert_eq!(
            refused(router.try_send(more.clone()).unwrap_err()),
            (SendErrorCause::WouldBlock, more.clone())
        );
        // A ROUTER does not wait, whatever its timeout, for others would have to wait as well.
        assert_eq!(
            refused(router.send(more.clone()).unwrap_err()),
            (SendErrorCause::WouldBlock, more.clone())
        );
        let mut sending = router.send_async(more.clone());
        let std::task::Poll::Ready(Err(error)) = poll_once(&mut sending) else { panic!("it waits") };
        assert_eq!(refused(error), (SendErrorCause::WouldBlock, more));
        let dealer = Dealer::new(&context).unwrap();
        let (sent, ()) = once_asleep(
            || router.send_timeout(["peer", "5"], LONG),
            || {
                dealer.bind(&endpoint).unwrap();
                for count in 0..6 {
                    assert_eq!(dealer.text(), count.to_string());
                }
            },
        );
        sent.unwrap();
    }
}

#[test]
fn an_indifferent_router_drops_what_a_full_peer_cannot_take() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    set(&router, 5, 5);
    router.set_connect_routing_id("peer").unwrap();
    router.connect(&inproc()).unwrap();
    for _ in 0..12 {
        router.try_send(["peer", "a"]).unwrap();
    }
    assert_eq!(router.statistics().lost_to(Loss::HighWaterMark), 7);
}

#[test]
fn with_conflate_only_the_newest_message_is_kept() {
    let context = Context::new();
    for endpoint in everywhere() {
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        pull.set_conflate(true).unwrap();
        push.set_conflate(true).unwrap();
        join(&pull, &push, &endpoint);
        for count in 0..=5000 {
            push.send(number(count)).unwrap();
        }
        let mut last = as_number(&pull.get());
        while last < 5000 {
            let next = as_number(&pull.get());
            assert!(next > last, "{next} after {last}");
            last = next;
        }
        assert!(pull.has_nothing());
    }
}

#[test]
fn with_conflate_a_queue_for_nobody_holds_one_message() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.set_conflate(true).unwrap();
        push.connect(endpoint).unwrap();
        for count in 0..100 {
            push.try_send(number(count)).unwrap();
        }
        assert_eq!(push.statistics().lost_to(Loss::Conflated), 99);
        let pull = Pull::new(&context).unwrap();
        pull.bind(endpoint).unwrap();
        assert_eq!(as_number(&pull.get()), 99);
        assert!(pull.has_nothing());
    }
}
