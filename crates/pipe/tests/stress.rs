//! A million messages through small limits, both sides parking: ends, complete and in order, or hangs.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::{Numbers, Pipe};
use std::{ops::ControlFlow, sync::Arc, thread};
use zeroxide_pipe::{Lane, Ran, Token};

/// Miri and the sanitizers may be asked for less.
fn messages() -> usize {
    std::env::var("PIPE_STRESS_MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000)
}

impl Pipe {
    /// Takes until it is closed and empty; credits batch by batch.
    fn take_all(&self, mut each: impl FnMut(usize)) {
        let mut batch = Numbers::default();
        while let Some(true) = self.filled.wait(None, || match self.lane.take_into(&mut batch) {
            true => Some(true),
            false => self.lane.is_closed().then_some(false),
        }) {
            let count = batch.0.len();
            batch.0.drain(..).for_each(&mut each);
            if self.lane.credit(count).resume {
                self.room.notify();
            }
        }
    }
}

fn everything_arrives(limit: Option<usize>, producers: usize) {
    // Through the smallest limits each message may cost two turns of the processor, for which a loaded machine lets wait.
    let share = if limit.is_some_and(|limit| limit <= 2) { 5 } else { 1 };
    let (pipe, each) = (Pipe::new(limit), messages() / share / producers);
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let pipe = pipe.clone();
            thread::spawn(move || (0..each).for_each(|n| pipe.push_waiting(producer * each + n).unwrap()))
        })
        .collect();
    let closing = pipe.clone();
    let closer = thread::spawn(move || {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        closing.close();
    });
    let mut next: Vec<_> = (0..producers).map(|producer| producer * each).collect();
    pipe.take_all(|number| {
        assert_eq!(number, next[number / each]);
        next[number / each] += 1;
    });
    closer.join().unwrap();
    assert!((0..producers).all(|producer| next[producer] == (producer + 1) * each));
}

#[test]
fn one_producer_limit_one() {
    everything_arrives(Some(1), 1);
}

#[test]
fn one_producer_limit_seven() {
    everything_arrives(Some(7), 1);
}

#[test]
fn one_producer_limit_a_thousand() {
    everything_arrives(Some(1000), 1);
}

#[test]
fn three_producers_limit_two() {
    everything_arrives(Some(2), 3);
}

#[test]
fn three_producers_without_limit() {
    everything_arrives(None, 3);
}

#[test]
fn a_close_in_the_middle_loses_nothing_that_was_accepted() {
    for stop_at in (0..messages()).step_by(messages() / 50 + 1) {
        let pipe = Pipe::new(Some(5));
        let producer = pipe.clone();
        let producing =
            thread::spawn(move || (0..).take_while(|number| producer.push_waiting(*number).is_ok()).count());
        let (mut taken, closing) = (0, pipe.clone());
        pipe.take_all(|_| {
            taken += 1;
            if taken == stop_at % 1000 + 1 {
                closing.close();
            }
        });
        assert_eq!(producing.join().unwrap(), taken);
    }
}

#[test]
fn senders_that_write_for_each_other_leave_nothing_behind() {
    const SENDERS: usize = 3;
    let shared = Arc::new((Lane::<Numbers>::new(None), Token::new((0, Numbers::default()))));
    let each = messages() / SENDERS;
    let threads: Vec<_> = (0..SENDERS)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                let (outbox, wire) = &*shared;
                for number in 0..each {
                    let _ = outbox.push_with(|batch| batch.0.push(number)).unwrap();
                    let ran = wire.run(
                        |(written, batch)| {
                            while outbox.take_into(batch) {
                                *written += batch.0.drain(..).len();
                            }
                            ControlFlow::<()>::Continue(())
                        },
                        || !outbox.is_empty(),
                    );
                    assert_ne!(ran, Ran::Stopped(()));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(shared.1.with(|(written, _)| *written), each * SENDERS);
}
