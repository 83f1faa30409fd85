//! Nothing is lost in a lane: no message, no wake-up of the consumer, no resume of a producer.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Numbers, Pipe, model};
use loom::{
    sync::{Arc, Mutex},
    thread,
};
use zeroxide_pipe::EventCount;

impl Pipe {
    /// As a load balancer does: looks at the mirror, sleeps by it, and pushes when it says yes.
    fn push_by_mirror(&self, number: usize) {
        self.room.wait(None, || self.lane.has_room().then_some(()));
        self.push(number).unwrap();
    }

    fn take_waiting(&self) -> Vec<usize> {
        let mut batch = Numbers::default();
        self.filled.wait(None, || self.lane.take_into(&mut batch).then_some(()));
        batch.0
    }

    fn take_all(&self, count: usize) -> Vec<usize> {
        let mut all = vec![];
        while all.len() < count {
            all.extend(self.take_waiting());
        }
        all
    }

    fn take_all_with_credit(&self, count: usize, notify: fn(&EventCount) -> bool) -> Vec<usize> {
        let mut all = vec![];
        while all.len() < count {
            for number in self.take_waiting() {
                all.push(number);
                if self.lane.credit(1).resume {
                    notify(&self.room);
                }
            }
        }
        all
    }
}

#[test]
fn a_dormant_consumer_is_woken_and_order_kept_over_sealed_batches() {
    model(Some(4), || {
        let pipe = Pipe::new(None);
        let producer = pipe.clone();
        let producing = thread::spawn(move || (0..4).for_each(|number| producer.push(number).unwrap()));
        assert_eq!(pipe.take_all(4), [0, 1, 2, 3]);
        producing.join().unwrap();
        assert!(pipe.lane.is_empty());
    });
}

/// As a fair queue does: it asks a lane again only when a push has put the lane back on the list of ready ones.
#[test]
fn a_lane_on_a_list_of_ready_ones_is_never_forgotten() {
    model(Some(3), || {
        let pipe = Pipe::new(None);
        let ready = Arc::new(Mutex::new(false));
        let (producer, list) = (pipe.clone(), ready.clone());
        let producing = thread::spawn(move || {
            for number in 0..2 {
                let pushed = producer.lane.push_with(|batch| batch.0.push(number)).unwrap();
                if pushed.dormant {
                    *list.lock().unwrap() = true;
                    producer.filled.notify();
                }
            }
        });
        let (mut batch, mut all) = (Numbers::default(), vec![]);
        while all.len() < 2 {
            pipe.filled.wait(None, || std::mem::take(&mut *ready.lock().unwrap()).then_some(()));
            while pipe.lane.take_into(&mut batch) {
                all.append(&mut batch.0);
            }
        }
        assert_eq!(all, [0, 1]);
        producing.join().unwrap();
    });
}

