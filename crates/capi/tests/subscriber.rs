//! A SUB by C's calls: what its filter lets through comes whole and in order, however the parts lie in memory, and costs no
//! allocation; what it does not let through costs none either.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#![allow(unsafe_code, reason = "the functions of C are called as C does")]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_calls;

use allocation_counter::measure;
use c_calls::{
    Msg,
    world::{Socket, World},
    zmq_msg_close, zmq_msg_data, zmq_msg_init, zmq_msg_more, zmq_msg_recv, zmq_recv,
};
use std::{ffi::c_int, mem::MaybeUninit, slice};

const PUB: c_int = 1;
const SUB: c_int = 2;
const SUBSCRIBE: c_int = 6;
const UNSUBSCRIBE: c_int = 7;
const DONTWAIT: c_int = 1;
const SNDMORE: c_int = 2;

/// A publisher and a subscriber of this process.
struct Pair {
    publisher: Socket,
    subscriber: Socket,
    _world: World,
}

impl Pair {
    fn new() -> Self {
        let world = World::new();
        let (publisher, subscriber) = (world.socket(PUB), world.socket(SUB));
        subscriber.connect(&publisher.bind("inproc://subscriber").unwrap());
        Self { publisher, subscriber, _world: world }
    }

    /// Over inproc the publisher knows of it when the call is over.
    fn set(&self, option: c_int, topic: &[u8]) {
        self.subscriber.set(option, topic).unwrap();
    }

    fn publish(&self, frames: &[&[u8]]) {
        for (place, frame) in frames.iter().enumerate() {
            let flags = if place + 1 < frames.len() { SNDMORE } else { 0 };
            self.publisher.send_with(frame, flags).unwrap();
        }
    }

    fn fill(&self, room: &mut [u8]) -> c_int {
        // SAFETY: there is so much room.
        unsafe { zmq_recv(self.subscriber.0, room.as_mut_ptr().cast(), room.len(), DONTWAIT) }
    }

    /// The next message, if there is one.
    fn receive(&self) -> Option<Vec<Vec<u8>>> {
        let (mut place, mut frames) = (MaybeUninit::<Msg>::uninit(), Vec::new());
        let part = place.as_mut_ptr();
        // SAFETY: there is room for a message, which is valid until it is ended.
        unsafe {
            assert_eq!(zmq_msg_init(part), 0);
            loop {
                let size = zmq_msg_recv(part, self.subscriber.0, DONTWAIT);
                if size < 0 {
                    assert!(frames.is_empty(), "a message of which the rest is missing");
                    break;
                }
                frames.push(slice::from_raw_parts(zmq_msg_data(part).cast(), size as usize).to_vec());
                if zmq_msg_more(part) == 0 {
                    break;
                }
            }
            assert_eq!(zmq_msg_close(part), 0);
        }
        (!frames.is_empty()).then_some(frames)
    }
}

#[test]
fn what_the_filter_lets_through_comes_whole_and_in_order_and_nothing_else_comes() {
    let pair = Pair::new();
    let sizes = [0, 1, 38, 39, 62, 63, 64, 253, 254, 255, 1000, 8190, 8191, 8192, 20_000];
    let body = |topic: u8, size: usize| {
        let mut body = vec![size as u8; size + 1];
        body[0] = topic;
        body
    };
    pair.set(SUBSCRIBE, b"a");
    pair.set(SUBSCRIBE, b"b");
    let mut expected = vec![];
    for size in sizes {
        for topic in [b'b', b'a', b'c', b'a', b'b'] {
            let (first, large) = (body(topic, size), body(b'-', 9000));
            for message in [vec![&first[..]], vec![&first, b"", b"third"], vec![&first, &large]] {
                pair.publish(&message);
                if topic == b'a' {
                    expected.push(message.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>());
                }
            }
        }
    }
    // What has arrived is asked about when it is taken.
    pair.set(UNSUBSCRIBE, b"b");
    for message in expected {
        let received = pair.receive().unwrap();
        let sizes = |message: &[Vec<u8>]| message.iter().map(Vec::len).collect::<Vec<_>>();
        assert!(received == message, "{:?}, not {:?}", sizes(&received), sizes(&message));
    }
    assert_eq!(pair.receive(), None);
}

#[test]
fn a_subscriber_takes_and_passes_over_messages_without_an_allocation() {
    for size in [1, 64, 65, 1024, 8191] {
        let pair = Pair::new();
        pair.set(SUBSCRIBE, b"a");
        pair.set(SUBSCRIBE, b"b");
        let (mut wanted, mut other) = (vec![7; size], vec![7; size]);
        (wanted[0], other[0]) = (b'a', b'b');
        let take = |change: bool| {
            for _ in 0..200 {
                pair.publish(&[&wanted]);
                pair.publish(&[&other]);
            }
            if change {
                pair.set(UNSUBSCRIBE, b"b");
            }
            let mut room = vec![0; size];
            let counted = measure(|| {
                for _ in 0..200 {
                    assert_eq!((pair.fill(&mut room) as usize, room[0]), (size, b'a'));
                    if !change {
                        assert_eq!((pair.fill(&mut room) as usize, room[0]), (size, b'b'));
                    }
                }
            });
            assert_eq!(pair.fill(&mut room), -1);
            counted.count_total
        };
        take(false);
        assert_eq!(take(false), 0, "for each message of {size} octets");
        assert_eq!(take(true), 0, "for each message of {size} octets, with others between");
    }
}
