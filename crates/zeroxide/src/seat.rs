//! Whoever waits, reads: a thread blocked in a receive takes the reading of its socket's connections over from the I/O
//! thread, so that a message reaches it without a hop.
//!
//! [`Tenure`] says who reads. While a reader is away the I/O thread ticks, more slowly the longer readers keep coming back, and takes
//! the reading back when it finds no activity since its last look: nothing may depend on the application calling in. When
//! every reader has waited for a tick (the kernel wakes it), or none is there, nobody ticks. Entering costs a system call a connection only where the I/O thread read before; a reader that
//! comes back in time keeps its claim, so a request-reply loop pays nothing. For sockets with more connections, and threads
//! with more sockets, there is the [nest](crate::nest).

use crate::{
    io::shared::Command,
    peer::Peer,
    reactor::{Visits, Watch},
    socket::core::Core,
    sync::Mutex,
};
use std::{
    sync::{
        Arc, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering::*},
    },
    task::Waker,
    time::{Duration, Instant},
};
use zeroxide_net::Stream;
use zeroxide_pipe::{Looked, Seen, Tenure};

/// How soon the I/O thread looks after readers that are away, at first.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// How soon it does when they kept coming back: each look costs somebody a piece of a core.
pub(crate) const SLOWEST_TICK: Duration = Duration::from_millis(8);
/// With more connections than this the I/O thread reads: polling a long list costs more than a hop.
pub(crate) const MOST_CONNECTIONS: usize = 8;

/// The one place from which a socket's connections are read by the application.
#[derive(Default)]
pub(crate) struct Seat {
    claims: Mutex<Claims>,
    tenure: Tenure,
    stale: AtomicBool,
    /// How often tasks come that have a reactor.
    pub(crate) tasks: Visits,
    /// What a reactor wakes: all who wait for a message.
    pub(crate) rouser: OnceLock<Waker>,
}

/// The connections that the holder of the seat watches.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) connections: Vec<Claim>,
    pub(crate) scratch: Vec<u8>,
    seen: Seen,
}

/// One connection of those.
pub(crate) struct Claim {
    pub(crate) peer: Arc<Peer>,
    /// What to watch; none while the connection is down, or while only the I/O thread may read it.
    pub(crate) stream: Option<Arc<Stream>>,
    /// So much came with the last read that a look for more will hardly be in vain.
    pub(crate) hot: bool,
    /// All that the kernel had was read the last time; what comes after that it will tell of.
    pub(crate) dry: bool,
    /// By which a task hears of this connection, where tasks wait for it.
    pub(crate) watch: Option<Box<dyn Watch>>,
}

impl Seat {
    /// Connections came or went; the holder looks again.
    pub(crate) fn links_changed(&self) {
        self.stale.store(true, Release);
    }

    /// Connections have changed, so that a thread that polls sits down anew; one that does not sit here, only if there
    /// are few enough of them.
    pub(crate) fn has_changed(&self, core: &Core, seated: bool) -> bool {
        self.stale.load(Relaxed) && (seated || core.connected.load(Relaxed) <= MOST_CONNECTIONS)
    }

