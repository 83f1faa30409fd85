//! The broker's rules: who serves what, who is free, and who waits for what. No sockets, no clock: it is given messages
//! and times, and says what is to be sent.
//!
//! ```text
//!            READY                    request at hand
//! unknown ----------> idle (tail) -----------------------> busy
//!    ^                  |   ^                               |
//!    |   no beat in time|   '--------- final reply ---------'
//!    '------------------'                                   |
//!    ^     no beat in time, DISCONNECT, READY again,        |
//!    '---- a reply to somebody else: its request goes ------'
//!          back to the head of the queue
//! ```

use super::{
    command::{self, Heard, Order, Share, Version, WorkerWord},
    mmi,
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// What a [`Broker`] waits for, and how much it holds.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::majordomo::BrokerOptions;
/// // A worker that is silent for three seconds is gone, and its request goes to no other.
/// let options =
///     BrokerOptions { heartbeat: Duration::from_secs(1), attempts: 1, ..BrokerOptions::default() };
/// assert_eq!(options.liveness, 3);
/// ```
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// How often an idle worker is told that the broker lives. 2.5 s; workers have to beat as often.
    pub heartbeat: Duration,
    /// After so many heartbeats without a word a worker is gone. 3.
    pub liveness: u32,
    /// How many workers may be given a request, one after the other lost with it. 3; 1 for services that must not do
    /// anything twice.
    pub attempts: u32,
    /// How long a request waits for a worker. 30 s.
    pub request_lifetime: Duration,
    /// How many requests wait for the workers of one service; further ones are dropped and counted. 10,000.
    pub waiting_requests: usize,
    /// How many services may be known at once, those that are only asked for included. 10,000.
    pub services: usize,
    /// How many workers may be registered at once. 100,000.
    pub workers: usize,
    /// How long a service is remembered without workers and requests. 60 s.
    pub service_lifetime: Duration,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(2500),
            liveness: 3,
            attempts: 3,
            request_lifetime: Duration::from_secs(30),
            waiting_requests: 10_000,
            services: 10_000,
            workers: 100_000,
            service_lifetime: Duration::from_secs(60),
        }
    }
}

/// What a [`Broker`] has done, and what it holds.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::majordomo::{Broker, BrokerOptions};
/// let mut broker = Broker::new(BrokerOptions::default(), Instant::now());
/// broker.receive(Message::from(["somebody", "nonsense"]), Instant::now(), &mut Vec::new());
/// assert_eq!(broker.statistics().malformed, 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct BrokerStatistics {
    /// Requests that came, those to the broker itself included.
    pub requests: u64,
    /// Final replies that were passed on, the broker's own included.
    pub replies: u64,
    /// Requests that were given to another worker, because the first was lost with them.
    pub repeated: u64,
    /// Requests that were dropped because too many waited, or too many services were asked for.
    pub refused: u64,
    /// Requests that waited too long for a worker.
    pub expired: u64,
    /// Requests that were lost with as many workers as may be tried, or with one that had begun to answer.
    pub given_up: u64,
    /// Workers that were silent for too long.
    pub workers_lost: u64,
    /// Workers that were told to leave, because they said what they may not say at that point.
    pub workers_expelled: u64,
    /// Messages that are no command.
    pub malformed: u64,
    /// Workers that are registered now.
    pub workers: usize,
    /// Services that have a worker now, or requests that wait for one.
    pub services: usize,
    /// Requests that wait for a worker now.
    pub waiting: usize,
}

impl BrokerStatistics {
    /// Each figure with its name, for whoever prints them.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("requests", self.requests),
            ("replies", self.replies),
            ("repeated", self.repeated),
            ("refused", self.refused),
            ("expired", self.expired),
            ("given_up", self.given_up),
            ("workers_lost", self.workers_lost),
            ("workers_expelled", self.workers_expelled),
            ("malformed", self.malformed),
            ("workers", self.workers as u64),
            ("services", self.services as u64),
            ("waiting", self.waiting as u64),
        ]
        .into_iter()
    }
}

