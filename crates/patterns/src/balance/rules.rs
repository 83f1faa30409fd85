//! The load balancer's rules: who is free, who has what, and what waits. No sockets, no clock.
//!
//! ```text
//!            READY                 a request
//! unknown ----------> free -----------------------> full (one request, or as many as its capacity)
//!    ^                 |  ^                          |
//!    |  silent too long|  '--- a reply to who asked -'
//!    '-----------------'                             |
//!    '------- too long over one request -------------'   the request goes to another worker, if it may
//! ```

use super::{
    HEARTBEAT,
    word::{self, Word},
};
use crate::Envelope;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// How workers are spoken to.
///
/// ```
/// use zeroxide_patterns::balance::{BalancerOptions, Dialect};
/// assert_eq!(BalancerOptions::default().dialect, Dialect::Paranoid);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dialect {
    /// The load balancing broker and Simple Pirate: workers are REQ sockets, and nobody beats. A worker that dies idle
    /// takes one request with it, and one that is idle while the broker restarts is never heard of again. For workers that
    /// cannot speak the other.
    Simple,
    /// The Paranoid Pirate Protocol (RFC 6): workers are DEALER sockets, and both sides beat.
    #[default]
    Paranoid,
}

/// Which of the free workers gets the next request.
///
/// ```
/// use zeroxide_patterns::balance::{BalancerOptions, Choice};
/// assert_eq!(BalancerOptions::default().choice, Choice::LongestIdle);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Choice {
    /// The one that has been free longest.
    #[default]
    LongestIdle,
    /// The one that has least to do for its capacity, and of those the one that has been free longest.
    LeastLoaded,
}

/// What a [`Balancer`] waits for, and how much it holds.
///
/// ```
/// use zeroxide_patterns::balance::{BalancerOptions, Dialect};
/// // The workers are those of the Guide's load balancing broker, and the service can be asked twice.
/// let options = BalancerOptions { dialect: Dialect::Simple, attempts: 2, ..BalancerOptions::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct BalancerOptions {
    /// How workers are spoken to. Paranoid.
    pub dialect: Dialect,
    /// Which free worker is taken. The one that has been free longest.
    pub choice: Choice,
    /// How often a free worker is told that the broker lives. 1 s; workers beat as often.
    pub heartbeat: Duration,
    /// After so many heartbeats without a word a free worker is gone. 3.
    pub liveness: u32,
    /// How long a worker may be over one request; workers do not beat while they work. 60 s.
    pub work_limit: Duration,
    /// How many workers may be given a request, one after the other lost with it. 1: clients ask again. More only for
    /// services that may be asked twice.
    pub attempts: u32,
    /// How many requests wait for workers; further ones are refused. 10,000.
    pub waiting_requests: usize,
    /// How long a request waits for a worker. 30 s.
    pub request_lifetime: Duration,
    /// How many workers may be registered at once. 100,000.
    pub workers: usize,
    /// What a client is answered whose request was refused, waited too long or was lost with its worker. Nothing: clients
    /// of the Guide know no such answer, and ask again.
    pub refusal: Option<Frame>,
    /// How long the end waits for the answers of workers that are at work. 5 s.
    pub drain: Duration,
}

impl Default for BalancerOptions {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            choice: Choice::default(),
            heartbeat: Duration::from_secs(1),
            liveness: 3,
            work_limit: Duration::from_secs(60),
            attempts: 1,
            waiting_requests: 10_000,
            request_lifetime: Duration::from_secs(30),
            workers: 100_000,
            refusal: None,
            drain: Duration::from_secs(5),
        }
    }
}

