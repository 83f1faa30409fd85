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
//! A worker with a window is given requests ahead; it is idle when it has answered all of them.

use super::{
    BrokerOptions, BrokerStatistics,
    command::{self, Heard, Order, Share, Version, WorkerWord},
    mmi,
    staff::{Name, Request, Service, ServiceKey, Worker},
};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// Services by version and name.
#[derive(Debug, Default)]
struct Services([HashMap<Name, Service>; 2]);

impl Services {
    fn of(&self, version: Version) -> &HashMap<Name, Service> {
        let Self([first, second]) = self;
        if version == Version::V1 { first } else { second }
    }

    fn of_mut(&mut self, version: Version) -> &mut HashMap<Name, Service> {
        let Self([first, second]) = self;
        if version == Version::V1 { first } else { second }
    }

    fn get(&self, version: Version, name: &[u8]) -> Option<&Service> {
        self.of(version).get(name)
    }

    fn get_mut(&mut self, key: &ServiceKey) -> Option<&mut Service> {
        self.of_mut(key.0).get_mut(&key.1)
    }

    fn len(&self) -> usize {
        self.0.iter().map(HashMap::len).sum()
    }

    fn values(&self) -> impl Iterator<Item = &Service> {
        self.0.iter().flat_map(HashMap::values)
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Service> {
        self.0.iter_mut().flat_map(HashMap::values_mut)
    }

    fn retain(&mut self, mut keep: impl FnMut(&mut Service) -> bool) {
        self.0.iter_mut().for_each(|services| services.retain(|_, service| keep(service)));
    }
}

/// The rules of a Majordomo broker, for MDP 0.1 and 0.2 at once.
///
/// - A request goes to the worker of its service that has been idle longest, in the order of arrival. A worker has one at
///   a time, unless it asked for a window ([`WorkerOptions::window`](super::WorkerOptions::window)): then whoever has the
///   fewest gets the next.
/// - If a worker is lost with a request, the next one gets it, before all that wait; [`BrokerOptions::attempts`] bounds
///   that. A worker that died after its work was done has then done it for nothing: services are asked at least once,
///   unless [`BrokerOptions::once`] names them.
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
    services: Services,
    workers: HashMap<Name, Worker>,
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
            services: Services::default(),
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
        let silent: Vec<Name> = silent.map(|(address, _)| address.clone()).collect();
        for address in silent {
            self.counts.workers_lost += 1;
            self.remove(&address, now, out);
        }
        for worker in self.workers.values().filter(|worker| worker.jobs.is_empty()) {
            out.push(command::order(worker.service.0, worker.address.clone(), Order::Heartbeat));
        }
        let lifetime = self.options.service_lifetime;
        let counts = &mut self.counts;
        self.services.retain(|service| {
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
        self.services.values_mut().for_each(Service::desert);
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> BrokerStatistics {
        BrokerStatistics { workers: self.workers.len(), services: self.services.len(), ..self.counts }
    }

    /// How many workers serve this name, idle or busy, whatever version they speak.
    pub fn workers_of(&self, service: &[u8]) -> usize {
        let of = |version| self.services.get(version, service).map_or(0, |service| service.workers);
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
        let Some(service) = self.service(version, name, now).filter(|service| service.waiting.len() < most)
        else {
            self.counts.refused += 1;
            return;
        };
        service.waiting.push_back(request);
        let key = (version, Arc::clone(&service.key));
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
        let expires = now + self.patience();
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
            (WorkerWord::Disconnect, known) => {
                // It serves in order, and goes of its own will: what is behind the first was not begun.
                let jobs = known.into_iter().flat_map(|worker| worker.jobs.iter_mut().skip(1));
                jobs.for_each(|job| job.attempts -= 1);
                self.remove(&from, now, out);
            }
            (WorkerWord::Ready { service, window }, None) if !mmi::is_internal(&service) => {
                self.register(version, from, (service, window), now, out);
            }
            (WorkerWord::Reply { share, client, body }, Some(worker)) if worker.works_for(&client) => {
                self.answer(version, from, share, body, now, out);
            }
            // READY again, or of a name that is the broker's; a beat or a reply of a stranger; a reply to nobody or to
            // somebody else.
            _ => self.expel(version, from, now, out),
        }
    }

    /// Passes a worker's answer on; after the final one it takes another request.
    fn answer(
        &mut self,
        version: Version,
        from: Frame,
        share: Share,
        body: Vec<Frame>,
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let Some((address, _)) = self.workers.get_key_value(&from[..]) else { return };
        let address = Arc::clone(address);
        let Some(worker) = self.workers.get_mut(&address) else { return };
        let Some(service) = self.services.get_mut(&worker.service) else { return };
        let name = service.name.clone();
        if share == Share::Partial {
            let Some(job) = worker.jobs.front() else { return };
            out.push(command::reply(version, job.client.clone(), job.way.clone(), name, share, body));
            worker.began = true;
            return;
        }
        service.withdraw(worker);
        let Some(job) = worker.jobs.pop_front() else { return };
        out.push(command::reply(version, job.client, job.way, name, share, body));
        worker.began = false;
        self.counts.replies += 1;
        self.counts.at_work -= 1;
        self.next_place += 1;
        service.take_back(&address, worker, self.next_place);
        let key = worker.service.clone();
        self.dispatch(&key, now, out);
    }

    fn register(
        &mut self,
        version: Version,
        from: Frame,
        (name, window): (Frame, u16),
        now: Instant,
        out: &mut Vec<Message>,
    ) {
        let (full, expires) = (self.workers.len() >= self.options.workers, now + self.patience());
        self.next_place += 1;
        let place = self.next_place;
        let Some(service) = self.service(version, name, now).filter(|_| !full) else {
            return self.expel(version, from, now, out);
        };
        let (key, address) = ((version, Arc::clone(&service.key)), Name::from(&from[..]));
        let mut worker = Worker::new(from, key.clone(), window, expires);
        service.workers += 1;
        service.take_back(&address, &mut worker, place);
        self.workers.insert(address, worker);
        self.dispatch(&key, now, out);
    }

    /// How long a worker may be silent.
    fn patience(&self) -> Duration {
        self.options.heartbeat * self.options.liveness
    }

    /// The service of this name, a new one if there is room for it.
    fn service(&mut self, version: Version, name: Frame, now: Instant) -> Option<&mut Service> {
        if self.services.get(version, &name).is_none() {
            if self.services.len() >= self.options.services {
                return None;
            }
            let key = Name::from(&name[..]);
            let attempts = self.options.attempts_of(&name);
            let service = Service::new(name.clone(), Arc::clone(&key), attempts, now);
            self.services.of_mut(version).insert(key, service);
        }
        let service = self.services.of_mut(version).get_mut(&name[..])?;
        service.last_used = now;
        Some(service)
    }

    /// Hands out what waits for a service as long as somebody takes it.
    fn dispatch(&mut self, key: &ServiceKey, now: Instant, out: &mut Vec<Message>) {
        let Some(service) = self.services.get_mut(key) else { return };
        service.last_used = now;
        while !self.draining
            && service.somebody_is_free()
            && let Some(mut request) = service.waiting.pop_front()
        {
            self.counts.waiting -= 1;
            if request.expires <= now {
                self.counts.expired += 1;
                continue;
            }
            let free = service.next_free();
            let Some((address, worker)) = free.and_then(|address| {
                let worker = self.workers.get_mut(&address)?;
                Some((address, worker))
            }) else {
                service.waiting.push_front(request);
                self.counts.waiting += 1;
                continue;
            };
            request.attempts += 1;
            let (client, body) = (request.client.clone(), request.body.clone());
            out.push(command::order(key.0, worker.address.clone(), Order::Request { client, body }));
            worker.jobs.push_back(request);
            self.counts.at_work += 1;
            self.next_place += 1;
            service.take_back(&address, worker, self.next_place);
        }
    }

    /// Tells somebody to leave, and forgets it if it is known.
    fn expel(&mut self, version: Version, worker: Frame, now: Instant, out: &mut Vec<Message>) {
        self.counts.workers_expelled += 1;
        let address = worker.to_vec();
        out.push(command::order(version, worker, Order::Disconnect));
        self.remove(&address, now, out);
    }

    /// Forgets a worker. What it had not finished goes to others, before all that wait.
    fn remove(&mut self, address: &[u8], now: Instant, out: &mut Vec<Message>) {
        let Some(worker) = self.workers.remove(address) else { return };
        let Some(service) = self.services.get_mut(&worker.service) else { return };
        service.workers -= 1;
        service.last_used = now;
        service.withdraw(&worker);
        let mut began = worker.began;
        let left = worker.jobs.len();
        self.counts.at_work -= left;
        // The last goes to the head of the queue first, so that their order stays.
        for (place, job) in worker.jobs.into_iter().enumerate().rev() {
            if job.attempts >= service.attempts || (place == 0 && std::mem::take(&mut began)) {
                self.counts.given_up += 1;
            } else {
                self.counts.repeated += 1;
                service.waiting.push_front(job);
                self.counts.waiting += 1;
            }
        }
        if left > 0 {
            self.dispatch(&worker.service, now, out);
        }
    }
}

#[cfg(test)]
#[path = "broker_tests.rs"]
mod tests;
