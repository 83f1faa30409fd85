//! Whoever waits, reads: a thread blocked in a receive takes the reading of its socket's connections over from the I/O
//! thread, so that a message reaches it without a hop.
//!
//! ```text
//!   FREE --enter--> WAITING --leave--> AWAY --enter--> WAITING ...
//!     ^                                  |
//!     '---- the I/O thread's tick -------'   the reader did not come back within a tick or two
//! ```
//! Entering costs a system call a connection only from FREE; a reader that comes back in time keeps its claim, so a
//! request-reply loop pays nothing. While a reader is AWAY the I/O thread ticks, more slowly the longer readers keep
//! coming back, and takes the reading back when it finds no activity since its last look: nothing may depend on the application calling in. When every reader is
//! WAITING (the kernel wakes it) or FREE, nobody ticks.

use crate::{io::shared::Command, peer::Peer, socket::core::Core, sync::Mutex};
use std::{
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::*},
    },
    time::{Duration, Instant},
};
use zeroxide_net::Stream;

/// How soon the I/O thread looks after readers that are away, at first.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// How soon it does when they kept coming back: each look costs somebody a piece of a core.
pub(crate) const SLOWEST_TICK: Duration = Duration::from_millis(8);
/// With more connections than this the I/O thread reads: polling a long list costs more than a hop.
const MOST_CONNECTIONS: usize = 8;

const FREE: u8 = 0;
const WAITING: u8 = 1;
const AWAY: u8 = 2;

/// The one place from which a socket's connections are read by the application.
#[derive(Default)]
pub(crate) struct Seat {
    claims: Mutex<Claims>,
    state: AtomicU8,
    visits: AtomicU64,
    stale: AtomicBool,
}

/// The connections that the holder of the seat watches.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) peers: Vec<Arc<Peer>>,
    pub(crate) streams: Vec<Option<Arc<Stream>>>,
    pub(crate) scratch: Vec<u8>,
    seen_visits: u64,
    last_look: Option<Instant>,
}

/// What the I/O thread found.
pub(crate) struct Looked {
    /// The reader is away: look again soon.
    pub(crate) needs_tick: bool,
    /// It came back since the last look.
    pub(crate) came_back: bool,
    /// There may be claims to look after.
    pub(crate) keep: bool,
}

impl Seat {
    /// Connections came or went; the holder looks again.
    pub(crate) fn links_changed(&self) {
        self.stale.store(true, Release);
    }

    /// Takes the seat if it is free or was ours, and there are few enough connections. The guard is held while waiting.
    pub(crate) fn enter<'a>(&'a self, core: &Arc<Core>) -> Option<MutexGuard<'a, Claims>> {
        let mut claims = self.claims.try_lock()?;
        // Before any claim is made, so that the I/O thread keeps an eye on the seat from then on.
        let first = self.state.swap(WAITING, SeqCst) == FREE;
        self.visits.fetch_add(1, Relaxed);
        if self.stale.swap(false, AcqRel) || first {
            let before = claims.io().cloned();
            claims.release();
            let peers: Vec<_> = core.peers().into_iter().filter(|peer| peer.wire().is_some()).collect();
            if peers.is_empty() || peers.len() > MOST_CONNECTIONS {
                self.state.store(FREE, SeqCst);
                return None;
            }
            claims.streams = peers.iter().map(|peer| peer.wire().and_then(|wire| wire.claim())).collect();
            claims.peers = peers;
            if let Some(io) = claims.io()
                // When links changed, the first of them may be on another I/O thread now.
                && (first || before.is_none_or(|before| !Arc::ptr_eq(&before, io)))
            {
                io.command(Command::Claimed(Arc::downgrade(core)));
            }
        }
        Some(claims)
    }

    /// The holder goes back to the application; `others_wait` for messages of the same socket.
    pub(crate) fn leave(&self, mut claims: MutexGuard<'_, Claims>, others_wait: bool) {
        if others_wait {
            // They are parked and would have to wait for a tick: the I/O thread takes over at once.
            claims.release();
            return self.state.store(FREE, SeqCst);
        }
        self.state.store(AWAY, SeqCst);
        if let Some(io) = claims.io()
            && !io.ticking.load(SeqCst)
        {
            io.ticking.store(true, SeqCst);
            io.ring.ring();
        }
    }

    /// Gives the reading back to the I/O thread at once, if nobody sits here.
    pub(crate) fn vacate(&self) {
        if self.state.load(Relaxed) == AWAY
            && let Some(mut claims) = self.claims.try_lock()
        {
            claims.release();
            self.state.store(FREE, SeqCst);
        }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.state.load(SeqCst) == AWAY
    }

    /// The I/O thread looks: takes the reading back from a reader that did not return since the last look.
    pub(crate) fn look(&self, now: Instant, tick: Duration) -> Looked {
        match self.state.load(SeqCst) {
            FREE => return Looked { needs_tick: false, came_back: false, keep: false },
            WAITING => return Looked { needs_tick: false, came_back: false, keep: true },
            _ => {}
        }
        let Some(mut claims) = self.claims.try_lock() else {
            return Looked { needs_tick: true, came_back: false, keep: true };
        };
        if claims.last_look.is_some_and(|last| now.saturating_duration_since(last) < tick) {
            return Looked { needs_tick: true, came_back: false, keep: true };
        }
        claims.last_look = Some(now);
        let visits = self.visits.load(Relaxed);
        if std::mem::replace(&mut claims.seen_visits, visits) != visits {
            return Looked { needs_tick: true, came_back: true, keep: true };
        }
        claims.last_look = None;
        claims.release();
        self.state.store(FREE, SeqCst);
        Looked { needs_tick: false, came_back: false, keep: false }
    }
}

impl Claims {
    fn io(&self) -> Option<&Arc<crate::io::shared::IoShared>> {
        self.peers.first().and_then(|peer| peer.wire()).map(|wire| wire.io())
    }

    fn release(&mut self) {
        for wire in self.peers.iter().filter_map(|peer| peer.wire()) {
            wire.unclaim();
        }
        self.peers.clear();
        self.streams.clear();
    }
}
