//! What the calls allocate that send and receive: nothing but the memory of batches, which hold many messages each.

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

use allocation_counter::{AllocationInfo, measure};
use c_calls::{
    Msg, zmq_msg_close, zmq_msg_data, zmq_msg_init, zmq_msg_init_data, zmq_msg_init_size, zmq_msg_recv,
    zmq_msg_send, zmq_recv, zmq_send,
};
use std::{
    ffi::{CStr, c_int, c_void},
    mem::MaybeUninit,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    endpoints::{zmq_bind, zmq_connect},
    socket::{zmq_close, zmq_socket},
};

const PULL: c_int = 7;
const PUSH: c_int = 8;

/// Messages under way at once: fewer than the high-water marks.
const BURST: usize = 500;
const BURSTS: usize = 4;

/// Allocations, and octets of them, for each message.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    allocations: f64,
    octets: f64,
}

impl Cost {
    fn add(&mut self, counted: &AllocationInfo) {
        let messages = (BURSTS * BURST) as f64;
        self.allocations += counted.count_total as f64 / messages;
        self.octets += counted.bytes_total as f64 / messages;
    }

    /// A batch doubles its memory until it is full: all together twice what it holds, in a few steps for many messages.
    fn is_of_batches(self, size: usize) -> bool {
        self.allocations < 1.0 && self.octets < 3.0 * size as f64 + 64.0
    }
}

/// Two sockets of this process that are connected.
struct Pair {
    context: *mut c_void,
    push: *mut c_void,
    pull: *mut c_void,
}

impl Pair {
    fn new() -> Self {
        let endpoint: &CStr = c"inproc://allocations";
        // SAFETY: the handles are those of this test, and the text ends with a zero.
        unsafe {
            let context = zmq_ctx_new();
            let (push, pull) = (zmq_socket(context, PUSH), zmq_socket(context, PULL));
            assert_eq!(zmq_bind(pull, endpoint.as_ptr()), 0);
            assert_eq!(zmq_connect(push, endpoint.as_ptr()), 0);
            Self { context, push, pull }
        }
    }

    /// What one message costs to send, and what to receive, when others went the same way before.
    fn each(&self, send: impl Fn(&Self), receive: impl Fn(&Self)) -> (Cost, Cost) {
        let (mut sent, mut received) = (Cost::default(), Cost::default());
        for burst in 0..=BURSTS {
            let out = measure(|| (0..BURST).for_each(|_| send(self)));
            let back = measure(|| (0..BURST).for_each(|_| receive(self)));
            if burst > 0 {
                sent.add(&out);
                received.add(&back);
            }
        }
        (sent, received)
    }

    fn send(&self, body: &[u8]) {
        // SAFETY: the body has so many octets.
        let sent = unsafe { zmq_send(self.push, body.as_ptr().cast(), body.len(), 0) };
        assert_eq!(sent as usize, body.len());
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Each handle is ended once.
        zmq_close(self.push);
        zmq_close(self.pull);
        zmq_ctx_term(self.context);
    }
}

#[test]
fn octets_are_sent_and_received_without_an_allocation() {
    for size in [1, 40, 41, 64, 65, 1024, 8191] {
        let (pair, body) = (Pair::new(), vec![7; size]);
        let receive = |pair: &Pair| {
            let mut room = [0_u8; 8192];
            // SAFETY: there is so much room.
            let got = unsafe { zmq_recv(pair.pull, room.as_mut_ptr().cast(), room.len(), 0) };
            assert_eq!((got as usize, room[size - 1], room[size]), (size, 7, 0));
        };
        let (sent, received) = pair.each(|pair| pair.send(&body), receive);
        assert!(sent.is_of_batches(size), "{sent:?} for each message of {size} octets");
        assert_eq!(received.allocations, 0.0, "for each message of {size} octets");
    }
}

