//! Sockets are `Sync`: any number of threads, sending and receiving at once, and nobody is forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::block_on;
use common::*;
use std::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering::*},
    thread,
};
use zeroxide::*;

#[test]
fn eight_threads_share_one_socket() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, &endpoint);
        let (left, sum) = (AtomicUsize::new(8_000), AtomicU32::new(0));
        thread::scope(|scope| {
            for who in 0..4 {
                let (push, pull, left, sum) = (&push, &pull, &left, &sum);
                scope.spawn(move || {
                    for count in 0..2_000 {
                        push.send([number(who * 2_000 + count)[0].clone(), "tail".into()]).unwrap();
                    }
                });
                scope.spawn(move || {
                    while left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                        let message = pull.get();
                        assert_eq!((message.len(), &message[1][..]), (2, &b"tail"[..]));
                        sum.fetch_add(as_number(&message), SeqCst);
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), (0..8_000).sum::<u32>());
        assert!(pull.has_nothing());
    }
}

#[test]
fn one_thread_sends_while_another_receives_on_the_same_socket() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
        join(&left, &right, &endpoint);
        thread::scope(|scope| {
            for socket in [&left, &right] {
                scope.spawn(|| {
                    for count in 0..20_000 {
                        socket.send(number(count)).unwrap();
                    }
                });
                scope.spawn(|| {
                    for count in 0..20_000 {
                        assert_eq!(as_number(&socket.get()), count);
                    }
                });
            }
        });
    }
}

#[test]
fn a_sleeping_receiver_is_woken_by_each_single_message() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
        join(&left, &right, &endpoint);
        thread::scope(|scope| {
            scope.spawn(|| {
                for count in 0..5_000 {
                    right.send(left_to_right(count)).unwrap();
                    assert_eq!(as_number(&right.get()), count);
                }
            });
            for count in 0..5_000 {
                assert_eq!(left.get(), left_to_right(count));
                left.send(number(count)).unwrap();
            }
        });
    }
}

fn left_to_right(count: u32) -> Message {
    Message::from([number(count)[0].clone(), Frame::EMPTY])
}

#[test]
fn many_sleeping_receivers_each_get_their_message() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, &endpoint);
        for _ in 0..rounds(50) {
            thread::scope(|scope| {
                let receivers: Vec<_> = (0..6).map(|_| scope.spawn(|| as_number(&pull.get()))).collect();
                for count in 0..6 {
                    push.send(number(count)).unwrap();
                }
                let mut came: Vec<u32> = receivers.into_iter().map(|thread| thread.join().unwrap()).collect();
                came.sort_unstable();
                assert_eq!(came, [0, 1, 2, 3, 4, 5]);
            });
        }
    }
}

#[test]
fn many_blocked_senders_all_get_through() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.set_send_high_water_mark(Some(1)).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        join(&pull, &push, &endpoint);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| (0..500).for_each(|_| push.send_timeout(vec![0; 3_000], LONG).unwrap()));
            }
            (0..3_000).for_each(|_| assert_eq!(pull.get()[0].len(), 3_000));
        });
        assert!(pull.has_nothing());
    }
}

#[test]
fn with_the_smallest_queues_bursts_both_ways_never_stall() {
    for endpoint in everywhere() {
        for (send, receive) in [(1, 1), (2, 1), (1, 2), (3, 5)] {
            let context = Context::new();
            let (left, right) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
            for socket in [&left, &right] {
                socket.set_send_high_water_mark(Some(send)).unwrap();
                socket.set_receive_high_water_mark(Some(receive)).unwrap();
            }
            join(&left, &right, &endpoint_again(&endpoint));
            thread::scope(|scope| {
                for socket in [&left, &right] {
                    scope.spawn(|| {
                        (0..2_000).for_each(|count| socket.send_timeout(number(count), LONG).unwrap())
                    });
                    scope.spawn(|| (0..2_000).for_each(|count| assert_eq!(as_number(&socket.get()), count)));
                }
            });
        }
    }
}

fn endpoint_again(endpoint: &str) -> String {
    if endpoint.starts_with("inproc") { inproc() } else { endpoint.to_owned() }
}

#[test]
fn a_receiver_that_alternates_between_waiting_and_looking_misses_nothing() {
    for endpoint in everywhere() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.set_receive_high_water_mark(Some(3)).unwrap();
        let at = pull.bind(&endpoint).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                let push = Push::new(&context).unwrap();
                push.connect(&at).unwrap();
                scope.spawn(move || {
                    (0..1_000).for_each(|count| push.send_timeout(number(count), LONG).unwrap())
                });
            }
            let mut came = 0;
            while came < 3_000 {
                match came % 3 {
                    0 => drop(pull.get()),
                    1 => eventually(|| pull.try_recv().is_ok()),
                    _ => drop(block_on(pull.recv_async()).unwrap()),
                }
                came += 1;
            }
        });
    }
}

#[test]
fn readers_on_the_connection_survive_peers_that_come_and_go() {
    for endpoint in everywhere() {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        let at = pull.bind(&endpoint).unwrap();
        let count = rounds(100);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 0..count {
                        let push = Push::new(&context).unwrap();
                        // However many wait for their connections before it.
                        push.set_linger(None);
                        push.connect(&at).unwrap();
                        push.send(number(round as u32)).unwrap();
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| (0..count).for_each(|_| drop(pull.get())));
            }
            (0..count).for_each(|_| drop(pull.get()));
        });
        assert!(pull.has_nothing());
        wait_for_connections(&pull, 0);
    }
}

#[test]
fn a_thousand_sockets_live_in_one_context() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_linger(Some(std::time::Duration::ZERO));
    let (tcp, inproc) = (pull.bind("tcp://127.0.0.1:*").unwrap(), pull.bind(&inproc()).unwrap());
    let pushes: Vec<Push> = (0..1_000u32)
        .map(|who| {
            let push = Push::new(&context).unwrap();
            push.connect(if who % 4 == 0 { &tcp } else { &inproc }).unwrap();
            push.send(number(who)).unwrap();
            push
        })
        .collect();
    let mut came: Vec<u32> = (0..1_000).map(|_| as_number(&pull.get())).collect();
    came.sort_unstable();
    assert_eq!(came, (0..1_000).collect::<Vec<_>>());
    assert_eq!(context.open_sockets(), 1_001);
    drop(pushes);
    assert_eq!(context.open_sockets(), 1);
    wait_for_connections(&pull, 0);
}

#[test]
fn no_more_sockets_than_the_limit_and_the_places_are_used_again() {
    let context = Context::builder().max_sockets(5).build();
    for _ in 0..3 {
        let sockets: Vec<Pull> = (0..5).map(|_| Pull::new(&context).unwrap()).collect();
        assert_eq!(Pull::new(&context).unwrap_err(), SocketError::TooMany(5));
        drop(sockets);
    }
}
