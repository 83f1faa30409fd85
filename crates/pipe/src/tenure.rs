//! Who reads: a watcher that reads for all, or a reader that takes this over while it waits, and keeps it between two waits.
//!
//! ```text
//!   FREE --sit--> WAITING --go away--> AWAY --sit--> WAITING ...
//!     ^                                  |
//!     '---- the watcher looks -----------'   the reader did not come back since the last look
//! ```
//! Why nothing stays unread. WAITING: the reader itself is told of what comes. FREE: the watcher is. AWAY: nobody is, so the
//! watcher looks again and again, which the reader asks for ([`Tenure::leave`]) *after* it is AWAY; and whoever waits for something
//! that is read here, but not here ([`Tenure::stand_beside`]), counts itself and *then* looks whether the reader is away,
//! while the reader goes away and *then* looks whether anybody stands beside: one of the two sees the other, and gives the
//! reading back to the watcher.

use crate::sync::{AtomicUsize, Ordering::*, thread};
use std::{
    mem,
    time::{Duration, Instant},
};

const FREE: usize = 0;
const WAITING: usize = 1;
const AWAY: usize = 2;

/// Where a reader stands. It goes with a lock of the caller's, the desk: whoever changes anything holds that.
///
/// ```
/// use std::{sync::Mutex, time::Duration};
/// use zeroxide_pipe::{Seen, Tenure};
///
/// let (tenure, desk) = (Tenure::default(), Mutex::new(Seen::default()));
/// // The reader takes the place, waits and reads there, and goes away.
/// let held = tenure.enter(|| desk.try_lock().ok(), |_| println!("the watcher hears of nothing from now on"));
/// assert!(held.is_some(), "nobody is there or stands beside");
/// tenure.leave(|| true, || println!("the watcher is to look soon"));
/// drop(held);
/// // The watcher looks twice, and it did not come back.
/// let (now, tick) = (std::time::Instant::now(), Duration::from_millis(1));
/// let look = |now| tenure.look(now, tick, || desk.try_lock().ok(), |desk| &mut **desk, |_| true);
/// assert!(look(now).needs_tick);
/// assert!(!look(now + tick).needs_tick);
/// assert!(tenure.is_free());
/// ```
#[derive(Debug, Default)]
pub struct Tenure {
    state: AtomicUsize,
    visits: AtomicUsize,
    /// Visits until the watcher saw a reader wait the last time.
    seen_waiting: AtomicUsize,
    beside: AtomicUsize,
}

/// What the watcher saw when it looked last; kept under the desk's lock.
///
/// ```
/// use std::sync::Mutex;
/// use zeroxide_pipe::Seen;
///
/// /// What is locked while somebody reads.
/// #[derive(Default)]
/// struct Desk {
///     scratch: Vec<u8>,
///     seen: Seen,
/// }
/// let desk = Mutex::new(Desk::default());
/// # drop(desk);
/// ```
#[derive(Debug, Default)]
pub struct Seen {
    visits: usize,
    last_look: Option<Instant>,
}

/// What the watcher found.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_pipe::{Looked, Seen, Tenure};
/// let (tenure, mut seen) = (Tenure::default(), Seen::default());
/// let (now, tick) = (Instant::now(), Duration::from_millis(1));
/// let looked = tenure.look(now, tick, || Some(&mut seen), |seen| seen, |_| true);
/// assert_eq!(looked, Looked { needs_tick: false, came_back: false, keep: false }, "nobody came");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looked {
    /// The reader is away, or waits and was away since the last look: look again soon.
    pub needs_tick: bool,
    /// It came back since the last look.
    pub came_back: bool,
    /// There may be something to look after.
    pub keep: bool,
}

/// A thread waits beside a reader's place, for as long as this lives.
///
/// ```
/// let tenure = zeroxide_pipe::Tenure::default();
/// let beside = tenure.stand_beside(|| Some(()), || true);
/// assert!(tenure.enter(|| Some(()), |_| ()).is_none(), "the watcher reads for it");
/// drop(beside);
/// assert!(tenure.enter(|| Some(()), |_| ()).is_some());
/// ```
#[derive(Debug)]
#[must_use = "nobody stands beside without it"]
pub struct Beside<'a>(&'a Tenure);

impl Tenure {
    /// A reader waits from now on. True if the watcher read until now: it is to stop.
    #[inline]
    pub fn sit(&self) -> bool {
        let first = self.state.swap(WAITING, SeqCst) == FREE;
        self.visited();
        first
    }

    /// Something was read there.
    #[inline]
    pub fn visited(&self) {
        self.visits.fetch_add(1, Relaxed);
    }

    /// The reader goes away; the caller has the watcher look soon. True if the watcher read until now.
    #[inline]
    pub fn go_away(&self) -> bool {
        self.state.swap(AWAY, SeqCst) == FREE
    }

    /// The watcher reads; it was told to before this.
    #[inline]
    pub fn end(&self) {
        self.state.store(FREE, SeqCst);
    }

