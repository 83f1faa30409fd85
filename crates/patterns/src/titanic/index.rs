//! Which requests there are, in memory: what is due, for whom, and how much there is of it. The bodies lie in the store.

use super::StoreUse;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Bound::{Excluded, Unbounded},
    time::Instant,
};
use zeroxide::Frame;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// In the line of its service.
    Due,
    /// It goes into the line again at this time.
    Later(Instant),
    Claimed,
    /// Answered or failed, since so many seconds after 1970.
    Finished(u64),
}

#[derive(Debug)]
struct Entry {
    stage: Stage,
    service: Vec<u8>,
    place: u64,
    attempts: u32,
    octets: u64,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    entries: HashMap<u128, Entry>,
    /// What is due, in the order of arrival, for each service that has anything.
    lines: BTreeMap<Vec<u8>, BTreeMap<u64, u128>>,
    later: BTreeSet<(Instant, u128)>,
    /// Whose turn it was last: services take turns, and one with many requests holds up no other.
    last: Vec<u8>,
    octets: u64,
    finished: usize,
}

impl Index {
    pub(super) fn contains(&self, number: u128) -> bool {
        self.entries.contains_key(&number)
    }

    pub(super) fn in_use(&self) -> StoreUse {
        StoreUse { waiting: self.entries.len() - self.finished, finished: self.finished, octets: self.octets }
    }

    pub(super) fn insert(&mut self, number: u128, service: &[u8], place: u64, octets: u64, stage: Stage) {
        let entry = Entry { stage, service: service.to_vec(), place, attempts: 0, octets };
        self.octets += octets;
        self.entries.insert(number, entry);
        self.enter(number, stage);
    }

    pub(super) fn remove(&mut self, number: u128) -> bool {
        self.leave(number);
        let removed = self.entries.remove(&number);
        self.octets -= removed.as_ref().map_or(0, |entry| entry.octets);
        removed.is_some()
    }

    /// Changes the stage of a request; false if there is none.
    pub(super) fn change(&mut self, number: u128, stage: Stage) -> bool {
        self.leave(number);
        self.enter(number, stage);
        self.entries.contains_key(&number)
    }

    /// It takes so many octets now.
    pub(super) fn resize(&mut self, number: u128, octets: u64) {
        if let Some(entry) = self.entries.get_mut(&number) {
            self.octets = self.octets - entry.octets + octets;
            entry.octets = octets;
        }
    }

    /// One more attempt.
    pub(super) fn attempt(&mut self, number: u128) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.attempts += 1;
        }
    }

    /// The request that is next: of the services in turn, of each the oldest.
    pub(super) fn claim(&mut self, without: &[Frame], now: Instant) -> Option<(u128, u32)> {
        while let Some(&(at, number)) = self.later.first()
            && at <= now
        {
            self.change(number, Stage::Due);
        }
        // Whoever makes up thousands of services that nobody serves must not make this slow.
        let without: HashSet<&[u8]> = without.iter().map(|service| &service[..]).collect();
        let after = (Excluded(self.last.clone()), Unbounded);
        let mut in_turn = self.lines.range(after).chain(self.lines.iter());
        let (service, line) = in_turn.find(|(service, _)| !without.contains(&service[..]))?;
        let (&number, service) = (line.values().next()?, service.clone());
        self.last = service;
        self.change(number, Stage::Claimed);
        Some((number, self.entries.get(&number)?.attempts))
    }

    /// Those that have been finished before that time.
    pub(super) fn finished_before(&self, seconds: u64) -> Vec<u128> {
        let old = |entry: &Entry| matches!(entry.stage, Stage::Finished(since) if since < seconds);
        self.entries.iter().filter(|(_, entry)| old(entry)).map(|(number, _)| *number).collect()
    }

    fn enter(&mut self, number: u128, stage: Stage) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.stage = stage;
        match stage {
            Stage::Due => {
                self.lines.entry(entry.service.clone()).or_default().insert(entry.place, number);
            }

            Stage::Later(at) => {
                self.later.insert((at, number));
            }
            Stage::Claimed => {}
            Stage::Finished(_) => self.finished += 1,
        }
    }

    fn leave(&mut self, number: u128) {
        let Some(entry) = self.entries.get(&number) else { return };
        match entry.stage {
            Stage::Due => {
                if let Some(line) = self.lines.get_mut(&entry.service) {
                    line.remove(&entry.place);
                    if line.is_empty() {
                        self.lines.remove(&entry.service);
                    }
                }
            }
            Stage::Later(at) => {
                self.later.remove(&(at, number));
            }
            Stage::Claimed => {}
            Stage::Finished(_) => self.finished -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn services_take_turns_and_each_has_its_order() {
        let (mut index, now) = (Index::default(), Instant::now());
        for (number, service) in [(1, b"a"), (2, b"a"), (3, b"a"), (4, b"b"), (5, b"c")] {
            index.insert(number, service, number as u64, 10, Stage::Due);
        }
        let claimed: Vec<_> =
            std::iter::from_fn(|| index.claim(&[Frame::from("c")], now)).map(|claim| claim.0).collect();
        assert_eq!(claimed, [1, 4, 2, 3]);
        assert_eq!(index.claim(&[], now), Some((5, 0)));
        assert_eq!(index.claim(&[], now), None);
    }

    #[test]
    fn what_is_released_is_due_again_at_its_time_and_in_its_old_place() {
        let (mut index, now) = (Index::default(), Instant::now());
        index.insert(1, b"a", 1, 0, Stage::Due);
        index.insert(2, b"a", 2, 0, Stage::Due);
        assert_eq!(index.claim(&[], now), Some((1, 0)));
        index.attempt(1);
        index.change(1, Stage::Later(now + Duration::from_secs(1)));
        assert_eq!(index.claim(&[], now), Some((2, 0)));
        index.change(2, Stage::Later(now));
        assert_eq!(index.claim(&[], now + Duration::from_secs(1)), Some((1, 1)));
    }

    #[test]
    fn all_that_is_counted_goes_when_it_goes() {
        let (mut index, now) = (Index::default(), Instant::now());
        index.insert(1, b"a", 1, 10, Stage::Due);
        index.insert(2, b"a", 2, 10, Stage::Later(now));
        index.claim(&[], now);
        index.change(1, Stage::Finished(7));
        index.resize(1, 15);
        assert_eq!(index.in_use(), StoreUse { waiting: 1, finished: 1, octets: 25 });
        assert_eq!((index.finished_before(7), index.finished_before(8)), (vec![], vec![1]));
        assert!(index.remove(1) && index.remove(2) && !index.remove(2));
        assert_eq!(index.in_use(), StoreUse::default());
        assert!(index.lines.is_empty() && index.later.is_empty());
    }
}
