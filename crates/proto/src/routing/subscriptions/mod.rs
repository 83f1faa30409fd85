//! Who wants which topic: prefixes, many per peer, matched in time proportional to the topic alone.
//!
//! Each subscription is in two lists: that of its topic, walked when a message matches, and that of its peer, walked
//! when the peer goes. Neither the number of peers nor that of topics enters the cost of a match.

mod arena;
mod atlas;
mod edges;
mod radix;
#[cfg(test)]
mod tests;

use self::{
    arena::{Arena, NONE, grow},
    atlas::{NOBODY, Whom, fits_alone, word},
    radix::{ROOT, Radix},
};
use crate::routing::PeerId;
use std::ops::ControlFlow;

/// The topics that some peers subscribed to.
///
/// ```
/// use zeroxide_proto::routing::{Copies, PeerId, Subscriptions};
/// let mut subscriptions = Subscriptions::new();
/// subscriptions.add(PeerId(1), b"weather.");
/// let mut readers = vec![];
/// subscriptions.matches(b"weather.rome", |peer| readers.push(peer));
/// assert_eq!(readers, [PeerId(1)]);
/// subscriptions.remove(PeerId(1), b"weather.", Copies::All);
/// assert!(!subscriptions.any_match(b"weather.rome"));
/// ```
#[derive(Clone, Debug)]
pub struct Subscriptions {
    tree: Radix,
    entries: Arena<Entry>,
    peers: Vec<Held>,
    /// By peer, the number of the last match that visited it.
    stamps: Vec<u32>,
    stamp: u32,
    topics: usize,
}

/// One peer's subscription to one topic.
#[derive(Clone, Copy, Debug)]
struct Entry {
    node: u32,
    peer: PeerId,
    copies: u32,
    next_here: u32,
    previous_here: u32,
    next_of_peer: u32,
    previous_of_peer: u32,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            node: ROOT,
            peer: PeerId(NONE),
            copies: 0,
            next_here: NONE,
            previous_here: NONE,
            next_of_peer: NONE,
            previous_of_peer: NONE,
        }
    }
}

/// The subscriptions of one peer, in the order they came.
#[derive(Clone, Copy, Debug)]
struct Held {
    first: u32,
    last: u32,
    count: u32,
    octets: u64,
}

const NOTHING_HELD: Held = Held { first: NONE, last: NONE, count: 0, octets: 0 };

/// What an addition changed.
///
/// ```
/// use zeroxide_proto::routing::{Added, PeerId, Subscriptions};
/// let mut topics = Subscriptions::new();
/// assert_eq!(topics.add(PeerId(0), b"news"), Added::First, "worth telling upstream");
/// assert_eq!(topics.add(PeerId(1), b"news"), Added::Another);
/// assert_eq!(topics.add(PeerId(1), b"news"), Added::Copy);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// Nobody had this topic before.
    First,
    /// Other peers had it.
    Another,
    /// This peer had it: one copy more.
    Copy,
    /// Nothing: the topics together would be longer than 1 GiB.
    Full,
}

/// How many copies of a subscription a removal takes.
///
/// ```
/// use zeroxide_proto::routing::{Copies, PeerId, Removed, Subscriptions};
/// let mut topics = Subscriptions::new();
/// (0..3).for_each(|_| drop(topics.add(PeerId(0), b"news")));
/// assert_eq!(topics.remove(PeerId(0), b"news", Copies::One), Removed::CopyRemains);
/// assert_eq!(topics.remove(PeerId(0), b"news", Copies::All), Removed::Last);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copies {
    /// One of them.
    One,
    /// Every one.
    All,
}

/// What a removal changed.
///
/// ```
/// use zeroxide_proto::routing::{Copies, PeerId, Removed, Subscriptions};
/// let mut topics = Subscriptions::new();
/// topics.add(PeerId(0), b"news");
/// topics.add(PeerId(1), b"news");
/// assert_eq!(topics.remove(PeerId(0), b"news", Copies::One), Removed::OthersRemain);
/// assert_eq!(topics.remove(PeerId(0), b"news", Copies::One), Removed::Unknown);
/// assert_eq!(topics.remove(PeerId(1), b"news", Copies::One), Removed::Last, "worth telling upstream");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed {
    /// Nothing: the peer did not have this topic.
    Unknown,
    /// The peer still has a copy.
    CopyRemains,
    /// Other peers still have it.
    OthersRemain,
    /// Nobody has it any more.
    Last,
}