    /// Whether the watcher reads.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.state.load(SeqCst) == FREE
    }

    /// Whether nobody is told of what comes.
    #[inline]
    pub fn is_away(&self) -> bool {
        self.state.load(SeqCst) == AWAY
    }

    /// As [`Tenure::is_away`], for whoever asks again when it has the desk.
    #[inline]
    pub fn seems_away(&self) -> bool {
        self.state.load(Relaxed) == AWAY
    }

    /// Takes the place, if `lock` gets the desk and nobody stands beside. `claim` is called if the watcher read until now: it is
    /// to stop.
    pub fn enter<G>(&self, lock: impl FnOnce() -> Option<G>, claim: impl FnOnce(&mut G)) -> Option<G> {
        if self.beside.load(SeqCst) > 0 {
            return None;
        }
        let mut desk = lock()?;
        if self.sit() {
            claim(&mut desk);
        }
        Some(desk)
    }

    /// Leaves the place; the desk is still locked. Where others stand beside, `release` has the watcher read at once, if it can.
    /// Otherwise `tick` has it look soon.
    pub fn leave(&self, release: impl FnOnce() -> bool, tick: impl FnOnce()) {
        self.go_away();
        one_order();
        if self.beside.load(SeqCst) > 0 && release() {
            self.end();
        } else {
            tick();
        }
    }

    /// Counts the calling thread among those who wait for what is read here, but elsewhere: from now on either a reader waits
    /// here, or the watcher reads. `release` has it do so, if it can; it is tried until then.
    pub fn stand_beside<G>(&self, lock: impl Fn() -> Option<G>, release: impl Fn() -> bool) -> Beside<'_> {
        self.beside.fetch_add(1, SeqCst);
        one_order();
        while self.is_away() {
            let desk = lock();
            // Asked again: it may have come back, or the watcher looked. Without the desk, somebody leaves or looks just now.
            if desk.is_some() && self.is_away() && release() {
                self.end();
            } else {
                drop(desk);
                thread::yield_now();
            }
        }
        Beside(self)
    }

    /// The watcher looks: takes the reading back from a reader that did not return since the last look, by `release`, if that
    /// can.
    pub fn look<G>(
        &self,
        now: Instant,
        tick: Duration,
        lock: impl FnOnce() -> Option<G>,
        seen: impl FnOnce(&mut G) -> &mut Seen,
        release: impl FnOnce(&mut G) -> bool,
    ) -> Looked {
        match self.state.load(SeqCst) {
            FREE => return Looked::default(),
            WAITING => return self.look_at_waiting(),
            _ => {}
        }
        let again = Looked { needs_tick: true, came_back: false, keep: true };
        let Some(mut desk) = lock() else { return again };
        if !self.is_away() {
            return again;
        }
        let seen = seen(&mut desk);
        if seen.last_look.is_some_and(|last| now.saturating_duration_since(last) < tick) {
            return again;
        }
        seen.last_look = Some(now);
        let visits = self.visits.load(Relaxed);
        if mem::replace(&mut seen.visits, visits) != visits {
            return Looked { came_back: true, ..again };
        }
        seen.last_look = None;
        if !release(&mut desk) {
            return again;
        }
        self.end();
        Looked::default()
    }

    /// A reader that comes and goes waits nearly all the time, and asks for a look whenever it goes: as long as it does so the
    /// watcher looks anyway, and need not be woken for each of its messages.
    fn look_at_waiting(&self) -> Looked {
        let visits = self.visits.load(Relaxed);
        let came_back = self.seen_waiting.swap(visits, Relaxed) != visits;
        Looked { needs_tick: came_back, came_back, keep: true }
    }
}

/// Loom takes `SeqCst` for what orders less than it does, but knows this fence.
#[inline]
fn one_order() {
    #[cfg(loom)]
    crate::sync::fence(SeqCst);
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.0.beside.fetch_sub(1, SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn the_watcher_looks_on_while_the_reader_comes_and_goes_and_rests_when_it_stays() {
        let (tenure, desk) = (Tenure::default(), Mutex::new(Seen::default()));
        let tick = Duration::from_millis(1);
        let mut now = Instant::now();
        let mut look = || {
            now += tick;
            tenure.look(now, tick, || desk.try_lock().ok(), |desk| &mut **desk, |_| true)
        };
        for _ in 0..3 {
            let held = tenure.enter(|| desk.try_lock().ok(), |_| ()).unwrap();
            assert_eq!(look(), Looked { needs_tick: true, came_back: true, keep: true });
            tenure.leave(|| true, || ());
            drop(held);
        }
        let held = tenure.enter(|| desk.try_lock().ok(), |_| ()).unwrap();
        assert!(look().needs_tick);
        assert_eq!(look(), Looked { needs_tick: false, came_back: false, keep: true });
        assert!(!look().needs_tick);
        // It goes once more: whoever leaves asks for a look, and is given the time of two.
        tenure.leave(|| true, || ());
        drop(held);
        assert!(look().needs_tick);
        assert!(!look().needs_tick);
        assert!(tenure.is_free());
    }
}
