//! What sending and receiving allocate, and what they share: where nothing is allocated that could hold a copy, none is made.
//! The addresses that tell it octet by octet are in the tests of proto.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use allocation_counter::measure;
use bytes::Bytes;
use std::thread;
use zeroxide::*;

/// Messages of one story; as many go before, so that queues and buffers have the memory they need.
const MESSAGES: usize = 1000;

fn pair(endpoint: &str) -> (Push, Pull) {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.connect(&pull.bind(endpoint).unwrap()).unwrap();
    (push, pull)
}

/// Allocations, and octets allocated, for each message that this thread sends over tcp.
fn sending(message: &Message) -> (f64, f64) {
    let (push, pull) = pair("tcp://127.0.0.1:*");
    thread::scope(|scope| {
        scope.spawn(|| (0..2 * MESSAGES).for_each(|_| assert!(!pull.recv().unwrap().is_empty())));
        let send = || (0..MESSAGES).for_each(|_| push.send(message.clone()).unwrap());
        send();
        each(measure(send))
    })
}

/// The same for each message that this thread receives.
fn receiving(endpoint: &str, message: &Message) -> (f64, f64) {
    let (push, pull) = pair(endpoint);
    thread::scope(|scope| {
        scope.spawn(|| (0..2 * MESSAGES).for_each(|_| push.send(message.clone()).unwrap()));
        let receive = || (0..MESSAGES).for_each(|_| assert_eq!(pull.recv().unwrap().len(), message.len()));
        receive();
        each(measure(receive))
    })
}

fn each(info: allocation_counter::AllocationInfo) -> (f64, f64) {
    (info.count_total as f64 / MESSAGES as f64, info.bytes_total as f64 / MESSAGES as f64)
}

fn message(size: usize) -> Message {
    Message::from(Bytes::from(vec![7; size]))
}

#[test]
fn sending_allocates_memory_for_batches_and_none_for_messages() {
    for size in [1, 64, 1024] {
        let (count, octets) = sending(&message(size));
        assert!(count < 0.5, "{size}: {count} allocations a message");
        // A batch doubles its memory until it is full: all together twice what it holds.
        assert!(octets < 3.0 * size as f64 + 64.0, "{size}: {octets} octets a message");
    }
}

#[test]
fn a_large_body_is_sent_without_memory_that_could_hold_a_copy() {
    for size in [8 * 1024, 64 * 1024, 256 * 1024] {
        let (_, octets) = sending(&message(size));
        assert!(octets < 1024.0, "{size}: {octets} octets a message");
    }
}

#[test]
fn a_message_that_holds_its_body_itself_is_received_without_an_allocation() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://copies"] {
        let (count, _) = receiving(endpoint, &message(64));
        assert!(count < 0.5, "{endpoint}: {count} allocations a message");
    }
}

#[test]
fn a_body_of_a_batch_is_received_without_memory_of_its_own_where_much_comes_at_once() {
    // Of a short read, or a batch with one message in it, bodies are copied; who of the two sides is slower is chance.
    for endpoint in ["tcp://127.0.0.1:*", "inproc://copies"] {
        let (count, octets) = receiving(endpoint, &message(1024));
        assert!(count < 2.5, "{endpoint}: {count} allocations a message");
        assert!(octets < 3.0 * 1024.0, "{endpoint}: {octets} octets a message");
    }
}

#[test]
fn a_large_body_is_the_same_memory_on_both_ends_of_inproc() {
    let (push, pull) = pair("inproc://copies");
    for size in [8 * 1024, 64 * 1024, 1 << 20] {
        let body = Bytes::from(vec![7; size]);
        push.send(body.clone()).unwrap();
        let received = pull.recv().unwrap();
        assert_eq!(received.body().as_ptr(), body.as_ptr(), "{size}");
    }
    let (_, octets) = receiving("inproc://large", &message(64 * 1024));
    assert!(octets < 1024.0, "{octets} octets a message");
}

#[test]
fn a_large_body_that_is_received_takes_little_more_memory_than_it_has() {
    let (_, octets) = receiving("tcp://127.0.0.1:*", &message(256 * 1024));
    assert!(octets < 1.5 * 256.0 * 1024.0, "{octets} octets a message");
}
