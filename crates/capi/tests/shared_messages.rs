//! Long messages stay in the memory they came in, which other messages share: what C does with one is seen in no other.

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

use c_calls::{
    message::Message,
    world::{Socket, World},
};
use std::{ffi::c_int, sync::mpsc, thread};
use zmq::errno::Errno;

const PULL: c_int = 7;
const PUSH: c_int = 8;
const DONTWAIT: c_int = 1;
const SNDMORE: c_int = 2;
/// More receives than are noted.
const NOTED: usize = 32;

/// Short ones lie in a message, longer ones in memory of their own, long ones in the memory they came in, large ones apart.
const SIZES: [usize; 8] = [300, 10, 8191, 256, 70, 9000, 255, 2000];

/// Two sockets that are connected.
struct Pair {
    push: Socket,
    pull: Socket,
    _world: World,
}

impl Pair {
    fn new(endpoint: &str) -> Self {
        let world = World::new();
        let (push, pull) = (world.socket(PUSH), world.socket(PULL));
        push.connect(&pull.bind(endpoint).unwrap());
        // The first receives that may wait are noted, and on their way messages are copied.
        for _ in 0..NOTED {
            push.send(b"");
            assert_eq!(pull.recv().unwrap(), b"");
        }
        Self { push, pull, _world: world }
    }

    fn send(&self, body: &[u8], flags: c_int) {
        self.push.send_with(body, flags).unwrap();
    }

    fn receive(&self) -> Message {
        let mut received = Message::new();
        received.receive(&self.pull, 0).unwrap();
        received
    }
}

/// A body that is like no other: of this number.
fn body(number: usize) -> Vec<u8> {
    let size = SIZES[number % SIZES.len()];
    (0..size).map(|at| (number * 31 + at * 7) as u8).collect()
}

fn transports() -> Vec<String> {
    let folder = std::env::temp_dir().join(format!(
        "zeroxide-shared-{}-{:?}",
        std::process::id(),
        thread::current().id()
    ));
    vec!["inproc://shared".into(), "tcp://127.0.0.1:*".into(), format!("ipc://{}", folder.display())]
}

#[test]
fn long_messages_lie_where_they_came_one_behind_the_other() {
    let pair = Pair::new("inproc://neighbours");
    // So few that each is a good part of what it lies in, and may hold that however much is held elsewhere in this process.
    (1..=2).for_each(|number| pair.send(&[number; 1000], 0));
    let (mut first, mut second) = (pair.receive(), pair.receive());
    assert_eq!(second.octets().as_ptr().addr() - first.octets().as_ptr().addr(), 1009);
    assert_eq!((first.octets(), second.octets()), (&mut [1; 1000][..], &mut [2; 1000][..]));
}

#[test]
fn what_is_written_into_a_message_is_in_no_other() {
    const COUNT: usize = 60;
    for endpoint in transports() {
        let pair = Pair::new(&endpoint);
        let sending = || (0..COUNT).for_each(|number| pair.send(&body(number), 0));
        sending();
        let mut received: Vec<_> = (0..COUNT).map(|_| pair.receive()).collect();
        // Those behind what is written are still unread, or being read, meanwhile.
        sending();
        for at in (0..COUNT).rev().step_by(2) {
            received[at].octets().fill(0xee);
        }
        for (at, message) in received.iter_mut().enumerate() {
            let expected = if at % 2 == COUNT % 2 { body(at) } else { vec![0xee; body(at).len()] };
            assert!(message.octets() == expected, "{at} over {endpoint}");
        }
        for number in 0..COUNT {
            let mut message = pair.receive();
            assert!(message.octets() == body(number), "{number} over {endpoint}");
            message.octets().fill(0xdd);
            received.push(message);
        }
        drop(received);
    }
}

#[test]
fn parts_of_one_message_may_be_written_too() {
    for endpoint in transports() {
        let pair = Pair::new(&endpoint);
        for _ in 0..10 {
            (0..SIZES.len())
                .for_each(|at| pair.send(&body(at), if at + 1 < SIZES.len() { SNDMORE } else { 0 }));
            pair.send(&body(0), 0);
            let mut parts = vec![];
            for at in 0..SIZES.len() {
                let mut part = pair.receive();
                assert!(part.octets() == body(at), "{at} over {endpoint}");
                assert_eq!(part.has_more(), at + 1 < SIZES.len());
                part.octets().fill(at as u8);
                parts.push(part);
            }
            assert!(pair.receive().octets() == body(0));
            for (at, part) in parts.iter_mut().enumerate() {
                assert_eq!(part.octets(), vec![at as u8; SIZES[at]]);
            }
        }
    }
}

#[test]
fn messages_that_are_kept_stay_as_they_are_while_others_come_and_go() {
    const ROUNDS: usize = 40;
    const COUNT: usize = 50;
    for endpoint in transports() {
        let pair = Pair::new(&endpoint);
        let (mut kept, mut again) = (vec![], Message::new());
        for round in 0..ROUNDS {
            (0..COUNT).for_each(|at| pair.send(&body(round * COUNT + at), 0));
            for at in 0..COUNT {
                let number = round * COUNT + at;
                let mut other = Message::new();
                let message = if at % 3 == 0 { &mut again } else { &mut other };
                assert_eq!(message.receive(&pair.pull, 0), Ok(body(number).len()));
                assert!(message.octets() == body(number), "{number} over {endpoint}");
                match number % 7 {
                    0 => kept.push((number, message.copy())),
                    1 => message.octets().fill(0xee),
                    _ => {}
                }
            }
        }
        for (number, message) in &mut kept {
            // The copied one was written by nobody: each number has one fate.
            assert!(message.octets() == body(*number), "{number} over {endpoint}");
        }
    }
}

#[test]
fn messages_are_copied_moved_sent_on_and_ended_by_whichever_thread() {
    const COUNT: usize = 400;
    for endpoint in transports() {
        let (pair, onward) = (Pair::new(&endpoint), Pair::new("inproc://onward"));
        let (give, take) = mpsc::channel::<(usize, Message)>();
        let ending = thread::spawn(move || {
            for (number, mut message) in take {
                let mut copy = message.copy();
                let mut moved = message.moved();
                assert!(copy.octets() == body(number) && moved.octets() == body(number), "{number}");
            }
        });
        let mut own = vec![];
        for number in 0..COUNT {
            pair.send(&body(number), 0);
            if number % 20 != 19 {
                continue;
            }
            for number in number - 19..=number {
                let mut message = pair.receive();
                match number % 4 {
                    0 => own.push((number, message)),
                    1 => give.send((number, message)).unwrap(),
                    2 => {
                        give.send((number, message.copy())).unwrap();
                        own.push((number, message.moved()));
                    }
                    _ => {
                        message.octets().reverse();
                        assert_eq!(message.send(&onward.push, 0), Ok(body(number).len()));
                        let mut onward = onward.receive();
                        onward.octets().reverse();
                        own.push((number, onward));
                    }
                }
            }
        }
        drop(give);
        ending.join().unwrap();
        for (number, message) in &mut own {
            assert!(message.octets() == body(*number), "{number} over {endpoint}");
        }
    }
}

#[test]
fn a_receive_that_finds_nothing_leaves_a_message_empty() {
    let pair = Pair::new("inproc://nothing");
    let mut message = Message::new();
    for number in 0..SIZES.len() {
        pair.send(&body(number), 0);
        assert_eq!(message.receive(&pair.pull, 0), Ok(body(number).len()));
        assert_eq!(message.receive(&pair.pull, DONTWAIT), Err(Errno::EAGAIN));
        assert!(message.octets().is_empty(), "as with libzmq");
    }
}
