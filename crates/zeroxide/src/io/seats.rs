//! What an I/O thread does for those who read in its place: it looks after what readers left that went away, and reads from
//! their nests while they are away for long.

use crate::{
    io::{
        run::Loop,
        shared::{IoShared, SessionKey},
    },
    nest::Nest,
    seat::{SLOWEST_TICK, TICK},
    socket::core::Core,
};
use std::{
    collections::HashMap,
    sync::{Weak, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};
use zeroxide_net::Event;

/// The sockets whose connections their readers have claimed, and the nests.
pub(crate) struct Seats {
    cores: Vec<Weak<Core>>,
    nests: HashMap<SessionKey, Weak<Nest>>,
    tick: Duration,
    last_look: Option<Instant>,
    /// Used again.
    ready: Vec<Event>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { cores: Vec::new(), nests: HashMap::new(), tick: TICK, last_look: None, ready: Vec::new() }
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

    /// There is a nest.
    pub(crate) fn add_nest(&mut self, nest: Weak<Nest>, shared: &IoShared) {
        let Some(known) = nest.upgrade() else { return };
        // As above.
        if known.is_away() {
            shared.ticking.store(true, SeqCst);
        }
        self.nests.insert(known.key(), nest);
    }

    pub(crate) fn has_nest(&self, key: SessionKey) -> bool {
        self.nests.contains_key(&key)
    }

    /// Looks after connections whose reader went away; stops ticking when there is nothing to look after.
    pub(crate) fn look_after(&mut self, now: Instant, shared: &IoShared) {
        if self.cores.is_empty() && self.nests.is_empty() {
            return;
        }
        // It is the tick that finds out who came back, not whatever else this thread is woken for.
        let soon = self.last_look.is_some_and(|last| now.saturating_duration_since(last) < self.tick);
        if soon && shared.ticking.load(SeqCst) {
            return;
        }
        self.last_look = Some(now);
        let (mut active, mut came_back) = (false, false);
        self.cores.retain(|core| {
            let Some(core) = core.upgrade() else { return false };
            let looked = core.seat.look(now, self.tick);
            active |= looked.needs_tick;
            came_back |= looked.came_back;
            looked.keep
        });
        self.nests.retain(|_, nest| {
            let Some(nest) = nest.upgrade() else { return false };
            let looked = nest.look(now, self.tick);
            active |= looked.needs_tick;
            came_back |= looked.came_back;
            true
        });
        if came_back {
            self.tick = (self.tick * 2).min(SLOWEST_TICK);
        } else if !active {
            self.tick = TICK;
        }
        shared.ticking.store(active, SeqCst);
        if !active && self.anyone_away() {
            shared.ticking.store(true, SeqCst);
        }
    }

    fn anyone_away(&self) -> bool {
        self.cores.iter().filter_map(Weak::upgrade).any(|core| core.seat.is_away())
            || self.nests.values().filter_map(Weak::upgrade).any(|nest| nest.is_away())
    }
}

impl Loop {
    /// Connections of a nest can be read while nobody waits there.
    pub(crate) fn nest_ready(&mut self, key: SessionKey) {
        let Some(nest) = self.seats.nests.get(&key).and_then(Weak::upgrade) else { return };
        let mut ready = std::mem::take(&mut self.seats.ready);
        nest.collect(&mut ready);
        for event in ready.drain(..) {
            let key = SessionKey(event.token);
            self.session_ready(key, true, false);
            if event.last
                && let Some(peer) = self.sessions.get(&key).and_then(|session| session.peer.as_ref())
                && let Some(wire) = peer.wire()
            {
                wire.ask_nest_again();
            }
        }
        self.seats.ready = ready;
    }
}
