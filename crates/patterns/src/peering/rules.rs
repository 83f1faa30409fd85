//! The rules of inter-broker peering: what goes to a worker, what to a peer, and what waits. No sockets, no clock.
//!
//! ```text
//!   a client's request --.                .--> a free worker                     (first choice)
//!                        '--> waiting ----+--> the peer that can do most         (never what came from a peer)
//!   a peer's request ----'       ^        '--> nobody in time: refused
//!                                '--- could not be sent; or lost, and may be tried again
//! ```

use super::{
    PeeringOptions, PeeringStatistics,
    peers::Peers,
    telling::Telling,
    words::{decimal, split},
};
use crate::{
    Envelope,
    balance::{self, Balancer, BalancerOptions},
};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// What is to be sent, and at which side; the addressee stands in front.
///
/// See [`Peering`] for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "these are the flows of the pattern")]
pub enum Outgoing {
    /// To a client of this cluster.
    ToClient(Message),
    /// To a worker of this cluster.
    ToWorker(Message),
    /// The answer to a peer's request.
    ToAsker(Message),
    /// A request for a peer. If it cannot be sent, tell [`Peering::unsent`].
    ToPeer {
        /// The peer.
        peer: Frame,
        /// The request.
        number: u64,
        /// What to send; the peer's name stands in front.
        message: Message,
    },
    /// The state, to all peers.
    State(Message),
}

/// Where a request came from.
#[derive(Clone, Debug)]
enum Origin {
    Client(Envelope),
    Peer(Envelope),
}

/// Where a request is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Waiting,
    Worker,
    Peer(Frame),
}

#[derive(Debug)]
struct Request {
    origin: Origin,
    body: Vec<Frame>,
    came: Instant,
    attempts: u32,
    place: Place,
    /// When it has waited, or been with a peer, for too long. Workers are watched by the balancer.
    due: Option<Instant>,
}

/// Requests that wait, the oldest first.
type Queue = BTreeSet<(Instant, u64)>;

/// The rules of a peering broker; [the module](super) says what they promise.
///
/// [`PeeringServer`](super::PeeringServer) runs them on sockets.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::{Frame, Message};
/// use zeroxide_patterns::peering::{Outgoing, Peering, PeeringOptions};
///
/// let (now, peer) = (Instant::now(), Frame::from("DC2"));
/// let (mut broker, mut out) = (Peering::new("DC1", PeeringOptions::default(), 1, now), vec![]);
/// broker.add_peer(&peer, now, &mut out);
/// out.clear(); // its own state, for the peer
/// broker.from_client(Message::from(["client", "", "HELLO"]), now, &mut out);
/// assert!(out.is_empty(), "no worker is free, and nothing is known of the peer");
/// broker.from_state(&peer, &Message::from(["DC2", "1"]), now, &mut out);
/// let Some(Outgoing::ToPeer { message, .. }) = out.pop() else { return Err("not sent") };
/// assert_eq!((&message[0], &message[2..]), (&peer, &["", "HELLO"].map(Frame::from)[..]));
/// # Ok::<(), &str>(())
/// ```
///
/// Source: the Guide, chapter 3.
#[derive(Debug)]
pub struct Peering {
    name: Frame,
    options: PeeringOptions,
    local: Balancer,
    peers: Peers,
    requests: HashMap<u64, Request>,
    /// Those of clients, and those of peers.
    ours: Queue,
    theirs: Queue,
    due: BTreeSet<(Instant, u64)>,
    /// In front of numbers, so that an answer to an earlier life of this broker is none to this one.
    session: u64,
    next_number: u64,
    telling: Telling,
    closed: bool,
    counts: PeeringStatistics,
    orders: Vec<balance::Outgoing>,
}

impl Peering {
    /// A broker of that name, which its peers know it by. The session is a number by chance.
    pub fn new(name: impl Into<Frame>, options: PeeringOptions, session: u64, now: Instant) -> Self {
        // One try and no queue: both are looked after here.
        let local = BalancerOptions {
            attempts: 1,
            waiting_requests: usize::MAX,
            refusal: None,
            ..options.local.clone()
        };
        Self {
            name: name.into(),
            local: Balancer::owned(local, now),
            peers: Peers::new(options.state_age),
            telling: Telling::new(options.beat, options.pace),
            options,
            requests: HashMap::new(),
            ours: Queue::new(),
            theirs: Queue::new(),
            due: BTreeSet::new(),
            session,
            next_number: 0,
            closed: false,
            counts: PeeringStatistics::default(),
            orders: Vec::new(),
        }
    }