/// The address of a client or a worker: what a ROUTER knows it by.
type Address = Vec<u8>;

/// Services of the two versions do not meet: partial replies cannot be passed on to a client of 0.1.
type ServiceKey = (Version, Vec<u8>);

#[derive(Debug)]
struct Request {
    client: Frame,
    body: Vec<Frame>,
    expires: Instant,
    attempts: u32,
}

#[derive(Debug)]
struct Service {
    name: Frame,
    waiting: VecDeque<Request>,
    /// By their place in the line, in which the one that has been idle longest is first.
    idle: BTreeMap<u64, Address>,
    workers: usize,
    last_used: Instant,
}

#[derive(Debug)]
struct Worker {
    address: Frame,
    service: ServiceKey,
    expires: Instant,
    /// Its place among the idle of its service, if it is idle.
    place: u64,
    job: Option<Request>,
    /// A part of the answer has been passed on.
    began: bool,
}

/// The rules of a Majordomo broker, for MDP 0.1 and 0.2 at once.
///
/// - A request goes to the worker of its service that has been idle longest, in the order of arrival. A worker has one at
///   a time.
/// - If a worker is lost with a request, the next one gets it, before all that wait; [`BrokerOptions::attempts`] bounds
///   that. A worker that died after its work was done has then done it for nothing: services are asked at least once.
/// - A worker can answer only the client whose request it has.
/// - Whatever else is said is counted ([`BrokerStatistics`]) and, of a worker, answered with DISCONNECT.
///
/// [`BrokerServer`](super::BrokerServer) runs it on a ROUTER.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::majordomo::{Broker, BrokerOptions};
///
/// let (mut broker, mut out, now) = (Broker::new(BrokerOptions::default(), Instant::now()), vec![], Instant::now());
/// broker.receive(Message::from(["client", "", "MDPC01", "echo", "hi"]), now, &mut out);
/// assert!(out.is_empty(), "nobody serves echo yet");
/// broker.receive(Message::from(["worker", "", "MDPW01", "\x01", "echo"]), now, &mut out);
/// assert_eq!(out, [Message::from(["worker", "", "MDPW01", "\x02", "client", "", "hi"])]);
/// ```
///
/// Source: RFC 7 (MDP 0.1), RFC 18 (MDP 0.2), RFC 8 (MMI).
#[derive(Debug)]
pub struct Broker {
    options: BrokerOptions,
    services: HashMap<ServiceKey, Service>,
    workers: HashMap<Address, Worker>,
    next_tick: Instant,
    /// The place of whoever is idle next.
    next_place: u64,
    counts: BrokerStatistics,
}

impl Broker {
    /// A broker that knows nobody yet.
    pub fn new(options: BrokerOptions, now: Instant) -> Self {
        let next_tick = now + options.heartbeat;
        Self {
            options,
            services: HashMap::new(),
            workers: HashMap::new(),
            next_tick,
            next_place: 0,
            counts: BrokerStatistics::default(),
        }
    }

    /// A message as a ROUTER receives it: who sent it, then what was said. What is to be sent is appended to `out`, each
    /// message with its addressee in front.
    pub fn receive(&mut self, mut message: Message, now: Instant, out: &mut Vec<Message>) {
        if message.len() < 2 {
            self.counts.malformed += 1;
            return;
        }
        let Some(from) = message.pop_front() else { return };
        match command::hear(message.into_frames()) {
            Ok(Heard::Request { version, service, body }) => self.request(version, from, service, body, now, out),
            Ok(Heard::Worker { version, word }) => self.worker_says(version, from, word, now, out),
            Err(_) => {
                self.counts.malformed += 1;
                // A registered worker that talks nonsense is no worker any more.
                if let Some(worker) = self.workers.get(&from[..]) {
                    self.expel(worker.service.0, from, now, out);
                }
            }
        }
    }

    /// When [`Broker::tick`] has something to do.
    pub fn next_tick(&self) -> Instant {
        self.next_tick
    }

