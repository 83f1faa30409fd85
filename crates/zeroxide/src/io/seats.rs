//! What an I/O thread does for those who read in its place: it looks after the connections of readers that went away.

use crate::{
    io::shared::IoShared,
    seat::{SLOWEST_TICK, TICK},
    socket::core::Core,
};
use std::{
    sync::{Weak, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

/// The sockets whose connections their readers have claimed.
pub(crate) struct Seats {
    cores: Vec<Weak<Core>>,
    tick: Duration,
}

impl Default for Seats {
    fn default() -> Self {
        Self { cores: Vec::new(), tick: TICK }
    }
}

impl Seats {
    /// How soon to look again.
    pub(crate) fn tick(&self) -> Duration {
        self.tick
    }

    /// A reader has claimed connections.
    pub(crate) fn add(&mut self, core: Weak<Core>, shared: &IoShared) {
        // A reader that left before it was known here may have found this thread ticking, for others, and relied
        // on that; the tick it counted on did not ask after it.
        if core.upgrade().is_some_and(|core| core.seat.is_away()) {
            shared.ticking.store(true, SeqCst);
        }
        if !self.cores.iter().any(|seat| seat.ptr_eq(&core)) {
            self.cores.push(core);
        }
    }

    /// Looks after connections whose reader went away; stops ticking when there is nothing to look after.
    pub(crate) fn look_after(&mut self, now: Instant, shared: &IoShared) {
        if self.cores.is_empty() {
            return;
        }
        let (mut active, mut came_back) = (false, false);
        self.cores.retain(|core| {
            let Some(core) = core.upgrade() else { return false };
            let looked = core.seat.look(now, self.tick);
            active |= looked.needs_tick;
            came_back |= looked.came_back;
            looked.keep
        });
        if came_back {
            self.tick = (self.tick * 2).min(SLOWEST_TICK);
        } else if !active {
            self.tick = TICK;
        }
        shared.ticking.store(active, SeqCst);
        if !active && self.cores.iter().filter_map(Weak::upgrade).any(|core| core.seat.is_away()) {
            shared.ticking.store(true, SeqCst);
        }
    }
}