    /// A peer, of which nothing is believed until it speaks. False if there are too many.
    pub fn add_peer(&mut self, name: &Frame, now: Instant, out: &mut Vec<Outgoing>) -> bool {
        self.remove_peer(name, now, out);
        let room = self.peers.len() < self.options.peers;
        if room {
            self.peers.add(name);
            // So that it hears soon what is free here.
            self.telling.again();
            self.tell(now, out);
        }
        room
    }

    /// A peer is none any more; what it has is lost, or goes elsewhere.
    pub fn remove_peer(&mut self, name: &Frame, now: Instant, out: &mut Vec<Outgoing>) {
        if self.peers.knows(name) {
            self.peers.remove(name);
            self.all_at(name).into_iter().for_each(|number| self.lose(number, now, out));
            self.dispatch(now, out);
        }
    }

    /// A message as the ROUTER for clients receives it. What is to be sent is appended to `out`.
    pub fn from_client(&mut self, message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        let Some((envelope, body)) = split(message, 1) else {
            self.counts.malformed += 1;
            return;
        };
        self.counts.requests += 1;
        let full = self.ours.len() >= self.options.local.waiting_requests;
        self.take(Origin::Client(envelope), body, full, now, out);
    }

    /// A message as the ROUTER for peers receives it: the peer's name stands in front.
    pub fn from_asker(&mut self, message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        let Some((envelope, body)) = split(message, 2) else {
            self.counts.malformed += 1;
            return;
        };
        self.counts.imported += 1;
        self.telling.taken();
        let full = self.theirs.len() >= self.options.waiting_imports;
        self.take(Origin::Peer(envelope), body, full, now, out);
    }

    fn take(&mut self, origin: Origin, body: Vec<Frame>, full: bool, now: Instant, out: &mut Vec<Outgoing>) {
        if full || self.closed {
            self.counts.refused += 1;
            return self.refuse(origin, out);
        }
        self.wait(Request { origin, body, came: now, attempts: 0, place: Place::Waiting, due: None }, now);
        self.dispatch(now, out);
    }

    /// A message as the ROUTER for workers receives it.
    pub fn from_worker(&mut self, message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        self.local.from_worker(message, now, &mut self.orders);
        self.obey(now, out);
    }

    /// A message that came from a peer that was asked; its name stands in front.
    pub fn from_peer(&mut self, peer: &Frame, message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        let answer = split(message, 2).and_then(|(envelope, body)| match envelope.addresses() {
            [from, number] if from == peer => Some((self.number(number), body)),
            _ => None,
        });
        let Some((number, body)) = answer else {
            self.counts.malformed += 1;
            return;
        };
        let at = Place::Peer(peer.clone());
        match number.filter(|number| self.requests.get(number).is_some_and(|request| request.place == at)) {
            Some(number) => self.answer(number, body, out),
            None => self.counts.stray += 1,
        }
        self.dispatch(now, out);
    }

    /// A message as the SUB of a peer's state receives it.
    pub fn from_state(&mut self, peer: &Frame, message: &Message, now: Instant, out: &mut Vec<Outgoing>) {
        match message.frames() {
            [name, capacity] if name == peer && self.peers.knows(name) => match decimal(capacity) {
                Some(capacity) => self.peers.heard(name, capacity, now),
                None => self.counts.malformed += 1,
            },
            _ => self.counts.malformed += 1,
        }
        self.dispatch(now, out);
    }

    /// What was to go to a peer could not be sent: the peer is not there, or does not read.
    pub fn unsent(&mut self, number: u64, now: Instant, out: &mut Vec<Outgoing>) {
        let Some(Place::Peer(peer)) = self.requests.get(&number).map(|request| request.place.clone()) else {
            return;
        };
        self.peers.unable(&peer);
        self.counts.unsent += 1;
        self.counts.exported = self.counts.exported.saturating_sub(1);
        if let Some(mut request) = self.leave(number) {
            request.attempts = request.attempts.saturating_sub(1);
            self.wait(request, now);
        }
        self.dispatch(now, out);
    }

