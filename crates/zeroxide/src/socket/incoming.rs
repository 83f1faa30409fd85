//! What has arrived at a socket: the batches in hand, and whose turn it is.

use crate::{
    moment,
    origin::Origin,
    peer::{Cargo, Peer},
    sync::Mutex,
};
use std::{collections::VecDeque, hint::cold_path, sync::Arc};
use zeroxide_proto::{Batch, FairQueue, Message, PeerId, batch::Taking};

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
    sender: Sender,
    batch: Batch,
    /// Messages in it when it was taken.
    came: usize,
    /// The sender is a thread of this process.
    within: bool,
    /// And it had sent more whenever what it had sent was used up.
    streams: bool,
    /// Whether a filter lets the next messages of `batch` through, one bit each; of so many, in this state of the filter.
    wanted: u32,
    known: u32,
    filter: u64,
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

/// Whom the messages of a slot are from.
pub(crate) struct Sender {
    peer: Arc<Peer>,
    /// What was known of the peer when this was last asked for.
    origin: Origin,
    /// A batch was taken since.
    stale: bool,
}

impl Sender {
    /// Where the messages of the batch in hand come from. The peer's lock is taken once a batch.
    #[inline]
    pub(crate) fn origin(&mut self) -> &Origin {
        if self.stale {
            self.look();
        }
        &self.origin
    }

    #[cold]
    fn look(&mut self) {
        self.origin = self.peer.origin.lock().clone();
        // A peer that has only just come may be read before it is noted where it is.
        self.stale = self.origin.is_unknown();
    }
}

/// A filter is asked about so many messages at once.
const FAR: usize = 16;

/// The next message of a socket that filters.
pub(crate) enum Next {
    /// It passes, and is [to be taken](Incoming::take_front).
    Wanted,
    /// The filter has to be asked.
    Unknown,
    Nothing,
}

/// After fewer messages at once from a thread of this process, the receiver pauses before it takes the next.
const SMALL: usize = 32;

/// Messages after which credit goes back, besides when a batch is used up.
const CREDIT_STEP: usize = 64;

