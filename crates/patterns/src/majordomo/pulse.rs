//! A worker's heartbeats, from the thread of the clock: they go out while the worker waits and while it works, on whatever
//! thread and executor, and stop when it is stuck.

use super::{
    Version,
    command::{self, WorkerWord},
};
use crate::clock::wake_at;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Wake, Waker},
    time::{Duration, Instant},
};
use zeroxide::Dealer;

/// Beats as long as it exists.
pub(super) struct Pulse(Arc<Heart>);

struct Heart {
    version: Version,
    interval: Duration,
    /// The worker is stuck if it works for longer.
    longest: Option<Duration>,
    state: Mutex<State>,
}

struct State {
    dealer: Option<Arc<Dealer>>,
    /// When the broker heard something last.
    said: Instant,
    /// Since when the worker is at work.
    busy: Option<Instant>,
}

/// What the clock wakes; it does not keep the heart alive.
struct Beat(Weak<Heart>);

impl Pulse {
    pub(super) fn new(version: Version, interval: Duration, longest: Option<Duration>) -> Self {
        let now = Instant::now();
        // Whoever does not wait for requests works at something, or is stuck.
        let state = Mutex::new(State { dealer: None, said: now, busy: Some(now) });
        let heart =
            Arc::new(Heart { version, interval: interval.max(Duration::from_millis(1)), longest, state });
        wake_at(now + heart.interval, Waker::from(Arc::new(Beat(Arc::downgrade(&heart)))));
        Self(heart)
    }

    /// From now on it beats by this socket, on which something was said just now; or not at all.
    pub(super) fn beats_by(&self, dealer: Option<Arc<Dealer>>) {
        let mut state = self.0.lock();
        (state.dealer, state.said) = (dealer, Instant::now());
    }

    /// The worker waits for a request.
    pub(super) fn waits(&self) {
        self.0.lock().busy = None;
    }

    /// The worker is at work from now on.
    pub(super) fn works(&self) {
        self.0.lock().busy = Some(Instant::now());
    }

    /// The broker has heard from the worker: no need for a beat. What says something is not stuck.
    pub(super) fn said_something(&self) {
        let mut state = self.0.lock();
        state.said = Instant::now();
        state.busy = state.busy.map(|_| state.said);
    }
}

impl Heart {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Beats if it is time to, and says when to look again.
    fn beat(&self, now: Instant) -> Instant {
        let mut state = self.lock();
        if now < state.said + self.interval {
            return state.said + self.interval;
        }
        let stuck = |since: Instant| self.longest.is_some_and(|longest| now > since + longest);
        if let Some(dealer) = &state.dealer
            && !state.busy.is_some_and(stuck)
        {
            // No room: the broker has not taken what was said before, so it is not there to hear this.
            let _ = dealer.try_send(command::word(self.version, WorkerWord::Heartbeat));
            state.said = now;
        }
        now + self.interval
    }
}

impl Wake for Beat {
    fn wake(self: Arc<Self>) {
        if let Some(heart) = self.0.upgrade() {
            let next = heart.beat(Instant::now());
            drop(heart);
            wake_at(next, Waker::from(self));
        }
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("interval", &self.0.interval).finish_non_exhaustive()
    }
}
