//! Large borrowed bodies, which are written from the caller's memory while the kernel takes them, and queued otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod common;

use common::*;
use std::{thread, time::Duration};
use zeroxide::{AllowAny, Context, Dealer, Handle, Keypair, Pull, Push, Rep, Req, SendErrorCause};

const MIB: usize = 1024 * 1024;

/// Octets that differ from place to place and from message to message.
fn body(number: usize, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at / 7 + at + number * 31) as u8).collect()
}

/// Sizes around every border, mixed so that large and small ones follow each other.
fn sizes() -> impl Iterator<Item = usize> {
    [10, 32 * 1024 - 1, 32 * 1024, 100, 3 * MIB, 65, 64 * 1024, 5000, MIB, 0, 200_000, 8 * 1024]
        .into_iter()
        .cycle()
        .take(60)
}

/// Encrypts what the two will say to each other.
fn encrypt(server: &Handle, client: &Handle) {
    let keys = Keypair::from_random([1; 32]);
    server.secure_server(&keys, AllowAny).unwrap();
    client.set_curve_client(keys.public, &Keypair::from_random([2; 32])).unwrap();
}

#[test]
fn encrypted_too_large_and_small_bodies_arrive_whole_and_in_order_however_slow_the_reader_is() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        encrypt(&pull, &push);
        join(&pull, &push, endpoint);
        thread::scope(|scope| {
            scope.spawn(|| {
                for (number, size) in sizes().take(12).enumerate() {
                    push.send(&body(number, size.min(MIB / 2))[..]).unwrap();
                }
            });
            for (number, size) in sizes().take(12).enumerate() {
                assert!(
                    pull.get().body() == body(number, size.min(MIB / 2)),
                    "{endpoint}: message {number} of {size} octets"
                );
            }
        });
    }
}

#[test]
fn encrypted_requests_of_half_a_megabyte_keep_their_envelopes() {
    let context = Context::new();
    let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
    encrypt(&rep, &req);
    join(&rep, &req, "tcp://127.0.0.1:*");
    for number in 0..3 {
        req.send(&body(number, MIB / 2)[..]).unwrap();
        assert!(rep.get().body() == body(number, MIB / 2));
        rep.send(&body(number, MIB / 4)[..]).unwrap();
        assert!(req.get().body() == body(number, MIB / 4));
    }
}

#[test]
fn large_and_small_bodies_arrive_whole_and_in_order_however_slow_the_reader_is() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, &endpoint);
        thread::scope(|scope| {
            scope.spawn(|| {
                for (number, size) in sizes().enumerate() {
                    push.send(&body(number, size)[..]).unwrap();
                }
            });
            for (number, size) in sizes().enumerate() {
                assert!(
                    pull.get().body() == body(number, size),
                    "{endpoint}: message {number} of {size} octets"
                );
            }
        });
    }
}

#[test]
fn nobody_reads_and_still_every_body_is_taken_up_to_the_high_water_mark_and_delivered_later() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_send_high_water_mark(Some(7)).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    join(&pull, &push, "tcp://127.0.0.1:*");
    let mut taken = 0;
    loop {
        match push.try_send(&body(taken, MIB)[..]) {
            Ok(()) => taken += 1,
            Err(error) => {
                assert_eq!(error.cause, SendErrorCause::WouldBlock);
                assert!(error.message.body() == body(taken, MIB), "the message is given back");
                break;
            }
        }
    }
    assert!(taken >= 7, "{taken}");
    for number in 0..taken {
        assert!(pull.get().body() == body(number, MIB), "message {number}");
    }
}

#[test]
fn senders_that_wait_for_a_reader_that_stands_still_fill_their_queue_all_the_same() {
    const MARK: usize = 200;
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.set_send_high_water_mark(Some(MARK)).unwrap();
        push.set_send_timeout(Some(Duration::from_millis(100))).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        join(&pull, &push, endpoint);
        let mut taken = 0;
        let refused = loop {
            match push.send(&body(taken, 8 * 1024)[..]) {
                Ok(()) => taken += 1,
                Err(error) => break error.cause,
            }
        };
        assert_eq!(refused, SendErrorCause::TimedOut);
        assert!(taken >= MARK, "{endpoint}: {taken}");
        for number in 0..taken {
            assert!(pull.get().body() == body(number, 8 * 1024), "{endpoint}: message {number}");
        }
    }
}

#[test]
fn a_large_body_whose_connection_breaks_in_the_middle_goes_whole_to_the_next() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    let listener = RawListener::tcp();
    push.connect(listener.endpoint()).unwrap();
    let mut half_way = listener.accept();
    shake_hands(&mut half_way, Kind::Pull, b"");
    // More than two sockets' buffers hold, so that a part of it has to stay on this side.
    let sent = body(1, 24 * MIB);
    thread::scope(|scope| {
        scope.spawn(|| push.send(&sent[..]).unwrap());
        let _begin = half_way.read(MIB);
        half_way.close();
    });
    let mut second = listener.accept();
    shake_hands(&mut second, Kind::Pull, b"");
    assert!(second.read_message() == [sent], "the whole message, from its first octet");
}

#[test]
fn a_request_of_a_megabyte_keeps_its_envelope_and_gets_its_answer() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &req, endpoint);
        for number in 0..20 {
            req.send(&body(number, MIB)[..]).unwrap();
            let request = rep.get();
            assert!(request.body() == body(number, MIB));
            rep.send(&request.body()[..MIB / 2]).unwrap();
            assert!(*req.get().body() == body(number, MIB)[..MIB / 2]);
        }
    }
}

#[test]
fn two_threads_send_large_bodies_on_one_socket_and_none_is_torn() {
    let context = Context::new();
    let (one, other) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    join(&other, &one, "ipc://*");
    thread::scope(|scope| {
        for sender in 0..2 {
            let one = &one;
            scope.spawn(move || {
                for number in 0..20 {
                    one.send([vec![sender as u8, number as u8], body(number, MIB)].concat().as_slice())
                        .unwrap();
                }
            });
        }
        let mut next = [0, 0];
        for _ in 0..40 {
            let message = other.get();
            let [sender, number, rest @ ..] = message.body() else { panic!("too short") };
            assert_eq!(usize::from(*number), next[usize::from(*sender)]);
            next[usize::from(*sender)] += 1;
            assert!(rest == body(usize::from(*number), MIB));
        }
    });
}
