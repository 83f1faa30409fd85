//! Load balancing: messages go round the peers that have room.

use crate::routing::{PeerId, Peers, Ring};

/// Peers that messages are handed to in turn, full ones passed over.
///
/// A pick costs one question to [`Peers`] for each peer passed over, and constant time besides.
///
/// ```
/// use zeroxide_proto::routing::{LoadBalance, PeerId, Peers};
///
/// struct OneIsFull;
/// impl Peers for OneIsFull {
///     fn has_room(&self, peer: PeerId) -> bool {
///         peer != PeerId(1)
///     }
/// }
///
/// let mut balance = LoadBalance::new();
/// (0..3).for_each(|peer| balance.insert(PeerId(peer)));
/// let picks: Vec<_> = (0..3).map(|_| balance.pick(&OneIsFull)).collect();
/// assert_eq!(picks, [Some(PeerId(0)), Some(PeerId(2)), Some(PeerId(0))]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LoadBalance {
    ring: Ring,
}

impl LoadBalance {
    /// A rotation without peers.
    pub const fn new() -> Self {
        Self { ring: Ring::new() }
    }

    /// This peer joins behind the others.
    pub fn insert(&mut self, peer: PeerId) {
        self.ring.insert(peer);
    }

    /// This peer leaves; the turn of the others is as it was.
    pub fn remove(&mut self, peer: PeerId) {
        self.ring.remove(peer);
    }

    /// Whether this peer takes part.
    pub fn contains(&self, peer: PeerId) -> bool {
        self.ring.contains(peer)
    }

    /// The next peer with room; the rotation moves behind it. Without one, nothing changes.
    #[inline]
    pub fn pick(&mut self, peers: &impl Peers) -> Option<PeerId> {
        let start = self.ring.front()?;
        let mut peer = start;
        while !peers.has_room(peer) {
            peer = self.ring.after(peer)?;
            if peer == start {
                return None;
            }
        }
        self.ring.turn_behind(peer);
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(Vec<u32>);

    impl Peers for Full {
        fn has_room(&self, peer: PeerId) -> bool {
            !self.0.contains(&peer.0)
        }
    }

    fn picks(balance: &mut LoadBalance, full: &[u32], count: usize) -> Vec<u32> {
        let peers = Full(full.to_vec());
        (0..count).map_while(|_| balance.pick(&peers)).map(|peer| peer.0).collect()
    }

    #[test]
    fn messages_go_round_and_pass_full_peers_over() {
        let mut balance = LoadBalance::new();
        assert_eq!(picks(&mut balance, &[], 1), []);
        (0..3).for_each(|number| balance.insert(PeerId(number)));
        assert_eq!(picks(&mut balance, &[], 4), [0, 1, 2, 0]);
        assert_eq!(picks(&mut balance, &[1], 4), [2, 0, 2, 0]);
        assert_eq!(picks(&mut balance, &[0, 1, 2], 4), []);
        assert_eq!(picks(&mut balance, &[], 3), [1, 2, 0]);
    }

    #[test]
    fn who_joins_comes_last_and_who_leaves_skips_nobody() {
        let mut balance = LoadBalance::new();
        (0..3).for_each(|number| balance.insert(PeerId(number)));
        assert_eq!(picks(&mut balance, &[], 1), [0]);
        balance.insert(PeerId(7));
        balance.remove(PeerId(1));
        assert_eq!(picks(&mut balance, &[], 5), [2, 0, 7, 2, 0]);
    }
}
