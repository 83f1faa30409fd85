//! What was sent, what came, and what may be missing.

use std::collections::{BTreeMap, BTreeSet};

/// How a numbered message ends, whatever was before: a mark that no frame head contains, who sent it, and which it is.
const MARK: [u8; 4] = [0xa5, b'Z', 0x5a, 0xe7];
const LENGTH: usize = 12;

/// A message: who sent it, and its number.
pub(crate) type Name = (u32, u32);

/// Books of all messages of a story.
#[derive(Default)]
pub(crate) struct Ledger {
    sent: BTreeSet<Name>,
    got: BTreeSet<Name>,
    /// Who got it; where each message goes to one receiver, all count as one.
    deliveries: BTreeSet<(u64, Name)>,
    /// Written into connections that broke, or on its way to a host that died.
    excused: BTreeSet<Name>,
    /// Two connections at a time may join the same two.
    pub(crate) unordered: bool,
    /// What does not come was given up.
    pub(crate) lossy: bool,
    /// What each receiver had from each sender, taken apart into as few ascending runs as there can be: the last of each.
    runs: BTreeMap<(u64, u32), Vec<u32>>,
}

/// A body of at least this size with its name at its end.
pub(crate) fn body(name: Name, size: usize) -> Vec<u8> {
    let mut body = vec![b'.'; size.saturating_sub(LENGTH)];
    body.extend(MARK);
    body.extend(name.0.to_be_bytes());
    body.extend(name.1.to_be_bytes());
    body
}

/// Whose this is.
pub(crate) fn name_of(body: &[u8]) -> Option<Name> {
    let at = body.len().checked_sub(LENGTH)?;
    let (mark, rest) = body[at..].split_at(MARK.len());
    let number = |octets: &[u8]| u32::from_be_bytes(octets.try_into().expect("four octets"));
    (mark == MARK).then(|| (number(&rest[..4]), number(&rest[4..])))
}

impl Ledger {
    /// A send was accepted.
    pub(crate) fn sent(&mut self, name: Name) {
        self.sent.insert(name);
    }

    /// A receiver (one life of a socket) got a message, of which there is one in this scope.
    ///
    /// A connection keeps the order; what is left unread of one may come after what the next one brings. So there are no more
    /// ascending runs than there were connections.
    pub(crate) fn got(&mut self, receiver: u64, scope: u64, connections: u64, name: Name) {
        assert!(self.sent.contains(&name), "{name:?} was never sent");
        assert!(self.deliveries.insert((scope, name)), "{name:?} came twice");
        self.got.insert(name);
        let runs = self.runs.entry((receiver, name.0)).or_default();
        let fitting = runs.iter_mut().filter(|last| **last < name.1).max();
        match fitting {
            Some(last) => *last = name.1,
            None => runs.push(name.1),
        }
        let in_order = self.unordered || runs.len() as u64 <= connections.max(1);
        assert!(
            in_order,
            "{name:?} came out of order: {connections} connections, but runs that end at {runs:?}"
        );
    }

    /// These octets went into a connection that broke, and did not come out.
    pub(crate) fn discarded(&mut self, octets: &[u8]) {
        let whole = octets.windows(LENGTH).filter_map(name_of);
        self.excused.extend(whole);
    }

    /// All that is on its way now may be lost: the host of its sender or receiver died.
    pub(crate) fn excuse_all(&mut self) {
        self.excused.extend(self.sent.difference(&self.got));
    }

    /// Messages that nothing explains.
    pub(crate) fn missing(&self) -> Vec<Name> {
        let promised = self.sent.iter().filter(|_| !self.lossy);
        promised.filter(|name| !self.got.contains(name) && !self.excused.contains(name)).copied().collect()
    }

    /// The newest message of this sender that came to anybody.
    pub(crate) fn last_of(&self, sender: u32) -> Option<u32> {
        self.got.range((sender, 0)..=(sender, u32::MAX)).next_back().map(|name| name.1)
    }

    /// Sent and received.
    pub(crate) fn totals(&self) -> (usize, usize) {
        (self.sent.len(), self.got.len())
    }
}
