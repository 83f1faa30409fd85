//! One bound endpoint: accepts connections, and waits when the machine has no descriptors left.

use crate::{monitor::Event, socket::core::Core};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide_net::{AcceptError, AcceptFilter, Stream, groups};
use zeroxide_proto::security::Security;

/// How long accepting pauses when descriptors or memory are exhausted: a busy loop would help nobody.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// Connections taken in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// A listening socket of the operating system with what it lets in.
pub(crate) struct Listener {
    pub(crate) endpoint: String,
    pub(crate) door: zeroxide_net::Listener,
    /// Addresses that may connect; empty lets everyone.
    pub(crate) filters: Vec<AcceptFilter>,
    /// Processes, users and groups that may connect over ipc.
    pub(crate) peer_filter: IpcPeerFilter,
    /// Whether it was meant that others than this machine come without a mechanism.
    pub(crate) open_to_network: bool,
    /// When accepting goes on after a pause.
    pub(crate) paused_until: Option<Instant>,
}

/// Who may connect over ipc: a peer that any of the lists names. All empty lets everyone.
#[derive(Default)]
pub(crate) struct IpcPeerFilter {
    pub(crate) process_ids: Vec<u32>,
    pub(crate) user_ids: Vec<u32>,
    pub(crate) group_ids: Vec<u32>,
}

impl IpcPeerFilter {
    fn permits(&self, stream: &Stream) -> bool {
        if self.process_ids.is_empty() && self.user_ids.is_empty() && self.group_ids.is_empty() {
            return true;
        }
        // A peer that the system cannot name does not enter.
        stream.peer_credentials().ok().flatten().is_some_and(|peer| {
            self.process_ids.contains(&peer.process_id)
                || self.user_ids.contains(&peer.user_id)
                || self.group_ids.contains(&peer.group_id)
                || groups::list(&self.group_ids, peer.user_id).unwrap_or(false)
        })
    }
}

/// What a turn of accepting brought besides streams.
pub(crate) enum Turn {
    /// All that waited was taken.
    Done,
    /// Descriptors or memory are exhausted: try again at this time.
    Pause(Instant),
}

impl Listener {
    /// Takes waiting connections that may enter; each refusal or failure is an event.
    pub(crate) fn accept(
        &mut self,
        core: &Arc<Core>,
        security: &Security,
        now: Instant,
        mut entered: impl FnMut(Stream),
    ) -> Turn {
        // The mechanism may have been taken back since the bind, which was allowed for its sake.
        let open = self.open_to_network || !matches!(security, Security::Null);
        for _ in 0..ACCEPTS_PER_TURN {
            match self.door.accept() {
                Ok(stream) => match self.refusal(&stream, open) {
                    None => entered(stream),
                    Some(reason) => self.failed(core, reason.to_owned(), false),
                },
                Err(AcceptError::WouldBlock) => break,
                Err(AcceptError::Retry(_)) => {}
                Err(AcceptError::Exhausted(error) | AcceptError::Fatal(error)) => {
                    self.failed(core, error.to_string(), true);
                    return Turn::Pause(now + PAUSE);
                }
            }
        }
        Turn::Done
    }

    fn refusal(&self, stream: &Stream, open: bool) -> Option<&'static str> {
        match stream.peer_ip() {
            Some(ip) if !open && !ip.to_canonical().is_loopback() => Some(
                "it comes from the network, and there is no mechanism any more (see set_open_to_network)",
            ),
            Some(ip) => {
                let permitted =
                    self.filters.is_empty() || self.filters.iter().any(|filter| filter.permits(ip));
                (!permitted).then_some("the address is in no accept filter")
            }
            None => (!self.peer_filter.permits(stream))
                .then_some("the process, user or group is in no ipc filter"),
        }
    }

    fn failed(&self, core: &Arc<Core>, reason: String, paused: bool) {
        core.emit(|| Event::AcceptFailed { endpoint: self.endpoint.clone(), reason, paused });
    }
}
