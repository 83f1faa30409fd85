//! Knowing that publishers have read a subscription, rather than hoping so.

use crate::{
    clock,
    peer::{Link, Peer},
    socket::core::Core,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::*},
};
use zeroxide_proto::connection::{Heartbeat, Version};

/// Numbers of receipts; one count for all sockets, so that none ever comes twice.
static RECEIPTS: AtomicU64 = AtomicU64::new(1);

impl Core {
    /// A question to ask again whenever this socket changed: is every endpoint that was connected to up, is at least one
    /// peer there, and have all of them read what was said to them before this call?
    pub(crate) fn confirmation(&self) -> impl FnMut() -> bool {
        let number = RECEIPTS.fetch_add(1, Relaxed);
        let ttl = Heartbeat::new(&self.options.lock(), Version::V3_1, clock::now()).ttl();
        move || {
            // The I/O thread takes the answers in.
            self.seat.vacate();
            self.leave_nest();
            let peers = self.peers();
            let mut up = peers.iter().filter(|peer| peer.up.load(SeqCst)).peekable();
            // All are asked before anyone is waited for.
            up.peek().is_some() & up.fold(true, |all, peer| has_read(peer, number, ttl) & all)
                && self.is_connected_everywhere(&peers)
        }
    }
}

fn has_read(peer: &Arc<Peer>, number: u64, ttl: u16) -> bool {
    match &peer.link {
        Link::Wire(wire) => wire.receipt(number, ttl),
        // Another thread may be telling the publisher what this one booked.
        Link::Inproc(within) => within.is_silent(),
        // Nobody can be asked.
        Link::Udp(_) => true,
    }
}
