//! Peers as small numbers, tables over them, and a ring that they take turns in.

/// A peer of one socket: a small number, dense, used again only after the machine was told to forget it.
///
/// ```
/// use zeroxide_proto::PeerId;
/// let mut queued = [0; 4];
/// let peer = PeerId(2);
/// queued[peer.index()] += 1;
/// assert_eq!(queued, [0, 0, 1, 0]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerId(pub u32);

impl PeerId {
    /// The number as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a machine may ask about the queues of its peers.
///
/// ```
/// use zeroxide_proto::{PeerId, Peers};
///
/// /// How many messages wait for each peer.
/// struct Queues(Vec<usize>);
///
/// impl Peers for Queues {
///     fn has_room(&self, peer: PeerId) -> bool {
///         self.0.get(peer.index()).is_some_and(|waiting| *waiting < 1000)
///     }
/// }
///
/// let queues = Queues(vec![0, 1000]);
/// assert!(queues.has_room(PeerId(0)) && !queues.has_room(PeerId(1)));
/// ```
pub trait Peers {
    /// Whether one more message for this peer can be queued now.
    fn has_room(&self, peer: PeerId) -> bool;
}

/// Something kept for each of some peers; every access is one index.
///
/// ```
/// use zeroxide_proto::routing::{PeerId, PeerTable};
/// let mut since = PeerTable::new();
/// since.insert(PeerId(3), "Monday");
/// assert_eq!(since.insert(PeerId(3), "Tuesday"), Some("Monday"));
/// assert_eq!(since.iter().collect::<Vec<_>>(), [(PeerId(3), &"Tuesday")]);
/// ```
#[derive(Clone, Debug)]
pub struct PeerTable<T> {
    slots: Vec<Option<T>>,
    occupied: usize,
}

impl<T> PeerTable<T> {
    /// A table without entries.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), occupied: 0 }
    }

    /// How many peers have an entry.
    pub fn len(&self) -> usize {
        self.occupied
    }

    /// Whether no peer has an entry.
    pub fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// The entry of a peer.
    #[inline]
    pub fn get(&self, peer: PeerId) -> Option<&T> {
        self.slots.get(peer.index())?.as_ref()
    }

    /// The entry of a peer, to change.
    #[inline]
    pub fn get_mut(&mut self, peer: PeerId) -> Option<&mut T> {
        self.slots.get_mut(peer.index())?.as_mut()
    }

    /// Sets the entry of a peer and returns the former one.
    pub fn insert(&mut self, peer: PeerId, entry: T) -> Option<T> {
        if self.slots.len() <= peer.index() {
            self.slots.resize_with(peer.index() + 1, || None);
        }
        let former = self.slots.get_mut(peer.index())?.replace(entry);
        self.occupied += usize::from(former.is_none());
        former
    }

    /// Removes the entry of a peer.
    pub fn remove(&mut self, peer: PeerId) -> Option<T> {
        let former = self.slots.get_mut(peer.index())?.take();
        self.occupied -= usize::from(former.is_some());
        former
    }

    /// Every peer with its entry, by number.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &T)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| Some((PeerId(at as u32), slot.as_ref()?)))
    }
}

impl<T> Default for PeerTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

const NOBODY: u32 = u32::MAX;
const OUTSIDE: Link = Link { next: NOBODY, previous: NOBODY };

/// Peers in a circle, one of them at the front. Every operation takes constant time and keeps the order of the rest.
///
/// ```
/// use zeroxide_proto::routing::{PeerId, Ring};
/// let mut ring = Ring::new();
/// ring.insert(PeerId(0));
/// ring.insert(PeerId(1));
/// assert_eq!(ring.front(), Some(PeerId(0)));
/// ring.rotate();
/// assert_eq!(ring.front(), Some(PeerId(1)));
/// ```
#[derive(Clone, Debug)]
pub struct Ring {
    links: Vec<Link>,
    front: u32,
    members: usize,
}

/// The neighbours of a member; a peer outside the ring has none.
#[derive(Clone, Copy, Debug)]
struct Link {
    next: u32,
    previous: u32,
}

impl Ring {
    /// A ring of nobody.
    pub const fn new() -> Self {
        Self { links: Vec::new(), front: NOBODY, members: 0 }
    }

    /// How many peers are in the ring.
    pub fn len(&self) -> usize {
        self.members
    }