    /// Takes the seat if it is free or was ours, and there are few enough connections. The guard is held while waiting.
    pub(crate) fn enter<'a>(&'a self, core: &Arc<Core>) -> Option<MutexGuard<'a, Claims>> {
        if core.connected.load(Relaxed) > MOST_CONNECTIONS {
            self.vacate();
            return None;
        }
        let mut claims = self.claims.try_take()?;
        // Before any claim is made, so that the I/O thread keeps an eye on the seat from then on.
        let first = self.tenure.sit();
        if (self.stale.swap(false, AcqRel) || first) && !claims.claim(core, first) {
            self.tenure.end();
            return None;
        }
        Some(claims)
    }

    /// The application has made room in the inbox of a connection that paused for it, and will ask for more in a moment:
    /// it gets the reading, as if it had sat down and got up again. No connection changes hands while the application is
    /// the slower side. False if the I/O thread has to go on as before.
    pub(crate) fn entrust(&self, core: &Arc<Core>, peer: &Peer) -> bool {
        let Some(wire) = peer.wire() else { return false };
        if core.is_nested() || core.connected.load(Relaxed) > MOST_CONNECTIONS {
            return false;
        }
        let Some(mut claims) = self.claims.try_take() else { return false };
        if self.tenure.is_free() || self.stale.swap(false, AcqRel) {
            wire.unpause();
            let first = self.tenure.go_away();
            if !claims.claim(core, first) {
                self.tenure.end();
                wire.unclaim();
                wire.ask_read();
                return true;
            }
        } else {
            let Some(claim) = claims.connections.iter_mut().find(|claim| std::ptr::eq(&*claim.peer, peer))
            else {
                return false;
            };
            wire.unpause();
            claim.stream = wire.claim();
            claim.dry = false;
        }
        if let Some(claim) = claims.connections.iter_mut().find(|claim| std::ptr::eq(&*claim.peer, peer)) {
            claim.hot = true;
        }
        self.tenure.visited();
        self.go_away(&claims);
        true
    }

    /// What an absent reader has claimed, for a look that does not wait.
    #[inline]
    pub(crate) fn claims_of_absent(&self) -> Option<MutexGuard<'_, Claims>> {
        if !self.tenure.seems_away() || self.stale.load(Relaxed) {
            return None;
        }
        let claims = self.claims.try_take()?;
        // The I/O thread may have taken them back between the two.
        self.tenure.is_away().then_some(claims)
    }

    /// Something came of that look.
    pub(crate) fn visited(&self) {
        self.tenure.visited();
    }

    /// The holder goes back to the application; `others_wait` for messages of the same socket.
    pub(crate) fn leave(&self, mut claims: MutexGuard<'_, Claims>, others_wait: bool) {
        if others_wait {
            // They are parked and would have to wait for a tick: the I/O thread takes over at once.
            claims.release();
            return self.tenure.end();
        }
        self.go_away(&claims);
    }

    fn go_away(&self, claims: &Claims) {
        self.tenure.go_away();
        if let Some(io) = claims.io() {
            io.tick();
        }
    }

    /// Gives the reading back to the I/O thread at once, if nobody sits here.
    pub(crate) fn vacate(&self) {
        if self.tenure.seems_away()
            && let Some(mut claims) = self.claims.try_take()
        {
            claims.release();
            self.tenure.end();
        }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.tenure.is_away()
    }

    /// The I/O thread looks: takes the reading back from a reader that did not return since the last look.
    pub(crate) fn look(&self, now: Instant, tick: Duration) -> Looked {
        let release = |claims: &mut MutexGuard<'_, Claims>| {
            claims.release();
            true
        };
        self.tenure.look(now, tick, || self.claims.try_take(), |claims| &mut claims.seen, release)
    }
}

impl Claims {
    /// Claims the connections of a socket anew; `first` if it had none. False if there are none, or too many.
    fn claim(&mut self, core: &Arc<Core>, first: bool) -> bool {
        let before = self.io().cloned();
        self.release();
        let peers: Vec<_> = core.peers().into_iter().filter(|peer| peer.wire().is_some()).collect();
        if peers.is_empty() || peers.len() > MOST_CONNECTIONS {
            return false;
        }
        let claim = |peer: Arc<Peer>| {
            let stream = peer.wire().and_then(|wire| wire.claim());
            Claim { peer, stream, hot: false, dry: false, watch: None }
        };
        self.connections.extend(peers.into_iter().map(claim));
        if let Some(io) = self.io()
            // When links changed, the first of them may be on another I/O thread now.
            && (first || before.is_none_or(|before| !Arc::ptr_eq(&before, io)))
        {
            io.command(Command::Claimed(Arc::downgrade(core)));
        }
        true
    }

    /// Whether there is one to read.
    pub(crate) fn any_up(&self) -> bool {
        self.connections.iter().any(|claim| claim.stream.is_some())
    }

    fn io(&self) -> Option<&Arc<crate::io::shared::IoShared>> {
        self.connections.first().and_then(|claim| claim.peer.wire()).map(|wire| wire.io())
    }

    fn release(&mut self) {
        for claim in self.connections.drain(..) {
            if let Some(wire) = claim.peer.wire() {
                wire.unclaim();
                if claim.hot {
                    // Some of it may have been read already and wait for room: the kernel would not tell.
                    wire.ask_read();
                }
            }
        }
    }
}
