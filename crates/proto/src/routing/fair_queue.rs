//! Fair queueing: every peer with something to read gets its turn, one message a turn.

use crate::routing::{PeerId, Ring};

/// The peers that have something to read, in turn. Every operation takes constant time.
///
/// ```
/// use zeroxide_proto::routing::{FairQueue, PeerId};
/// let mut queue = FairQueue::new();
/// queue.activate(PeerId(4));
/// queue.activate(PeerId(2));
/// assert_eq!(queue.current(), Some(PeerId(4)));
/// queue.rotate(); // one whole message was taken from peer 4
/// assert_eq!(queue.current(), Some(PeerId(2)));
/// queue.deactivate(PeerId(2)); // it had no more
/// assert_eq!(queue.current(), Some(PeerId(4)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FairQueue {
    ring: Ring,
}

impl FairQueue {
    /// A queue with nothing to read.
    pub const fn new() -> Self {
        Self { ring: Ring::new() }
    }

    /// This peer has something to read: it takes its place behind the others. Without effect if it had a place.
    #[inline]
    pub fn activate(&mut self, peer: PeerId) {
        self.ring.insert(peer);
    }

    /// This peer has nothing more to read, or is gone. If it was its turn, it is the next one's.
    #[inline]
    pub fn deactivate(&mut self, peer: PeerId) {
        self.ring.remove(peer);
    }

    /// Whose turn it is.
    #[inline]
    pub fn current(&self) -> Option<PeerId> {
        self.ring.front()
    }

    /// The current peer has had its turn: call it after each whole message.
    #[inline]
    pub fn rotate(&mut self) {
        self.ring.rotate();
    }

    /// Whether this peer has a place.
    #[inline]
    pub fn contains(&self, peer: PeerId) -> bool {
        self.ring.contains(peer)
    }

    /// Whether there is nothing to read.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_talkative_peer_does_not_starve_the_others() {
        let mut waiting = [100, 3, 3];
        let mut queue = FairQueue::new();
        (0..3).for_each(|number| queue.activate(PeerId(number)));
        let mut order = vec![];
        while let Some(peer) = queue.current() {
            order.push(peer.0);
            waiting[peer.index()] -= 1;
            queue.rotate();
            if waiting[peer.index()] == 0 {
                queue.deactivate(peer);
            }
        }
        assert_eq!(order[..9], [0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(order.len(), 106);
    }
}