/// What a [`Balancer`] has done, and what it holds.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::balance::{Balancer, BalancerOptions};
/// let mut balancer = Balancer::new(BalancerOptions::default(), Instant::now());
/// balancer.from_client(Message::from(["no", "delimiter"]), Instant::now(), &mut Vec::new());
/// assert_eq!(balancer.statistics().malformed, 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct BalancerStatistics {
    /// Requests that came.
    pub requests: u64,
    /// Replies that were passed on.
    pub replies: u64,
    /// Requests that were given to another worker, because the first was lost with them.
    pub repeated: u64,
    /// Requests that were refused because too many waited.
    pub refused: u64,
    /// Requests that waited too long for a worker.
    pub expired: u64,
    /// Requests that were lost with as many workers as may be tried.
    pub given_up: u64,
    /// Workers that were silent, or over one request, for too long.
    pub workers_lost: u64,
    /// Replies to nobody, or from a worker that does not have the request (any more).
    pub stray: u64,
    /// Messages without a meaning.
    pub malformed: u64,
    /// Workers that are registered now.
    pub workers: usize,
    /// Requests that workers have now.
    pub working: usize,
    /// Requests that wait for a worker now.
    pub waiting: usize,
}

impl BalancerStatistics {
    crate::figures::figures!(
        requests,
        replies,
        repeated,
        refused,
        expired,
        given_up,
        workers_lost,
        stray,
        malformed,
        workers,
        working,
        waiting
    );
}

/// What is to be sent, and at which side; the addressee stands in front.
///
/// See [`Balancer`] for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a broker has two sides")]
pub enum Outgoing {
    /// At the front.
    ToClient(Message),
    /// At the back.
    ToWorker(Message),
}

type Address = Vec<u8>;
/// Load in thousandths of the capacity, if that is chosen by, then the place in the line.
type Rank = (u32, u64);

#[derive(Debug)]
struct Request {
    envelope: Envelope,
    body: Vec<Frame>,
    expires: Instant,
    attempts: u32,
}

#[derive(Debug)]
struct Job {
    request: Request,
    overdue: Instant,
}

#[derive(Debug)]
struct Worker {
    address: Frame,
    capacity: u32,
    /// Where it stands in the line, unless it is full.
    rank: Option<Rank>,
    expires: Instant,
    jobs: Vec<Job>,
}

/// The rules of a load balancing broker.
///
/// - A worker has one request at a time, or as many as it said it takes.
/// - A worker can answer only who asked it; all else it says is counted ([`BalancerStatistics`]) and dropped.
/// - Requests wait in the order in which they came, bounded in number and time.
/// - A worker that is free and silent, or too long over one request, is forgotten. What it had goes to another, before
///   all that waits, if [`BalancerOptions::attempts`] allows it.
///
/// [`BalancerServer`](super::BalancerServer) runs it on two ROUTERs.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::balance::{Balancer, BalancerOptions, Outgoing};
///
/// let now = Instant::now();
/// let (mut balancer, mut out) = (Balancer::new(BalancerOptions::default(), now), vec![]);
/// balancer.from_client(Message::from(["client", "", "HELLO"]), now, &mut out);
/// assert!(out.is_empty(), "nobody is free yet");
/// balancer.from_worker(Message::from(["worker", "\x01"]), now, &mut out);
/// assert_eq!(out, [Outgoing::ToWorker(Message::from(["worker", "client", "", "HELLO"]))]);
/// ```
///
/// Source: the Guide's load balancing broker, RFC 6 (PPP).
#[derive(Debug)]
pub struct Balancer {
    options: BalancerOptions,
    workers: HashMap<Address, Worker>,
    line: BTreeMap<Rank, Address>,
    waiting: VecDeque<Request>,
    next_place: u64,
    next_tick: Instant,
    counts: BalancerStatistics,
    /// How many more requests the workers take at once.
    free: u64,
    /// The addressees of requests that nobody answers, for an owner who wants to know.
    refused: Option<Vec<Envelope>>,
}

impl Balancer {
    /// One that knows nobody yet.
    pub fn new(options: BalancerOptions, now: Instant) -> Self {
        Self {
            next_tick: now + options.heartbeat,
            options,
            workers: HashMap::new(),
            line: BTreeMap::new(),
            waiting: VecDeque::new(),
            next_place: 0,
            counts: BalancerStatistics::default(),
            free: 0,
            refused: None,
        }
    }

