//! Knowing that publishers have read a subscription, rather than hoping so.

use crate::{
    peer::{Link, Peer},
    socket::core::Core,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::*},
    },
    time::{Duration, Instant},
};
use zeroxide_proto::connection::{Heartbeat, Version};

/// Numbers of receipts; one count for all sockets, so that none ever comes twice.
static RECEIPTS: AtomicU64 = AtomicU64::new(1);

impl Core {
    /// Waits until every endpoint that was connected to is up, at least one peer is there, and all of them have read what
    /// was said to them before this call. False if the time was over first, or the socket ended.
    pub(crate) fn confirm(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let number = RECEIPTS.fetch_add(1, Relaxed);
        let ttl = Heartbeat::new(&self.options.lock(), Version::V3_1, Instant::now()).ttl();
        let reached = || {
            // The I/O thread takes the answers in.
            self.seat.vacate();
            let peers = self.peers();
            let mut up = peers.iter().filter(|peer| peer.up.load(SeqCst)).peekable();
            // All are asked before anyone is waited for.
            up.peek().is_some() & up.fold(true, |all, peer| has_read(peer, number, ttl) & all)
                && self.is_connected_everywhere(&peers)
        };
        let ended = || !self.is_open();
        let wait = || if reached() { Some(true) } else { ended().then_some(false) };
        self.changed.wait(deadline, wait).unwrap_or(false)
    }
}

fn has_read(peer: &Arc<Peer>, number: u64, ttl: u16) -> bool {
    match &peer.link {
        Link::Wire(wire) => wire.receipt(number, ttl),
        // Another thread may be telling the publisher what this one booked.
        Link::Inproc(within) => within.is_silent(),
    }
}
