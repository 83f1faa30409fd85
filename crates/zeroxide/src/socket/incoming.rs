//! What has arrived at a socket: the batches in hand, and whose turn it is.

use crate::{
    peer::{Cargo, Peer},
    sync::Mutex,
};
use std::{collections::VecDeque, sync::Arc};
use zeroxide_proto::{Batch, FairQueue, Message, PeerId};

/// The receiving side of a socket. One message is taken from each peer in turn.
#[derive(Default)]
pub(crate) struct Incoming {
    turns: FairQueue,
    slots: Vec<Option<Slot>>,
    /// What an XPUB's rules report of its peers, in one order for them all.
    reports: VecDeque<(PeerId, Message)>,
    /// A message taken out ahead to answer whether one is there.
    held: VecDeque<(Arc<Peer>, Message)>,
    /// Peers that left and are read empty: their ids can be used again.
    gone: Vec<PeerId>,
    /// Peers whose sending side has room again and is to be told, once this is unlocked.
    freed: Freed,
}

/// Peers to be told, nearly always one: then nothing is allocated.
#[derive(Default)]
pub(crate) struct Freed {
    first: Option<Arc<Peer>>,
    more: Vec<Arc<Peer>>,
}

impl Freed {
    fn push(&mut self, peer: Arc<Peer>) {
        match &self.first {
            None => self.first = Some(peer),
            Some(_) => self.more.push(peer),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Peer>> {
        self.first.iter().chain(&self.more)
    }
}

struct Slot {
    peer: Arc<Peer>,
    batch: Batch,
    /// Messages taken from `batch` for which the sender has not been given credit yet.
    owed: usize,
    /// What the rules have to say of the peer's end, behind all that it sent.
    last: Batch,
    left: bool,
    /// How many of the reports are of this peer.
    reports: usize,
    /// `batch` is what was `last`: nobody gave credit for it.
    ended: bool,
}

/// Messages after which credit goes back, besides when a batch is used up.
const CREDIT_STEP: usize = 256;

impl Incoming {
    pub(crate) fn add(&mut self, peer: Arc<Peer>) {
        let at = peer.id.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(Slot {
                peer,
                batch: Batch::new(),
                owed: 0,
                last: Batch::new(),
                left: false,
                reports: 0,
                ended: false,
            });
        }
    }

    pub(crate) fn activate(&mut self, peer: PeerId) {
        if self.slots.get(peer.0 as usize).is_some_and(Option::is_some) {
            self.turns.activate(peer);
        }
    }

    /// Takes reports over; whoever is the first to come takes what others booked before.
    pub(crate) fn fetch(&mut self, reports: &Mutex<VecDeque<(PeerId, Message)>>) {
        for (peer, message) in reports.lock().drain(..) {
            if let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) {
                slot.reports += 1;
            }
            self.reports.push_back((peer, message));
        }
    }

