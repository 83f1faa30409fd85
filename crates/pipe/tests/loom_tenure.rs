//! A reader that takes the reading over, and comes and goes: nothing stays unread, and whoever waits is told.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::model;
use loom::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::*, fence},
    },
    thread,
};
use std::time::{Duration, Instant};
use zeroxide_pipe::{Beside, EventCount, Seen, Tenure};

const TICK: Duration = Duration::from_millis(1);

/// What the kernel knows.
#[derive(Default)]
struct Kernel {
    unread: bool,
    /// The watcher is told of what is unread.
    watched: bool,
}

/// The desk is locked.
struct Taken<'a>(&'a Nest);

/// A nest, as the library has it: a place to wait, a watcher that reads while nobody is there, and one message.
struct Nest {
    tenure: Tenure,
    /// Whether it is locked what is read with. Nobody turns in a loop until it is free: loom would turn for ever.
    taken: Mutex<bool>,
    kernel: Mutex<Kernel>,
    delivered: Mutex<bool>,
    /// Wakes those who wait in the nest, or beside it.
    readers: EventCount,
    watcher: EventCount,
    /// Wakes who stands beside until the desk is free.
    freed: EventCount,
    ticking: AtomicBool,
}

impl Nest {
    /// `ticking`: the watcher looks after others this moment.
    fn new(ticking: bool) -> Arc<Self> {
        Arc::new(Self {
            tenure: Tenure::default(),
            taken: Mutex::new(false),
            kernel: Mutex::new(Kernel { unread: false, watched: true }),
            delivered: Mutex::new(false),
            readers: EventCount::new(),
            watcher: EventCount::new(),
            freed: EventCount::new(),
            ticking: AtomicBool::new(ticking),
        })
    }

    /// The message comes. Who waits in the nest hears of it, and the watcher, if it is to.
    fn arrive(&self) {
        self.kernel.lock().unwrap().unread = true;
        self.readers.notify();
        self.watcher.notify();
    }

    fn is_delivered(&self) -> bool {
        *self.delivered.lock().unwrap()
    }

    fn is_unread(&self) -> bool {
        self.kernel.lock().unwrap().unread
    }

    /// What the watcher is told of: that there is something, if it watches.
    fn is_heard(&self) -> bool {
        let kernel = self.kernel.lock().unwrap();
        kernel.watched && kernel.unread
    }

    fn watch(&self, watched: bool) -> bool {
        self.kernel.lock().unwrap().watched = watched;
        if watched {
            self.watcher.notify();
        }
        true
    }

    fn read(&self) {
        if std::mem::take(&mut self.kernel.lock().unwrap().unread) {
            *self.delivered.lock().unwrap() = true;
            self.readers.notify();
            self.watcher.notify();
        }
    }

    fn tick(&self) {
        fence(SeqCst);
        if !self.ticking.load(SeqCst) {
            self.ticking.store(true, SeqCst);
            self.watcher.notify_fenced();
        }
    }

