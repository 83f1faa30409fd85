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
    io::shared::{Command, IoShared, SessionKey},
    peer::{Cargo, Peer},
    socket::core::Core,
    sync::Mutex,
};
use std::{
    io::{ErrorKind, IoSlice},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::*},
    },
    time::{Duration, Instant},
};
use zeroxide_net::{Interest, Stream};
use zeroxide_proto::{
    Batch, Command as WireCommand, Frame, Message,
    connection::{self, Decoder, Encoder, PONGS_QUEUED_MAX, ProtocolError, Sink},
};

/// Two writes by a sending thread within this time, with nothing received between, are a burst: from then on the
/// I/O thread writes, and what piles up meanwhile goes out in one call.
const BURST: Duration = Duration::from_micros(40);
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
    control: Mutex<Vec<Control>>,
    has_control: AtomicBool,
    receipts: Receipts,
    /// The I/O thread has been asked to drain the outbox and has not begun yet.
    scheduled: AtomicBool,
    /// Octets received so far: what heartbeats count, and what ends a burst.
    received: AtomicU64,
    interest: Mutex<Watch>,
    session: SessionKey,
    born: Instant,
    /// Nanoseconds from `born` to the end of the last write.
    last_write: AtomicU64,
}

/// Something to say between messages; turned into octets by whoever writes, in the version the peer speaks.
#[derive(Debug)]
pub(crate) enum Control {
    Ping {
        ttl: u16,
    },
    Pong(Vec<u8>),
    /// Asks for a sign that all said before has been read; see [`Receipts`].
    Receipt {
        number: u64,
        ttl: u16,
    },
    Subscription {
        topic: Frame,
        subscribe: bool,
    },
    /// A message for this connection only, before all that is queued: a greeting, a probe.
    Message(Message),
}

/// Whether the peer has read what was said to it. What is asked has a number; a PING carries it, and the PONG brings it
/// back. For a peer without PINGs it must do that the octets are written.
#[derive(Default)]
struct Receipts {
    asked: AtomicU64,
    got: AtomicU64,
}

#[derive(Default)]
struct Transmit {
    attached: Option<(Arc<Stream>, Encoder)>,
    /// What is being written: taken from the outbox, not counted by its limit any more.
    wire: connection::Wire,
    /// What control says; it goes out before `wire`.
    control: Vec<u8>,
    /// Octets of `control` followed by `wire` that are out.
    written: usize,
    /// Messages that the last connection did not take whole.
    unsent: Batch,
    blocked: bool,
    received_before: u64,
    /// The receipt that has come when `control` is written.
    receipt: Option<u64>,
}

struct Receive {
    stream: Arc<Stream>,
    decoder: Decoder,
    /// Read, but there was no room: waits for the inbox.
    overflow: Option<Batch>,
    /// The peer broke the protocol: nothing more is read.
    violation: Option<ProtocolError>,
}

/// What the kernel tells the I/O thread about this connection.
#[derive(Default)]
struct Watch {
    stream: Option<Arc<Stream>>,
    write: bool,
    /// Reading waits for the application to make room.
    paused: bool,
    /// A thread that waits in a receive call watches instead of the I/O thread.
    claimed: bool,
}

/// How a turn of writing ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Drained {
    /// Everything is out.
    Empty,
    /// The kernel takes no more now.
    Blocked,
    /// There is more; others get their turn first.
    Again,
    /// There is no connection.
    Detached,
    /// The connection is broken.
    Broken,
}

/// How a turn of reading ended.
#[derive(Debug)]
pub(crate) enum ReadOutcome {
    /// Nothing more is there now.
    Drained,
    /// More may be there; others get their turn first.
    Again,
    /// The inbox is full.
    Paused,
    /// No connection is attached.
    Detached,
    /// The peer closed.
    End,
    /// The operating system reports an error.
    Failed(ErrorKind),
    /// The peer broke the protocol.
    Violation(ProtocolError),
}

