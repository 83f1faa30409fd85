//! No wake-up is lost: a lost one is a deadlock, and loom finds it.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::model;
use loom::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};
use zeroxide_pipe::{EventCount, ThreadParker};

/// A count under a mutex and the event count of those who wait for it to rise.
#[derive(Default)]
struct Door {
    count: Mutex<usize>,
    event: EventCount,
}

impl Door {
    fn knock(&self) {
        *self.count.lock().unwrap() += 1;
        self.event.notify();
    }

    fn wait_for(&self, count: usize) {
        self.event.wait(None, || (*self.count.lock().unwrap() >= count).then_some(()));
    }
}

#[test]
fn who_waits_for_a_change_under_a_mutex_is_woken() {
    model(None, || {
        let door = Arc::new(Door::default());
        let other = door.clone();
        let knocking = thread::spawn(move || other.knock());
        door.wait_for(1);
        knocking.join().unwrap();
        assert!(!door.event.notify(), "nobody is left behind in the list");
    });
}

#[test]
fn two_notifiers_lose_neither_change() {
    model(Some(3), || {
        let door = Arc::new(Door::default());
        let threads = [0, 1].map(|_| {
            let door = door.clone();
            thread::spawn(move || door.knock())
        });
        door.wait_for(2);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn two_waiters_are_both_woken() {
    model(Some(3), || {
        let door = Arc::new(Door::default());
        let threads = [0, 1].map(|_| {
            let door = door.clone();
            thread::spawn(move || door.wait_for(1))
        });
        door.knock();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_ticket_dropped_during_a_notify_takes_nobody_along() {
    model(Some(3), || {
        let door = Arc::new(Door::default());
        let (waiting, leaving) = (door.clone(), door.clone());
        let waiter = thread::spawn(move || waiting.wait_for(1));
        let leaver = thread::spawn(move || drop(leaving.event.register(ThreadParker::current().waker())));
        door.knock();
        waiter.join().unwrap();
        leaver.join().unwrap();
        assert!(!door.event.notify());
    });
}

#[test]
fn a_key_kept_across_polls_is_woken_and_leaves_nothing() {
    model(Some(3), || {
        let door = Arc::new(Door::default());
        let threads = [0, 1].map(|_| {
            let door = door.clone();
            thread::spawn(move || door.knock())
        });
        let parker = ThreadParker::current();
        let mut key = None;
        loop {
            door.event.update(&mut key, parker.waker());
            if *door.count.lock().unwrap() == 2 {
                break;
            }
            parker.park();
        }
        door.event.remove(&mut key);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!door.event.notify());
    });
}

#[test]
fn a_change_by_a_lone_store_needs_the_fenced_notify() {
    model(None, || lone_store(EventCount::notify_fenced));
}

/// The model can tell the difference: without the fence a store and a load may pass each other.
#[test]
#[should_panic(expected = "deadlock")]
fn a_change_by_a_lone_store_without_the_fence_is_lost() {
    model(None, || lone_store(EventCount::notify));
}

fn lone_store(notify: fn(&EventCount) -> bool) {
    let shared = Arc::new((AtomicBool::new(false), EventCount::new()));
    let other = shared.clone();
    let storing = thread::spawn(move || {
        other.0.store(true, Ordering::Relaxed);
        notify(&other.1);
    });
    shared.1.wait(None, || shared.0.load(Ordering::Relaxed).then_some(()));
    storing.join().unwrap();
}

#[test]
fn what_the_waker_did_before_is_seen_after_the_park() {
    model(None, || {
        let parker = ThreadParker::current();
        let waker = parker.waker().clone();
        let data = Arc::new(AtomicUsize::new(0));
        let written = data.clone();
        let waking = thread::spawn(move || {
            written.store(1, Ordering::Relaxed);
            waker.wake_by_ref();
            waker.wake();
        });
        parker.park();
        assert_eq!(data.load(Ordering::Relaxed), 1);
        waking.join().unwrap();
    });
}
