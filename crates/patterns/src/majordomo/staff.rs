//! What a broker knows of services, of workers, and of what they are at.

use super::command::Version;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};
use zeroxide::Frame;

/// The address of a client or a worker: what a ROUTER knows it by. Also the name of a service.
pub(super) type Name = Arc<[u8]>;

/// Services of the two versions do not meet: partial replies cannot be passed on to a client of 0.1.
pub(super) type ServiceKey = (Version, Name);

#[derive(Debug)]
pub(super) struct Request {
    pub(super) client: Frame,
    /// What stands between the client and the empty frame, for the reply.
    pub(super) way: Vec<Frame>,
    pub(super) body: Vec<Frame>,
    pub(super) expires: Instant,
    pub(super) attempts: u32,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: Frame,
    pub(super) key: Name,
    pub(super) waiting: VecDeque<Request>,
    /// Workers that take another request: those with the fewest first, and of these whoever has been so longest.
    free: BTreeMap<(usize, u64), Name>,
    /// How many workers may be given one of its requests.
    pub(super) attempts: u32,
    pub(super) workers: usize,
    pub(super) last_used: Instant,
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) address: Frame,
    pub(super) service: ServiceKey,
    pub(super) expires: Instant,
    /// How many requests it takes ahead, the one it works at included.
    window: usize,
    /// What it has not answered yet, in the order in which it was given.
    pub(super) jobs: VecDeque<Request>,
    /// A part of the answer to the first has been passed on.
    pub(super) began: bool,
    /// Its place among those of its service that have as much to do.
    place: u64,
}

impl Service {
    pub(super) fn new(name: Frame, key: Name, attempts: u32, now: Instant) -> Self {
        let (waiting, free) = (VecDeque::new(), BTreeMap::new());
        Self { name, key, waiting, free, attempts, workers: 0, last_used: now }
    }

    pub(super) fn somebody_is_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// Takes out who is to have the next request; it comes back by [`Service::take_back`] if it takes more.
    pub(super) fn next_free(&mut self) -> Option<Name> {
        self.free.pop_first().map(|(_, address)| address)
    }

    /// A worker is as busy as it is now, and so is last of those who are.
    pub(super) fn take_back(&mut self, address: &Name, worker: &mut Worker, place: u64) {
        worker.place = place;
        if worker.jobs.len() < worker.window {
            self.free.insert(worker.rank(), Arc::clone(address));
        }
    }

    /// Takes a worker out, which is about to be changed or to leave.
    pub(super) fn withdraw(&mut self, worker: &Worker) {
        self.free.remove(&worker.rank());
    }

    /// Nobody works for it any more.
    pub(super) fn desert(&mut self) {
        self.free.clear();
        self.workers = 0;
    }
}

impl Worker {
    pub(super) fn new(address: Frame, service: ServiceKey, window: u16, expires: Instant) -> Self {
        let window = usize::from(window);
        Self { address, service, expires, window, jobs: VecDeque::new(), began: false, place: 0 }
    }

    /// Whether its next answer is for this client: it answers in the order in which it was asked.
    pub(super) fn works_for(&self, client: &Frame) -> bool {
        self.jobs.front().is_some_and(|job| job.client == *client)
    }

    fn rank(&self) -> (usize, u64) {
        (self.jobs.len(), self.place)
    }
}