    fn try_take(&self) -> Option<Taken<'_>> {
        let taken = std::mem::replace(&mut *self.taken.lock().unwrap(), true);
        (!taken).then(|| Taken(self))
    }

    fn is_taken(&self) -> bool {
        *self.taken.lock().unwrap()
    }

    fn enter(&self) -> Option<Taken<'_>> {
        let entered = self.tenure.enter(|| self.try_take(), |_| _ = self.watch(false));
        self.freed.notify_fenced();
        entered
    }

    /// As often as it takes: either somebody reads, or the watcher does.
    fn stand_beside(&self) -> Beside<'_> {
        let lock = || {
            let taken = self.try_take();
            if taken.is_none() {
                self.freed.wait(None, || (!self.is_taken() || !self.tenure.is_away()).then_some(()));
            }
            taken
        };
        self.tenure.stand_beside(lock, || self.watch(true))
    }

    /// Waits for the message where there is a place, and for nobody's tick.
    fn receive(&self) {
        while !self.is_delivered() {
            if let Some(desk) = self.enter() {
                self.readers.wait(None, || (self.is_unread() || self.is_delivered()).then_some(()));
                self.read();
                self.tenure.leave(|| self.watch(true), || self.tick());
                drop(desk);
            } else {
                let _beside = self.stand_beside();
                self.readers.wait(None, || self.is_delivered().then_some(()));
            }
        }
    }

    /// Waits in vain, if there is a place.
    fn visit(&self) {
        if let Some(desk) = self.enter() {
            self.tenure.leave(|| self.watch(true), || self.tick());
            drop(desk);
        }
    }

    /// The watcher's thread, until the message is delivered. Without ticks it never takes anything back by itself.
    fn watch_over(&self, ticks: bool) {
        let (mut now, mut seen) = (Instant::now(), Seen::default());
        while !self.is_delivered() {
            let told = || self.is_heard() || (ticks && self.ticking.load(SeqCst));
            let wake = || (self.is_delivered() || (told() && !self.is_taken())).then_some(());
            self.watcher.wait(None, wake);
            if self.is_heard()
                && let Some(_desk) = self.try_take()
                && self.tenure.is_free()
            {
                self.read();
            }
            if ticks {
                now += TICK;
                let looked =
                    self.tenure.look(now, TICK, || self.try_take(), |_| &mut seen, |_| self.watch(true));
                self.ticking.store(looked.needs_tick, SeqCst);
                fence(SeqCst);
                if !looked.needs_tick && self.tenure.is_away() {
                    self.ticking.store(true, SeqCst);
                }
            }
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap() = false;
        self.0.freed.notify();
        self.0.watcher.notify();
    }
}

fn beside<R: 'static>(nest: &Arc<Nest>, story: impl FnOnce(&Nest) -> R + 'static) -> thread::JoinHandle<R> {
    let nest = nest.clone();
    thread::spawn(move || story(&nest))
}

#[test]
fn who_stands_beside_a_reader_that_goes_is_read_for_at_once() {
    model(Some(2), || {
        let nest = Nest::new(false);
        let watching = beside(&nest, |nest| nest.watch_over(false));
        let receiving = beside(&nest, Nest::receive);
        nest.visit();
        nest.arrive();
        receiving.join().unwrap();
        watching.join().unwrap();
    });
}

#[test]
fn what_comes_when_the_reader_is_there_and_goes_is_read_for_who_stands_beside() {
    model(Some(2), || {
        let nest = Nest::new(false);
        let watching = beside(&nest, |nest| nest.watch_over(false));
        let receiving = beside(&nest, Nest::receive);
        let desk = nest.enter();
        nest.arrive();
        if let Some(desk) = desk {
            nest.tenure.leave(|| nest.watch(true), || ());
            drop(desk);
        }
        receiving.join().unwrap();
        watching.join().unwrap();
    });
}

#[test]
fn the_watcher_takes_the_reading_back_from_a_reader_that_stays_away() {
    for ticking in [false, true] {
        model(Some(3), move || {
            let nest = Nest::new(ticking);
            let watching = beside(&nest, |nest| nest.watch_over(true));
            nest.visit();
            nest.arrive();
            nest.visit();
            watching.join().unwrap();
            assert!(nest.is_delivered());
        });
    }
}

#[test]
fn a_reader_that_comes_back_while_the_watcher_takes_over_hears_of_the_message() {
    model(Some(2), || {
        let nest = Nest::new(true);
        let watching = beside(&nest, |nest| nest.watch_over(true));
        let arriving = beside(&nest, Nest::arrive);
        nest.visit();
        nest.receive();
        arriving.join().unwrap();
        watching.join().unwrap();
    });
}

#[test]
fn two_readers_of_one_nest_both_hear_of_what_one_of_them_reads() {
    model(Some(2), || {
        let nest = Nest::new(false);
        let receiving = beside(&nest, Nest::receive);
        let watching = beside(&nest, |nest| nest.watch_over(false));
        nest.arrive();
        nest.receive();
        receiving.join().unwrap();
        watching.join().unwrap();
    });
}
