//! A source's rules: which consumer has what, and who gets the next item. No sockets, no clock.
//!
//! ```text
//!   offered --> waiting --(credit)--> given --(done)--> over
//!                  ^                    |
//!                  '--- BYE, silence ---'
//! ```

use super::{
    SourceOptions, SourceStatistics,
    words::{Word, end, item},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Instant,
};
use zeroxide::{Frame, Message};

/// Something to do, and how often it was given.
#[derive(Debug)]
struct Item {
    /// Its place among all that were offered.
    place: u64,
    body: Vec<Frame>,
    given: u32,
}

#[derive(Debug)]
struct Taker {
    address: Frame,
    /// Whether it has said its session, and so has an item of it.
    confirmed: bool,
    window: u64,
    /// The highest number that it has done, and that it was given.
    done: u64,
    sent: u64,
    /// What it was given and has not done: the numbers behind `done`, in order.
    given: VecDeque<Item>,
    expires: Instant,
    /// What it has received, as far as it said, and since when it has been that.
    received: (u64, Instant),
    /// Its place in the line, if it takes more.
    rank: Option<(u64, u64)>,
}

/// The rules of a source; [the module](super) says what they promise.
///
/// [`Source`](super::Source) runs them on a ROUTER.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::credit::{Dealing, SourceOptions};
///
/// let (now, mut out) = (Instant::now(), vec![]);
/// let mut source = Dealing::new(SourceOptions::default(), 1);
/// source.offer(Message::from("task"), now, &mut out);
/// assert!(out.is_empty(), "nobody has asked for it");
/// let number = |number: u64| number.to_be_bytes().to_vec();
/// let credit = [b"consumer".to_vec(), b"CREDIT".to_vec(), vec![], number(0), number(0), number(10)];
/// source.from_consumer(Message::from_frames(credit), now, &mut out);
/// assert_eq!(out[0].frames()[0], "consumer");
/// assert_eq!(out[0].frames()[3], "task");
/// ```
#[derive(Debug)]
pub struct Dealing {
    options: SourceOptions,
    waiting: BTreeMap<u64, Item>,
    takers: HashMap<Frame, Taker>,
    addresses: HashMap<Frame, Frame>,
    /// Who takes more: first who has least to do, of equals who has waited longest.
    line: BTreeMap<(u64, u64), Frame>,
    expiries: BTreeSet<(Instant, Vec<u8>)>,
    nonce: u64,
    next_session: u64,
    next_place: u64,
    next_turn: u64,
    unfinished: u64,
    counts: SourceStatistics,
}

impl Dealing {
    /// A source. The nonce is a number by chance, so that its sessions are none of an earlier source.
    pub fn new(options: SourceOptions, nonce: u64) -> Self {
        Self {
            options,
            waiting: BTreeMap::new(),
            takers: HashMap::new(),
            addresses: HashMap::new(),
            line: BTreeMap::new(),
            expiries: BTreeSet::new(),
            nonce,
            next_session: 0,
            next_place: 0,
            next_turn: 0,
            unfinished: 0,
            counts: SourceStatistics::default(),
        }
    }