    /// Lets go of workers that are silent and requests that are too old, and tells idle workers that the broker lives. Does
    /// nothing before [`Broker::next_tick`].
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Message>) {
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + self.options.heartbeat;
        let silent = self.workers.iter().filter(|(_, worker)| worker.expires <= now);
        let silent: Vec<Address> = silent.map(|(address, _)| address.clone()).collect();
        for address in silent {
            self.counts.workers_lost += 1;
            self.remove(&address, now, out);
        }
        for worker in self.workers.values().filter(|worker| worker.job.is_none()) {
            out.push(command::order(worker.service.0, worker.address.clone(), Order::Heartbeat));
        }
        let lifetime = self.options.service_lifetime;
        let expired = &mut self.counts.expired;
        self.services.retain(|_, service| {
            // Those that were given back stand in front and may be younger than what is behind them.
            let before = service.waiting.len();
            service.waiting.retain(|request| request.expires > now);
            *expired += (before - service.waiting.len()) as u64;
            service.workers > 0 || !service.waiting.is_empty() || now < service.last_used + lifetime
        });
    }

    /// Tells all workers that the broker is going.
    pub fn farewell(&mut self, out: &mut Vec<Message>) {
        for (_, worker) in self.workers.drain() {
            out.push(command::order(worker.service.0, worker.address, Order::Disconnect));
        }
        self.services.values_mut().for_each(|service| {
            service.idle.clear();
            service.workers = 0;
        });
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> BrokerStatistics {
        let in_use = |service: &&Service| service.workers > 0 || !service.waiting.is_empty();
        BrokerStatistics {
            workers: self.workers.len(),
            services: self.services.values().filter(in_use).count(),
            waiting: self.services.values().map(|service| service.waiting.len()).sum(),
            ..self.counts
        }
    }

    /// How many workers serve this name, idle or busy, whatever version they speak.
    pub fn workers_of(&self, service: &[u8]) -> usize {
        let of = |version| self.services.get(&(version, service.to_vec())).map_or(0, |service| service.workers);
        of(Version::V1) + of(Version::V2)
    }

    /// The names of the services that have workers, in order.
    pub(super) fn served(&self) -> Vec<Frame> {
        let served = self.services.values().filter(|service| service.workers > 0);
        let mut names: Vec<Frame> = served.map(|service| service.name.clone()).collect();
        names.sort_unstable_by(|one, other| one[..].cmp(&other[..]));
        names.dedup();
        names
    }

    fn request(
        &mut self,
        version: Version,
        client: Frame,
        name: Frame,
        body: Vec<Frame>,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        self.counts.requests += 1;
        if mmi::is_internal(&name) {
            let body = mmi::answer(self, &name, &body);
            self.counts.replies += 1;
            return out.push(command::reply(version, client, name, Share::Final, body));
        }
        let most = self.options.waiting_requests;
        let expires = now + self.options.request_lifetime;
        let key = (version, name.to_vec());
        let Some(service) = self.service(&key, name, now) else {
            self.counts.refused += 1;
            return;
        };
        if service.waiting.len() >= most {
            self.counts.refused += 1;
            return;
        }
        service.waiting.push_back(Request { client, body, expires, attempts: 0 });
        self.dispatch(&key, now, out);
    }

    fn worker_says(
        &mut self,
        version: Version,
        from: Frame,
        word: WorkerWord,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let expires = now + self.options.heartbeat * self.options.liveness;
        let known = match self.workers.get_mut(&from[..]) {
            Some(worker) if worker.service.0 == version => {
                worker.expires = expires;
                Some(worker)
            }
            // It has changed its version.
            Some(_) => return self.expel(version, from, now, out),
            None => None,
        };
        match (word, known) {
            (WorkerWord::Heartbeat, Some(_)) => {}
            (WorkerWord::Disconnect, _) => self.remove(&from, now, out),
            (WorkerWord::Ready { service }, None) if !mmi::is_internal(&service) => {
                self.register(version, from, service, expires, now, out);
            }
            (WorkerWord::Reply { share, client, body }, Some(worker))
                if worker.job.as_ref().is_some_and(|job| job.client == client) =>
            {
                worker.began = share == Share::Partial;
                let key = worker.service.clone();
                let Some(service) = self.services.get_mut(&key) else { return };
                out.push(command::reply(version, client, service.name.clone(), share, body));
                if share == Share::Final {
                    worker.job = None;
                    worker.place = self.next_place;
                    self.next_place += 1;
                    service.idle.insert(worker.place, from.to_vec());
                    self.counts.replies += 1;
                    self.dispatch(&key, now, out);
                }
            }
            // READY again, or of a name that is the broker's; a beat or a reply of a stranger; a reply to nobody or to
            // somebody else.
            _ => self.expel(version, from, now, out),
        }
    }

    fn register(
        &mut self,
        version: Version,
        from: Frame,
        name: Frame,
        expires: Instant,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let key = (version, name.to_vec());
        let full = self.workers.len() >= self.options.workers;
        let place = self.next_place;
        self.next_place += 1;
        let Some(service) = self.service(&key, name, now).filter(|_| !full) else {
            return self.expel(version, from, now, out);
        };
        service.workers += 1;
        service.idle.insert(place, from.to_vec());
        let worker = Worker { address: from.clone(), service: key.clone(), expires, place, job: None, began: false };
        self.workers.insert(from.to_vec(), worker);
        self.dispatch(&key, now, out);
    }

    /// The service of this name, a new one if there is room for it.
    fn service(&mut self, key: &ServiceKey, name: Frame, now: Instant) -> Option<&mut Service> {
        if self.services.len() >= self.options.services && !self.services.contains_key(key) {
            return None;
        }
        let service = self.services.entry(key.clone()).or_insert_with(|| Service {
            name,
            waiting: VecDeque::new(),
            idle: BTreeMap::new(),
            workers: 0,
            last_used: now,
        });
        service.last_used = now;
        Some(service)
    }

    /// Hands out what waits for a service as long as somebody is idle.
    fn dispatch(&mut self, key: &ServiceKey, now: Instant, out: &mut Vec<Message>) {
        let Some(service) = self.services.get_mut(key) else { return };
        service.last_used = now;
        while !service.idle.is_empty()
            && let Some(mut request) = service.waiting.pop_front()
        {
            if request.expires <= now {
                self.counts.expired += 1;
                continue;
            }
            let idle = service.idle.pop_first();
            let Some(worker) = idle.and_then(|(_, address)| self.workers.get_mut(&address)) else {
                service.waiting.push_front(request);
                continue;
            };
            request.attempts += 1;
            let (client, body) = (request.client.clone(), request.body.clone());
            out.push(command::order(key.0, worker.address.clone(), Order::Request { client, body }));
            (worker.job, worker.began) = (Some(request), false);
        }
    }

    /// Tells somebody to leave, and forgets it if it is known.
    fn expel(&mut self, version: Version, worker: Frame, now: Instant, out: &mut Vec<Message>) {
        self.counts.workers_expelled += 1;
        let address = worker.to_vec();
        out.push(command::order(version, worker, Order::Disconnect));
        self.remove(&address, now, out);
    }

    /// Forgets a worker. What it had not finished goes to another one, before all that wait.
    fn remove(&mut self, address: &[u8], now: Instant, out: &mut Vec<Message>) {
        let Some(worker) = self.workers.remove(address) else { return };
        let Some(service) = self.services.get_mut(&worker.service) else { return };
        service.workers -= 1;
        service.last_used = now;
        match worker.job {
            None => drop(service.idle.remove(&worker.place)),
            Some(job) if worker.began || job.attempts >= self.options.attempts => self.counts.given_up += 1,
            Some(job) => {
                self.counts.repeated += 1;
                service.waiting.push_front(job);
                self.dispatch(&worker.service, now, out);
            }
        }
    }
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
