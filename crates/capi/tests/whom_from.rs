//! A message tells whom it is from, though peers take turns and messages are used again: more peers than a thread remembers.

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

use c_calls::{Msg, world::World, zmq_msg_close, zmq_msg_data, zmq_msg_gets, zmq_msg_init, zmq_msg_recv};
use std::{
    ffi::{CStr, c_int},
    mem::MaybeUninit,
    thread,
};

const DEALER: c_int = 5;
const ROUTING_ID: c_int = 5;
const PEERS: usize = 20;
const EACH: usize = 50;

/// Twenty peers send, and one thread receives: into one message, or a new one each time. It ends before all else does.
fn receive_from_many(anew: bool) {
    let world = World::new();
    let pull = world.socket(DEALER);
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let peers: Vec<_> = (0..PEERS)
        .map(|number| {
            // A DEALER says its name to whoever is at the other end.
            let push = world.socket(DEALER);
            push.set(ROUTING_ID, format!("peer-{number}").as_bytes()).unwrap();
            push.connect(&endpoint);
            for at in 0..EACH {
                // Some lie in the message, others elsewhere; all begin with the number.
                push.send(&vec![number as u8; [1, 60, 700][at % 3]]);
            }
            push
        })
        .collect();
    let receive = || {
        let pull = &pull;
        let (mut place, mut counts) = (MaybeUninit::<Msg>::uninit(), [0; PEERS]);
        let part = place.as_mut_ptr();
        // SAFETY: the message is made, used by this thread alone, and ended.
        unsafe {
            assert_eq!(zmq_msg_init(part), 0);
            for _ in 0..PEERS * EACH {
                if anew {
                    assert_eq!((zmq_msg_close(part), zmq_msg_init(part)), (0, 0));
                }
                assert!(zmq_msg_recv(part, pull.0, 0) > 0);
                let number = usize::from(zmq_msg_data(part).cast::<u8>().read());
                let name = CStr::from_ptr(zmq_msg_gets(part, c"Routing-Id".as_ptr()));
                assert_eq!(name.to_str().unwrap(), format!("peer-{number}"));
                counts[number] += 1;
            }
            assert_eq!(zmq_msg_close(part), 0);
        }
        assert_eq!(counts, [EACH; PEERS]);
    };
    thread::scope(|scope| scope.spawn(receive).join().unwrap());
    drop((peers, pull, world));
}

#[test]
fn one_message_tells_of_each_peer_in_turn() {
    receive_from_many(false);
}

#[test]
fn a_new_message_tells_of_each_peer_in_turn() {
    receive_from_many(true);
}
