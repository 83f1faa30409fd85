//! Which sockets are in a [nest](crate::nest), and how they wait there.
//!
//! A socket enters the nest of a thread that receives from it when that costs less than being woken by the I/O thread: it has
//! more connections than a seat takes, and threads waited for it a few times; or the thread goes round many sockets.

use crate::{
    blocking::{Attempt, Patience, Signals},
    error::{RecvError, RecvErrorCause},
    nest::{Desk, Nest},
    peer::Peer,
    rest,
    seat::MOST_CONNECTIONS,
    socket::core::Core,
    sync::Mutex,
};
use std::{
    cell::Cell,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering::*},
    },
};

/// How many of a socket's first receives are looked at.
pub(crate) const FIRST_VISITS: u8 = 16;
/// With more connections than a seat takes, after so many waits.
const WAITS: u8 = 4;
/// A thread that received from so many other sockets since it was last here, in turn, goes round.
const STRANGERS: u8 = 12;
/// A socket that is used in other ways, too, is not taken in again and again.
const MOST_MOVES: u8 = 3;

/// Where a socket stands with nests.
pub(crate) struct Nesting {
    nest: Mutex<Option<Arc<Nest>>>,
    /// It has a nest.
    nested: AtomicBool,
    waits: AtomicU8,
    moves: AtomicU8,
}

impl Default for Nesting {
    fn default() -> Self {
        Self {
            nest: Mutex::default(),
            nested: AtomicBool::new(false),
            waits: AtomicU8::new(0),
            moves: AtomicU8::new(0),
        }
    }
}

/// The sockets that a thread received from last, by their address, the latest in front; and how many in a row were not among
/// them.
type Rounds = ([usize; 4], u8);

thread_local! {
    static ROUNDS: Cell<Rounds> = const { Cell::new(([0; 4], 0)) };
}

/// Whether this thread goes round many sockets, of which this is one.
fn goes_round(core: &Arc<Core>) -> bool {
    let place = Arc::as_ptr(core) as usize;
    let visit = |rounds: &Cell<Rounds>| {
        let (mut latest, mut strangers) = rounds.get();
        if latest.first() == Some(&place) {
            // The same visit, or one more in a row.
        } else if latest.contains(&place) {
            strangers = strangers.saturating_sub(1);
        } else {
            latest.rotate_right(1);
            if let Some(first) = latest.first_mut() {
                *first = place;
            }
            strangers = strangers.saturating_add(1).min(2 * STRANGERS);
        }
        rounds.set((latest, strangers));
        strangers >= STRANGERS
    };
    ROUNDS.try_with(visit).unwrap_or(false)
}

impl Core {
    pub(crate) fn is_nested(&self) -> bool {
        self.nesting.nested.load(Relaxed)
    }

    fn nest(&self) -> Option<Arc<Nest>> {
        if self.is_nested() { self.nesting.nest.take().clone() } else { None }
    }

    /// A thread receives from this socket, and waits for it if need be. That a message was there says nothing: the I/O thread
    /// may have brought it, which is woken for each message of a socket that stays outside while its siblings are in a nest.
    #[inline]
    pub(crate) fn note_visit(self: &Arc<Self>) {
        if self.is_looked_at() {
            self.visit();
        }
    }

    /// Whether a visit is to be noted.
    #[inline]
    pub(crate) fn is_looked_at(&self) -> bool {
        self.visits.load(Relaxed) > 0
    }

    #[cold]
    fn visit(self: &Arc<Self>) {
        let left = self.visits.load(Relaxed).saturating_sub(1);
        self.visits.store(left, Relaxed);
        // Not at the first visit, which is noted again if there is nothing yet: a socket that is used once would enter in vain.
        if goes_round(self) && left < FIRST_VISITS - 2 {
            self.enter_nest();
        }
    }

