//! Passing on, for proxies: what came from one socket's peers goes to another's, as it is where that can be.
//!
//! ```text
//!   batch by batch   inbox -> outbox          PULL or DEALER to a PUSH or DEALER with one peer: the octets that were
//!                                             read are the octets that are written, nothing is copied
//!   a run at a time  incoming.lock { pop ... } -> rules.lock { route, push ... } -> kick each peer once
//! ```
//! The caller asks how much there is room for first, and passes on no more than that.

use super::*;
use zeroxide_pipe::Rejected;

/// More than one pass moves.
const AMPLE: usize = 4096;

impl Core {
    /// Whether what is received is what the peers sent, frame by frame.
    pub(crate) fn hands_out_batches(&self) -> bool {
        matches!(self.kind, SocketType::Pull | SocketType::Dealer) && !self.needs_accept.load(Relaxed)
    }

    /// The one peer that gets everything that is sent, as it is, and for how many messages it has room.
    pub(crate) fn sole_taker(&self) -> Option<(Arc<Peer>, usize)> {
        if !matches!(self.kind, SocketType::Push | SocketType::Dealer)
            || self.conflate.load(Relaxed)
            || !self.is_open()
        {
            return None;
        }
        let peer = self.sole_peer()?;
        let room = peer.outbox.room();
        Some((peer, room))
    }

    /// For how many messages there is room, whoever they go to; may say less, but nothing only if there is none. Where a
    /// send never waits that is without bound.
    pub(crate) fn room(&self) -> usize {
        match self.kind {
            SocketType::Push | SocketType::Dealer if self.is_open() => {
                let rules = self.rules.lock();
                let rooms = rules.peers.0.iter().flatten().map(|peer| peer.outbox.room());
                rooms.fold(0, usize::saturating_add).min(AMPLE)
            }
            SocketType::Router | SocketType::Pub if !self.can_wait() => AMPLE,
            _ => usize::from(self.can_send()),
        }
    }

    /// Whether a send may find no room although there is some.
    fn can_wait(&self) -> bool {
        let options = self.options.lock();
        options.router_mandatory || options.xpub_nodrop
    }

    /// Takes out what one peer sent, all that is in hand of it, if that is messages and nothing else, and no more than
    /// `most`. With the octets of all bodies.
    pub(crate) fn take_batch(&self, most: usize) -> Option<(Batch, usize)> {
        if !self.is_open() {
            return None;
        }
        let mut incoming = self.lock_incoming();
        let taken = incoming.take_batch(most);
        unlock(incoming);
        taken
    }

    /// Queues a whole batch for a peer, whose room for it was found a moment ago; what did not fit is left in it.
    pub(crate) fn push_whole(&self, peer: &Arc<Peer>, batch: &mut Batch) -> Result<(), Rejected> {
        let mut cargo = Cargo(std::mem::take(batch));
        let pushed = peer.outbox.push_from(&mut cargo);
        *batch = cargo.0;
        let pushed = pushed?;
        if self.needs_kick(peer, pushed.dormant, pushed.sealed) {
            kick(peer);
        }
        Ok(())
    }
}
