//! Routing ids as numbers: which peer of a SERVER or PEER has which.

use crate::{
    RoutingId,
    routing::{PeerId, names::Spread},
};
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::BuildHasherDefault,
};

/// The numbers of the peers of one socket. They count up from a start that the caller draws, so that a number of an
/// earlier life of the socket does not reach a stranger.
///
/// ```
/// use zeroxide_proto::routing::{Numbers, PeerId};
/// let mut numbers = Numbers::new(7);
/// let number = numbers.generate(PeerId(0));
/// assert_eq!((number.get(), numbers.find(number)), (7, Some(PeerId(0))));
/// ```
#[derive(Clone, Debug)]
pub struct Numbers {
    owners: HashMap<u32, PeerId, BuildHasherDefault<Spread>>,
    next: u32,
}

impl Numbers {
    /// No numbers yet; they count up from `start`.
    pub fn new(start: u32) -> Self {
        Self { owners: HashMap::default(), next: start }
    }

    /// Who has this number.
    #[inline]
    pub fn find(&self, number: RoutingId) -> Option<PeerId> {
        self.owners.get(&number.get()).copied()
    }

    /// Gives a peer a number that nobody has.
    pub fn generate(&mut self, peer: PeerId) -> RoutingId {
        loop {
            let number = RoutingId::new(self.next);
            self.next = self.next.wrapping_add(1);
            if let Some(number) = number
                && let Entry::Vacant(free) = self.owners.entry(number.get())
            {
                free.insert(peer);
                return number;
            }
        }
    }

    /// Frees a number.
    pub fn release(&mut self, number: RoutingId) {
        self.owners.remove(&number.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_over_the_end_and_none_is_zero_or_taken() {
        let mut numbers = Numbers::new(u32::MAX);
        let last = numbers.generate(PeerId(0));
        let first = numbers.generate(PeerId(1));
        assert_eq!((last.get(), first.get()), (u32::MAX, 1));
        assert_eq!((numbers.find(last), numbers.find(first)), (Some(PeerId(0)), Some(PeerId(1))));
        numbers.next = u32::MAX;
        assert_eq!(numbers.generate(PeerId(2)).get(), 2);
        numbers.release(last);
        assert_eq!(numbers.find(last), None);
    }
}
