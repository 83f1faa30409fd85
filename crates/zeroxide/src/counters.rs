//! What a socket has carried and lost, readable at any time without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use zeroxide_proto::{Limit, Loss};

/// Counts of one socket. Every message that is dropped is counted under its reason.
#[derive(Default, Debug)]
pub(crate) struct Counters {
    losses: [AtomicU64; Loss::ALL.len()],
    limits: [AtomicU64; Limit::ALL.len()],
    pub(crate) connections: AtomicU64,
    pub(crate) failed_handshakes: AtomicU64,
    pub(crate) denied_peers: AtomicU64,
    pub(crate) protocol_errors: AtomicU64,
    pub(crate) sleeps: AtomicU64,
}

impl Counters {
    pub(crate) fn lost(&self, reason: Loss, count: usize) {
        if count > 0
            && let Some(counter) = self.losses.get(reason as usize)
        {
            counter.fetch_add(count as u64, Relaxed);
        }
    }

    /// A blocked call is about to sleep.
    pub(crate) fn sleeps(&self) {
        self.sleeps.fetch_add(1, Relaxed);
    }

    pub(crate) fn met(&self, limit: Limit) {
        if let Some(counter) = self.limits.get(limit as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    fn limits(&self, limit: Limit) -> u64 {
        self.limits.get(limit as usize).map_or(0, |counter| counter.load(Relaxed))
    }

    pub(crate) fn losses(&self, reason: Loss) -> u64 {
        self.losses.get(reason as usize).map_or(0, |counter| counter.load(Relaxed))
    }
}

/// A reading of a socket's counters.
///
/// ```
/// use zeroxide::{Context, Loss, Router};
/// let context = Context::new();
/// let router = Router::new(&context)?;
/// router.send(["nobody", "hello"])?;
/// let seen = router.statistics();
/// assert_eq!(seen.lost_to(Loss::Unroutable), 1);
/// for (reason, count) in &seen.lost {
///     eprintln!("{count} messages were lost: {reason:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// Dropped messages, by reason; reasons with none are left out.
    pub lost: Vec<(Loss, u64)>,
    /// Connections that completed their handshake so far.
    pub connections: u64,
    /// Connections that failed in the handshake so far.
    pub failed_handshakes: u64,
    /// Peers that were not let in so far, by an authenticator or for the want of one; they are among the failed handshakes.
    pub denied_peers: u64,
    /// Connections dropped because the peer broke the protocol after the handshake.
    pub protocol_errors: u64,
    /// How often a blocking send or receive had to sleep so far; see [`Handle::set_busy_wait`](crate::Handle::set_busy_wait).
    pub sleeps: u64,
    /// How many peers met a limit, by limit; limits that nobody met are left out.
    pub limits: Vec<(Limit, u64)>,
}

impl Statistics {
    pub(crate) fn read(counters: &Counters) -> Self {
        let lost = Loss::ALL.into_iter().map(|reason| (reason, counters.losses(reason)));
        Self {
            lost: lost.filter(|(_, count)| *count > 0).collect(),
            connections: counters.connections.load(Relaxed),
            failed_handshakes: counters.failed_handshakes.load(Relaxed),
            denied_peers: counters.denied_peers.load(Relaxed),
            protocol_errors: counters.protocol_errors.load(Relaxed),
            sleeps: counters.sleeps.load(Relaxed),
            limits: Limit::ALL
                .into_iter()
                .map(|limit| (limit, counters.limits(limit)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }

    /// All dropped messages together.
    pub fn lost_in_all(&self) -> u64 {
        self.lost.iter().map(|(_, count)| count).sum()
    }

    /// Peers that met one limit.
    pub fn met(&self, limit: Limit) -> u64 {
        self.limits.iter().find(|(which, _)| *which == limit).map_or(0, |(_, count)| *count)
    }

    /// Messages dropped for one reason.
    pub fn lost_to(&self, reason: Loss) -> u64 {
        self.lost.iter().find(|(which, _)| *which == reason).map_or(0, |(_, count)| *count)
    }
}