impl Wire {
    pub(crate) fn new(io: Arc<IoShared>, session: SessionKey) -> Self {
        Self {
            io,
            transmit: Mutex::default(),
            receive: Mutex::default(),
            control: Mutex::default(),
            has_control: AtomicBool::new(false),
            receipts: Receipts::default(),
            scheduled: AtomicBool::new(false),
            received: AtomicU64::new(0),
            interest: Mutex::default(),
            session,
            born: Instant::now(),
            last_write: AtomicU64::new(0),
        }
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

    /// Puts a connection under the link; it is registered with the poller for reading. `first` goes out before all else.
    /// Only the I/O thread reads it until [`Wire::open`].
    pub(crate) fn attach(&self, stream: &Arc<Stream>, decoder: Decoder, encoder: Encoder, first: Vec<u8>) {
        *self.receive.lock() =
            Some(Receive { stream: stream.clone(), decoder, overflow: None, violation: None });
        *self.interest.lock() = Watch::default();
        let mut transmit = self.transmit.lock();
        transmit.attached = Some((stream.clone(), encoder));
        transmit.control = first;
        transmit.blocked = false;
    }

    /// Lets whoever waits read the connection. What was read with the handshake, and what the rules deliver first, has to
    /// be in the inbox by then.
    pub(crate) fn open(&self, stream: &Arc<Stream>) {
        let mut watch = self.interest.lock();
        *watch = Watch { stream: Some(stream.clone()), claimed: false, ..*watch };
        let _ = match watch.interest() {
            Interest::READ => Ok(()),
            Interest::NONE => self.io.poller.remove(&**stream),
            interest => self.io.poller.modify(&**stream, self.session.0, interest),
        };
    }

    /// Takes the connection away. Messages that did not go out whole stay for the next one; says whether there was a
    /// connection, and how many messages stay.
    pub(crate) fn detach(&self) -> (bool, usize) {
        *self.interest.lock() = Watch::default();
        let mut transmit = self.transmit.lock();
        let attached = transmit.attached.take().is_some();
        let out = transmit.written.saturating_sub(transmit.control.len());
        let (left, _) = std::mem::take(&mut transmit.wire).into_unwritten(out);
        transmit.control.clear();
        transmit.written = 0;
        transmit.receipt = None;
        // What the connection before the last one left is older than what this one took.
        transmit.unsent.append(left);
        let waiting = transmit.unsent.messages();
        drop(transmit);
        self.control.lock().clear();
        *self.receive.lock() = None;
        self.receipts.asked.store(0, Release);
        self.receipts.got.store(0, Release);
        (attached, waiting)
    }

    /// Asks the I/O thread to end the connection.
    pub(crate) fn hang_up(&self) {
        self.io.command(Command::HangUp(self.session));
    }

    /// Asks the I/O thread to end the connection when all is written.
    pub(crate) fn finish(&self) {
        self.io.command(Command::Finish(self.session));
    }

    /// The other side in words, while the connection is up.
    pub(crate) fn peer_address(&self) -> Option<String> {
        self.interest.lock().stream.as_ref().map(|stream| stream.peer_address())
    }

    // -- writing

    /// Called after messages were appended to the outbox. Writes at once on an idle connection, and on a busy one that
    /// has as much as one system call takes; otherwise sees to it that the I/O thread will write.
    #[inline]
    pub(crate) fn kick(&self, peer: &Peer) {
        if self.scheduled.load(Relaxed) {
            self.write_or_report(peer);
        } else {
            self.kick_idle(peer);
        }
    }

    /// Whether a kick has nothing to do.
    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.scheduled.load(Relaxed)
    }

    fn kick_idle(&self, peer: &Peer) {
        let Some(mut transmit) = self.transmit.try_lock() else { return };
        if transmit.attached.is_none() || transmit.blocked {
            return;
        }
        let received = self.received.load(Relaxed);
        let burst = self.quiet_for() < BURST && received == transmit.received_before;
        if burst {
            drop(transmit);
            return self.schedule();
        }
        transmit.received_before = received;
        drop(transmit);
        self.write_or_report(peer);
    }

    /// As [`Wire::write_out`], for threads of the application: what is more than a turn, or the end of the connection,
    /// is left to the I/O thread.
    pub(crate) fn write_or_report(&self, peer: &Peer) {
        match self.write_out(peer) {
            Drained::Broken => self.io.command(Command::Broken(self.session)),
            Drained::Again => self.schedule(),
            Drained::Empty | Drained::Blocked | Drained::Detached => {}
        }
    }

