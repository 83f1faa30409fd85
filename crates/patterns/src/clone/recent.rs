//! Names of changes that were seen not long ago: so that what comes twice is done once.

use super::message::Uuid;
use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

/// A set of names, bounded by number and by age.
#[derive(Debug)]
pub(crate) struct Recent {
    names: HashSet<Uuid>,
    order: VecDeque<(Instant, Uuid)>,
    most: usize,
    lifetime: Duration,
}

impl Recent {
    pub(crate) fn new(most: usize, lifetime: Duration) -> Self {
        Self { names: HashSet::new(), order: VecDeque::new(), most, lifetime }
    }

    pub(crate) fn contains(&self, name: &Uuid) -> bool {
        self.names.contains(name)
    }

    pub(crate) fn insert(&mut self, name: Uuid, now: Instant) {
        if self.names.insert(name) {
            self.order.push_back((now, name));
        }
        while self.order.len() > self.most {
            self.drop_first();
        }
    }

    /// Forgets what is too old.
    pub(crate) fn forget(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(since, _)| now >= *since + self.lifetime) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, name)) = self.order.pop_front() {
            self.names.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_forgotten_by_number_and_by_age() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut recent = Recent::new(2, second);
        let known = |recent: &Recent| [1, 2, 3].map(|name| recent.contains(&[name; 16]));
        recent.insert([1; 16], now);
        recent.insert([2; 16], now);
        recent.insert([2; 16], now + second);
        assert_eq!(known(&recent), [true, true, false]);
        recent.insert([3; 16], now + second);
        assert_eq!(known(&recent), [false, true, true]);
        recent.forget(now + second);
        assert_eq!(known(&recent), [false, false, true]);
    }
}
