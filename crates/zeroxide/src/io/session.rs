//! One connection from its first octet to its last, and for an outgoing endpoint all its connections.
//!
//! ```text
//!            .------------------------- retry timer --------------------------.
//!            v                                                                |
//!  Waiting -> Resolving -> Connecting -> (Proxying) -> Shaking -> Up -> lost -'
//!                                            ^                    |
//!                              accepted -----'                    v
//!                                                               Ending -> over
//! ```
//! Only its I/O thread touches a session. Everything that other threads may do to a connection goes through
//! [`Wire`](crate::link::Wire).

use crate::{
    io::{
        dialer::{Dialed, Dialer},
        shared::SessionKey,
    },
    peer::Peer,
    socket::core::Core,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide_net::{Interest, Socks, Stream};
use zeroxide_proto::{
    connection::{Handshake, Heartbeat},
    security::zap::Grant,
};

/// After the last octet is out, how long the peer may take to close its side before we do.
pub(crate) const LAST_WAIT: Duration = Duration::from_millis(250);
/// The same where a close would lose something, as far as the linger allows. Over tcp, as long as the peer's system has not taken
/// all: whatever the peer says then is answered by a reset, and the rest is gone. Over ipc, always: a unix socket that is closed on
/// one side is reported as hung up on the other, and a libzmq whose queues are full then never reads what is left there.
pub(crate) const LAST_WAIT_MOST: Duration = Duration::from_secs(30);

/// Sessions for which memory is fetched at once, and how much: somewhat more than so many connections come to hold here.
const TOGETHER: usize = 8;
const MEMORY: usize = 80 * 1024;

/// Another session is to come beside so many. The C library gives a thread that is not the first one its memory by the page, with
/// a system call for which every thread of the process has to stand still; what was asked for at once stays at hand.
pub(crate) fn make_room(sessions: usize) {
    if sessions % TOGETHER == TOGETHER - 1 {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(MEMORY)));
    }
}

/// One connection, or one outgoing endpoint.
pub(crate) struct Session {
    pub(crate) key: SessionKey,
    pub(crate) core: Arc<Core>,
    /// Outgoing sessions try again; accepted ones end.
    pub(crate) dialer: Option<Box<Dialer>>,
    /// The listener that accepted this connection.
    pub(crate) parent: Option<SessionKey>,
    pub(crate) endpoint: String,
    pub(crate) stage: Stage,
    /// It waits for others to be connected.
    pub(crate) queued: bool,
    /// What the poller watches for until the handshake is done.
    pub(crate) watched: Interest,
    /// The peer of the connection, or the one that waits for the next connection.
    pub(crate) peer: Option<Arc<Peer>>,
    /// Whether `peer` outlives its connections.
    pub(crate) keeps_peer: bool,
    /// The socket or the endpoint was closed: until then the outbox may still be written.
    pub(crate) linger_until: Option<Linger>,
    /// When the I/O thread was last asked to write, and how many times in a row within a burst.
    pub(crate) last_flush: Instant,
    pub(crate) heat: u32,
    /// It came in, is through its handshake, and counts among the peers of its socket.
    pub(crate) is_guest: bool,
}

/// How long unsent messages may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Linger {
    For(Instant),
    Ever,
}

/// Where a session stands.
pub(crate) enum Stage {
    Waiting { until: Option<Instant> },
    Resolving,
    Connecting { stream: Dialed, deadline: Option<Instant> },
    Proxying { stream: Arc<Stream>, socks: Box<Socks>, out: Vec<u8>, deadline: Option<Instant> },
    Shaking { stream: Arc<Stream>, shaking: Box<Shaking>, out: Vec<u8>, deadline: Option<Instant> },
    Up { stream: Arc<Stream>, heartbeat: Option<Box<Heartbeat>> },
    Ending { stream: Arc<Stream>, deadline: Option<Instant>, latest: Instant },
}

/// A handshake, and what it waits for.
pub(crate) struct Shaking {
    pub(crate) handshake: Handshake,
    /// What is known of a peer that was let in.
    pub(crate) grant: Option<Box<Grant>>,
    /// Somebody decides about the peer.
    pub(crate) asking: Option<Asking>,
}

/// A question under way. Until it is answered nothing is read.
pub(crate) struct Asking {
    /// Which of the session's connections it is about.
    pub(crate) number: u64,
    /// What had been read already.
    pub(crate) rest: Vec<u8>,
    /// Goes with the connection, so that nobody asks on for it.
    pub(crate) _wanted: Arc<()>,
}

impl Session {
    /// The stream of the current connection.
    pub(crate) fn stream(&self) -> Option<&Arc<Stream>> {
        match &self.stage {
            Stage::Waiting { .. } | Stage::Resolving | Stage::Connecting { .. } => None,
            Stage::Proxying { stream, .. }
            | Stage::Shaking { stream, .. }
            | Stage::Up { stream, .. }
            | Stage::Ending { stream, .. } => Some(stream),
        }
    }

    /// When this session has to do something even if nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let stage = match &self.stage {
            Stage::Waiting { until } => *until,
            Stage::Resolving => None,
            Stage::Connecting { deadline, .. }
            | Stage::Proxying { deadline, .. }
            | Stage::Shaking { deadline, .. } => *deadline,
            Stage::Up { heartbeat, .. } => heartbeat.as_ref().and_then(|heartbeat| heartbeat.deadline()),
            Stage::Ending { deadline, .. } => *deadline,
        };
        match (stage, self.linger_until) {
            (Some(stage), Some(Linger::For(linger))) => Some(stage.min(linger)),
            (None, Some(Linger::For(linger))) => Some(linger),
            (stage, _) => stage,
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.linger_until.is_some()
    }

    /// The other side in words, for events.
    pub(crate) fn peer_name(&self) -> String {
        self.stream().map(|stream| stream.peer_address()).unwrap_or_default()
    }
}
