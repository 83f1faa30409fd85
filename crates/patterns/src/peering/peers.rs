//! What peers say they can do, and for how long that is believed. No sockets, no clock.

use super::PeerState;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use zeroxide::Frame;

/// The peers by their names.
#[derive(Debug)]
pub(super) struct Peers {
    peers: BTreeMap<Vec<u8>, Peer>,
    age: Duration,
    next_turn: u64,
}

#[derive(Debug)]
struct Peer {
    name: Frame,
    capacity: u64,
    /// Until when its capacity is believed; none if it has not been heard or fell silent.
    believed: Option<Instant>,
    /// When it was asked last: of equals the one that has waited longest is next.
    turn: u64,
    working: u64,
}

impl Peers {
    pub(super) fn new(age: Duration) -> Self {
        Self { peers: BTreeMap::new(), age, next_turn: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn knows(&self, name: &[u8]) -> bool {
        self.peers.contains_key(name)
    }

    /// A peer that has not been heard yet.
    pub(super) fn add(&mut self, name: &Frame) {
        let peer = Peer { name: name.clone(), capacity: 0, believed: None, turn: 0, working: 0 };
        self.peers.insert(name.to_vec(), peer);
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        self.peers.remove(name);
    }

    /// It says that it takes so many requests.
    pub(super) fn heard(&mut self, name: &[u8], capacity: u64, now: Instant) {
        if let Some(peer) = self.peers.get_mut(name) {
            (peer.capacity, peer.believed) = (capacity, Some(now + self.age));
        }
    }

    /// Who is to be asked next: the peer that can do most. It can do one less then.
    pub(super) fn take(&mut self, now: Instant) -> Option<Frame> {
        let able = |peer: &&mut Peer| peer.capacity > 0 && peer.believed.is_some_and(|until| now < until);
        let most = |peer: &&mut Peer| (peer.capacity, std::cmp::Reverse(peer.turn));
        let peer = self.peers.values_mut().filter(able).max_by_key(most)?;
        self.next_turn += 1;
        (peer.turn, peer.capacity, peer.working) = (self.next_turn, peer.capacity - 1, peer.working + 1);
        Some(peer.name.clone())
    }

    /// It could not be sent anything: it is believed nothing until it speaks again.
    pub(super) fn unable(&mut self, name: &[u8]) {
        if let Some(peer) = self.peers.get_mut(name) {
            peer.capacity = 0;
        }
    }

    /// A request is no longer there.
    pub(super) fn finished(&mut self, name: &[u8]) {
        if let Some(peer) = self.peers.get_mut(name) {
            peer.working = peer.working.saturating_sub(1);
        }
    }

    /// When the next of them falls silent, if nobody speaks.
    pub(super) fn next_silence(&self) -> Option<Instant> {
        self.peers.values().filter_map(|peer| peer.believed).min()
    }

    /// Those that have just fallen silent.
    pub(super) fn silent(&mut self, now: Instant) -> Vec<Frame> {
        let mut silent = Vec::new();
        for peer in self.peers.values_mut() {
            if peer.believed.take_if(|until| *until <= now).is_some() {
                peer.capacity = 0;
                silent.push(peer.name.clone());
            }
        }
        silent
    }

    /// Writes what is known of each, in place of what the list held.
    pub(super) fn states_into(&self, states: &mut Vec<PeerState>) {
        let state = |peer: &Peer| PeerState {
            name: peer.name.clone(),
            capacity: peer.capacity,
            is_heard: peer.believed.is_some(),
            working: peer.working,
        };
        states.clear();
        states.extend(self.peers.values().map(state));
    }
}
