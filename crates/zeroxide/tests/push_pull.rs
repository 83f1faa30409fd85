//! PUSH and PULL (RFC 30): work handed out in turn, taken in fairly, never dropped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{thread, time::Duration};
use zeroxide::*;

#[test]
fn work_goes_round_the_workers() {
    for endpoint in everywhere() {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let at = push.bind(&endpoint).unwrap();
        let workers = [(); 4].map(|()| {
            let pull = Pull::new(&context).unwrap();
            join_at(&push, &pull, &at);
            pull
        });
        for task in 0..40 {
            push.send(number(task)).unwrap();
        }
        for worker in &workers {
            let tasks: Vec<u32> = (0..10).map(|_| as_number(&worker.get())).collect();
            assert!(tasks.windows(2).all(|two| two[1] == two[0] + 4), "in turn: {tasks:?}");
            assert!(worker.has_nothing());
        }
    }
}

#[test]
fn a_pull_takes_from_each_that_has_something_in_turn() {
    for endpoint in everywhere() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        let at = pull.bind(&endpoint).unwrap();
        let pushes: Vec<Push> = (0..3).map(|_| Push::new(&context).unwrap()).collect();
        for push in &pushes {
            join_at(&pull, push, &at);
        }
        for (who, push) in pushes.iter().enumerate() {
            for _ in 0..if who == 0 { 200 } else { 20 } {
                push.send(number(who as u32)).unwrap();
            }
        }
        // Only then is everything in the queues of the pull, and the turns can be counted.
        eventually(|| pull.peers().iter().map(|peer| peer.queued_in).sum::<usize>() == 240);
        let first: Vec<u32> = (0..60).map(|_| as_number(&pull.get())).collect();
        for who in 0..3 {
            assert_eq!(first.iter().filter(|number| **number == who).count(), 20, "{first:?}");
        }
        for _ in 0..180 {
            assert_eq!(as_number(&pull.get()), 0);
        }
    }
}

#[test]
fn a_worker_that_is_full_is_passed_over() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    push.set_send_high_water_mark(Some(2)).unwrap();
    let [slow, fast] = [(); 2].map(|()| {
        let pull = Pull::new(&context).unwrap();
        pull.set_receive_high_water_mark(Some(2)).unwrap();
        join(&pull, &push, &inproc());
        pull
    });
    // Eight is what both take together; then only the one that reads gets more.
    assert_eq!(fill(|message| push.try_send(message)), 8);
    for _ in 0..4 {
        fast.get();
    }
    assert_eq!(fill(|message| push.try_send(message)), 4);
    for _ in 0..4 {
        fast.get();
        slow.get();
    }
    assert!(fast.has_nothing() && slow.has_nothing());
}

#[test]
fn a_push_without_a_worker_waits_for_the_first() {
    for endpoint in everywhere() {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        assert_eq!(push.try_send("early").unwrap_err().cause, SendErrorCause::WouldBlock);
        let at = push.bind(&endpoint).unwrap();
        assert_eq!(push.try_send("early").unwrap_err().cause, SendErrorCause::WouldBlock);
        let pull = Pull::new(&context).unwrap();
        let (sent, ()) = once_asleep(|| push.send_timeout("work", LONG), || pull.connect(&at).unwrap());
        sent.unwrap();
        assert_eq!(pull.text(), "work");
    }
}

#[test]
fn a_blocked_push_goes_on_when_the_application_connects_it_even_to_nobody() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in endpoints {
        for _ in 0..20 {
            let context = Context::new();
            let push = Push::new(&context).unwrap();
            push.set_linger(Some(Duration::ZERO));
            let (sent, connected) =
                once_asleep(|| push.send_timeout("queued", LONG), || push.connect(&endpoint));
            sent.unwrap();
            connected.unwrap();
        }
    }
}

#[test]
fn a_message_that_was_cut_off_is_not_delivered_in_part() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    for endpoint in over_wires() {
        let at = pull.bind(endpoint).unwrap();
        let mut peer = raw(&at, Kind::Push, b"");
        peer.send(&octets::message(&[b"whole", b"message"]));
        peer.send(&octets::frame(octets::MORE, b"first")).send(&octets::frame(octets::MORE, b"second"));
        peer.send(&octets::frame(0, b"the last, cut off")[..9]);
        assert_eq!(pull.text(), "whole | message");
        peer.close();
        wait_for_connections(&pull, 0);
        assert!(pull.has_nothing());
        pull.unbind(&at).unwrap();
    }
}

#[test]
fn multipart_messages_of_many_senders_never_mix() {
    for endpoint in everywhere() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        let at = pull.bind(&endpoint).unwrap();
        thread::scope(|scope| {
            for who in 0..4u32 {
                let push = Push::new(&context).unwrap();
                push.connect(&at).unwrap();
                scope.spawn(move || {
                    for count in 0..500u32 {
                        let part = |part: u32| format!("{who} {count} {part}");
                        push.send((0..1 + count % 5).map(part).collect::<Message>()).unwrap();
                    }
                });
            }
            let mut next = [0u32; 4];
            for _ in 0..2000 {
                let message = pull.get();
                let who: usize = message[0].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
                let count = next[who];
                next[who] += 1;
                let whole: Message = (0..1 + count % 5).map(|part| format!("{who} {count} {part}")).collect();
                assert_eq!(message, whole);
            }
        });
    }
}

#[test]
fn a_push_goes_on_with_the_other_workers_when_one_leaves() {
    for endpoint in everywhere() {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let at = push.bind(&endpoint).unwrap();
        let [stays, leaves] = [(); 2].map(|()| {
            let pull = Pull::new(&context).unwrap();
            join_at(&push, &pull, &at);
            pull
        });
        drop(leaves);
        wait_for_connections(&push, 1);
        for task in 0..100 {
            push.send(number(task)).unwrap();
            assert_eq!(as_number(&stays.get()), task);
        }
    }
}

#[test]
fn what_a_misguided_peer_sends_to_a_push_is_dropped_and_counted() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    let at = push.bind("tcp://127.0.0.1:*").unwrap();
    let mut peer = raw(&at, Kind::Pull, b"");
    // More than any queue would hold, so a push that kept it would stop reading and never see the end.
    let nonsense = octets::message(&[b"nonsense"]).repeat(10_000);
    peer.send(&nonsense);
    peer.close_sending();
    eventually(|| push.statistics().lost_in_all() == 10_000);
}

#[test]
fn a_sender_that_is_kept_waiting_goes_on_when_the_connection_breaks_and_another_comes() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_send_high_water_mark(Some(10)).unwrap();
    let at = push.bind("tcp://127.0.0.1:*").unwrap();
    let silent = raw(&at, Kind::Pull, b"");
    push.send_timeout("there", LONG).unwrap();
    let body = vec![7; 6_000];
    // The I/O thread may be in the middle of a write when the queue is full for the first time: it is to stay so for long.
    while push.send_timeout(&body, Duration::from_secs(1)).is_ok() {}
    let (sent, ()) = once_asleep(
        || push.send_timeout("the last", LONG),
        || {
            drop(silent);
            pull.connect(&at).unwrap();
        },
    );
    sent.unwrap();
    assert_eq!(pull.text(), "the last");
}
