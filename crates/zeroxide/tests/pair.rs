//! PAIR: one peer, both ways.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use zeroxide::*;

#[test]
fn messages_go_both_ways_in_order() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
        join(&left, &right, &endpoint);
        for count in 0..500 {
            left.send(number(count)).unwrap();
            right.send(number(count)).unwrap();
        }
        for count in 0..500 {
            assert_eq!(as_number(&left.get()), count);
            assert_eq!(as_number(&right.get()), count);
        }
        assert!(left.has_nothing() && right.has_nothing());
    }
}

#[test]
fn frames_of_every_size_arrive_as_they_were() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
        join(&left, &right, &endpoint);
        let sizes =
            [0, 1, 54, 55, 56, 57, 63, 64, 255, 256, 4095, 4096, 8191, 8192, 8193, 65_535, 65_536, 1 << 20];
        let sent: Message = sizes.iter().map(|size| vec![*size as u8; *size]).collect();
        for _ in 0..3 {
            left.send(sent.clone()).unwrap();
            assert_eq!(right.get(), sent);
        }
    }
}

#[test]
fn a_pair_without_a_peer_has_nobody_to_send_to() {
    let context = Context::new();
    let pair = Pair::new(&context).unwrap();
    pair.bind("tcp://127.0.0.1:*").unwrap();
    let error = pair.try_send("to nobody").unwrap_err();
    assert_eq!((error.cause, error.into_message()), (SendErrorCause::WouldBlock, "to nobody".into()));
}

#[test]
fn a_third_socket_is_refused_and_the_first_two_go_on() {
    for endpoint in everywhere() {
        let context = Context::new();
        let [left, right, third] = [(); 3].map(|()| Pair::new(&context).unwrap());
        let at = join(&left, &right, &endpoint);
        third.set_linger(Some(std::time::Duration::ZERO));
        let events = left.monitor();
        third.connect(&at).unwrap();
        third.try_send("let me in").ok();
        if !at.starts_with("inproc") {
            events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
        }
        right.send("still here").unwrap();
        assert_eq!(left.text(), "still here");
        left.send("so am I").unwrap();
        assert_eq!(right.text(), "so am I");
        assert_eq!(left.connected(), 1);
        assert!(left.has_nothing());
    }
}

#[test]
fn when_the_peer_has_left_another_may_come() {
    for endpoint in everywhere() {
        let context = Context::new();
        let left = Pair::new(&context).unwrap();
        let at = left.bind(&endpoint).unwrap();
        for visitor in 0..5 {
            let right = Pair::new(&context).unwrap();
            join_at(&left, &right, &at);
            right.send(number(visitor)).unwrap();
            assert_eq!(as_number(&left.get()), visitor);
            left.send("welcome").unwrap();
            assert_eq!(right.text(), "welcome");
            drop(right);
            wait_for_connections(&left, 0);
        }
    }
}

#[test]
fn what_the_peer_sent_before_it_left_can_still_be_received() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
        join(&left, &right, &endpoint);
        for count in 0..100 {
            right.send([number(count)[0].clone(), "more".into()]).unwrap();
        }
        drop(right);
        wait_for_connections(&left, 0);
        for count in 0..100 {
            assert_eq!(as_number(&left.get()), count);
        }
        assert!(left.has_nothing());
    }
}