    /// Whether nobody is in the ring.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.front == NOBODY
    }

    /// Whether this peer is in the ring.
    #[inline]
    pub fn contains(&self, peer: PeerId) -> bool {
        self.link(peer.0).next != NOBODY
    }

    /// Whose turn it is.
    #[inline]
    pub fn front(&self) -> Option<PeerId> {
        (self.front != NOBODY).then_some(PeerId(self.front))
    }

    /// Who comes behind this member.
    #[inline]
    pub fn after(&self, peer: PeerId) -> Option<PeerId> {
        let next = self.link(peer.0).next;
        (next != NOBODY).then_some(PeerId(next))
    }

    /// Ends the turn of the front.
    #[inline]
    pub fn rotate(&mut self) {
        if self.front != NOBODY {
            self.front = self.link(self.front).next;
        }
    }

    /// Ends the turn of this member: who comes behind it is at the front. The order stays.
    #[inline]
    pub fn turn_behind(&mut self, peer: PeerId) {
        let next = self.link(peer.0).next;
        if next != NOBODY {
            self.front = next;
        }
    }

    /// Puts a peer behind all others. Returns false if it was there already, which changes nothing.
    pub fn insert(&mut self, peer: PeerId) -> bool {
        if peer.0 == NOBODY || self.contains(peer) {
            return false;
        }
        if self.links.len() <= peer.index() {
            self.links.resize(peer.index() + 1, OUTSIDE);
        }
        let (next, previous) = match self.front {
            NOBODY => (peer.0, peer.0),
            front => (front, self.link(front).previous),
        };
        self.set(peer.0, |link| *link = Link { next, previous });
        self.set(previous, |link| link.next = peer.0);
        self.set(next, |link| link.previous = peer.0);
        if self.front == NOBODY {
            self.front = peer.0;
        }
        self.members += 1;
        true
    }

    /// Takes a peer out; if it was at the front, the next one is. Returns whether it was in the ring.
    pub fn remove(&mut self, peer: PeerId) -> bool {
        let Link { next, previous } = self.link(peer.0);
        if next == NOBODY {
            return false;
        }
        self.set(previous, |link| link.next = next);
        self.set(next, |link| link.previous = previous);
        self.set(peer.0, |link| *link = OUTSIDE);
        if self.front == peer.0 {
            self.front = if next == peer.0 { NOBODY } else { next };
        }
        self.members -= 1;
        true
    }

    /// All members, the front first.
    pub fn iter(&self) -> impl Iterator<Item = PeerId> {
        let mut at = self.front;
        (0..self.members).map(move |_| {
            let peer = PeerId(at);
            at = self.link(at).next;
            peer
        })
    }

    #[inline]
    fn link(&self, at: u32) -> Link {
        self.links.get(at as usize).copied().unwrap_or(OUTSIDE)
    }

    fn set(&mut self, at: u32, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.get_mut(at as usize) {
            change(link);
        }
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn a_ring_behaves_like_a_rotated_list(steps in proptest::collection::vec((0u8..4, 0u32..6), 0..200)) {
            let (mut ring, mut model) = (Ring::new(), VecDeque::new());
            for (step, number) in steps {
                let peer = PeerId(number);
                match step {
                    0 => {
                        let new = !model.contains(&peer);
                        if new { model.push_back(peer) }
                        prop_assert_eq!(ring.insert(peer), new);
                    }
                    1 => {
                        let known = model.contains(&peer);
                        model.retain(|other| *other != peer);
                        prop_assert_eq!(ring.remove(peer), known);
                    }
                    2 => {
                        ring.rotate();
                        if let Some(first) = model.pop_front() { model.push_back(first) }
                    }
                    _ => {
                        ring.turn_behind(peer);
                        if let Some(at) = model.iter().position(|other| *other == peer) {
                            model.rotate_left((at + 1) % model.len());
                        }
                    }
                }
                prop_assert_eq!(ring.iter().collect::<Vec<_>>(), Vec::from(model.clone()));
                prop_assert_eq!((ring.front(), ring.len()), (model.front().copied(), model.len()));
            }
        }
    }

    #[test]
    fn a_table_counts_what_it_holds() {
        let mut table = PeerTable::new();
        assert_eq!(table.insert(PeerId(3), 'a'), None);
        assert_eq!(table.insert(PeerId(3), 'b'), Some('a'));
        assert_eq!((table.len(), table.get(PeerId(3)), table.get(PeerId(9))), (1, Some(&'b'), None));
        assert_eq!(table.remove(PeerId(3)), Some('b'));
        assert!(table.is_empty() && table.remove(PeerId(3)).is_none());
    }
}