    /// Time since anyone wrote.
    pub(crate) fn quiet_for(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_nanos(self.last_write.load(Relaxed)))
    }

    /// Asks the I/O thread to drain the outbox.
    pub(crate) fn schedule(&self) {
        if !self.scheduled.swap(true, AcqRel) {
            self.io.command(Command::Flush(self.session()));
        }
    }

    /// The I/O thread begins the drain it was asked for.
    pub(crate) fn begin_flush(&self) {
        self.scheduled.store(false, Release);
    }

    /// Writes until the outbox is empty or the kernel takes no more, if nobody else is at it.
    pub(crate) fn write_out(&self, peer: &Peer) -> Drained {
        loop {
            let Some(mut transmit) = self.transmit.try_lock() else { return Drained::Empty };
            let outcome = self.drain(&mut transmit, peer);
            self.last_write.store(self.born.elapsed().as_nanos() as u64, Relaxed);
            drop(transmit);
            match outcome {
                Drained::Empty if !peer.outbox.is_empty() || self.has_control.load(Acquire) => {}
                Drained::Blocked => {
                    self.watch(|watch| watch.write = true);
                    return outcome;
                }
                _ => return outcome,
            }
        }
    }

    /// The kernel has room again (called by the I/O thread).
    pub(crate) fn writable(&self, peer: &Peer) -> Drained {
        self.watch(|watch| watch.write = false);
        self.transmit.lock().blocked = false;
        self.write_out(peer)
    }

    /// Whether all that was sent has been handed to the kernel.
    pub(crate) fn is_drained(&self, peer: &Peer) -> bool {
        let transmit = self.transmit.lock();
        transmit.pending() == 0
            && transmit.unsent.is_empty()
            && peer.outbox.is_empty()
            && !self.has_control.load(Acquire)
    }

    fn drain(&self, transmit: &mut Transmit, peer: &Peer) -> Drained {
        for _ in 0..WRITES_PER_TURN {
            if transmit.attached.is_none() {
                return Drained::Detached;
            }
            if transmit.pending() == 0 && !self.refill(transmit, peer) {
                return Drained::Empty;
            }
            match transmit.write() {
                Ok(()) => {}
                Err(ErrorKind::WouldBlock) => {
                    transmit.blocked = true;
                    return Drained::Blocked;
                }
                Err(_) => {
                    transmit.blocked = true;
                    return Drained::Broken;
                }
            }
        }
        Drained::Again
    }

    /// Takes the next octets to write: what control has to say, and a batch of messages.
    fn refill(&self, transmit: &mut Transmit, peer: &Peer) -> bool {
        transmit.written = 0;
        transmit.control.clear();
        if let Some(number) = transmit.receipt.take() {
            self.note_receipt(number, peer);
        }
        let Some((_, encoder)) = &mut transmit.attached else { return false };
        if self.has_control.swap(false, AcqRel) {
            for control in std::mem::take(&mut *self.control.lock()) {
                let before = transmit.control.len();
                control.encode(encoder, &mut transmit.control);
                if let Control::Receipt { number, .. } = control
                    && transmit.control.len() == before
                {
                    transmit.receipt = Some(number);
                }
            }
        }
        let mut cargo = Cargo(std::mem::take(&mut transmit.wire).into_memory());
        if !transmit.unsent.is_empty() {
            cargo = Cargo(std::mem::take(&mut transmit.unsent));
        } else if peer.outbox.take_into(&mut cargo) {
            let _ = peer.outbox.credit(cargo.messages());
            if let Some(core) = peer.core.upgrade() {
                core.writable.notify_fenced();
            }
        }
        transmit.wire = encoder.encode(cargo.0);
        if transmit.pending() > 0 {
            return true;
        }
        // Nothing was to be said to a peer without PINGs: all that was before it is out.
        if let Some(number) = transmit.receipt.take() {
            self.note_receipt(number, peer);
        }
        false
    }

    // -- control

    /// Says something between messages, as soon as the connection takes it.
    pub(crate) fn control(&self, control: Control) {
        self.control.lock().push(control);
        self.has_control.store(true, Release);
        self.schedule();
    }

    /// Sees to it that a receipt of all that was said so far is asked for, by a number that grows; says whether it has
    /// come. One is under way at a time: whoever waits for another looks again when something changed.
    pub(crate) fn receipt(&self, number: u64, ttl: u16) -> bool {
        let got = self.receipts.got.load(Acquire);
        let asked = self.receipts.asked.load(Acquire);
        if asked < number && got >= asked {
            let ours = self.receipts.asked.compare_exchange(asked, number, AcqRel, Relaxed).is_ok();
            if ours {
                self.control(Control::Receipt { number, ttl });
            }
        }
        got >= number
    }

    fn note_receipt(&self, number: u64, peer: &Peer) {
        self.receipts.got.fetch_max(number, AcqRel);
        if let Some(core) = peer.core.upgrade() {
            core.changed.notify_fenced();
        }
    }

    /// PINGs of the peer that have not been answered yet; it may be sending them without reading the answers.
    fn pongs_waiting(&self) -> usize {
        self.control.lock().iter().filter(|control| matches!(control, Control::Pong(_))).count()
    }

    /// Sends a PING.
    pub(crate) fn ping(&self, ttl: u16) {
        self.control(Control::Ping { ttl });
    }

    // -- reading

    /// Reads what is there, in up to `turns` system calls, and hands it on.
    pub(crate) fn read(&self, peer: &Peer, scratch: &mut Vec<u8>, turns: usize) -> ReadOutcome {
        let Some(core) = peer.core.upgrade() else { return ReadOutcome::Detached };
        let mut guard = self.receive.lock();
        let Some(receive) = guard.as_mut() else { return ReadOutcome::Detached };
        for _ in 0..turns {
            if let Some(violation) = &receive.violation {
                return ReadOutcome::Violation(*violation);
            }
            if let Some(batch) = receive.overflow.take()
                && let Err(batch) = core.arrived(peer, batch)
            {
                receive.overflow = Some(batch);
                drop(guard);
                return self.pause(peer);
            }
            if must_wait(peer) {
                drop(guard);
                return self.pause(peer);
            }
            let target = receive.decoder.target(scratch);
            let room = target.capacity() - target.len();
            let count = match receive.stream.read(target) {
                Ok(0) => return ReadOutcome::End,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return ReadOutcome::Drained,
                Err(error) => return ReadOutcome::Failed(error.kind()),
            };
            self.advance(receive, &core, peer, scratch, count);
            if receive.overflow.is_none() && receive.violation.is_none() && count < room {
                return ReadOutcome::Drained;
            }
        }
        ReadOutcome::Again
    }

    /// Takes octets that were read before the connection was attached.
    pub(crate) fn feed(&self, peer: &Peer, octets: &[u8], scratch: &mut Vec<u8>) -> ReadOutcome {
        if !octets.is_empty()
            && let Some(core) = peer.core.upgrade()
            && let Some(receive) = self.receive.lock().as_mut()
        {
            receive.decoder.target(scratch).extend_from_slice(octets);
            self.advance(receive, &core, peer, scratch, octets.len());
        }
        self.read(peer, scratch, READS_PER_TURN)
    }

    /// Hands on what has just been read.
    fn advance(
        &self,
        receive: &mut Receive,
        core: &Arc<Core>,
        peer: &Peer,
        scratch: &mut Vec<u8>,
        count: usize,
    ) {
        self.received.store(self.received.load(Relaxed) + count as u64, Relaxed);
        let mut arrivals = Arrivals { core, peer, wire: self, overflow: None };
        receive.violation = receive.decoder.advance(scratch, &mut arrivals).err();
        receive.overflow = arrivals.overflow;
    }

    fn pause(&self, peer: &Peer) -> ReadOutcome {
        self.watch(|watch| (watch.paused, watch.claimed) = (true, false));
        if !must_wait(peer) {
            // The application made room between the refusal and the pause; its resume came too early.
            self.watch(|watch| watch.paused = false);
            return ReadOutcome::Again;
        }
        ReadOutcome::Paused
    }

    /// The application has made room in the inbox; says whether reading was paused.
    pub(crate) fn resume(&self) -> bool {
        let mut paused = false;
        self.watch(|watch| paused = std::mem::take(&mut watch.paused));
        if paused {
            // What had been read before the pause is in no kernel buffer: readiness alone would not bring it.
            self.io.command(Command::Read(self.session()));
        }
        paused
    }

    /// Whether reading waits for the application.
    pub(crate) fn is_paused(&self) -> bool {
        self.interest.lock().paused
    }

    /// A waiting thread watches for this connection from now on: the stream to watch. While reading is paused there is
    /// nothing to claim, for only the I/O thread will hear when it may go on.
    pub(crate) fn claim(&self) -> Option<Arc<Stream>> {
        self.watch(|watch| watch.claimed = !watch.paused);
        let watch = self.interest.lock();
        if watch.claimed { watch.stream.clone() } else { None }
    }

    /// The I/O thread watches again.
    pub(crate) fn unclaim(&self) {
        self.watch(|watch| watch.claimed = false);
    }

    /// Changes what the poller watches for, with a system call only if that really changes.
    fn watch(&self, change: impl FnOnce(&mut Watch)) {
        let mut watch = self.interest.lock();
        let before = watch.interest();
        change(&mut watch);
        let after = watch.interest();
        if before != after
            && let Some(stream) = &watch.stream
        {
            // With nothing to watch for, the stream leaves the poller: a hang-up would be reported all the same, again
            // and again. A failure means that the stream is being closed.
            let _ = match (before == Interest::NONE, after == Interest::NONE) {
                (true, _) => self.io.poller.add(&**stream, self.session.0, after),
                (false, true) => self.io.poller.remove(&**stream),
                (false, false) => self.io.poller.modify(&**stream, self.session.0, after),
            };
        }
    }
}

