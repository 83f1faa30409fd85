//! One socket, whatever its type: rules under one lock, what has arrived under another.
//!
//! ```text
//!   send: rules.lock { route -> peer.outbox.push } -> kick the link
//!   recv: incoming.lock { fair queue -> batch.pop -> (rules.lock { accept }) }
//!   I/O:  arrived -> inbox.push_batch -> incoming.lock { activate } -> readable.notify
//! ```
//! Lock order: `incoming`, then `rules`, then a lane, a link or `reports`. No system call is made under `rules` or `incoming`.

use crate::{
    context::ContextInner,
    counters::Counters,
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    link::Control,
    moment::Moment,
    monitor::{Event, Monitors},
    nesting::{FIRST_VISITS, Nesting},
    origin::Origin,
    peer::{Cargo, Link, Other, Peer, Within, Word},
    seat::Seat,
    security::Authenticator,
    socket::{
        endpoints::Endpoints,
        incoming::{Incoming, Next, Sender},
    },
    sync::{Guard, Mutex, Waiters},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::*},
    },
};
use zeroxide_pipe::Lane;
use zeroxide_proto::{
    Batch, Frame, Limit, Loss, Machine, Message, Options, PeerId, Peers, SocketType,
    socket::{Effect, Facts, Refusal, Refused, Route, Upstream},
};

const OPEN: u8 = 0;
const TERMINATED: u8 = 1;
const CLOSED: u8 = 2;

/// The shared state of a socket.
pub(crate) struct Core {
    pub(crate) kind: SocketType,
    pub(crate) context: Arc<ContextInner>,
    pub(crate) options: Mutex<Options>,
    /// What accepted connections are told, until an option changes.
    accepting: Mutex<Option<Accepting>>,
    /// Peers that connected to this socket, over wires, and are through their handshake.
    pub(crate) guests: AtomicUsize,
    authenticator: Mutex<Option<Arc<dyn Authenticator>>>,
    pub(crate) endpoints: Mutex<Endpoints>,
    pub(crate) counters: Counters,
    pub(crate) monitors: Monitors,
    /// A message may be there, or the socket ended.
    pub(crate) readable: Waiters,
    /// A peer may have room, or the socket ended.
    pub(crate) writable: Waiters,
    /// Peers or subscriptions came or went.
    pub(crate) changed: Waiters,
    pub(crate) seat: Seat,
    pub(crate) nesting: Nesting,
    /// So many visits are still to be looked at, to see whether it is to be in a nest.
    pub(crate) visits: AtomicU8,
    /// Links that are up.
    pub(crate) connected: AtomicUsize,
    rules: Mutex<Rules>,
    /// The first peer there was; see [`Core::sole`].
    first: OnceLock<Arc<Peer>>,
    /// Its rules choose a peer with room for each message, and do nothing else.
    asks_nothing: bool,
    /// All that is sent goes to the first peer, which is the only one.
    sole: AtomicBool,
    incoming: Mutex<Incoming>,
    /// What an XPUB's rules report, in their order, on its way to `incoming`. Locked behind either.
    reports: Mutex<VecDeque<(PeerId, Message)>>,
    state: AtomicU8,
    conflate: AtomicBool,
    /// Nanoseconds that a blocked call polls before it sleeps.
    pub(crate) busy_wait: AtomicU64,
    needs_accept: AtomicBool,
    /// All that its rules do to what is received is to filter it by its first frame.
    filters: bool,
    /// What the filter lets through may have changed since this was another number.
    filter: AtomicU64,
    lock_step: bool,
    /// It has, or had, a peer in this process.
    pub(crate) has_within: AtomicBool,
    /// Whether to look again before sleeping in a receive, and in a send.
    pub(crate) before_recv: Moment,
    pub(crate) before_send: Moment,
}

struct Rules {
    machine: Machine,
    peers: Directory,
    targets: Vec<PeerId>,
    free: Vec<PeerId>,
    stage: Stage,
}

#[derive(Default)]
struct Directory(Vec<Option<Arc<Peer>>>);

