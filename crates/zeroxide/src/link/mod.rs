//! A connection's two halves, and who may use them.
//!
//! The *writer token* (`transmit`) belongs to whoever is writing: the sending thread on an idle connection, the I/O
//! thread on a busy one. The *reader's lock* (`receive`) belongs to whoever waits: a thread blocked in a receive, or
//! the I/O thread. Both may always be taken; who is *woken* by the kernel is a matter of `interest` alone.
//!
//! ```text
//!   sender:  append to outbox   then  try the token   -> got it: drain, release, look again
//!                                                     -> busy:   the holder looks again after it releases
//! ```
//! The outbox's own lock orders the two: either the holder's last look sees the message, or the sender sees the token
//! free. No message stays behind, and no fence is needed.

use crate::{
    clock,
    io::shared::{Command, IoShared, SessionKey},
    peer::{Cargo, Peer},
    socket::core::Core,
    sync::Mutex,
};
use std::{
    collections::VecDeque,
    io::{ErrorKind, IoSlice},
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::*},
    },
    time::{Duration, Instant},
};
use zeroxide_net::{Interest, Stream};
use zeroxide_proto::{
    Batch, Command as WireCommand, Frame, Limit, Message,
    connection::{self, Decoder, Encoder, PONGS_QUEUED_MAX, ProtocolError, Sink},
    socket::Upstream,
};

/// Two writes by a sending thread within this time, with nothing received between, are a burst: from then on the
/// I/O thread writes, and what piles up meanwhile goes out in one call.
const BURST: Duration = Duration::from_micros(15);
/// Segments handed to one system call.
const SEGMENTS: usize = 64;
/// Writes to one connection before others get their turn.
const WRITES_PER_TURN: usize = 32;
/// Reads of one connection before others get their turn.
pub(crate) const READS_PER_TURN: usize = 8;
/// Octets dropped at once while a connection ends.
pub(crate) const READ_SIZE: usize = 64 * 1024;

/// The link of a peer over a connection of the operating system.
pub(crate) struct Wire {
    io: Arc<IoShared>,
    transmit: Mutex<Transmit>,
    receive: Mutex<Option<Receive>>,
    control: Mutex<VecDeque<Control>>,
    has_control: AtomicBool,
    /// See [`Wire::in_order`].
    keeps_order: bool,
    receipts: Receipts,
    /// The I/O thread has been asked to drain the outbox and has not begun yet.
    scheduled: AtomicBool,
    /// The kernel took no more: the I/O thread will hear when it does. Written under `transmit`.
    blocked: AtomicBool,
    /// It took no more for longer than a sender cares to wait; see [`Wire::write_through`].
    stalled: AtomicBool,
    /// Octets received so far: what heartbeats count, and what ends a burst.
    received: AtomicU64,
    interest: Mutex<Watch>,
    session: SessionKey,
    born: Instant,
    /// Nanoseconds from `born` to the end of the last write.
    last_write: AtomicU64,
}

mod control;
mod datagrams;
mod interest;
mod reading;
mod through;
mod writing;

pub(crate) use control::Control;
use control::{Receipts, take_messages, tell_senders};
pub(crate) use datagrams::Datagrams;
use interest::Watch;
pub(crate) use reading::ReadOutcome;
use reading::Receive;
pub(crate) use through::MOMENT;
pub(crate) use writing::Drained;
use writing::Transmit;

impl Wire {
    pub(crate) fn new(io: Arc<IoShared>, session: SessionKey) -> Self {
        Self {
            io,
            transmit: Mutex::default(),
            receive: Mutex::default(),
            control: Mutex::default(),
            has_control: AtomicBool::new(false),
            keeps_order: false,
            receipts: Receipts::default(),
            scheduled: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            received: AtomicU64::new(0),
            interest: Mutex::default(),
            session,
            born: clock::now(),
            last_write: AtomicU64::new(0),
        }
    }

    /// Has subscriptions keep their place among the messages that are sent, as an XSUB has to: it sends both.
    pub(crate) fn in_order(self, keeps_order: bool) -> Self {
        Self { keeps_order, ..self }
    }

    pub(crate) fn io(&self) -> &Arc<IoShared> {
        &self.io
    }

    pub(crate) fn session(&self) -> SessionKey {
        self.session
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Puts a connection under the link; it is registered with the poller for reading. Nobody writes it until
    /// [`Wire::begin`], and only the I/O thread reads it until [`Wire::feed`].
    pub(crate) fn attach(&self, stream: &Arc<Stream>, decoder: Decoder) {
        *self.receive.take() = Some(Receive {
            stream: stream.clone(),
            decoder,
            overflow: None,
            violation: None,
            is_open: false,
        });
        *self.interest.lock() = Watch::default();
    }

    /// Lets whoever sends write the connection. `first` goes out before all else. What the rules say to a new connection
    /// has to be booked by then: queued messages, and those of senders who come now, go out behind it.
    pub(crate) fn begin(&self, stream: &Arc<Stream>, encoder: Encoder, first: Vec<u8>) {
        let mut transmit = self.transmit.take();
        transmit.attached = Some((stream.clone(), encoder));
        transmit.first = first;
        self.blocked.store(false, Relaxed);
        self.stalled.store(false, Relaxed);
    }

    /// Lets whoever waits read the connection. What was read with the handshake, and what the rules deliver first, has to
    /// be in the inbox by then.
    pub(crate) fn open(&self, stream: &Arc<Stream>) {
        let mut watch = self.interest.lock();
        (watch.stream, watch.claimed) = (Some(stream.clone()), false);
        self.change_interest(stream, Interest::READ, watch.interest());
    }

    /// Takes the connection away. Messages that did not go out whole stay for the next one; says whether there was a
    /// connection, and how many messages stay.
    pub(crate) fn detach(&self, peer: &Peer) -> (bool, usize) {
        self.forget_stream();
        let mut transmit = self.transmit.take();
        let attached = transmit.attached.take().is_some();
        let out = transmit.written.saturating_sub(transmit.control.len());
        let (left, _) = std::mem::take(&mut transmit.wire).into_unwritten(out);
        transmit.first.clear();
        transmit.control.clear();
        transmit.written = 0;
        transmit.receipt = None;
        // What the connection before the last one left is older than what this one took.
        transmit.unsent.append(left);
        let room = self.forget_said(&mut transmit.unsent, peer);
        let waiting = transmit.unsent.messages();
        drop(transmit);
        if room {
            tell_senders(peer);
        }
        *self.receive.take() = None;
        self.receipts.asked.store(0, Release);
        self.receipts.got.store(0, Release);
        (attached, waiting)
    }

    /// Has the I/O thread, which knows the connection by name, say that its peer met a limit.
    pub(crate) fn tell_of_limit(&self, limit: Limit) {
        self.io.command(Command::LimitMet(self.session, limit));
    }

    /// Asks the I/O thread to end the connection.
    pub(crate) fn hang_up(&self) {
        self.io.command(Command::HangUp(self.session));
    }

    /// Asks the I/O thread to end the connection when all is written.
    pub(crate) fn finish(&self) {
        self.io.command(Command::Finish(self.session));
    }
}
