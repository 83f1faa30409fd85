//! What a broker waits for and how much it holds, and what it has done.

use std::time::Duration;

/// What a [`Broker`](super::Broker) waits for, and how much it holds.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::majordomo::BrokerOptions;
/// // A worker that is silent for three seconds is gone, and its request goes to another, unless it was one to pay.
/// let options = BrokerOptions {
///     heartbeat: Duration::from_secs(1),
///     once: vec!["payment".into()],
///     ..BrokerOptions::default()
/// };
/// assert_eq!((options.liveness, options.attempts), (3, 3));
/// ```
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// How often an idle worker is told that the broker lives. 2.5 s; workers have to beat as often.
    pub heartbeat: Duration,
    /// After so many heartbeats without a word a worker is gone. 3.
    pub liveness: u32,
    /// How many workers may be given a request, one after the other lost with it. 3.
    pub attempts: u32,
    /// The services that must not be given a request twice: for these it is one worker, whatever `attempts` says. None. What
    /// a client repeats itself is another request; Titanic's [`once`](crate::titanic::TitanicOptions::once) and
    /// [`Once`](super::Once) see to that.
    pub once: Vec<String>,
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
    /// How long a broker that is told to stop waits for the answers of those that are at work. 5 s.
    pub drain: Duration,
}

impl BrokerOptions {
    /// How many workers may be given a request to this service.
    pub(super) fn attempts_of(&self, service: &[u8]) -> u32 {
        if self.once.iter().any(|once| once.as_bytes() == service) { 1 } else { self.attempts }
    }
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(2500),
            liveness: 3,
            attempts: 3,
            once: Vec::new(),
            request_lifetime: Duration::from_secs(30),
            waiting_requests: 10_000,
            services: 10_000,
            workers: 100_000,
            service_lifetime: Duration::from_secs(60),
            drain: Duration::from_secs(5),
        }
    }
}

/// What a [`Broker`](super::Broker) has done, and what it holds.
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
    /// Requests that were dropped because too many waited, too many services were asked for, or the broker was about to
    /// go.
    pub refused: u64,
    /// Requests that waited too long for a worker.
    pub expired: u64,
    /// Requests that were lost with as many workers as may be tried, or with one that had begun to answer.
    pub given_up: u64,
    /// Workers that were silent for too long, or whose connection has ended.
    pub workers_lost: u64,
    /// Workers that were told to leave, because they said what they may not say at that point.
    pub workers_expelled: u64,
    /// Messages that are no command.
    pub malformed: u64,
    /// Workers that are registered now.
    pub workers: usize,
    /// Services that are known now: those with workers or waiting requests, and those that had some not long ago.
    pub services: usize,
    /// Requests that wait for a worker now.
    pub waiting: usize,
    /// Requests that a worker is at now.
    pub at_work: usize,
}

impl BrokerStatistics {
    crate::figures::figures!(
        requests,
        replies,
        repeated,
        refused,
        expired,
        given_up,
        workers_lost,
        workers_expelled,
        malformed,
        workers,
        services,
        waiting,
        at_work
    );
}
