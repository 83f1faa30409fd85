//! What a hand-over costs: nanoseconds per message of 64 octets, pushed into a lane and taken out of it.
//!
//! `cargo run --release -p zeroxide-pipe --example hand_over`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#![allow(clippy::print_stdout, reason = "its purpose")]

use std::{hint::black_box, sync::Mutex, thread, time::Instant};
use zeroxide_pipe::{Carry, EventCount, Lane, Rejected};

const MESSAGES: usize = 5_000_000;
const SIZE: usize = 64;

#[derive(Default)]
struct Octets(Vec<u8>);

impl Carry for Octets {
    fn messages(&self) -> usize {
        self.0.len() / SIZE
    }

    fn size(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

fn main() {
    for _ in 0..3 {
        print("mutex alone, locked and let go", mutex_alone());
        print("notify with nobody waiting", notify_alone());
        print("one thread, take after each push", one_thread(1));
        print("one thread, take after 100 pushes", one_thread(100));
        print("two threads, no limit", two_threads(None, 1));
        print("two threads, limit 1000", two_threads(Some(1000), 1));
        print("two threads, limit 10", two_threads(Some(10), 10));
        print("two threads, limit 1", two_threads(Some(1), 100));
        println!();
    }
}

fn print(what: &str, nanoseconds: f64) {
    println!("{what:40} {nanoseconds:8.1} ns/message");
}

fn per_message(messages: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / messages as f64
}

fn mutex_alone() -> f64 {
    let count = Mutex::new(0);
    per_message(MESSAGES, || {
        for _ in 0..MESSAGES {
            if let Ok(mut count) = black_box(&count).lock() {
                *count += 1;
            }
        }
    })
}

fn notify_alone() -> f64 {
    let event = EventCount::new();
    per_message(MESSAGES, || (0..MESSAGES).for_each(|_| _ = black_box(&event).notify()))
}

fn one_thread(pushes: usize) -> f64 {
    let lane = Lane::<Octets>::new(None);
    let (message, mut batch) = ([7; SIZE], Octets::default());
    per_message(MESSAGES, || {
        for _ in 0..MESSAGES / pushes {
            for _ in 0..pushes {
                let _ = black_box(lane.push_with(|batch| batch.0.extend_from_slice(black_box(&message))));
            }
            while lane.take_into(&mut batch) {
                read(&mut batch);
            }
        }
    })
}

fn two_threads(limit: Option<usize>, fewer: usize) -> f64 {
    let messages = MESSAGES / fewer;
    let (lane, filled, room) = (Lane::<Octets>::new(limit), EventCount::new(), EventCount::new());
    per_message(messages, || {
        thread::scope(|scope| {
            scope.spawn(|| {
                let message = [7; SIZE];
                for _ in 0..messages {
                    let pushed = room.wait(None, || {
                        match lane.push_with(|batch| batch.0.extend_from_slice(black_box(&message))) {
                            Err(Rejected::Full) => None,
                            ended => Some(ended),
                        }
                    });
                    if pushed.is_some_and(|pushed| pushed.is_ok_and(|pushed| pushed.dormant)) {
                        filled.notify();
                    }
                }
            });
            let (mut batch, mut taken) = (Octets::default(), 0);
            while taken < messages {
                filled.wait(None, || lane.take_into(&mut batch).then_some(()));
                let count = read(&mut batch);
                taken += count;
                if lane.credit(count).resume {
                    room.notify();
                }
            }
        });
    })
}

/// Touches every message and leaves the batch empty.
fn read(batch: &mut Octets) -> usize {
    let count = batch.messages();
    batch.0.chunks(SIZE).for_each(|message| _ = black_box(message.first()));
    batch.clear();
    count
}
