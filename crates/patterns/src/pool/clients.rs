//! What a server knows of its clients: how much each has under way, and since when it has been silent. No sockets, no
//! clock.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use zeroxide::Frame;

/// How many threads work, and how much waits for them.
///
/// ```
/// use zeroxide::Frame;
/// use zeroxide_patterns::pool::PoolOptions;
/// // After the last answer to a request comes one that says so.
/// let options = PoolOptions { done: Some(Frame::from("done")), ..PoolOptions::default() };
/// assert_eq!(options.threads, 5);
/// ```
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// How many threads work. 5.
    pub threads: usize,
    /// How many requests of one client may be under way; further ones are dropped. 100.
    pub window: usize,
    /// How many requests may wait for a thread; further ones are dropped. 10,000.
    pub waiting_requests: usize,
    /// How long a request may wait for a thread. 30 s.
    pub request_lifetime: Duration,
    /// How long a client that is silent and has nothing under way is remembered. 2 s.
    pub client_lifetime: Duration,
    /// How many clients may be known at once; requests of others are dropped. 100,000.
    pub clients: usize,
    /// What is sent after the last answer to each request. Nothing.
    pub done: Option<Frame>,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            threads: 5,
            window: 100,
            waiting_requests: 10_000,
            request_lifetime: Duration::from_secs(30),
            client_lifetime: Duration::from_secs(2),
            clients: 100_000,
            done: None,
        }
    }
}

/// What a [`PoolServer`](super::PoolServer) has done, and what it holds.
///
/// ```
/// use zeroxide_patterns::pool::PoolStatistics;
/// assert_eq!(PoolStatistics::default().requests, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Requests that were accepted.
    pub requests: u64,
    /// Answers that were passed on.
    pub answers: u64,
    /// Requests that were dropped because their client, or all together, had too many under way.
    pub refused: u64,
    /// Requests that waited too long for a thread.
    pub expired: u64,
    /// Clients that are known now.
    pub clients: usize,
    /// Requests under way now.
    pub under_way: usize,
}

#[derive(Debug)]
struct Client {
    under_way: usize,
    last_heard: Instant,
}

#[derive(Debug)]
pub(super) struct Clients {
    options: PoolOptions,
    clients: HashMap<Vec<u8>, Client>,
    under_way: usize,
    next_tick: Instant,
    pub(super) counts: PoolStatistics,
}

impl Clients {
    pub(super) fn new(options: PoolOptions, now: Instant) -> Self {
        let next_tick = now + options.client_lifetime;
        Self { options, clients: HashMap::new(), under_way: 0, next_tick, counts: PoolStatistics::default() }
    }

    /// Whether a request of this client is accepted.
    pub(super) fn accept(&mut self, client: &[u8], now: Instant) -> bool {
        let known = self.clients.len();
        let room = self.under_way < self.options.waiting_requests + self.options.threads;
        let new = || known < self.options.clients;
        let accepted = match self.clients.get_mut(client) {
            Some(client) => {
                client.last_heard = now;
                let accepted = room && client.under_way < self.options.window;
                client.under_way += usize::from(accepted);
                accepted
            }
            None if room && new() => {
                self.clients.insert(client.to_vec(), Client { under_way: 1, last_heard: now });
                true
            }
            None => false,
        };
        let counter = if accepted { &mut self.counts.requests } else { &mut self.counts.refused };
        *counter += 1;
        self.under_way += usize::from(accepted);
        accepted
    }

    /// A request of this client is over.
    pub(super) fn finish(&mut self, client: &[u8]) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(client) = self.clients.get_mut(client) {
            client.under_way = client.under_way.saturating_sub(1);
        }
    }

    pub(super) fn next_tick(&self) -> Instant {
        self.next_tick
    }

    /// Forgets who is silent.
    pub(super) fn tick(&mut self, now: Instant) {
        if now < self.next_tick {
            return;
        }
        let lifetime = self.options.client_lifetime;
        self.next_tick = now + lifetime;
        self.clients.retain(|_, client| client.under_way > 0 || client.last_heard + lifetime > now);
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        PoolStatistics { clients: self.clients.len(), under_way: self.under_way, ..self.counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_a_window_and_all_together_have_a_bound() {
        let now = Instant::now();
        let options =
            PoolOptions { window: 2, waiting_requests: 2, threads: 1, clients: 2, ..PoolOptions::default() };
        let mut clients = Clients::new(options, now);
        assert_eq!([b"a", b"a", b"a"].map(|name| clients.accept(name, now)), [true, true, false]);
        assert!(clients.accept(b"b", now));
        assert!(!clients.accept(b"b", now), "all together");
        clients.finish(b"a");
        assert!(!clients.accept(b"c", now), "too many clients");
        assert!(clients.accept(b"b", now));
        assert_eq!((clients.statistics().requests, clients.statistics().refused), (4, 3));
    }

    #[test]
    fn the_table_is_empty_two_seconds_after_the_last_word() {
        let now = Instant::now();
        let mut clients = Clients::new(PoolOptions::default(), now);
        clients.accept(b"a", now);
        clients.accept(b"b", now);
        clients.finish(b"a");
        clients.tick(now + Duration::from_secs(2));
        assert_eq!(clients.statistics().clients, 1, "the other has something under way");
        clients.finish(b"b");
        clients.tick(now + Duration::from_secs(4));
        assert_eq!((clients.statistics().clients, clients.statistics().under_way), (0, 0));
    }
}
