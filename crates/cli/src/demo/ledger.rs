//! The receiver's book: which messages came, and whether each came once and in order.

use crate::line::Facts;

/// Checks the numbers 0 to `expected` as they come in.
pub(crate) struct Ledger {
    seen: Vec<bool>,
    /// The highest number so far of each source; only within a source is there an order.
    last: Vec<Option<u64>>,
    received: u64,
    doubled: u64,
    disordered: u64,
    wrong: u64,
}

impl Ledger {
    pub(crate) fn new(expected: u64, sources: usize) -> Self {
        Self {
            seen: vec![false; expected as usize],
            last: vec![None; sources],
            received: 0,
            doubled: 0,
            disordered: 0,
            wrong: 0,
        }
    }

    /// A message came.
    pub(crate) fn note(&mut self, source: usize, number: u64) {
        self.received += 1;
        match (self.seen.get_mut(number as usize), self.last.get_mut(source)) {
            (Some(true), _) => self.doubled += 1,
            (Some(seen), Some(last)) => {
                *seen = true;
                if last.is_some_and(|last| last > number) {
                    self.disordered += 1;
                }
                *last = (*last).max(Some(number));
            }
            _ => self.wrong += 1,
        }
    }

    /// A message came that makes no sense.
    pub(crate) fn note_wrong(&mut self) {
        self.received += 1;
        self.wrong += 1;
    }

    /// Whether as many messages came as there are numbers, not counting those that came twice.
    pub(crate) fn is_complete(&self) -> bool {
        self.received - self.doubled >= self.seen.len() as u64
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Everything is over: what did not come is lost.
    pub(crate) fn facts(&self) -> Facts {
        Facts::default()
            .with("received", self.received)
            .with("lost", self.missing())
            .with("doubled", self.doubled)
            .with("disordered", self.disordered)
            .with("wrong", self.wrong)
    }

    fn missing(&self) -> u64 {
        self.seen.iter().filter(|seen| !**seen).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(numbers: &[(usize, u64)]) -> [u64; 4] {
        let mut ledger = Ledger::new(4, 2);
        numbers.iter().for_each(|(source, number)| ledger.note(*source, *number));
        let facts = ledger.facts();
        assert_eq!(facts.get("received"), numbers.len() as u64);
        ["lost", "doubled", "disordered", "wrong"].map(|name| facts.get(name))
    }

    #[test]
    fn every_fault_is_told_apart() {
        assert_eq!(faults(&[(0, 0), (1, 1), (0, 2), (1, 3)]), [0, 0, 0, 0]);
        assert_eq!(
            faults(&[(0, 2), (1, 0), (0, 3), (1, 1)]),
            [0, 0, 0, 0],
            "sources are not ordered among them"
        );
        assert_eq!(faults(&[(0, 0), (0, 1), (0, 3)]), [1, 0, 0, 0]);
        assert_eq!(faults(&[(0, 0), (0, 1), (0, 1), (0, 2), (0, 3)]), [0, 1, 0, 0]);
        assert_eq!(faults(&[(0, 1), (0, 0), (0, 2), (0, 3)]), [0, 0, 1, 0]);
        assert_eq!(faults(&[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]), [0, 0, 0, 1]);
    }
}
