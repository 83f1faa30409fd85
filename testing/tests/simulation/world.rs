//! Hosts, cables and time.

use crate::cable::Cable;
use crate::ledger::Ledger;
use std::time::{Duration, Instant};
use zeroxide::{Context, simulation};

/// Turns without time going on: more is a loop that never comes to rest.
const MOST_ROUNDS: usize = 100_000;

/// Everything there is, at one moment.
pub(crate) struct World {
    pub(crate) hosts: Vec<Context>,
    pub(crate) cables: Vec<Cable>,
    pub(crate) ledger: Ledger,
    pub(crate) answers: Ledger,
    now: Instant,
    start: Instant,
}

impl World {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let start = Instant::now();
        simulation::set_time(Some(start));
        Self {
            hosts: Vec::new(),
            cables: Vec::new(),
            ledger: Ledger::default(),
            answers: Ledger::default(),
            now: start,
            start,
        }
    }

    /// One more host.
    pub(crate) fn host(&mut self, seed: u64) -> usize {
        self.hosts.push(Context::builder().simulated(seed).build());
        self.hosts.len() - 1
    }

    /// Everything happens that needs no time.
    pub(crate) fn settle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let hosts: usize = self.hosts.iter().map(simulation::turn).sum();
            let cables: usize = self.cables.iter_mut().map(|cable| cable.pump(self.now)).sum();
            for octets in self.cables.iter_mut().flat_map(|cable| cable.discarded.drain(..)) {
                self.ledger.discarded(&octets);
                self.answers.discarded(&octets);
            }
            if hosts + cables == 0 {
                return;
            }
        }
        panic!("no rest: something goes on and on without time");
    }

    /// Time goes on, from one thing that is due to the next.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        loop {
            let hosts = self.hosts.iter().filter_map(simulation::next_due);
            let due = hosts.chain(self.cables.iter().filter_map(Cable::next_due));
            // What is due and does not go on waits for somebody else, who moves it.
            let due = due.filter(|due| *due > self.now).min();
            self.now = due.unwrap_or(end).min(end);
            simulation::set_time(Some(self.now));
            self.settle();
            if self.now >= end {
                return;
            }
        }
    }

    /// Time goes on until this is so, at most so long.
    pub(crate) fn pass_until(&mut self, most: Duration, mut reached: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + most;
        loop {
            if reached(self) {
                return true;
            }
            if self.now >= end {
                return false;
            }
            self.pass(Duration::from_millis(20));
        }
    }

    /// Time since the beginning.
    pub(crate) fn age(&self) -> Duration {
        self.now - self.start
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.hosts.clear();
        simulation::set_time(None);
    }
}
