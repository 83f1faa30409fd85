//! What other threads hold of an I/O thread: its poller, its bell, and the box for commands.

use crate::{
    io::{dialer::Dialer, listener::Listener, udp::UdpSession},
    nest::Nest,
    peer::Peer,
    socket::core::Core,
    sync::{Mutex, Waiters},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*},
    },
};
use zeroxide_net::{Poller, Ring};
use zeroxide_proto::{
    Limit,
    security::{Verdict, zap::Grant},
};

/// Names a session or a listener of one I/O thread; never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct SessionKey(pub(crate) u64);

impl SessionKey {
    /// The bell's own token in the poller.
    pub(crate) const BELL: Self = Self(u64::MAX);
}

/// What other threads ask of an I/O thread. Data never travels here.
pub(crate) enum Command {
    /// The outbox of a busy connection has something.
    Flush(SessionKey),
    /// Messages for several peers wait to be handed to their outboxes.
    HandOver(Weak<Core>),
    /// The inbox of a connection has room again.
    Read(SessionKey),
    /// A reader or writer on another thread found the connection ended.
    Broken(SessionKey),
    /// A PING with this time to live came.
    Pinged(SessionKey, u16),
    /// The peer of a connection met a limit, which is counted already.
    LimitMet(SessionKey, Limit),
    /// End one connection now.
    HangUp(SessionKey),
    /// End one connection when what is queued for it is written.
    Finish(SessionKey),
    /// Keep an outgoing connection up; the peer, where there already is one, waits for it.
    Dial { key: SessionKey, core: Arc<Core>, dialer: Box<Dialer>, peer: Option<Arc<Peer>> },
    /// Accept connections.
    Listen { key: SessionKey, core: Arc<Core>, listener: Box<Listener> },
    /// Look after a UDP socket.
    Udp { key: SessionKey, session: Box<UdpSession> },
    /// Close a listener and what it accepted, an outgoing connection, or a UDP socket.
    Release { key: SessionKey, done: Arc<Gate> },
    /// Open the gate: all that was asked before is done.
    Settled(Arc<Gate>),
    /// A socket was closed: let its connections linger and end.
    CloseSocket(Arc<Core>),
    /// The time is over: end everything now, and count what did not get out.
    Abandon,
    /// The names of an outgoing connection were looked up.
    Resolved(SessionKey, io::Result<Vec<SocketAddr>>),
    /// What was decided about the peer of a connection, by its number, and who the peer is.
    Verdict { session: SessionKey, number: u64, verdict: Verdict, grant: Option<Box<Grant>> },
    /// A thread claimed the reading of this socket's connections: see that they do not go unread when it is away.
    Claimed(Weak<Core>),
    /// Sockets have a nest, which this thread watches while nobody waits there.
    Nested(Weak<Nest>),
    /// End the thread.
    Stop,
}

/// One I/O thread, seen from outside.
pub(crate) struct IoShared {
    pub(crate) poller: Poller,
    pub(crate) ring: Arc<Ring>,
    /// Sessions and listeners of this thread.
    pub(crate) load: AtomicUsize,
    /// The thread wakes up by itself soon, to look after claimed connections.
    pub(crate) ticking: AtomicBool,
    commands: Mutex<Vec<Command>>,
    asleep: AtomicBool,
    next_key: AtomicU64,
}

impl IoShared {
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        let poller = Poller::new()?;
        let ring = Arc::new(Ring::new()?);
        poller.add(&*ring, SessionKey::BELL.0, zeroxide_net::Interest::READ)?;
        Ok(Arc::new(Self {
            poller,
            ring,
            load: AtomicUsize::new(0),
            ticking: AtomicBool::new(false),
            commands: Mutex::default(),
            asleep: AtomicBool::new(false),
            next_key: AtomicU64::new(0),
        }))
    }

    pub(crate) fn new_key(&self) -> SessionKey {
        SessionKey(self.next_key.fetch_add(1, Relaxed))
    }

    /// Puts a command in the box, and rings if the thread sleeps.
    ///
    /// The box's lock orders the two sides: either the thread's last look before it sleeps sees the command, or this
    /// call sees that it is asleep.
    pub(crate) fn command(&self, command: Command) {
        self.commands.lock().push(command);
        if self.asleep.load(Relaxed) {
            self.ring.ring();
        }
    }

    /// A reader is away from now on: the thread is to look after it.
    pub(crate) fn tick(&self) {
        if !self.ticking.load(SeqCst) {
            self.ticking.store(true, SeqCst);
            self.ring.ring();
        }
    }

    /// Takes all commands.
    pub(crate) fn take_commands(&self, into: &mut Vec<Command>) {
        std::mem::swap(&mut *self.commands.lock(), into);
    }

    /// The thread is about to sleep; false if there is something to do first.
    pub(crate) fn fall_asleep(&self) -> bool {
        self.asleep.store(true, Relaxed);
        if self.commands.lock().is_empty() {
            return true;
        }
        self.wake_up();
        false
    }

    pub(crate) fn wake_up(&self) {
        self.asleep.store(false, Relaxed);
    }
}

/// Opens once; whoever waits at it goes on.
#[derive(Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    opened: Waiters,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.open.store(true, SeqCst);
        self.opened.notify_fenced();
    }

    pub(crate) fn wait(&self) {
        self.opened.wait(None, || self.open.load(SeqCst).then_some(()));
    }
}