/// Whether reading has to wait for the application. After a close it has not: what comes is dropped, but PINGs are
/// answered and the peer's end is seen while the last messages go out.
fn must_wait(peer: &Peer) -> bool {
    !peer.inbox.has_room() && !peer.inbox.is_closed()
}

impl Watch {
    fn interest(&self) -> Interest {
        Interest::new(!self.paused && !self.claimed, self.write)
    }
}

impl Transmit {
    /// Octets that are still to be written of what was taken.
    fn pending(&self) -> usize {
        self.control.len() + self.wire.size() - self.written
    }

    /// One system call.
    fn write(&mut self) -> Result<(), ErrorKind> {
        let Some((stream, _)) = &self.attached else { return Err(ErrorKind::NotConnected) };
        let mut slices = [IoSlice::new(&[]); SEGMENTS];
        let mut used = 0;
        let mut skip = self.written;
        let runs = std::iter::once(&self.control[..]).chain(self.wire.segments());
        for run in runs {
            if skip >= run.len() {
                skip -= run.len();
                continue;
            }
            let Some(slot) = slices.get_mut(used) else { break };
            *slot = IoSlice::new(run.get(skip..).unwrap_or_default());
            skip = 0;
            used += 1;
        }
        let slices = slices.get(..used).unwrap_or_default();
        self.written += stream.write_vectored(slices).map_err(|error| error.kind())?;
        Ok(())
    }
}