#[test]
fn a_message_that_is_received_into_again_and_again_allocates_nothing() {
    for size in [1, 40, 41, 64, 65, 1024, 8191] {
        let (pair, body, mut place) = (Pair::new(), vec![7; size], MaybeUninit::<Msg>::uninit());
        let part = place.as_mut_ptr();
        // SAFETY: there is room for a message.
        assert_eq!(unsafe { zmq_msg_init(part) }, 0);
        let receive = |pair: &Pair| {
            // SAFETY: the message is valid, and used by nobody else.
            unsafe {
                assert_eq!(zmq_msg_recv(part, pair.pull, 0) as usize, size);
                assert_eq!(zmq_msg_data(part).cast::<u8>().add(size - 1).read(), 7);
            }
        };
        let (sent, received) = pair.each(|pair| pair.send(&body), receive);
        assert!(sent.is_of_batches(size), "{sent:?} for each message of {size} octets");
        // Long ones stay in the batch they came in; who holds that is counted, in two small pieces of memory for all of them.
        let most = if size > 255 { Cost { allocations: 0.5, octets: 64.0 } } else { Cost::default() };
        let within = received.allocations <= most.allocations && received.octets <= most.octets;
        assert!(within, "{received:?} for each message of {size} octets");
        // SAFETY: the message is valid, and ended once.
        assert_eq!(unsafe { zmq_msg_close(part) }, 0);
    }
}

#[test]
fn a_short_message_is_made_sent_received_and_ended_without_an_allocation() {
    let pair = Pair::new();
    let send = |pair: &Pair| {
        let mut place = MaybeUninit::<Msg>::uninit();
        let part = place.as_mut_ptr();
        // SAFETY: there is room for a message; its octets are written before it is sent.
        unsafe {
            assert_eq!(zmq_msg_init_size(part, 40), 0);
            zmq_msg_data(part).cast::<u8>().write_bytes(7, 40);
            assert_eq!(zmq_msg_send(part, pair.push, 0), 40);
        }
    };
    let receive = |pair: &Pair| {
        let mut place = MaybeUninit::<Msg>::uninit();
        let part = place.as_mut_ptr();
        // SAFETY: there is room for a message, which is ended.
        unsafe {
            assert_eq!(zmq_msg_init(part), 0);
            assert_eq!(zmq_msg_recv(part, pair.pull, 0), 40);
            assert_eq!(zmq_msg_close(part), 0);
        }
    };
    let (sent, received) = pair.each(send, receive);
    assert!(sent.is_of_batches(40), "{sent:?} for each message");
    assert_eq!(received.allocations, 0.0);
}

#[test]
fn memory_that_is_lent_costs_one_allocation_for_who_it_is_of() {
    unsafe extern "C" fn give_back(_: *mut c_void, _: *mut c_void) {}
    for size in [1, 41, 65, 8191, 9000] {
        let (pair, mut memory) = (Pair::new(), vec![7; size]);
        let data = memory.as_mut_ptr().cast();
        let send = |pair: &Pair| {
            let mut place = MaybeUninit::<Msg>::uninit();
            let part = place.as_mut_ptr();
            // SAFETY: there is room for a message, and the memory outlives the sockets.
            unsafe {
                assert_eq!(zmq_msg_init_data(part, data, size, Some(give_back), std::ptr::null_mut()), 0);
                assert_eq!(zmq_msg_send(part, pair.push, 0) as usize, size);
            }
        };
        let receive = |pair: &Pair| {
            let mut place = MaybeUninit::<Msg>::uninit();
            let part = place.as_mut_ptr();
            // SAFETY: there is room for a message, which is ended.
            unsafe {
                assert_eq!(zmq_msg_init(part), 0);
                assert_eq!(zmq_msg_recv(part, pair.pull, 0) as usize, size);
                assert_eq!(zmq_msg_data(part), data);
                assert_eq!(zmq_msg_close(part), 0);
            }
        };
        let (sent, received) = pair.each(send, receive);
        // A batch of long ones is soon full, and begins with two pieces of memory of its own.
        let most = if size > 1000 { 2.0 } else { 1.1 };
        assert!(sent.allocations < most, "{sent:?} for each message of {size} octets");
        assert!(received.allocations < 0.1, "{received:?} for each message of {size} octets");
    }
}