    /// Puts this behind all that a leaving peer has sent.
    pub(crate) fn add_last(&mut self, peer: PeerId, message: &Message) {
        if let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) {
            slot.last.push_message(&[], message);
        }
    }

    /// The peer will send no more. True if nothing of it is left, so that its id can be forgotten at once.
    pub(crate) fn leave(&mut self, peer: PeerId) -> bool {
        let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else { return false };
        slot.left = true;
        if !slot.batch.is_empty() || !slot.peer.inbox.is_empty() || !slot.last.is_empty() {
            self.turns.activate(peer);
            return false;
        }
        if slot.reports > 0 {
            return false;
        }
        self.turns.deactivate(peer);
        self.remove(peer);
        true
    }

    /// The next message, one peer after the other, and whom it is from.
    #[inline]
    pub(crate) fn pop(&mut self, from: &mut PeerId) -> Option<Message> {
        loop {
            let Some(peer) = self.turns.current() else { return self.pop_report(from) };
            let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else {
                self.turns.deactivate(peer);
                continue;
            };
            if let Some(message) = slot.batch.pop() {
                slot.owed += 1;
                if slot.owed >= CREDIT_STEP || slot.batch.is_empty() {
                    slot.settle(&mut self.freed);
                }
                self.turns.rotate();
                *from = peer;
                return Some(message);
            }
            slot.settle(&mut self.freed);
            if !slot.refill(&mut self.freed) {
                self.turns.deactivate(peer);
                if slot.left && slot.reports == 0 {
                    self.remove(peer);
                    self.gone.push(peer);
                }
            }
        }
    }

    /// Takes out what the peer whose turn it is has in hand, if that is messages and nothing else, and no more than `most`.
    /// With the octets of all bodies.
    pub(crate) fn take_batch(&mut self, most: usize) -> Option<(Batch, usize)> {
        let peer = self.turns.current()?;
        let slot = self.slots.get_mut(peer.0 as usize)?.as_mut()?;
        if slot.batch.is_empty() {
            slot.settle(&mut self.freed);
            if !slot.refill(&mut self.freed) {
                return None;
            }
        }
        if slot.batch.messages() > most {
            return None;
        }
        let octets = slot.batch.plain_octets()?;
        let batch = std::mem::take(&mut slot.batch);
        slot.owed += batch.messages();
        slot.settle(&mut self.freed);
        self.turns.rotate();
        Some((batch, octets))
    }

    fn pop_report(&mut self, from: &mut PeerId) -> Option<Message> {
        let (peer, message) = self.reports.pop_front()?;
        if let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) {
            slot.reports -= 1;
            if slot.left && slot.reports == 0 {
                // So that it is found empty, and its number can be used again.
                self.turns.activate(peer);
            }
        }
        *from = peer;
        Some(message)
    }

    /// Whom a message is from that has just been taken out.
    #[inline]
    pub(crate) fn peer(&self, from: PeerId) -> Option<&Arc<Peer>> {
        self.slots.get(from.0 as usize)?.as_ref().map(|slot| &slot.peer)
    }

    /// A peer that left and has been read empty since.
    pub(crate) fn take_gone(&mut self) -> Option<PeerId> {
        self.gone.pop()
    }

    #[inline]
    pub(crate) fn has_freed(&self) -> bool {
        self.freed.first.is_some()
    }

    /// Peers that [`Peer::tell_of_room`] has to be called for when this is unlocked.
    pub(crate) fn take_freed(&mut self) -> Freed {
        std::mem::take(&mut self.freed)
    }

    /// A message that was taken out ahead.
    pub(crate) fn take_held(&mut self) -> Option<(Arc<Peer>, Message)> {
        self.held.pop_front()
    }

    /// Whether a message is in hand. Fetches from the lanes if need be.
    pub(crate) fn is_ready(&mut self) -> bool {
        if !self.held.is_empty() || !self.reports.is_empty() {
            return true;
        }
        while let Some(peer) = self.turns.current() {
            if let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) {
                if !slot.batch.is_empty() || slot.refill(&mut self.freed) {
                    return true;
                }
                if slot.left && slot.reports == 0 {
                    self.remove(peer);
                    self.gone.push(peer);
                }
            }
            self.turns.deactivate(peer);
        }
        false
    }

    /// Finds what has arrived without waiting to be told.
    pub(crate) fn activate_all(&mut self) {
        let arrived = |slot: &&Slot| !slot.peer.inbox.is_empty();
        for slot in self.slots.iter().flatten().filter(arrived) {
            self.turns.activate(slot.peer.id);
        }
    }

    /// Drops all that has arrived so far; returns how many messages that were.
    pub(crate) fn discard_all(&mut self) -> usize {
        let mut count = self.held.len();
        self.held.clear();
        while self.pop(&mut PeerId(0)).is_some() {
            count += 1;
        }
        count
    }

    /// Keeps a message that was taken out, and accepted, to answer whether one is there.
    pub(crate) fn hold(&mut self, from: Arc<Peer>, message: Message) {
        self.held.push_back((from, message));
    }

    /// Messages from peers in this process that wait here.
    pub(crate) fn unread_within(&self) -> usize {
        let within = self.slots.iter().flatten().filter(|slot| slot.peer.is_within());
        within.map(|slot| slot.batch.messages() + slot.peer.inbox.len() + slot.reports).sum()
    }

    fn remove(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.get_mut(peer.0 as usize) {
            *slot = None;
        }
    }
}

impl Slot {
    /// Takes the next batch from the lane.
    fn refill(&mut self, freed: &mut Freed) -> bool {
        let mut cargo = Cargo(std::mem::take(&mut self.batch));
        let found = self.peer.inbox.take_into(&mut cargo);
        self.batch = cargo.0;
        if !found && self.left && !self.last.is_empty() {
            self.settle(freed);
            self.batch = std::mem::take(&mut self.last);
            self.ended = true;
            return true;
        }
        found
    }

    /// Gives the sender credit for what was taken.
    fn settle(&mut self, freed: &mut Freed) {
        if self.owed == 0 || self.ended {
            return;
        }
        let credit = self.peer.inbox.credit(std::mem::take(&mut self.owed));
        if credit.resume || self.peer.is_within() {
            freed.push(self.peer.clone());
        }
    }
}
