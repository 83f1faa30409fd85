//! Whoever waits, writes: a sender that is kept waiting by one connection waits for the kernel itself, and writes what is
//! queued when it takes more.
//!
//! ```text
//!   the queue is full, the kernel takes nothing -> watch the connection instead of the I/O thread -> write -> there is room
//!                                                  `- timeout, signal, anything else: the I/O thread watches again
//! ```
//! Left to the I/O thread the two would wake each other for every batch, and a third thread would want a processor where
//! sender and receiver have one each.

use crate::{
    blocking::{Interrupted, Signals},
    peer::Peer,
    socket::core::Core,
};
use std::{io, sync::Arc, time::Instant};
use zeroxide_net::{PollFd, PollFlags, Ring, Stream, wait_fds, wait_fds_interruptible};

/// The only peer of a socket, whose queue is full because the kernel takes nothing: this thread watches for room.
pub(crate) struct FullPeer {
    peer: Arc<Peer>,
    stream: Arc<Stream>,
}

impl FullPeer {
    /// Takes the watch from the I/O thread, if it is one connection that keeps the caller waiting.
    pub(crate) fn of(core: &Core) -> Option<Self> {
        let peer = core.sole_peer()?;
        if peer.outbox.has_room() {
            return None;
        }
        let stream = peer.wire()?.claim_writing()?;
        Some(Self { peer, stream })
    }

    /// Waits until the kernel takes more, and writes; or for the bell. False: the time is over.
    ///
    /// # Errors
    /// A signal came.
    pub(crate) fn write_or_wait(
        self,
        bell: &Ring,
        signals: Signals,
        deadline: Option<Instant>,
    ) -> Result<bool, Interrupted> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut fds = [PollFd::new(bell, PollFlags::IN), PollFd::new(&*self.stream, PollFlags::OUT)];
        let wait = if signals == Signals::End { wait_fds_interruptible } else { wait_fds };
        let waited = wait(&mut fds, left);
        let [rung, takes_more] = fds.map(|fd| !fd.revents().is_empty());
        match waited {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(Interrupted),
            // Out of memory, say: whoever waits looks again.
            Err(_) => return Ok(true),
        }
        if rung {
            bell.hush();
        }
        if takes_more && let Some(wire) = self.peer.wire() {
            wire.writable_or_report(&self.peer);
        }
        Ok(true)
    }
}

impl Drop for FullPeer {
    fn drop(&mut self) {
        if let Some(wire) = self.peer.wire() {
            wire.unclaim_writing();
        }
    }
}
