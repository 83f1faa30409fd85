//! Waiting without sleeping, for sockets that were told to: a thread looks again and again for a while, and reads its
//! connections itself, before it parks. A round trip then takes no wake-up on either side.
//!
//! ```text
//!   nothing there -> look, read, look, read ... -> the time is over -> sleep as everyone else
//!                          `- found: return        (a deadline, a shutdown, a change of connections end it as well)
//! ```
//! Nobody is registered for a wake meanwhile, so those who bring something make no system call for it either.

use crate::{blocking::Patience, seat::Claims, socket::core::Core};
use std::{
    hint::spin_loop,
    sync::atomic::Ordering::*,
    time::{Duration, Instant},
};

/// Pauses of the processor between two looks, where there is nothing to read: whoever brings something wants the locks.
const PAUSES: usize = 32;
/// Looks between two questions what time it is.
const ROUNDS: usize = 8;

/// What came of looking.
pub(crate) enum Look<R> {
    Found(R),
    /// The connections are others now: the seat is to be taken anew.
    Changed,
    /// It is time to sleep.
    Over,
}

impl Core {
    /// How long a blocked call polls before it sleeps.
    pub(crate) fn set_busy_wait(&self, time: Duration) {
        self.busy_wait.store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Until when a call that begins to wait now polls, if it does at all.
    pub(crate) fn busy_until(&self, patience: Patience) -> Option<Instant> {
        let time = match self.busy_wait.load(Relaxed) {
            0 => return None,
            nanoseconds => Duration::from_nanos(nanoseconds),
        };
        let until = Instant::now().checked_add(time)?;
        Some(patience.deadline().map_or(until, |deadline| deadline.min(until)))
    }

    /// Looks for room to send until it is time to sleep, and writes what is queued as the kernel takes it.
    pub(crate) fn look_for_room<R>(
        &self,
        patience: Patience,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Option<R> {
        let until = self.busy_until(patience)?;
        loop {
            for peer in self.peers() {
                if let Some(wire) = peer.wire()
                    && !peer.outbox.has_room()
                {
                    wire.write_again(&peer);
                }
            }
            (0..PAUSES).for_each(|_| spin_loop());
            if let Some(done) = attempt() {
                return Some(done);
            }
            if Instant::now() >= until {
                return None;
            }
        }
    }

    /// Looks for something until then (`None`: not at all), and reads the claimed connections, where the caller has the
    /// seat.
    pub(crate) fn look_until<R>(
        &self,
        until: Option<Instant>,
        mut claims: Option<&mut Claims>,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Look<R> {
        let Some(until) = until else { return Look::Over };
        loop {
            let mut changed = false;
            for _ in 0..ROUNDS {
                match &mut claims {
                    Some(claims) if claims.any_up() => {
                        self.read_claimed(claims, |_| true);
                    }
                    _ => (0..PAUSES).for_each(|_| spin_loop()),
                }
                if let Some(done) = attempt() {
                    return Look::Found(done);
                }
                changed = self.seat.has_changed(self, claims.is_some());
                if changed {
                    break;
                }
            }
            if Instant::now() >= until {
                return Look::Over;
            }
            if changed {
                return Look::Changed;
            }
        }
    }
}
