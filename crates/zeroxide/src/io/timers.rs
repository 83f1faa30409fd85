//! Deadlines of an I/O thread: at most one a session, cheap to move.

use crate::io::shared::SessionKey;
use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

/// One deadline per key, in order of time.
#[derive(Default)]
pub(crate) struct Timers {
    order: BTreeSet<(Instant, SessionKey)>,
    set: HashMap<SessionKey, Instant>,
}

impl Timers {
    /// Sets, moves or clears the deadline of a key.
    pub(crate) fn set(&mut self, key: SessionKey, deadline: Option<Instant>) {
        let before = match deadline {
            Some(at) => self.set.insert(key, at),
            None => self.set.remove(&key),
        };
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        if let Some(at) = deadline {
            self.order.insert((at, key));
        }
    }

    /// The first deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the first key whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<SessionKey> {
        let (at, key) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.order.pop_first();
        self.set.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn deadlines_come_in_order_and_a_moved_one_comes_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        timers.set(SessionKey(1), Some(at(3)));
        timers.set(SessionKey(2), Some(at(2)));
        timers.set(SessionKey(1), Some(at(1)));
        timers.set(SessionKey(3), Some(at(1)));
        timers.set(SessionKey(3), None);
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.pop_due(at(1)), Some(SessionKey(1)));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(timers.pop_due(at(9)), Some(SessionKey(2)));
        assert_eq!(timers.pop_due(at(9)), None);
    }
}