    /// One whose owner answers what it refuses: see [`take_refused`](Self::take_refused).
    pub(crate) fn owned(options: BalancerOptions, now: Instant) -> Self {
        Self { refused: Some(Vec::new()), ..Self::new(options, now) }
    }

    /// To whom the owner owes a word: their requests were refused, waited too long, or were lost.
    pub(crate) fn take_refused(&mut self) -> Vec<Envelope> {
        self.refused.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many more requests would go to a worker at once.
    pub(crate) fn free(&self) -> u64 {
        self.free
    }

    /// A message as the ROUTER at the front receives it. What is to be sent is appended to `out`.
    pub fn from_client(&mut self, message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        let Some((envelope, body)) =
            Envelope::split(message).filter(|(path, _)| !path.addresses().is_empty())
        else {
            self.counts.malformed += 1;
            return;
        };
        self.counts.requests += 1;
        if self.waiting.len() >= self.options.waiting_requests {
            self.counts.refused += 1;
            return self.refuse(envelope, out);
        }
        let expires = now + self.options.request_lifetime;
        self.waiting.push_back(Request { envelope, body, expires, attempts: 0 });
        self.dispatch(now, out);
    }

    /// A message as the ROUTER at the back receives it.
    pub fn from_worker(&mut self, mut message: Message, now: Instant, out: &mut Vec<Outgoing>) {
        let Some(from) = message.pop_front() else { return };
        let Some(word) = word::hear(self.options.dialect, message) else {
            self.counts.malformed += 1;
            return;
        };
        let expires = now + self.options.heartbeat * self.options.liveness;
        match (word, self.workers.get_mut(&from[..])) {
            (Word::Ready { capacity }, None) => self.register(from, capacity, expires),
            // It has begun anew: what it had is lost.
            (Word::Ready { capacity }, Some(worker)) => {
                if !worker.jobs.is_empty() || worker.capacity != capacity {
                    self.remove(&from, now, out);
                    self.register(from, capacity, expires);
                } else {
                    worker.expires = expires;
                }
            }
            (Word::Heartbeat, Some(worker)) => worker.expires = expires,
            (Word::Heartbeat, None) => self.counts.stray += 1,
            (Word::Reply { envelope, body }, Some(worker)) => {
                worker.expires = expires;
                let job = worker.jobs.iter().position(|job| job.request.envelope == envelope);
                match job.map(|index| worker.jobs.swap_remove(index)) {
                    Some(job) => {
                        self.counts.replies += 1;
                        self.counts.working -= 1;
                        self.free += 1;
                        out.push(Outgoing::ToClient(job.request.envelope.seal(body)));
                        self.stand_in_line(&from);
                    }
                    None => self.counts.stray += 1,
                }
            }
            (Word::Reply { .. }, None) => {
                self.counts.stray += 1;
                // A REQ cannot register twice: that it answers something from before says that it is free.
                if self.options.dialect == Dialect::Simple {
                    self.register(from, 1, expires);
                }
            }
        }
        self.dispatch(now, out);
    }

    /// When [`Balancer::tick`] has something to do.
    pub fn next_tick(&self) -> Instant {
        self.next_tick
    }

    /// Lets go of workers that are lost and requests that are too old, and tells free workers that the broker lives. Does
    /// nothing before [`Balancer::next_tick`].
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + self.options.heartbeat;
        let beats = self.options.dialect == Dialect::Paranoid;
        let lost = self.workers.iter().filter(|(_, worker)| worker.is_lost(beats, now));
        let lost: Vec<Address> = lost.map(|(address, _)| address.clone()).collect();
        for address in lost {
            self.counts.workers_lost += 1;
            self.remove(&address, now, out);
        }
        let mut old = Vec::new();
        // Those that were given back stand in front and may be younger than what is behind them.
        self.waiting.retain_mut(|request| {
            let stays = request.expires > now;
            if !stays {
                old.push(std::mem::take(&mut request.envelope));
            }
            stays
        });
        self.counts.expired += old.len() as u64;
        old.into_iter().for_each(|envelope| self.refuse(envelope, out));
        self.dispatch(now, out);
        if beats {
            let free = self.workers.values().filter(|worker| worker.jobs.is_empty() || worker.capacity > 1);
            out.extend(free.map(|worker| {
                Outgoing::ToWorker(Message::from([worker.address.clone(), Frame::from(&[HEARTBEAT])]))
            }));
        }
    }

