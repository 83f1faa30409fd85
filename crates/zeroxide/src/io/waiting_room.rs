//! The connections of one listener that have not said who they are: how many there may be, and who makes room.
//!
//! A newcomer that finds the room full takes the place of whoever has been here longest, if that is longer than
//! [`PATIENCE`](Bounds::patience) and nobody is deciding about it; else it is turned away. So a flood of silent
//! connections holds each place for that short time only, while those that are on their way in, in a storm of
//! legitimate ones, are not pushed out by those behind them.

use crate::io::shared::SessionKey;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    time::{Duration, Instant},
};
use zeroxide_proto::Limit;

/// How many connections may be in the room.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Bounds {
    pub(crate) most: Option<usize>,
    pub(crate) most_per_address: Option<usize>,
    /// Who is here for longer makes room.
    pub(crate) patience: Option<Duration>,
}

/// Whether a newcomer may come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    Free,
    /// When this one, which met the limit, is shown out.
    InsteadOf(SessionKey, Limit),
    Refused(Limit),
}

#[derive(Default)]
pub(crate) struct WaitingRoom {
    /// In the order in which they came: keys count up.
    guests: BTreeMap<SessionKey, Guest>,
    by_address: HashMap<IpAddr, BTreeSet<SessionKey>>,
}

struct Guest {
    address: Option<IpAddr>,
    since: Instant,
    /// Somebody decides about it, which is no fault of its own.
    asked: bool,
}

impl WaitingRoom {
    /// Somebody comes. Unless it is refused it is in the room afterwards.
    pub(crate) fn enter(
        &mut self,
        key: SessionKey,
        address: Option<IpAddr>,
        bounds: Bounds,
        now: Instant,
    ) -> Entry {
        let entry = self.entry(address, bounds, now);
        match entry {
            Entry::Refused(_) => return entry,
            Entry::InsteadOf(oldest, _) => self.leave(oldest),
            Entry::Free => {}
        }
        self.guests.insert(key, Guest { address, since: now, asked: false });
        if let Some(address) = address {
            self.by_address.entry(address).or_default().insert(key);
        }
        entry
    }

    fn entry(&self, address: Option<IpAddr>, bounds: Bounds, now: Instant) -> Entry {
        let over = |count: usize, most: Option<usize>| most.is_some_and(|most| count >= most);
        let neighbours = address.and_then(|address| self.by_address.get(&address));
        if let Some(neighbours) = neighbours.filter(|keys| over(keys.len(), bounds.most_per_address)) {
            return self.instead_of(neighbours.iter(), Limit::HandshakesPerAddress, bounds, now);
        }
        if over(self.guests.len(), bounds.most) {
            return self.instead_of(self.guests.keys(), Limit::Handshakes, bounds, now);
        }
        Entry::Free
    }

    fn instead_of<'a>(
        &self,
        mut keys: impl Iterator<Item = &'a SessionKey>,
        limit: Limit,
        bounds: Bounds,
        now: Instant,
    ) -> Entry {
        let oldest =
            keys.find_map(|key| self.guests.get(key).filter(|guest| !guest.asked).map(|g| (*key, g)));
        let overdue = oldest.filter(|(_, guest)| {
            bounds.patience.is_some_and(|patience| now.saturating_duration_since(guest.since) >= patience)
        });
        overdue.map_or(Entry::Refused(limit), |(key, _)| Entry::InsteadOf(key, limit))
    }

    /// Somebody has said who it is, or is gone.
    pub(crate) fn leave(&mut self, key: SessionKey) {
        let Some(Guest { address: Some(address), .. }) = self.guests.remove(&key) else { return };
        if let Some(neighbours) = self.by_address.get_mut(&address) {
            neighbours.remove(&key);
            if neighbours.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }

    /// Whether somebody decides about this one now.
    pub(crate) fn set_asked(&mut self, key: SessionKey, asked: bool) {
        if let Some(guest) = self.guests.get_mut(&key) {
            guest.asked = asked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(3);

    struct Story {
        room: WaitingRoom,
        bounds: Bounds,
        start: Instant,
        next: u64,
    }

    impl Story {
        fn new(most: usize, most_per_address: usize) -> Self {
            let bounds = Bounds {
                most: Some(most),
                most_per_address: Some(most_per_address),
                patience: Some(PATIENCE),
            };
            Self { room: WaitingRoom::default(), bounds, start: Instant::now(), next: 0 }
        }

        /// After so many seconds somebody comes from this address, 0 for one without.
        fn comes(&mut self, seconds: u64, address: u8) -> Entry {
            let address = (address > 0).then(|| IpAddr::from([10, 0, 0, address]));
            let now = self.start + Duration::from_secs(seconds);
            self.next += 1;
            self.room.enter(SessionKey(self.next), address, self.bounds, now)
        }

        fn leaves(&mut self, key: u64) {
            self.room.leave(SessionKey(key));
        }
    }

    #[test]
    fn the_room_takes_as_many_as_allowed_and_more_when_some_have_left() {
        let mut story = Story::new(3, 2);
        assert_eq!([story.comes(0, 1), story.comes(0, 1)], [Entry::Free; 2]);
        assert_eq!(story.comes(0, 1), Entry::Refused(Limit::HandshakesPerAddress));
        assert_eq!(story.comes(0, 2), Entry::Free);
        assert_eq!(story.comes(0, 3), Entry::Refused(Limit::Handshakes));
        story.leaves(1);
        assert_eq!(story.comes(0, 3), Entry::Free);
        story.leaves(2);
        assert_eq!(story.comes(0, 1), Entry::Free);
        story.leaves(99);
        assert_eq!(story.comes(0, 1), Entry::Refused(Limit::Handshakes));
    }

    #[test]
    fn whoever_dawdled_longest_makes_room_but_not_who_waits_for_a_decision() {
        let mut story = Story::new(3, 3);
        assert_eq!([story.comes(0, 1), story.comes(1, 2), story.comes(2, 3)], [Entry::Free; 3]);
        assert_eq!(story.comes(2, 4), Entry::Refused(Limit::Handshakes));
        story.room.set_asked(SessionKey(1), true);
        assert_eq!(story.comes(3, 4), Entry::Refused(Limit::Handshakes), "the oldest is being asked about");
        assert_eq!(story.comes(4, 4), Entry::InsteadOf(SessionKey(2), Limit::Handshakes));
        assert_eq!(story.comes(4, 4), Entry::Refused(Limit::Handshakes));
        story.room.set_asked(SessionKey(1), false);
        assert_eq!(story.comes(4, 4), Entry::InsteadOf(SessionKey(1), Limit::Handshakes));
    }

    #[test]
    fn without_bounds_or_addresses_nobody_is_refused_by_address() {
        let mut story = Story::new(1000, 1);
        assert!((0..999).all(|_| story.comes(0, 0) == Entry::Free));
        story.bounds = Bounds::default();
        assert!((0..999).all(|_| story.comes(0, 7) == Entry::Free));
        (1..=story.next).for_each(|key| story.leaves(key));
        assert!(story.room.guests.is_empty() && story.room.by_address.is_empty());
    }
}