#[test]
fn two_producers_wake_the_consumer_between_them() {
    model(Some(3), || {
        let pipe = Pipe::new(None);
        let threads = [0, 1].map(|number| {
            let pipe = pipe.clone();
            thread::spawn(move || pipe.push(number).unwrap())
        });
        let mut all = pipe.take_all(2);
        all.sort_unstable();
        assert_eq!(all, [0, 1]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_refused_producer_is_resumed_with_a_limit_of_one_and_two() {
    for limit in [1, 2] {
        model(Some(2), move || {
            let pipe = Pipe::new(Some(limit));
            let producer = pipe.clone();
            let producing = thread::spawn(move || {
                (0..4).for_each(|number| producer.push_waiting(number).unwrap());
            });
            assert_eq!(pipe.take_all_with_credit(4, EventCount::notify), [0, 1, 2, 3]);
            producing.join().unwrap();
        });
    }
}

/// As a receiver of this process does: with the last of what it took it gives credit and takes the next.
#[test]
fn a_producer_is_resumed_by_credit_that_is_given_with_a_take() {
    for limit in [1, 2] {
        model(Some(2), move || {
            let pipe = Pipe::new(Some(limit));
            let producer = pipe.clone();
            let producing = thread::spawn(move || {
                (0..3).for_each(|number| producer.push_waiting(number).unwrap());
            });
            let (mut batch, mut all, mut owed) = (Numbers::default(), vec![], 0);
            while all.len() < 3 {
                let found = pipe.filled.wait(None, || {
                    let (found, credit) = pipe.lane.exchange(&mut batch, std::mem::take(&mut owed));
                    if credit.resume {
                        pipe.room.notify();
                    }
                    found.then_some(())
                });
                assert!(found.is_some());
                owed = batch.0.len();
                all.append(&mut batch.0);
            }
            assert_eq!(all, [0, 1, 2]);
            producing.join().unwrap();
        });
    }
}

#[test]
fn two_refused_producers_are_both_resumed() {
    model(Some(2), || {
        let pipe = Pipe::new(Some(1));
        let threads = [0, 1].map(|number| {
            let pipe = pipe.clone();
            thread::spawn(move || pipe.push_waiting(number).unwrap())
        });
        pipe.take_all_with_credit(2, EventCount::notify);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_producer_that_sleeps_by_the_mirror_is_resumed() {
    model(Some(3), || {
        let pipe = Pipe::new(Some(1));
        let producer = pipe.clone();
        let producing = thread::spawn(move || (0..2).for_each(|number| producer.push_by_mirror(number)));
        assert_eq!(pipe.take_all_with_credit(2, EventCount::notify_fenced), [0, 1]);
        producing.join().unwrap();
    });
}

#[test]
fn a_higher_limit_resumes_a_refused_producer() {
    model(Some(3), || {
        let pipe = Pipe::new(Some(1));
        let producer = pipe.clone();
        let producing =
            thread::spawn(move || (0..2).for_each(|number| producer.push_waiting(number).unwrap()));
        if pipe.lane.set_limit(Some(2)).resume {
            pipe.room.notify();
        }
        producing.join().unwrap();
        assert_eq!(pipe.lane.len(), 2);
    });
}

#[test]
fn after_a_close_everything_accepted_is_still_there_and_everyone_wakes() {
    model(Some(3), || {
        let pipe = Pipe::new(Some(1));
        let (producer, consumer) = (pipe.clone(), pipe.clone());
        let producing =
            thread::spawn(move || (0..2).take_while(|n| producer.push_waiting(*n).is_ok()).count());
        let consuming = thread::spawn(move || {
            let mut batch = Numbers::default();
            let found = consumer.filled.wait(None, || match consumer.lane.take_into(&mut batch) {
                true => Some(true),
                false => consumer.lane.is_closed().then_some(false),
            });
            let count = batch.0.len();
            if found == Some(true) && consumer.lane.credit(count).resume {
                consumer.room.notify();
            }
            count
        });
        pipe.close();
        let (accepted, taken) = (producing.join().unwrap(), consuming.join().unwrap());
        assert_eq!(accepted, taken + pipe.lane.drain().messages);
    });
}

#[test]
fn a_whole_batch_is_accepted_once_or_comes_back() {
    model(Some(3), || {
        let pipe = Pipe::new(Some(2));
        let producer = pipe.clone();
        let producing = thread::spawn(move || producer.push(9).is_ok());
        let pushed = pipe.lane.push_batch(Numbers(vec![0, 1, 2]));
        assert!(pushed.is_ok());
        let single = producing.join().unwrap();
        let mut all: Vec<_> = pipe.lane.drain().batches.into_iter().flat_map(|batch| batch.0).collect();
        assert_eq!(all.len(), 3 + usize::from(single));
        all.retain(|number| *number != 9);
        assert_eq!(all, [0, 1, 2]);
    });
}

#[test]
fn of_replaced_messages_the_newest_arrives() {
    model(Some(3), || {
        let pipe = Pipe::new(Some(1));
        let producer = pipe.clone();
        let producing = thread::spawn(move || {
            let mut replaced = 0;
            for number in 0..3 {
                let done = producer.lane.replace_with(|batch| batch.0.push(number)).unwrap();
                replaced += done.replaced;
                if done.dormant {
                    producer.filled.notify();
                }
            }
            replaced
        });
        let mut seen = vec![];
        while seen.last() != Some(&2) {
            seen.extend(pipe.take_waiting());
        }
        assert!(seen.is_sorted());
        assert_eq!(seen.len() + producing.join().unwrap(), 3);
    });
}