impl Incoming {
    pub(crate) fn add(&mut self, peer: Arc<Peer>) {
        let at = peer.id.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(Slot {
                within: peer.is_within(),
                streams: false,
                sender: Sender { peer, origin: Origin::default(), stale: true },
                batch: Batch::new(),
                came: 0,
                wanted: 0,
                known: 0,
                filter: 0,
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
        if !slot.batch.is_empty() || !slot.sender.peer.inbox.is_empty() || !slot.last.is_empty() {
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
    #[inline(always)]
    pub(crate) fn pop(&mut self, from: &mut PeerId) -> Option<Message> {
        loop {
            let Some(peer) = self.turns.current() else { return self.pop_report(from) };
            let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else {
                self.turns.deactivate(peer);
                continue;
            };
            if let Some(message) = slot.batch.pop() {
                let spent = slot.taken(&mut self.freed);
                self.pass_on(peer, spent);
                *from = peer;
                return Some(message);
            }
            self.refill(peer);
        }
    }

    /// Passes over messages that the filter does not let through, of which `unwanted` counts how many, to the next one
    /// that it does, if what is known of it is from this state of the filter. Nothing, too, where [`Incoming::pop`] has to
    /// look.
    #[inline]
    pub(crate) fn seek_wanted(&mut self, filter: u64, unwanted: &mut usize) -> Next {
        if !self.held.is_empty() {
            return Next::Nothing;
        }
        while let Some(peer) = self.turns.current() {
            let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else { return Next::Nothing };
            if slot.batch.is_empty() {
                if !self.refill(peer) {
                    return Next::Nothing;
                }
                continue;
            }
            if slot.known == 0 || slot.filter != filter {
                return Next::Unknown;
            }
            if slot.wanted & 1 != 0 {
                return Next::Wanted;
            }
            let skip = |batch: &mut Batch, _: &mut Sender| {
                batch.pop_in_place(|_, _| ()).or_else(|| batch.pop().map(|_| ()))
            };
            if self.take_front(skip).is_none() {
                return Next::Nothing;
            }
            *unwanted += 1;
        }
        Next::Nothing
    }

    /// Has `take` take the next message out of the batch that is in hand, of the peer whose turn it is.
    #[inline]
    pub(crate) fn take_front<R>(
        &mut self,
        take: impl FnOnce(&mut Batch, &mut Sender) -> Option<R>,
    ) -> Option<R> {
        let peer = self.turns.current()?;
        let slot = self.slots.get_mut(peer.0 as usize)?.as_mut()?;
        let taken = take(&mut slot.batch, &mut slot.sender)?;
        let spent = slot.taken(&mut self.freed);
        self.pass_on(peer, spent);
        Some(taken)
    }

    /// Asks about the next messages of the peer whose turn it is.
    pub(crate) fn look_ahead(&mut self, filter: u64, wants: impl Fn(&[u8]) -> bool) {
        let Some(peer) = self.turns.current() else { return };
        let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else { return };
        (slot.filter, slot.known, slot.wanted) = (filter, 0, 0);
        for first in slot.batch.first_frames().take(FAR) {
            slot.wanted |= u32::from(wants(first)) << slot.known;
            slot.known += 1;
        }
        // Whatever else is in the batch, it is not asked about again and again.
        slot.known = slot.known.max(1);
    }

    /// The turn goes to the next peer; one that has nothing more comes back when it is told of.
    #[inline]
    fn pass_on(&mut self, peer: PeerId, spent: bool) {
        if spent { self.turns.deactivate(peer) } else { self.turns.rotate() }
    }

    /// Takes the next batch of a peer that has been read empty, or ends its turn if there is none.
    fn refill(&mut self, peer: PeerId) -> bool {
        let Some(Some(slot)) = self.slots.get_mut(peer.0 as usize) else { return false };
        if slot.refill(&mut self.freed) {
            return true;
        }
        self.turns.deactivate(peer);
        if slot.left && slot.reports == 0 {
            self.remove(peer);
            self.gone.push(peer);
        }
        false
    }

    /// Takes out what the peer whose turn it is has in hand, if that is messages and nothing else, and no more than `most`.
    /// With the octets of all bodies.
    pub(crate) fn take_batch(&mut self, most: usize) -> Option<(Batch, usize)> {
        let peer = self.turns.current()?;
        let slot = self.slots.get_mut(peer.0 as usize)?.as_mut()?;
        if slot.batch.is_empty() && !slot.refill(&mut self.freed) {
            return None;
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

    /// Takes the next message as [`Incoming::pop`] does, if it is at hand and [can be taken](Batch::pop_to) where it lies.
    #[inline]
    pub(crate) fn pop_to<R, T>(&mut self, taking: T) -> Option<R>
    where
        T: for<'a> Taking<&'a mut Sender, Taken = R>,
    {
        let Some(peer) = self.turns.current() else {
            cold_path();
            return None;
        };
        let Some(Some(mut slot)) = self.slots.get_mut(peer.0 as usize).map(Option::as_mut) else {
            cold_path();
            return None;
        };
        if slot.batch.is_empty() {
            cold_path();
            if !self.refill(peer) {
                return None;
            }
            slot = self.slots.get_mut(peer.0 as usize)?.as_mut()?;
        }
        let Slot { batch, sender, .. } = slot;
        let taken = batch.pop_to(taking, sender)?;
        let spent = slot.taken(&mut self.freed);
        self.pass_on(peer, spent);
        Some(taken)
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
        self.slots.get(from.0 as usize)?.as_ref().map(|slot| &slot.sender.peer)
    }

    /// Where a message is from that has just been taken out.
    pub(crate) fn origin(&mut self, from: PeerId) -> Origin {
        let slot = self.slots.get_mut(from.0 as usize).and_then(Option::as_mut);
        slot.map(|slot| slot.sender.origin().clone()).unwrap_or_default()
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
        let arrived = |slot: &&Slot| !slot.sender.peer.inbox.is_empty();
        for slot in self.slots.iter().flatten().filter(arrived) {
            self.turns.activate(slot.sender.peer.id);
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

    /// What peers sent that nobody has taken yet.
    pub(crate) fn drain(&self) -> Vec<Cargo> {
        self.slots.iter().flatten().flat_map(|slot| slot.sender.peer.inbox.drain().batches).collect()
    }

    /// Keeps a message that was taken out, and accepted, to answer whether one is there.
    pub(crate) fn hold(&mut self, from: Arc<Peer>, message: Message) {
        self.held.push_back((from, message));
    }

    /// Messages from peers in this process that wait here.
    pub(crate) fn unread_within(&self) -> usize {
        let within = self.slots.iter().flatten().filter(|slot| slot.sender.peer.is_within());
        within.map(|slot| slot.batch.messages() + slot.sender.peer.inbox.len() + slot.reports).sum()
    }

    fn remove(&mut self, peer: PeerId) {
        if let Some(slot) = self.slots.get_mut(peer.0 as usize) {
            *slot = None;
        }
    }
}

impl Slot {
    /// Takes the next batch from the lane, and gives the sender credit for the one before.
    fn refill(&mut self, freed: &mut Freed) -> bool {
        let peer = &self.sender.peer;
        if self.streams && self.came < SMALL {
            moment::pause();
        }
        self.known = 0;
        let owed = if self.ended { 0 } else { std::mem::take(&mut self.owed) };
        let mut cargo = Cargo(std::mem::take(&mut self.batch));
        let (found, credit) = peer.inbox.exchange(&mut cargo, owed);
        if credit.resume {
            freed.push(peer.clone());
        }
        self.batch = cargo.0;
        self.streams = self.within && found && self.came > 0;
        self.came = self.batch.messages();
        self.sender.stale = true;
        if !found && self.left && !self.last.is_empty() {
            self.batch = std::mem::take(&mut self.last);
            self.ended = true;
            return true;
        }
        found
    }

    /// A message was taken out of the batch. True if the peer has nothing more, and the next it sends will be told of.
    #[inline]
    fn taken(&mut self, freed: &mut Freed) -> bool {
        self.wanted >>= 1;
        self.known = self.known.saturating_sub(1);
        self.owed += 1;
        if self.batch.is_empty() {
            // Credit is due in any case, and what is known here is cold when the peer has its next turn.
            return !self.refill(freed) && !self.left;
        }
        if self.owed >= CREDIT_STEP {
            self.settle(freed);
        }
        false
    }

    /// Gives the sender credit for what was taken.
    fn settle(&mut self, freed: &mut Freed) {
        if self.owed == 0 || self.ended {
            return;
        }
        let peer = &self.sender.peer;
        let credit = peer.inbox.credit(std::mem::take(&mut self.owed));
        if credit.resume {
            freed.push(peer.clone());
        }
    }
}
