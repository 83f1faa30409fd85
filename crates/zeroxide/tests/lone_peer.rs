//! A PUSH or DEALER with one peer does not ask its rules where a message goes. That must not show: not when a second peer
//! comes, not when the first goes, not at the high-water mark, not at the end.

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

/// The receivers of each sender here.
fn receiver(context: &Context, sender: SocketType, at: &str) -> Socket {
    let kind = if sender == SocketType::Push { SocketType::Pull } else { SocketType::Dealer };
    let receiver = Socket::new(context, kind).unwrap();
    receiver.connect(at).unwrap();
    receiver
}

fn text(socket: &Socket) -> String {
    socket.recv_timeout(LONG).unwrap().to_string()
}

#[test]
fn a_second_peer_gets_its_turn_and_the_last_one_gets_all() {
    for endpoint in everywhere() {
        for kind in [SocketType::Push, SocketType::Dealer] {
            let context = Context::new();
            let sender = Socket::new(&context, kind).unwrap();
            let at = sender.bind(&endpoint).unwrap();
            let first = receiver(&context, kind, &at);
            wait_for_connections(&sender, 1);
            (0..10).for_each(|count| sender.send(format!("alone {count}")).unwrap());
            (0..10).for_each(|count| assert_eq!(text(&first), format!("alone {count}")));
            let second = receiver(&context, kind, &at);
            wait_for_connections(&sender, 2);
            (0..10).for_each(|count| sender.send(format!("both {count}")).unwrap());
            let mut both: Vec<String> = [&first, &second]
                .iter()
                .flat_map(|to| (0..5).map(|_| text(to)).collect::<Vec<_>>())
                .collect();
            both.sort_unstable();
            assert_eq!(both, (0..10).map(|count| format!("both {count}")).collect::<Vec<_>>());
            drop(first);
            eventually(|| sender.connected() == 1);
            (0..10).for_each(|count| sender.send(format!("last {count}")).unwrap());
            (0..10).for_each(|count| assert_eq!(text(&second), format!("last {count}")));
        }
    }
}

#[test]
fn after_the_only_peer_has_gone_there_is_nobody_to_send_to() {
    for endpoint in everywhere() {
        for kind in [SocketType::Push, SocketType::Dealer] {
            let context = Context::new();
            let sender = Socket::new(&context, kind).unwrap();
            let at = sender.bind(&endpoint).unwrap();
            for _ in 0..3 {
                let only = receiver(&context, kind, &at);
                wait_for_connections(&sender, 1);
                sender.send("hello").unwrap();
                assert_eq!(text(&only), "hello");
                drop(only);
                eventually(|| sender.peers().is_empty());
                let refused = sender.try_send("nobody").unwrap_err();
                assert_eq!(refused.cause, SendErrorCause::WouldBlock);
                assert_eq!(refused.message.to_string(), "nobody");
            }
        }
    }
}

#[test]
fn many_threads_send_to_one_peer_and_all_of_it_comes_in_the_order_of_each() {
    const THREADS: usize = 4;
    const MESSAGES: usize = 5000;
    for endpoint in everywhere() {
        for mark in [1, 10, 1000] {
            let context = Context::new();
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            push.set_send_high_water_mark(Some(mark)).unwrap();
            pull.set_receive_high_water_mark(Some(mark)).unwrap();
            join(&pull, &push, &endpoint);
            let messages = if mark == 1 { MESSAGES / 50 } else { MESSAGES };
            thread::scope(|scope| {
                for sender in 0..THREADS {
                    let push = &push;
                    scope.spawn(move || {
                        (0..messages).for_each(|count| push.send(format!("{sender} {count}")).unwrap());
                    });
                }
                let mut next = [0; THREADS];
                for _ in 0..THREADS * messages {
                    let message = pull.text();
                    let (sender, count) = message.split_once(' ').unwrap();
                    let sender: usize = sender.parse().unwrap();
                    assert_eq!(count, next[sender].to_string());
                    next[sender] += 1;
                }
            });
            assert!(pull.has_nothing());
        }
    }
}

#[test]
fn a_peer_that_leaves_in_the_middle_ends_the_sending_and_nothing_else() {
    for _ in 0..rounds(50) {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let at = push.bind(&inproc()).unwrap();
        let pull = Pull::new(&context).unwrap();
        pull.connect(&at).unwrap();
        wait_for_connections(&push, 1);
        let (sent, received) = thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut sent = 0;
                while push.try_send("message").is_ok() {
                    sent += 1;
                }
                sent
            });
            let mut received = 0;
            while received < 20 && pull.recv_timeout(Duration::from_millis(20)).is_ok() {
                received += 1;
            }
            drop(pull);
            (sending.join().unwrap(), received)
        });
        assert!(sent >= received, "{sent} sent, {received} received");
        eventually(|| push.try_send("nobody").is_err());
    }
}

#[test]
fn after_the_context_is_shut_down_a_send_says_so() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    join(&pull, &push, &inproc());
    push.send("before").unwrap();
    context.terminate();
    assert_eq!(push.try_send("after").unwrap_err().cause, SendErrorCause::Terminated);
}