    /// A thread has to wait for this socket, and has no seat: the nest to do so, if it is in one.
    pub(crate) fn nest_to_wait_in(self: &Arc<Self>) -> Option<Arc<Nest>> {
        if !self.is_nested() {
            if self.connected.load(Relaxed) > MOST_CONNECTIONS {
                let waits = self.nesting.waits.load(Relaxed).saturating_add(1);
                self.nesting.waits.store(waits, Relaxed);
                if waits >= WAITS {
                    self.enter_nest();
                }
            } else if goes_round(self) {
                self.enter_nest();
            }
        }
        self.nest()
    }

    /// The connections enter the nest of this thread.
    fn enter_nest(self: &Arc<Self>) {
        let nesting = &self.nesting;
        if nesting.moves.load(Relaxed) >= MOST_MOVES {
            return;
        }
        let mut place = nesting.nest.take();
        let peers = self.peers();
        let Some(wire) = peers.iter().find_map(|peer| peer.wire()) else { return };
        if place.is_some() {
            return;
        }
        let Some(nest) = Nest::of_this_thread(wire.io()) else { return };
        self.seat.vacate();
        nesting.moves.fetch_add(1, Relaxed);
        self.visits.store(0, Relaxed);
        *place = Some(nest.clone());
        nesting.nested.store(true, Relaxed);
        for peer in &peers {
            if let Some(wire) = peer.wire() {
                wire.enter_nest(&nest, peer);
            }
        }
    }

    /// Enters a nest, of this thread if it is in none. Where it is now.
    pub(crate) fn enter_nest_and_stay(self: &Arc<Self>) -> Option<Arc<Nest>> {
        if !self.is_nested() {
            self.enter_nest();
        }
        self.nest()
    }

    pub(crate) fn is_in(&self, nest: &Arc<Nest>) -> bool {
        self.is_nested() && self.nesting.nest.take().as_ref().is_some_and(|place| Arc::ptr_eq(place, nest))
    }

    /// A connection is up, and goes where the others are.
    pub(crate) fn follow_into_nest(&self, peer: &Arc<Peer>) {
        if let Some(nest) = &*self.nesting.nest.take()
            && let Some(wire) = peer.wire()
        {
            wire.enter_nest(nest, peer);
        }
    }

    /// Somebody waits for this socket in another way than a receive that blocks: the I/O thread reads it.
    pub(crate) fn leave_nest(&self) {
        if !self.is_nested() {
            return;
        }
        let mut place = self.nesting.nest.take();
        if place.take().is_some() {
            self.nesting.nested.store(false, Relaxed);
            self.peers().iter().filter_map(|peer| peer.wire()).for_each(|wire| wire.unclaim());
        }
    }

    /// Reads what came for sockets of the nest while nobody waits there. True if there was something.
    pub(crate) fn read_in_nest(&self) -> bool {
        self.nest().is_some_and(|nest| nest.read_for_absent())
    }

    /// Waits in the nest. `None`: it is not this socket's any more.
    pub(crate) fn recv_nested<R>(
        &self,
        nest: &Nest,
        desk: &mut Desk,
        signals: Signals,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Option<Result<R, RecvError>> {
        // Also where a signal ends the wait: one that comes meanwhile is heard no less than one a moment before this call.
        if let Some(done) = nest.look_again(desk, || self.attempt(attempt)) {
            return Some(done);
        }
        loop {
            let ticket = self.readable.register(nest.waker());
            if let Some(done) = self.attempt(attempt) {
                return Some(done);
            }
            if !self.is_nested() {
                return None;
            }
            self.counters.sleeps();
            rest::before_sleep(nest.waker());
            let waited = nest.wait(desk, signals, patience.deadline());
            drop(ticket);
            match waited {
                Ok(true) => {
                    nest.read(desk);
                }
                Ok(false) => return Some(self.last_attempt(attempt)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    let cause = RecvErrorCause::Interrupted;
                    return Some(Err(RecvError { socket: self.kind, cause }));
                }
                Err(_) => {
                    // Out of memory, say: let the I/O thread do it.
                    self.leave_nest();
                    return None;
                }
            }
            if let Some(done) = self.attempt(attempt) {
                return Some(done);
            }
        }
    }
}

#[cfg(test)]
#[path = "nesting_tests.rs"]
mod tests;
