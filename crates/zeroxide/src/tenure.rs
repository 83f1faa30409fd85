//! Who is told by the kernel that a connection can be read: the I/O thread, or a thread of the application that takes this
//! over while it waits, and keeps it between two calls.
//!
//! ```text
//!   FREE --sit--> WAITING --go_away--> AWAY --sit--> WAITING ...
//!     ^                                  |
//!     '---- the I/O thread's tick -------'   the reader did not come back within a tick or two
//! ```
//! While a reader is AWAY the I/O thread ticks, more slowly the longer readers keep coming back, and takes the reading back
//! when it finds no activity since its last look: nothing may depend on the application calling in. When every reader is
//! WAITING (the kernel wakes it) or FREE, nobody ticks.

use crate::io::shared::IoShared;
use std::{
    sync::atomic::{AtomicU8, AtomicU64, Ordering::*},
    time::{Duration, Instant},
};

/// How soon the I/O thread looks after readers that are away, at first.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// How soon it does when they kept coming back: each look costs somebody a piece of a core.
pub(crate) const SLOWEST_TICK: Duration = Duration::from_millis(8);

const FREE: u8 = 0;
const WAITING: u8 = 1;
const AWAY: u8 = 2;

/// Where a reader stands. Changed by whoever holds the lock of what is read there.
#[derive(Default)]
pub(crate) struct Tenure {
    state: AtomicU8,
    visits: AtomicU64,
}

/// What the I/O thread saw when it looked last.
#[derive(Default)]
pub(crate) struct Seen {
    visits: u64,
    last_look: Option<Instant>,
}

/// What the I/O thread found.
#[derive(Default)]
pub(crate) struct Looked {
    /// The reader is away: look again soon.
    pub(crate) needs_tick: bool,
    /// It came back since the last look.
    pub(crate) came_back: bool,
    /// There may be something to look after.
    pub(crate) keep: bool,
}

impl Tenure {
    /// A reader waits from now on. True if the I/O thread read until now.
    pub(crate) fn sit(&self) -> bool {
        let first = self.state.swap(WAITING, SeqCst) == FREE;
        self.visited();
        first
    }

    /// Something was read there.
    pub(crate) fn visited(&self) {
        self.visits.fetch_add(1, Relaxed);
    }

    /// The reader goes back to the application; this I/O thread sees to it that nothing waits for too long. True if the
    /// I/O thread read until now.
    pub(crate) fn go_away(&self, io: Option<&IoShared>) -> bool {
        let first = self.state.swap(AWAY, SeqCst) == FREE;
        if let Some(io) = io {
            io.tick();
        }
        first
    }

    /// The I/O thread reads.
    pub(crate) fn end(&self) {
        self.state.store(FREE, SeqCst);
    }

    pub(crate) fn is_free(&self) -> bool {
        self.state.load(SeqCst) == FREE
    }

    pub(crate) fn is_away(&self) -> bool {
        self.state.load(SeqCst) == AWAY
    }

    /// As [`Tenure::is_away`], for whoever asks again when it has the lock.
    #[inline]
    pub(crate) fn seems_away(&self) -> bool {
        self.state.load(Relaxed) == AWAY
    }

    /// The I/O thread looks: takes the reading back from a reader that did not return since the last look.
    pub(crate) fn look<G>(
        &self,
        now: Instant,
        tick: Duration,
        lock: impl FnOnce() -> Option<G>,
        seen: impl FnOnce(&mut G) -> &mut Seen,
        release: impl FnOnce(&mut G),
    ) -> Looked {
        match self.state.load(SeqCst) {
            FREE => return Looked::default(),
            WAITING => return Looked { keep: true, ..Looked::default() },
            _ => {}
        }
        let again = Looked { needs_tick: true, came_back: false, keep: true };
        let Some(mut held) = lock() else { return again };
        if !self.is_away() {
            return again;
        }
        let seen = seen(&mut held);
        if seen.last_look.is_some_and(|last| now.saturating_duration_since(last) < tick) {
            return again;
        }
        seen.last_look = Some(now);
        let visits = self.visits.load(Relaxed);
        if std::mem::replace(&mut seen.visits, visits) != visits {
            return Looked { came_back: true, ..again };
        }
        seen.last_look = None;
        release(&mut held);
        self.end();
        Looked::default()
    }
}