impl Subscriptions {
    /// No subscriptions.
    pub fn new() -> Self {
        Self {
            tree: Radix::new(),
            entries: Arena::new(),
            peers: Vec::new(),
            stamps: Vec::new(),
            stamp: 0,
            topics: 0,
        }
    }

    /// Distinct topics that somebody subscribed to.
    pub fn topics(&self) -> usize {
        self.topics
    }

    /// Distinct topics of one peer.
    pub fn topics_of(&self, peer: PeerId) -> usize {
        self.held(peer).count as usize
    }

    /// Octets of the topics of one peer.
    pub fn octets_of(&self, peer: PeerId) -> u64 {
        self.held(peer).octets
    }

    /// Octets of memory in use.
    pub fn memory(&self) -> usize {
        self.tree.memory() + self.entries.memory() + self.peers.capacity() * size_of::<Held>()
    }

    /// Subscribes a peer to a topic, once more if it was.
    ///
    /// Costs the length of the topic, and a walk over the peers of the topic or the topics of the peer, whichever are
    /// fewer.
    pub fn add(&mut self, peer: PeerId, topic: &[u8]) -> Added {
        if !self.entries.fits(1) {
            return Added::Full;
        }
        let Some(node) = self.tree.insert(topic) else { return Added::Full };
        if let Some(at) = self.entry_of(peer, node) {
            let entry = self.entries.at_mut(at);
            entry.copies = entry.copies.saturating_add(1);
            return Added::Copy;
        }
        let first = self.tree.node(node).count == 0;
        self.topics += usize::from(first);
        self.link(peer, node, topic.len());
        if first { Added::First } else { Added::Another }
    }

    /// Takes one or every copy of a subscription back. Costs as much as [`Subscriptions::add`].
    pub fn remove(&mut self, peer: PeerId, topic: &[u8], copies: Copies) -> Removed {
        let found = self.tree.find(topic).and_then(|node| self.entry_of(peer, node));
        let Some(at) = found else { return Removed::Unknown };
        let entry = self.entries.at_mut(at);
        if copies == Copies::One && entry.copies > 1 {
            entry.copies -= 1;
            return Removed::CopyRemains;
        }
        let held = self.held_mut(peer);
        held.octets = held.octets.saturating_sub(topic.len() as u64);
        if self.unlink(at) { Removed::OthersRemain } else { Removed::Last }
    }

    /// Takes back all that a peer subscribed to. Costs as many steps as that was.
    pub fn remove_peer(&mut self, peer: PeerId) {
        loop {
            let at = self.held(peer).first;
            if at == NONE {
                break;
            }
            self.unlink(at);
        }
        if let Some(held) = self.peers.get_mut(peer.index()) {
            *held = NOTHING_HELD;
        }
    }

    /// Shows each topic of a peer, in the order they came, with its copies and whether no other peer has it.
    pub fn each_topic_of(&self, peer: PeerId, mut show: impl FnMut(&[u8], u32, bool)) {
        let mut topic = Vec::new();
        let mut at = self.held(peer).first;
        while at != NONE {
            let entry = self.entries.at(at);
            self.tree.topic_of(entry.node, &mut topic);
            show(&topic, entry.copies, self.tree.node(entry.node).count == 1);
            at = entry.next_of_peer;
        }
    }

    /// Visits each peer that subscribed to a prefix of `topic`, once. Costs the length of the topic and the visits.
    #[inline]
    pub fn matches(&mut self, topic: &[u8], mut visit: impl FnMut(PeerId)) {
        if !self.tree.has_children(ROOT) {
            // Everybody subscribed to everything, and nobody to it twice.
            return self.each_here(ROOT, &mut visit);
        }
        self.new_stamp();
        let Self { tree, entries, stamps, stamp, .. } = self;
        let mut visit_once = |peer: PeerId| {
            if let Some(last) = stamps.get_mut(peer.index())
                && *last != *stamp
            {
                *last = *stamp;
                visit(peer);
            }
        };
        let _ = tree.walk(topic, |whom| {
            match whom {
                Whom::Peer(peer) => visit_once(peer),
                Whom::Node(node) => {
                    let mut at = tree.node(node).first;
                    while at != NONE {
                        let entry = entries.at(at);
                        visit_once(entry.peer);
                        at = entry.next_here;
                    }
                }
            }
            ControlFlow::<()>::Continue(())
        });
    }

    /// Whether anybody subscribed to a prefix of `topic`.
    #[inline]
    pub fn any_match(&self, topic: &[u8]) -> bool {
        self.tree.walk(topic, |_| ControlFlow::Break(())).is_break()
    }

