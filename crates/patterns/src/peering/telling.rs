//! When peers are told how many workers are free. No sockets, no clock.

use std::time::{Duration, Instant};

/// What peers believe of this broker, as far as it knows.
///
/// They take off what they send. So a number that did not change is told again as soon as all that was promised has been
/// sent: else whoever uses the only worker would wait a whole beat for its next turn.
#[derive(Debug)]
pub(super) struct Telling {
    beat: Duration,
    pace: Duration,
    /// How many were free, and when it was said.
    told: Option<(u64, Instant)>,
    /// How many requests have come from peers since.
    taken: u64,
}

impl Telling {
    pub(super) fn new(beat: Duration, pace: Duration) -> Self {
        Self { beat, pace, told: None, taken: 0 }
    }

    /// Somebody must hear it now, whatever was said before.
    pub(super) fn again(&mut self) {
        self.told = None;
    }

    /// A peer has sent a request: it believes in one worker less.
    pub(super) fn taken(&mut self) {
        self.taken += 1;
    }

    /// When it is to be told, if so many stay free; at once if nothing has been told.
    pub(super) fn next(&self, free: u64) -> Option<Instant> {
        let (told, when) = self.told?;
        let is_used_up = free > 0 && self.taken > 0 && self.taken >= told;
        Some(match (is_used_up, told == free) {
            (true, _) => when,
            (false, true) => when + self.beat,
            (false, false) => when + self.pace,
        })
    }

    /// Whether it is to be told now; it counts as told then.
    pub(super) fn tells(&mut self, free: u64, now: Instant) -> bool {
        let is_due = self.next(free).is_none_or(|due| due <= now);
        if is_due {
            (self.told, self.taken) = (Some((free, now)), 0);
        }
        is_due
    }
}