impl Directory {
    #[inline]
    fn get(&self, peer: PeerId) -> Option<&Arc<Peer>> {
        self.0.get(peer.0 as usize)?.as_ref()
    }

    /// Whether this very peer is listed, and not another one under its number.
    fn lists(&self, peer: &Peer) -> bool {
        self.get(peer.id).is_some_and(|listed| std::ptr::eq(&**listed, peer))
    }
}

impl Peers for Directory {
    #[inline]
    fn has_room(&self, peer: PeerId) -> bool {
        self.get(peer).is_some_and(|peer| peer.outbox.has_room())
    }
}

mod connection;
mod effects;
mod membership;
mod passing;
mod receiving;
mod sending;
mod sending_many;
mod staging;

pub(crate) use connection::Accepting;
pub(crate) use effects::Booked;
use receiving::unlock;
use sending::kick;
use staging::Stage;

impl Core {
    pub(crate) fn new(kind: SocketType, context: Arc<ContextInner>, options: Options, random: u64) -> Self {
        let machine = Machine::new(kind, &options, random as u32);
        Self {
            kind,
            context,
            endpoints: Mutex::default(),
            counters: Counters::default(),
            monitors: Monitors::default(),
            readable: Waiters::new(),
            writable: Waiters::new(),
            changed: Waiters::new(),
            seat: Seat::default(),
            nesting: Nesting::default(),
            visits: AtomicU8::new(FIRST_VISITS),
            connected: AtomicUsize::new(0),
            state: AtomicU8::new(OPEN),
            conflate: AtomicBool::new(options.conflate),
            busy_wait: AtomicU64::new(0),
            needs_accept: AtomicBool::new(machine.needs_accept()),
            filters: kind == SocketType::Sub,
            filter: AtomicU64::new(0),
            lock_step: matches!(kind, SocketType::Req | SocketType::Rep),
            has_within: AtomicBool::new(false),
            before_recv: Moment::default(),
            before_send: Moment::default(),
            rules: Mutex::new(Rules {
                machine,
                peers: Directory::default(),
                targets: Vec::new(),
                free: Vec::new(),
                stage: Stage::default(),
            }),
            first: OnceLock::new(),
            asks_nothing: matches!(kind, SocketType::Push | SocketType::Dealer),
            sole: AtomicBool::new(false),
            incoming: Mutex::default(),
            reports: Mutex::default(),
            accepting: Mutex::default(),
            guests: AtomicUsize::new(0),
            authenticator: Mutex::default(),
            options: Mutex::new(options),
        }
    }

    /// The context is shut down: every call fails from now on.
    pub(crate) fn terminate(&self) {
        let _ = self.state.compare_exchange(OPEN, TERMINATED, SeqCst, SeqCst);
        self.wake_all();
    }

    /// The socket is closed; returns false if it was before.
    pub(crate) fn close(&self) -> bool {
        let first = self.state.swap(CLOSED, SeqCst) != CLOSED;
        self.wake_all();
        first
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Relaxed) == OPEN
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Relaxed) == CLOSED
    }

    #[inline]
    pub(crate) fn is_terminated(&self) -> bool {
        self.state.load(Relaxed) == TERMINATED
    }

    fn wake_all(&self) {
        self.readable.notify_fenced();
        self.writable.notify_fenced();
        self.changed.notify_fenced();
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        self.monitors.emit(0, event);
    }

    /// As [`Core::emit`], with the number that libzmq gives with the event.
    pub(crate) fn emit_with(&self, number: i64, event: impl FnOnce() -> Event) {
        self.monitors.emit(number, event);
    }
}

/// Links an inproc peer to its other end; does nothing the second time. `name` is what this side connected to.
pub(crate) fn join(peer: &Peer, core: &Arc<Core>, other: &Arc<Peer>, name: Option<&str>) {
    if let Link::Inproc(within) = &peer.link {
        let _ = within.other.set(Other {
            core: Arc::downgrade(core),
            peer: other.id,
            end: Arc::downgrade(other),
            name: name.map(str::to_owned),
        });
    }
}

/// A link within the process, not joined yet.
pub(crate) fn inproc_link() -> Link {
    Link::Inproc(Within::default())
}
