//! What a [`Peering`](super::Peering) waits for and holds, and what it has done.

use crate::balance::BalancerOptions;
use std::time::Duration;
use zeroxide::Frame;

/// What a peering broker waits for, and how much it holds.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::peering::PeeringOptions;
/// // Peers of the Guide's tell their state only when it changes.
/// let options = PeeringOptions { state_age: Duration::from_secs(3600), ..PeeringOptions::default() };
/// assert_eq!(options.local.attempts, 1);
/// ```
#[derive(Clone, Debug)]
pub struct PeeringOptions {
    /// The rules of the own cluster: its workers, what waits for them, how long and how often a request is tried.
    /// `attempts` counts peers as well as workers.
    pub local: BalancerOptions,
    /// How often peers are told how many workers are free, even if nothing has changed. 1 s.
    pub beat: Duration,
    /// How often they are told at most, when it changes all the time. 1 ms. They are told sooner when they have sent as
    /// many requests as they were told that there are workers.
    pub pace: Duration,
    /// For so long what a peer said is believed. 3 s.
    pub state_age: Duration,
    /// How long a peer may be over one request. 60 s.
    pub export_limit: Duration,
    /// How many requests of peers wait for a worker; further ones are dropped. 1,000.
    pub waiting_imports: usize,
    /// How many peers there may be. 1,000.
    pub peers: usize,
}

impl Default for PeeringOptions {
    fn default() -> Self {
        Self {
            local: BalancerOptions::default(),
            beat: Duration::from_secs(1),
            pace: Duration::from_millis(1),
            state_age: Duration::from_secs(3),
            export_limit: Duration::from_secs(60),
            waiting_imports: 1_000,
            peers: 1_000,
        }
    }
}

/// What is known of a peer.
///
/// ```
/// # use std::time::Instant;
/// # use zeroxide::{Frame, Message};
/// # use zeroxide_patterns::peering::{Peering, PeeringOptions};
/// let now = Instant::now();
/// let mut broker = Peering::new("DC1", PeeringOptions::default(), 1, now);
/// broker.add_peer(&Frame::from("DC2"), now, &mut Vec::new());
/// broker.from_state(&Frame::from("DC2"), &Message::from(["DC2", "5"]), now, &mut Vec::new());
/// assert_eq!((broker.statistics().peers[0].capacity, broker.statistics().peers[0].is_heard), (5, true));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PeerState {
    /// Its name.
    pub name: Frame,
    /// How many requests it takes, as far as that is believed.
    pub capacity: u64,
    /// Whether it has said so lately.
    pub is_heard: bool,
    /// How many requests it has now.
    pub working: u64,
}

/// What a peering broker has done, and what it holds.
///
/// ```
/// use zeroxide_patterns::peering::PeeringStatistics;
/// assert_eq!(PeeringStatistics::default().exported, 0);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PeeringStatistics {
    /// Requests that clients of this cluster sent.
    pub requests: u64,
    /// Replies that they were sent.
    pub replies: u64,
    /// Requests that were sent to peers.
    pub exported: u64,
    /// Requests that peers sent.
    pub imported: u64,
    /// Replies that peers were sent.
    pub returned: u64,
    /// Requests that could not be sent to the peer they were for, and stayed here.
    pub unsent: u64,
    /// Requests that were tried once more, because a worker or peer was lost with them.
    pub repeated: u64,
    /// Requests that were refused because too many waited, or because the broker was ending.
    pub refused: u64,
    /// Requests that waited too long.
    pub expired: u64,
    /// Requests that were lost with as many workers and peers as may be tried.
    pub given_up: u64,
    /// Workers that were silent, or over one request, for too long.
    pub workers_lost: u64,
    /// How often a peer fell silent.
    pub peers_lost: u64,
    /// Replies to nobody, or from somebody who does not have the request (any more).
    pub stray: u64,
    /// Messages without a meaning.
    pub malformed: u64,
    /// Workers that are registered now.
    pub workers: usize,
    /// How many requests they would take now.
    pub free: u64,
    /// Requests that workers or peers have now.
    pub working: usize,
    /// Requests that wait now.
    pub waiting: usize,
    /// The peers, by name.
    pub peers: Vec<PeerState>,
}

impl PeeringStatistics {
    /// Each figure with its name, for whoever prints them.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let heard = self.peers.iter().filter(|peer| peer.is_heard).count();
        [
            ("requests", self.requests),
            ("replies", self.replies),
            ("exported", self.exported),
            ("imported", self.imported),
            ("returned", self.returned),
            ("unsent", self.unsent),
            ("repeated", self.repeated),
            ("refused", self.refused),
            ("expired", self.expired),
            ("given_up", self.given_up),
            ("workers_lost", self.workers_lost),
            ("peers_lost", self.peers_lost),
            ("stray", self.stray),
            ("malformed", self.malformed),
            ("workers", self.workers as u64),
            ("free", self.free),
            ("working", self.working as u64),
            ("waiting", self.waiting as u64),
            ("peers", self.peers.len() as u64),
            ("peers_heard", heard as u64),
        ]
        .into_iter()
    }
}
