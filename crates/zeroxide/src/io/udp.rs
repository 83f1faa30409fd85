//! UDP sockets of an I/O thread: no handshake, no connection, nothing to lose but datagrams.

use super::{
    run::Loop,
    session::Linger,
    shared::{Command, SessionKey},
};
use crate::{
    link::{Datagrams, Drained},
    monitor::Event,
    peer::{Link, Peer},
    socket::core::Core,
};
use std::sync::{Arc, atomic::Ordering::*};
use zeroxide_proto::Loss;

/// A UDP socket and whose it is.
pub(crate) struct UdpSession {
    pub(crate) core: Arc<Core>,
    pub(crate) peer: Arc<Peer>,
    pub(crate) endpoint: String,
    /// Whether it receives; a RADIO only sends.
    pub(crate) bound: bool,
    /// The endpoint or its socket was closed, and messages still wait.
    pub(crate) closing: bool,
}

impl UdpSession {
    fn link(&self) -> Option<&Datagrams> {
        match &self.peer.link {
            Link::Udp(link) => Some(link),
            Link::Wire(_) | Link::Inproc(_) => None,
        }
    }
}

impl Loop {
    pub(crate) fn udp_begins(&mut self, key: SessionKey, session: UdpSession) {
        self.udp.insert(key, session);
    }

    /// Something has come, or the kernel has room again.
    pub(crate) fn udp_ready(&mut self, key: SessionKey, readable: bool, writable: bool) {
        let Some(session) = self.udp.get(&key) else { return };
        let Some(link) = session.link() else { return };
        if readable && session.bound {
            link.read(&session.peer, &mut self.scratch);
        }
        if writable {
            let outcome = link.writable(&session.peer);
            self.udp_written(key, outcome);
        }
    }

    /// A sender left more than its turn.
    pub(crate) fn udp_flush(&mut self, key: SessionKey) {
        let Some(session) = self.udp.get(&key) else { return };
        let Some(link) = session.link() else { return };
        let outcome = link.write_out(&session.peer);
        self.udp_written(key, outcome);
    }

    fn udp_written(&mut self, key: SessionKey, outcome: Drained) {
        match outcome {
            Drained::Again => self.shared.command(Command::Flush(key)),
            _ if self.udp.get(&key).is_some_and(|session| session.closing) => self.udp_end_if_drained(key),
            _ => {}
        }
    }

    /// The endpoint or its socket was closed: what is queued may still go out while it lingers.
    pub(crate) fn udp_close(&mut self, key: SessionKey) {
        let Some(session) = self.udp.get(&key) else { return };
        let linger = self.linger(&session.core);
        let Some(session) = self.udp.get_mut(&key) else { return };
        session.closing = true;
        session.core.retire(&session.peer);
        if let Linger::For(until) = linger {
            self.timers.set(key, Some(until));
        }
        self.udp_flush(key);
        self.udp_end_if_drained(key);
    }

    fn udp_end_if_drained(&mut self, key: SessionKey) {
        let Some(session) = self.udp.get(&key) else { return };
        if !session.link().is_some_and(|link| link.has_unsent(&session.peer)) {
            self.udp_over(key);
        }
    }

    /// Closes the socket, whatever still waits.
    pub(crate) fn udp_over(&mut self, key: SessionKey) {
        let Some(session) = self.udp.remove(&key) else { return };
        self.timers.set(key, None);
        let UdpSession { core, peer, endpoint, bound, .. } = &session;
        let unsent = session.link().map_or(0, Datagrams::close);
        core.counters.lost(Loss::Linger, unsent + peer.outbox.drain().messages);
        core.link_down(peer, false);
        core.detach(peer, Loss::Linger);
        if *bound {
            core.emit(|| Event::Closed { endpoint: endpoint.clone() });
        }
        self.shared.load.fetch_sub(1, Relaxed);
        self.shutdown.session_over();
    }

    pub(crate) fn udp_close_all_of(&mut self, core: &Arc<Core>) {
        let owned = self.udp.iter().filter(|(_, session)| Arc::ptr_eq(&session.core, core));
        let keys: Vec<_> = owned.map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.udp_close(key));
    }

    pub(crate) fn udp_abandon(&mut self) {
        let keys: Vec<_> = self.udp.keys().copied().collect();
        keys.into_iter().for_each(|key| self.udp_over(key));
    }
}