impl Control {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) {
        match self {
            Self::Ping { ttl } => encoder.ping(*ttl, &[], out),
            Self::Pong(context) => encoder.pong(context, out),
            Self::Receipt { number, ttl } => encoder.ping(*ttl, &number.to_be_bytes(), out),
            Self::Subscription { topic, subscribe } => encoder.subscription(topic, *subscribe, out),
            Self::Message(message) => {
                let mut batch = Batch::new();
                batch.push_message(&[], message);
                encoder.encode(batch).segments().for_each(|segment| out.extend_from_slice(segment));
            }
        }
    }
}

/// Where the decoder's findings go.
struct Arrivals<'a> {
    core: &'a Arc<Core>,
    peer: &'a Peer,
    wire: &'a Wire,
    overflow: Option<Batch>,
}

impl Sink for Arrivals<'_> {
    fn messages(&mut self, batch: Batch) {
        match &mut self.overflow {
            Some(overflow) => overflow.append(batch),
            None => self.overflow = self.core.arrived(self.peer, batch).err(),
        }
    }

    fn command(&mut self, command: WireCommand<'_>) {
        match command {
            WireCommand::Ping { ttl, context } => {
                if self.wire.pongs_waiting() < PONGS_QUEUED_MAX {
                    self.wire.control(Control::Pong(context.to_vec()));
                }
                self.wire.io.command(Command::Pinged(self.wire.session(), ttl));
            }
            WireCommand::Pong(context) => {
                // An empty context answers a heartbeat.
                if let Ok(number) = context.try_into() {
                    self.wire.note_receipt(u64::from_be_bytes(number), self.peer);
                }
            }
            WireCommand::Subscribe(topic) => self.core.subscription(self.peer, topic, true),
            WireCommand::Cancel(topic) => self.core.subscription(self.peer, topic, false),
            _ => {}
        }
    }
}