    /// When [`Peering::tick`] has something to do.
    pub fn next_tick(&self) -> Instant {
        let tell = self.telling.next(self.free());
        let due = self.due.first().map(|&(due, _)| due);
        let first = [tell, due, self.peers.next_silence()].into_iter().flatten().min();
        first.map_or(self.local.next_tick(), |first| first.min(self.local.next_tick()))
    }

    /// Lets go of what is lost or too late, and tells peers how many workers are free, if it is time.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        self.local.tick(now, &mut self.orders);
        self.obey(now, out);
        for peer in self.peers.silent(now) {
            self.counts.peers_lost += 1;
            // It may only be its state that does not come: what cannot be tried again is left to it.
            for number in self.all_at(&peer) {
                if self.may_repeat(number) {
                    self.lose(number, now, out);
                }
            }
        }
        while let Some(&(when, number)) = self.due.first().filter(|&&(when, _)| when <= now) {
            self.due.remove(&(when, number));
            let waits = self.requests.get(&number).is_some_and(|request| request.place == Place::Waiting);
            if !waits {
                self.lose(number, now, out);
            } else if let Some(request) = self.leave(number) {
                self.counts.expired += 1;
                self.refuse(request.origin, out);
            }
        }
        self.dispatch(now, out);
        self.tell(now, out);
    }

    /// Takes no more requests, and tells peers so.
    pub fn close(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        self.closed = true;
        self.telling.again();
        self.tell(now, out);
    }

    /// How long the end may take.
    pub(super) fn drain(&self) -> Duration {
        self.options.local.drain
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> PeeringStatistics {
        let mut statistics = PeeringStatistics::default();
        self.statistics_into(&mut statistics);
        statistics
    }

    /// Writes its statistics over earlier ones. The server does so in every turn: nothing is allocated or counted anew.
    pub(super) fn statistics_into(&self, statistics: &mut PeeringStatistics) {
        let mut peers = std::mem::take(&mut statistics.peers);
        self.peers.states_into(&mut peers);
        let local = self.local.statistics();
        *statistics = PeeringStatistics {
            refused: self.counts.refused + local.refused,
            workers_lost: local.workers_lost,
            stray: self.counts.stray + local.stray,
            malformed: self.counts.malformed + local.malformed,
            workers: local.workers,
            free: self.local.free(),
            working: self.working(),
            waiting: self.waiting(),
            peers,
            ..self.counts.clone()
        };
    }

    /// Requests that workers or peers have.
    pub(super) fn working(&self) -> usize {
        self.requests.len() - self.waiting()
    }

    fn waiting(&self) -> usize {
        self.ours.len() + self.theirs.len()
    }

    /// How many workers a peer may count on.
    fn free(&self) -> u64 {
        if self.closed { 0 } else { self.local.free() }
    }

    fn tell(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        let free = self.free();
        if self.telling.tells(free, now) {
            out.push(Outgoing::State(Message::from([self.name.clone(), Frame::from(free.to_string())])));
        }
    }

    /// What the balancer wants.
    fn obey(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        for order in std::mem::take(&mut self.orders) {
            match order {
                balance::Outgoing::ToWorker(message) => out.push(Outgoing::ToWorker(message)),
                balance::Outgoing::ToClient(message) => {
                    if let Some((envelope, body)) = split(message, 1)
                        && let Some(number) =
                            envelope.addresses().first().and_then(|frame| self.number(frame))
                    {
                        self.answer(number, body, out);
                    }
                }
            }
        }
        for envelope in self.local.take_refused() {
            if let Some(number) = envelope.addresses().first().and_then(|frame| self.number(frame)) {
                self.lose(number, now, out);
            }
        }
        self.dispatch(now, out);
    }

    /// Gives away what waits, as far as anybody can take it.
    fn dispatch(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        loop {
            let is_local = self.local.free() > 0;
            // Whoever came first, so that neither clients nor peers starve.
            let theirs = self.theirs.first().filter(|_| is_local);
            let Some(&(_, number)) = [self.ours.first(), theirs].into_iter().flatten().min() else { return };
            let peer = if is_local { None } else { self.peers.take(now) };
            let (place, due) = match (is_local, peer) {
                (true, _) => (Place::Worker, None),
                (false, Some(peer)) => (Place::Peer(peer), Some(now + self.options.export_limit)),
                (false, None) => return,
            };
            let Some(mut request) = self.leave(number) else { return };
            request.attempts += 1;
            let order = Envelope::from(vec![self.frame(number)]).seal(request.body.iter().cloned());
            if let Place::Peer(peer) = &place {
                let (peer, mut message) = (peer.clone(), order);
                message.push_front(peer.clone());
                self.counts.exported += 1;
                out.push(Outgoing::ToPeer { peer, number, message });
            } else {
                let mut orders = Vec::new();
                self.local.from_client(order, now, &mut orders);
                // It says nothing else then.
                out.extend(orders.into_iter().filter_map(|order| match order {
                    balance::Outgoing::ToWorker(message) => Some(Outgoing::ToWorker(message)),
                    balance::Outgoing::ToClient(_) => None,
                }));
            }
            self.put(number, Request { place, due, ..request });
        }
    }

    fn answer(&mut self, number: u64, body: Vec<Frame>, out: &mut Vec<Outgoing>) {
        let Some(request) = self.leave(number) else { return };
        out.push(match request.origin {
            Origin::Client(envelope) => {
                self.counts.replies += 1;
                Outgoing::ToClient(envelope.seal(body))
            }
            Origin::Peer(envelope) => {
                self.counts.returned += 1;
                Outgoing::ToAsker(envelope.seal(body))
            }
        });
    }

    /// Whoever had it is lost, or had it too long.
    fn lose(&mut self, number: u64, now: Instant, out: &mut Vec<Outgoing>) {
        let again = self.may_repeat(number);
        let Some(request) = self.leave(number) else { return };
        if again {
            self.counts.repeated += 1;
            self.wait(request, now);
        } else {
            self.counts.given_up += 1;
            self.refuse(request.origin, out);
        }
    }

    fn may_repeat(&self, number: u64) -> bool {
        self.requests.get(&number).is_some_and(|request| request.attempts < self.options.local.attempts)
    }

    /// It waits, under a new number: an answer to the old one is stray from now on.
    fn wait(&mut self, request: Request, now: Instant) {
        let number = self.next_number;
        self.next_number += 1;
        let due = Some(now + self.options.local.request_lifetime);
        self.put(number, Request { place: Place::Waiting, due, ..request });
    }

    fn put(&mut self, number: u64, request: Request) {
        self.due.extend(request.due.map(|due| (due, number)));
        match (&request.place, &request.origin) {
            (Place::Waiting, Origin::Client(_)) => drop(self.ours.insert((request.came, number))),
            (Place::Waiting, Origin::Peer(_)) => drop(self.theirs.insert((request.came, number))),
            (Place::Worker | Place::Peer(_), _) => {}
        }
        self.requests.insert(number, request);
    }

    /// It is no longer where it was.
    fn leave(&mut self, number: u64) -> Option<Request> {
        let request = self.requests.remove(&number)?;
        self.ours.remove(&(request.came, number));
        self.theirs.remove(&(request.came, number));
        if let Some(due) = request.due {
            self.due.remove(&(due, number));
        }
        if let Place::Peer(peer) = &request.place {
            self.peers.finished(peer);
        }
        Some(request)
    }

    fn all_at(&self, peer: &Frame) -> Vec<u64> {
        let at = Place::Peer(peer.clone());
        self.requests.iter().filter(|(_, request)| request.place == at).map(|(number, _)| *number).collect()
    }

    fn refuse(&self, origin: Origin, out: &mut Vec<Outgoing>) {
        // A peer hears nothing: what its clients are told is for it to say.
        if let (Origin::Client(envelope), Some(refusal)) = (origin, &self.options.local.refusal) {
            out.push(Outgoing::ToClient(envelope.seal([refusal.clone()])));
        }
    }

    /// What stands for a request at workers and peers, in place of an address.
    fn frame(&self, number: u64) -> Frame {
        Frame::from([self.session.to_be_bytes(), number.to_be_bytes()].concat())
    }

    fn number(&self, frame: &Frame) -> Option<u64> {
        let (session, number) = frame.split_first_chunk::<8>()?;
        let number = <[u8; 8]>::try_from(number).ok()?;
        (u64::from_be_bytes(*session) == self.session).then_some(u64::from_be_bytes(number))
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