    /// How many peers subscribed to a prefix of `topic`; allocates.
    pub fn count_matches(&self, topic: &[u8]) -> usize {
        let mut peers = Vec::new();
        let mut next = Some((ROOT, topic));
        while let Some((at, rest)) = next {
            self.each_here(at, &mut |peer| peers.push(peer));
            next = self.tree.step(at, rest);
        }
        peers.sort_unstable();
        peers.dedup();
        peers.len()
    }

    fn each_here(&self, node: u32, visit: &mut impl FnMut(PeerId)) {
        let mut at = self.tree.node(node).first;
        while at != NONE {
            let entry = self.entries.at(at);
            visit(entry.peer);
            at = entry.next_here;
        }
    }

    fn new_stamp(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }

    fn held(&self, peer: PeerId) -> Held {
        self.peers.get(peer.index()).copied().unwrap_or(NOTHING_HELD)
    }

    fn held_mut(&mut self, peer: PeerId) -> &mut Held {
        if self.peers.len() <= peer.index() {
            let more = peer.index() + 1 - self.peers.len();
            grow(&mut self.peers, more);
            self.peers.resize(peer.index() + 1, NOTHING_HELD);
            self.stamps.resize(peer.index() + 1, 0);
        }
        let [held, ..] = self.peers.get_mut(peer.index()..).unwrap_or_default() else {
            unreachable!("the lines above made the place")
        };
        held
    }

    /// The subscription of a peer to the topic of a node, looked for in the shorter of the two lists.
    fn entry_of(&self, peer: PeerId, node: u32) -> Option<u32> {
        let (here, held) = (self.tree.node(node), self.held(peer));
        if here.count == 0 || held.count == 0 {
            return None;
        }
        let by_topic = here.count <= held.count;
        let mut at = if by_topic { here.first } else { held.first };
        while at != NONE {
            let entry = self.entries.at(at);
            if entry.node == node && entry.peer == peer {
                return Some(at);
            }
            at = if by_topic { entry.next_here } else { entry.next_of_peer };
        }
        None
    }

    fn link(&mut self, peer: PeerId, node: u32, octets: usize) {
        let (first, last) = (self.tree.node(node).first, self.held(peer).last);
        let at = self.entries.add(Entry {
            node,
            peer,
            copies: 1,
            next_here: first,
            previous_here: NONE,
            next_of_peer: NONE,
            previous_of_peer: last,
        });
        if first != NONE {
            self.entries.at_mut(first).previous_here = at;
        }
        if last != NONE {
            self.entries.at_mut(last).next_of_peer = at;
        }
        let here = self.tree.node_mut(node);
        (here.first, here.count) = (at, here.count + 1);
        let held = self.held_mut(peer);
        if last == NONE {
            held.first = at;
        }
        (held.last, held.count, held.octets) = (at, held.count + 1, held.octets + octets as u64);
        self.tell(node);
    }

    /// Takes an entry out of both lists. Returns whether its topic still has others.
    fn unlink(&mut self, at: u32) -> bool {
        let Entry { node, peer, next_here, previous_here, next_of_peer, previous_of_peer, .. } =
            *self.entries.at(at);
        self.entries.release(at);
        if next_here != NONE {
            self.entries.at_mut(next_here).previous_here = previous_here;
        }
        if next_of_peer != NONE {
            self.entries.at_mut(next_of_peer).previous_of_peer = previous_of_peer;
        }
        match previous_here {
            NONE => self.tree.node_mut(node).first = next_here,
            before => self.entries.at_mut(before).next_here = next_here,
        }
        match previous_of_peer {
            NONE => self.held_mut(peer).first = next_of_peer,
            before => self.entries.at_mut(before).next_of_peer = next_of_peer,
        }
        let held = self.held_mut(peer);
        if next_of_peer == NONE {
            held.last = previous_of_peer;
        }
        held.count -= 1;
        let here = self.tree.node_mut(node);
        here.count -= 1;
        if here.count > 0 {
            self.tell(node);
            return true;
        }
        self.topics -= 1;
        if self.topics == 0 {
            // Gives the memory of a burst of subscriptions back.
            (self.tree, self.entries) = (Radix::new(), Arena::new());
        } else {
            self.tree.tell(node, NOBODY);
            self.tree.tidy(node);
        }
        false
    }

    /// Tells the tree who has subscribed to the topic of a node, of whom there is one at least.
    fn tell(&mut self, node: u32) {
        let here = self.tree.node(node);
        let peer = self.entries.at(here.first).peer;
        let alone = here.count == 1 && fits_alone(peer);
        self.tree.tell(node, word(if alone { Whom::Peer(peer) } else { Whom::Node(node) }));
    }
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self::new()
    }
}