    /// Whether another item may be offered; beyond that they are taken, but should not be.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < self.options.queue
    }

    /// Whether all that was offered is done.
    pub fn is_done(&self) -> bool {
        self.unfinished == 0
    }

    /// Something to do. What is to be sent is appended to `out`, the address in front.
    pub fn offer(&mut self, body: Message, now: Instant, out: &mut Vec<Message>) {
        let place = self.next_place;
        self.next_place += 1;
        self.unfinished += 1;
        self.counts.offered += 1;
        self.waiting.insert(place, Item { place, body: body.into_frames(), given: 0 });
        self.deal(now, out);
    }

    /// A message as the ROUTER receives it.
    pub fn from_consumer(&mut self, mut message: Message, now: Instant, out: &mut Vec<Message>) {
        let Some(address) = message.pop_front() else { return };
        match Word::hear(&message) {
            None => self.counts.malformed += 1,
            Some(Word::Bye { session, done }) => {
                if self
                    .takers
                    .get(&session)
                    .is_some_and(|taker| taker.address == address && done <= taker.sent)
                {
                    self.finish(&session, done);
                    self.release(&session);
                }
            }
            Some(Word::Credit { session, done, received, window }) => {
                self.credit(address, session, (done, received), window, now, out);
            }
        }
        self.deal(now, out);
    }

    fn credit(
        &mut self,
        address: Frame,
        said: Frame,
        (done, received): (u64, u64),
        window: u64,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let here = self.addresses.get(&address).cloned();
        let known = match (&here, self.takers.contains_key(&said)) {
            (Some(session), _) if *session == said => Some(said.clone()),
            // It has one and has not heard of it: it says none, or one of a source before this.
            (Some(session), false) if !self.is_confirmed(session) => Some(session.clone()),
            // By another connection than before.
            (_, true) => Some(said.clone()),
            (_, false) => None,
        };
        if here.is_some() && here != known {
            // Whoever was here is no more: it has begun anew.
            here.iter().for_each(|session| self.release(session));
        }
        // What was done in a session that is over counts nothing.
        let (done, received) = if known.as_ref() == Some(&said) { (done, received) } else { (0, 0) };
        let Some(session) = known.or_else(|| self.admit(now)) else { return };
        let Some(taker) = self.takers.get_mut(&session) else { return };
        if received > taker.sent {
            self.counts.malformed += 1;
            return;
        }
        // An older word may come after a newer one.
        let received = received.max(taker.done);
        let moved = taker.address != address;
        if moved {
            self.addresses.remove(&taker.address);
            self.addresses.insert(address.clone(), session.clone());
            taker.address = address;
        }
        let said_nothing = received == 0 && !taker.confirmed;
        taker.confirmed |= received > 0;
        taker.window = window.min(self.options.most_at_once);
        self.expiries.remove(&(taker.expires, session.to_vec()));
        taker.expires = now + self.options.lifetime;
        self.expiries.insert((taker.expires, session.to_vec()));
        if taker.received.0 != received || received == taker.sent {
            taker.received = (received, now);
        }
        // What is long on its way is lost; and what went by another connection may be.
        let late = now >= taker.received.1 + self.options.lifetime;
        if taker.sent > received && (moved || late || (said_nothing && taker.sent > 0)) {
            taker.received.1 = now;
            let missing = usize::try_from(taker.sent - received).unwrap_or(usize::MAX);
            let first = taker.given.len().saturating_sub(missing);
            for (item_given, number) in taker.given.iter().skip(first).zip(received + 1..) {
                self.counts.sent_again += 1;
                let mut message = item(&session, number, &item_given.body);
                message.push_front(taker.address.clone());
                out.push(message);
            }
        }
        self.finish(&session, done);
        self.stand(&session);
    }

    fn is_confirmed(&self, session: &Frame) -> bool {
        self.takers.get(session).is_some_and(|taker| taker.confirmed)
    }

    /// A new consumer, if there is room for it.
    fn admit(&mut self, now: Instant) -> Option<Frame> {
        if self.takers.len() >= self.options.consumers {
            self.counts.refused += 1;
            return None;
        }
        let session = Frame::from([self.nonce.to_be_bytes(), self.next_session.to_be_bytes()].concat());
        self.next_session += 1;
        let taker = Taker {
            address: Frame::EMPTY,
            confirmed: false,
            window: 0,
            done: 0,
            sent: 0,
            given: VecDeque::new(),
            expires: now + self.options.lifetime,
            received: (0, now),
            rank: None,
        };
        self.expiries.insert((taker.expires, session.to_vec()));
        self.takers.insert(session.clone(), taker);
        Some(session)
    }

    /// It has done all up to this number.
    fn finish(&mut self, session: &Frame, done: u64) {
        let Some(taker) = self.takers.get_mut(session) else { return };
        while taker.done < done && taker.given.pop_front().is_some() {
            taker.done += 1;
            self.counts.done += 1;
            self.unfinished -= 1;
        }
    }

    /// Gives it a new place in the line, if it takes more.
    fn stand(&mut self, session: &Frame) {
        let Some(taker) = self.takers.get_mut(session) else { return };
        if let Some(rank) = taker.rank.take() {
            self.line.remove(&rank);
        }
        let busy = taker.given.len() as u64;
        if busy < taker.window {
            let rank = (busy, self.next_turn);
            self.next_turn += 1;
            taker.rank = Some(rank);
            self.line.insert(rank, session.clone());
        }
    }

    /// Gives what waits to whoever takes more.
    fn deal(&mut self, now: Instant, out: &mut Vec<Message>) {
        while !self.waiting.is_empty()
            && let Some((_, session)) = self.line.pop_first()
        {
            let Some(taker) = self.takers.get_mut(&session) else { continue };
            taker.rank = None;
            let Some((_, mut next)) = self.waiting.pop_first() else { return };
            if taker.received.0 == taker.sent {
                taker.received.1 = now;
            }
            taker.sent += 1;
            next.given += 1;
            self.counts.given += 1;
            self.counts.repeated += u64::from(next.given > 1);
            let mut message = item(&session, taker.sent, &next.body);
            message.push_front(taker.address.clone());
            out.push(message);
            taker.given.push_back(next);
            self.stand(&session);
        }
    }

    /// A consumer is gone: what it has not done waits again.
    fn release(&mut self, session: &Frame) {
        let Some(taker) = self.takers.remove(session) else { return };
        self.addresses.remove(&taker.address);
        self.expiries.remove(&(taker.expires, session.to_vec()));
        if let Some(rank) = taker.rank {
            self.line.remove(&rank);
        }
        for item in taker.given {
            if self.options.attempts.is_some_and(|most| item.given >= most) {
                self.counts.given_up += 1;
                self.unfinished -= 1;
            } else {
                self.waiting.insert(item.place, item);
            }
        }
    }

    /// When [`Dealing::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        self.expiries.first().map(|(expires, _)| *expires)
    }

    /// Lets go of consumers that are silent.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Message>) {
        while let Some((_, session)) = self.expiries.first().filter(|(expires, _)| *expires <= now) {
            let session = Frame::copy_from(session);
            self.counts.consumers_lost += 1;
            self.release(&session);
        }
        self.deal(now, out);
    }

    /// Tells all consumers that all is done.
    pub fn end(&self, out: &mut Vec<Message>) {
        for (session, taker) in &self.takers {
            let mut message = end(session);
            message.push_front(taker.address.clone());
            out.push(message);
        }
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> SourceStatistics {
        let waiting = self.waiting.len();
        let unfinished = usize::try_from(self.unfinished).unwrap_or(usize::MAX);
        SourceStatistics {
            consumers: self.takers.len(),
            waiting,
            at_consumers: unfinished.saturating_sub(waiting),
            ..self.counts
        }
    }
}

#[cfg(test)]
#[path = "dealing_tests.rs"]
mod tests;