    /// How long the end may take.
    pub(super) fn drain(&self) -> Duration {
        self.options.drain
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> BalancerStatistics {
        BalancerStatistics { workers: self.workers.len(), waiting: self.waiting.len(), ..self.counts }
    }

    fn register(&mut self, address: Frame, capacity: u32, expires: Instant) {
        if self.workers.len() >= self.options.workers {
            self.counts.refused += 1;
            return;
        }
        let worker = Worker { address: address.clone(), capacity, rank: None, expires, jobs: Vec::new() };
        self.workers.insert(address.to_vec(), worker);
        self.free += u64::from(capacity);
        self.stand_in_line(&address);
    }

    /// Gives a worker that has room a new place at the end of its line.
    fn stand_in_line(&mut self, address: &[u8]) {
        let Some(worker) = self.workers.get_mut(address) else { return };
        if let Some(rank) = worker.rank.take() {
            self.line.remove(&rank);
        }
        let jobs = u32::try_from(worker.jobs.len()).unwrap_or(u32::MAX);
        if jobs >= worker.capacity {
            return;
        }
        let load = match self.options.choice {
            Choice::LongestIdle => 0,
            Choice::LeastLoaded => jobs.saturating_mul(1000) / worker.capacity,
        };
        let rank = (load, self.next_place);
        self.next_place += 1;
        worker.rank = Some(rank);
        self.line.insert(rank, address.to_vec());
    }

    fn dispatch(&mut self, now: Instant, out: &mut Vec<Outgoing>) {
        while !self.waiting.is_empty()
            && let Some((_, address)) = self.line.pop_first()
        {
            let Some(worker) = self.workers.get_mut(&address) else { continue };
            worker.rank = None;
            let Some(mut request) = self.waiting.pop_front() else { return };
            if request.expires <= now {
                self.counts.expired += 1;
                self.stand_in_line(&address);
                self.refuse(request.envelope, out);
                continue;
            }
            request.attempts += 1;
            let mut order = request.envelope.clone().seal(request.body.iter().cloned());
            if self.options.dialect == Dialect::Simple {
                order.push_front(Frame::EMPTY);
            }
            order.push_front(worker.address.clone());
            out.push(Outgoing::ToWorker(order));
            worker.jobs.push(Job { request, overdue: now + self.options.work_limit });
            self.counts.working += 1;
            self.free = self.free.saturating_sub(1);
            self.stand_in_line(&address);
        }
    }

    /// Forgets a worker. What it had goes to others, if it may.
    fn remove(&mut self, address: &[u8], now: Instant, out: &mut Vec<Outgoing>) {
        let Some(worker) = self.workers.remove(address) else { return };
        if let Some(rank) = worker.rank {
            self.line.remove(&rank);
        }
        self.free =
            self.free.saturating_sub(u64::from(worker.capacity).saturating_sub(worker.jobs.len() as u64));
        self.counts.working -= worker.jobs.len();
        for job in worker.jobs {
            if job.request.attempts < self.options.attempts {
                self.counts.repeated += 1;
                self.waiting.push_front(job.request);
            } else {
                self.counts.given_up += 1;
                self.refuse(job.request.envelope, out);
            }
        }
        self.dispatch(now, out);
    }

    fn refuse(&mut self, envelope: Envelope, out: &mut Vec<Outgoing>) {
        if let Some(refused) = &mut self.refused {
            refused.push(envelope);
        } else if let Some(refusal) = &self.options.refusal {
            out.push(Outgoing::ToClient(envelope.seal([refusal.clone()])));
        }
    }
}

impl Worker {
    fn is_lost(&self, beats: bool, now: Instant) -> bool {
        match self.jobs.iter().map(|job| job.overdue).min() {
            Some(overdue) => overdue <= now,
            None => beats && self.expires <= now,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
