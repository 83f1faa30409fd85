//! The writer token: whoever finds it free writes for all, and no message stays behind.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Numbers, model};
use loom::{
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering},
    thread,
};
use std::ops::ControlFlow;
use zeroxide_pipe::{EventCount, Lane, Ran, Token};

struct Connection {
    outbox: Lane<Numbers>,
    wire: Token<Vec<usize>>,
    /// Rings of the I/O thread that it has not answered.
    rung: Mutex<usize>,
    bell: EventCount,
    /// Messages written, to be looked at without the token: who holds it for a look turns senders away.
    done: Mutex<usize>,
    place: AtomicUsize,
}

impl Connection {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            outbox: Lane::new(None),
            wire: Token::new(vec![]),
            rung: Mutex::new(0),
            bell: EventCount::new(),
            done: Mutex::new(0),
            place: AtomicUsize::new(0),
        })
    }

    fn push(&self, number: usize) {
        let _ = self.outbox.push_with(|batch| batch.0.push(number)).unwrap();
        self.others_may_run();
    }

    fn write(&self) {
        let ran = self.wire.run(
            |wire| {
                let mut batch = Numbers::default();
                while self.outbox.take_into(&mut batch) {
                    wire.append(&mut batch.0);
                }
                self.others_may_run();
                ControlFlow::<()>::Continue(())
            },
            || !self.outbox.is_empty(),
        );
        assert!(matches!(ran, Ran::Done | Ran::Elsewhere));
    }

    /// Writes one batch at most, then leaves the rest to the I/O thread: a socket that is full.
    fn write_one_batch(&self) {
        let ran = self.wire.run(
            |wire| {
                let mut batch = Numbers::default();
                match self.outbox.take_into(&mut batch) {
                    true => {
                        *self.done.lock().unwrap() += batch.0.len();
                        wire.append(&mut batch.0);
                        ControlFlow::Break(())
                    }
                    false => {
                        self.others_may_run();
                        ControlFlow::Continue(())
                    }
                }
            },
            || !self.outbox.is_empty(),
        );
        if ran == Ran::Stopped(()) {
            *self.rung.lock().unwrap() += 1;
            self.bell.notify();
        }
    }

    /// Loom runs threads in another order only where two accesses depend on each other, and to it a release and a
    /// `try_lock` do not. So the holder before its release and the sender before its try touch the same place.
    fn others_may_run(&self) {
        self.place.fetch_add(1, Ordering::Relaxed);
    }

    fn written(&self) -> Vec<usize> {
        self.wire.with(|wire| wire.clone())
    }
}

#[test]
fn no_message_stays_behind_when_senders_only_try() {
    model(Some(4), || {
        let connection = Connection::new();
        let threads = [[0, 1], [10, 11]].map(|numbers| {
            let connection = connection.clone();
            thread::spawn(move || {
                for number in numbers {
                    connection.push(number);
                    connection.write();
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let written = connection.written();
        let (low, high): (Vec<_>, Vec<_>) = written.into_iter().partition(|number| *number < 10);
        assert_eq!((low, high), (vec![0, 1], vec![10, 11]));
    });
}

#[test]
fn three_senders_leave_nothing_behind() {
    model(Some(2), || {
        let connection = Connection::new();
        let threads = [0, 1].map(|number| {
            let connection = connection.clone();
            thread::spawn(move || {
                connection.push(number);
                connection.write();
            })
        });
        connection.push(2);
        connection.write();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(connection.written().len(), 3);
    });
}

#[test]
fn a_writer_that_stops_hands_its_duty_over() {
    model(Some(3), || {
        let connection = Connection::new();
        let (sender, poller) = (connection.clone(), connection.clone());
        let sending = thread::spawn(move || {
            for number in 0..2 {
                sender.push(number);
                sender.write_one_batch();
            }
        });
        let polling = thread::spawn(move || {
            loop {
                poller.bell.wait(None, || {
                    let rings = std::mem::take(&mut *poller.rung.lock().unwrap());
                    (rings > 0).then_some(())
                });
                if *poller.done.lock().unwrap() == 3 {
                    break;
                }
                poller.others_may_run();
                poller.write_one_batch();
            }
        });
        connection.push(2);
        connection.write_one_batch();
        sending.join().unwrap();
        polling.join().unwrap();
    });
}

/// The model can tell the difference: a holder that does not look again leaves a message behind.
#[test]
#[should_panic(expected = "stayed behind")]
fn without_the_second_look_a_message_stays_behind() {
    model(None, || {
        let connection = Connection::new();
        let written = Arc::new(AtomicUsize::new(0));
        let write_once = |connection: &Connection, written: &AtomicUsize| {
            let _ = connection.wire.run(
                |_| {
                    written.fetch_add(connection.outbox.drain().messages, Ordering::Relaxed);
                    ControlFlow::Break(())
                },
                || false,
            );
        };
        let (other, count) = (connection.clone(), written.clone());
        let sending = thread::spawn(move || {
            other.push(0);
            write_once(&other, &count);
        });
        connection.push(1);
        write_once(&connection, &written);
        sending.join().unwrap();
        assert_eq!(written.load(Ordering::Relaxed), 2, "a message stayed behind");
    });
}
