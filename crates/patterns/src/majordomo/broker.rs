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
    BrokerOptions, BrokerStatistics,
    command::{self, Heard, Order, Share, Version, WorkerWord},
    mmi,
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Instant,
};
use zeroxide::{Frame, Message};

/// The address of a client or a worker: what a ROUTER knows it by.
type Address = Vec<u8>;

/// Services of the two versions do not meet: partial replies cannot be passed on to a client of 0.1.
type ServiceKey = (Version, Vec<u8>);

#[derive(Debug)]
struct Request {
    client: Frame,
    /// What stands between the client and the empty frame, for the reply.
    way: Vec<Frame>,
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

impl Worker {
    fn works_for(&self, client: &Frame) -> bool {
        self.job.as_ref().is_some_and(|job| job.client == *client)
    }
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
    /// It is about to go, and takes no request.
    draining: bool,
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
            draining: false,
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
            Ok(Heard::Request { version, way, service, body }) => {
                let expires = now + self.options.request_lifetime;
                let request = Request { client: from, way, body, expires, attempts: 0 };
                self.request(version, service, request, now, out);
            }
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

    /// A connection has ended. If it was a worker's, that is lost: what it worked at goes to another at once.
    pub fn gone(&mut self, peer: &[u8], now: Instant, out: &mut Vec<Message>) {
        if self.workers.contains_key(peer) {
            self.counts.workers_lost += 1;
            self.remove(peer, now, out);
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
        let counts = &mut self.counts;
        self.services.retain(|_, service| {
            // Those that were given back stand in front and may be younger than what is behind them.
            let before = service.waiting.len();
            service.waiting.retain(|request| request.expires > now);
            let expired = before - service.waiting.len();
            counts.waiting -= expired;
            counts.expired += expired as u64;
            service.workers > 0 || !service.waiting.is_empty() || now < service.last_used + lifetime
        });
    }

    /// From now on no request is taken in or given out; what is at work may be answered.
    pub fn drain(&mut self) {
        self.draining = true;
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
        BrokerStatistics { workers: self.workers.len(), services: self.services.len(), ..self.counts }
    }

    /// How many workers serve this name, idle or busy, whatever version they speak.
    pub fn workers_of(&self, service: &[u8]) -> usize {
        let of =
            |version| self.services.get(&(version, service.to_vec())).map_or(0, |service| service.workers);
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
        name: Frame,
        request: Request,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        self.counts.requests += 1;
        if mmi::is_internal(&name) {
            let body = mmi::answer(self, &name, &request.body);
            self.counts.replies += 1;
            return out.push(command::reply(version, request.client, request.way, name, Share::Final, body));
        }
        if self.draining {
            self.counts.refused += 1;
            return;
        }
        let most = self.options.waiting_requests;
        let key = (version, name.to_vec());
        let Some(service) = self.service(&key, name, now).filter(|service| service.waiting.len() < most)
        else {
            self.counts.refused += 1;
            return;
        };
        service.waiting.push_back(request);
        self.counts.waiting += 1;
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
            (WorkerWord::Reply { share, client, body }, Some(worker)) if worker.works_for(&client) => {
                self.answer(version, from, share, body, now, out);
            }
            // READY again, or of a name that is the broker's; a beat or a reply of a stranger; a reply to nobody or to
            // somebody else.
            _ => self.expel(version, from, now, out),
        }
    }

    /// Passes a worker's answer on; after the final one it is idle.
    fn answer(
        &mut self,
        version: Version,
        from: Frame,
        share: Share,
        body: Vec<Frame>,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let Some(worker) = self.workers.get_mut(&from[..]) else { return };
        let Some(service) = self.services.get_mut(&worker.service) else { return };
        let Some(job) = worker.job.take() else { return };
        let (client, name) = (job.client.clone(), service.name.clone());
        if share == Share::Partial {
            out.push(command::reply(version, client, job.way.clone(), name, share, body));
            (worker.job, worker.began) = (Some(job), true);
            return;
        }
        out.push(command::reply(version, client, job.way, name, share, body));
        self.counts.replies += 1;
        self.counts.at_work -= 1;
        worker.place = self.next_place;
        self.next_place += 1;
        service.idle.insert(worker.place, from.to_vec());
        let key = worker.service.clone();
        self.dispatch(&key, now, out);
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
        let worker =
            Worker { address: from.clone(), service: key.clone(), expires, place, job: None, began: false };
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
        while !self.draining
            && !service.idle.is_empty()
            && let Some(mut request) = service.waiting.pop_front()
        {
            self.counts.waiting -= 1;
            if request.expires <= now {
                self.counts.expired += 1;
                continue;
            }
            let idle = service.idle.pop_first();
            let Some(worker) = idle.and_then(|(_, address)| self.workers.get_mut(&address)) else {
                service.waiting.push_front(request);
                self.counts.waiting += 1;
                continue;
            };
            request.attempts += 1;
            let (client, body) = (request.client.clone(), request.body.clone());
            out.push(command::order(key.0, worker.address.clone(), Order::Request { client, body }));
            (worker.job, worker.began) = (Some(request), false);
            self.counts.at_work += 1;
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
        self.counts.at_work -= usize::from(worker.job.is_some());
        match worker.job {
            None => drop(service.idle.remove(&worker.place)),
            Some(job) if worker.began || job.attempts >= self.options.attempts => self.counts.given_up += 1,
            Some(job) => {
                self.counts.repeated += 1;
                service.waiting.push_front(job);
                self.counts.waiting += 1;
                self.dispatch(&worker.service, now, out);
            }
        }
    }
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
