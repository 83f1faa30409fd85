//! The blocking face: how a thread waits in a send or a receive.
//!
//! A waiting receiver sits down in the socket's [`Seat`](crate::seat::Seat) and reads the connections itself; where the
//! seat is taken, or there are too many connections, it waits in a [nest](crate::nest), or parks and the I/O thread reads.
//! A sender at the high-water mark first helps: it writes what is queued; only then does it park.

use crate::{
    busy::Look,
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    full_peer::FullPeer,
    io::shared::Command,
    link::{ReadOutcome, Wire},
    peer::Peer,
    rest,
    seat::{Claim, Claims, MOST_CONNECTIONS},
    socket::core::Core,
};
use std::{
    cell::{Cell, RefCell},
    io,
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Waker,
    time::{Duration, Instant},
};
use zeroxide_net::{PollFd, PollFlags, Ring, wait_fds, wait_fds_interruptible};
use zeroxide_pipe::ThreadParker;
pub(crate) use zeroxide_pipe::{Interrupted, Signals};
use zeroxide_proto::Message;

/// A read that brought so many octets is followed by another one, rather than by the question whether there are more.
const MUCH: u64 = 4 * 1024;

/// Until when a call may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    None,
    Until(Instant),
    Endless,
}

impl Patience {
    /// From a timeout option: none is for ever, zero is not at all.
    pub(crate) fn from_timeout(timeout: Option<Duration>) -> Self {
        match timeout {
            None => Self::Endless,
            Some(Duration::ZERO) => Self::None,
            Some(timeout) => Instant::now().checked_add(timeout).map_or(Self::Endless, Self::Until),
        }
    }

    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Until(deadline) => Some(deadline),
            Self::None | Self::Endless => None,
        }
    }
}

type Bell = (Arc<Ring>, Waker);

thread_local! {
    /// The descriptor by which a thread that waits for connections can be woken; made when first needed.
    static BELL: RefCell<Option<Bell>> = const { RefCell::new(None) };
}

thread_local! {
    /// The sockets that this thread waited for last, by their address, the latest in front.
    static FREQUENTED: Cell<[usize; FAVOURITES]> = const { Cell::new([0; FAVOURITES]) };
}

/// With more sockets than this that a thread waits for in turn, it leaves the reading to the I/O thread: each would be
/// claimed and given back again between two visits.
const FAVOURITES: usize = 4;

/// Whether this thread waited for this socket not long ago. From now on it did.
fn is_frequented(core: &Arc<Core>) -> bool {
    let place = Arc::as_ptr(core) as usize;
    let visit = |recent: &Cell<[usize; FAVOURITES]>| {
        let mut places = recent.get();
        let known = places.iter().position(|known| *known == place);
        if known != Some(0) {
            if let Some(newer) = places.get_mut(..=known.unwrap_or(FAVOURITES - 1)) {
                newer.rotate_right(1);
            }
            if let Some(first) = places.first_mut() {
                *first = place;
            }
            recent.set(places);
        }
        known.is_some()
    };
    FREQUENTED.try_with(visit).unwrap_or(false)
}

/// The bell of this thread: the descriptor to poll, and what rings it. `None` if there is no descriptor for it.
pub(crate) fn bell() -> Option<Bell> {
    let known = |bell: &RefCell<Option<Bell>>| {
        let mut bell = bell.try_borrow_mut().ok()?;
        if bell.is_none() {
            let ring = Arc::new(Ring::new().ok()?);
            *bell = Some((ring.clone(), Waker::from(ring)));
        }
        bell.clone()
    };
    BELL.try_with(known).ok().flatten()
}

/// In a child process: the bell is the parent's too, so this thread needs another one. The old one stays open, because
/// what it is registered with is the parent's.
pub(crate) fn forget_bell() {
    let forget = |bell: &RefCell<Option<Bell>>| bell.try_borrow_mut().ok().and_then(|mut bell| bell.take());
    std::mem::forget(BELL.try_with(forget));
}

/// A receive that does not wait.
pub(crate) trait Attempt<R>: Fn(&Core) -> Result<R, RecvError> + Copy {}
impl<R, F: Fn(&Core) -> Result<R, RecvError> + Copy> Attempt<R> for F {}

impl Core {
    /// Receives, waiting as long as `patience` says.
    pub(crate) fn recv(self: &Arc<Self>, patience: Patience) -> Result<Message, RecvError> {
        self.recv_by(patience, Self::try_recv)
    }

    /// Receives with what [`Core::recv`] or a call like it tries, waiting as long as `patience` says.
    pub(crate) fn recv_by<R>(
        self: &Arc<Self>,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Result<R, RecvError> {
        self.note_visit();
        match attempt(self) {
            Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => {
                self.recv_waiting(Signals::Ignored, patience, attempt)
            }
            done => done,
        }
    }

    /// What [`Core::recv_by`] does after an attempt that found nothing; a signal may end it.
    pub(crate) fn recv_waiting<R>(
        self: &Arc<Self>,
        signals: Signals,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Result<R, RecvError> {
        if matches!(patience, Patience::None) {
            return Err(RecvError { socket: self.kind, cause: RecvErrorCause::WouldBlock });
        }
        if self.has_within.load(Relaxed)
            && let Some(done) = self.before_recv.look(|| self.attempt(attempt))
        {
            return done;
        }
        // Whoever minds signals sleeps at once: one that came between two looks would not be heard of.
        let busy = if signals == Signals::Ignored { self.busy_until(patience) } else { None };
        loop {
            let seated = if !self.is_nested() && is_frequented(self) {
                bell().and_then(|bell| Some((bell, self.seat.enter(self)?)))
            } else {
                None
            };
            let outcome = match seated {
                Some((bell, mut claims)) => {
                    let outcome = match self.look_until(busy, Some(&mut claims), || self.attempt(attempt)) {
                        Look::Found(done) => Some(done),
                        Look::Changed => None,
                        Look::Over => self.recv_seated(&mut claims, &bell, signals, patience, attempt),
                    };
                    self.seat.leave(claims, self.readable.has_waiters());
                    outcome
                }
                None => match self.look_until(busy, None, || self.attempt(attempt)) {
                    Look::Found(done) => Some(done),
                    Look::Changed => None,
                    Look::Over => self.recv_unseated(signals, patience, attempt),
                },
            };
            if let Some(done) = outcome {
                return done;
            }
        }
    }

    /// Waits without a seat: in a nest, if the socket is in one and nobody waits there, else parked. `None`: look again for a
    /// place.
    fn recv_unseated<R>(
        self: &Arc<Self>,
        signals: Signals,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Option<Result<R, RecvError>> {
        let Some(nest) = self.nest_to_wait_in() else {
            return self.recv_parked(signals, patience, attempt);
        };
        if let Some(mut desk) = nest.enter() {
            let outcome = self.recv_nested(&nest, &mut desk, signals, patience, attempt);
            nest.leave(desk);
            return outcome;
        }
        if nest.is_strange() && self.connected.load(Relaxed) <= MOST_CONNECTIONS {
            // Those of this thread are elsewhere.
            self.leave_nest();
            return None;
        }
        let _parked = nest.park_beside();
        self.recv_parked(signals, patience, attempt)
    }

    /// Waits for the I/O thread, or another thread, to bring a message. `None`: the seat may have become free.
    fn recv_parked<R>(
        &self,
        signals: Signals,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Option<Result<R, RecvError>> {
        let parker = ThreadParker::current();
        let _ticket = self.readable.register(parker.waker());
        if let Some(done) = self.attempt(attempt) {
            return Some(done);
        }
        self.counters.sleeps();
        rest::before_sleep(parker.waker());
        match parker.park_minding(signals, patience.deadline()) {
            Ok(true) => self.attempt(attempt),
            Ok(false) => Some(self.last_attempt(attempt)),
            Err(Interrupted) => Some(Err(self.interrupted())),
        }
    }

    /// Waits for the connections themselves. `None`: they changed, so take the seat anew.
    fn recv_seated<R>(
        &self,
        claims: &mut Claims,
        (ring, waker): &Bell,
        signals: Signals,
        patience: Patience,
        attempt: impl Attempt<R>,
    ) -> Option<Result<R, RecvError>> {
        let ticket = self.readable.register(waker);
        if let Some(done) = self.attempt(attempt) {
            return Some(done);
        }
        let mut ready = Vec::with_capacity(claims.connections.len() + 1);
        ready.push(PollFd::new(ring, PollFlags::IN));
        let streams = claims.connections.iter().filter_map(|claim| claim.stream.as_ref());
        ready.extend(streams.map(|stream| PollFd::new(&**stream, PollFlags::IN)));
        let timeout = patience.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let wait = if signals == Signals::End { wait_fds_interruptible } else { wait_fds };
        self.counters.sleeps();
        rest::before_sleep(waker);
        let waited = wait(&mut ready, timeout);
        drop(ticket);
        match waited {
            Ok(1..) => {}
            Ok(0) => return Some(self.last_attempt(attempt)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Some(Err(self.interrupted())),
            Err(_) => {
                // The list could not be polled (out of memory, say): let the I/O thread do it.
                self.seat.links_changed();
                return self.recv_parked(signals, patience, attempt);
            }
        }
        if ready.first().is_some_and(|bell| !bell.revents().is_empty()) {
            ring.hush();
        }
        let ready: Vec<bool> = ready.iter().skip(1).map(|fd| !fd.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        self.read_claimed(claims, |_| ready.next().unwrap_or(false));
        self.attempt(attempt)
    }

    /// Reads claimed connections: of those that are up, the ones that `wanted` says. True if anything came.
    pub(crate) fn read_claimed(&self, claims: &mut Claims, wanted: impl FnMut(&Claim) -> bool) -> bool {
        self.read_claims(claims, wanted, Wire::read)
    }

    fn read_claims(
        &self,
        claims: &mut Claims,
        mut wanted: impl FnMut(&Claim) -> bool,
        read: impl Fn(&Wire, &Peer, &mut Vec<u8>, usize) -> ReadOutcome,
    ) -> bool {
        let (mut found, mut changed) = (false, false);
        for claim in &mut claims.connections {
            if claim.stream.is_none() || !wanted(claim) {
                continue;
            }
            let Some(wire) = claim.peer.wire() else { continue };
            let before = wire.received();
            let outcome = read(wire, &claim.peer, &mut claims.scratch, 1);
            let count = wire.received().wrapping_sub(before);
            claim.hot = count >= MUCH;
            claim.dry = matches!(outcome, ReadOutcome::Drained);
            found |= count > 0;
            match outcome {
                ReadOutcome::Drained | ReadOutcome::Again => {}
                ReadOutcome::Paused | ReadOutcome::Detached => changed = true,
                ReadOutcome::End | ReadOutcome::Failed(_) | ReadOutcome::Violation(_) => {
                    changed = true;
                    wire.unclaim();
                    wire.io().command(Command::Broken(wire.session()));
                }
            }
        }
        if changed {
            self.seat.links_changed();
        }
        found
    }

    /// Looks for more where the application reads and much came lately: a batch at a time, without waiting, and without
    /// asking the kernel first whether there is something. True if there was.
    pub(crate) fn read_hot(&self) -> bool {
        if self.is_nested() {
            return self.read_in_nest();
        }
        let Some(mut claims) = self.seat.claims_of_absent() else { return false };
        if !claims.connections.iter().any(|claim| claim.hot) {
            return false;
        }
        let found = self.read_claims(&mut claims, |claim| claim.hot, Wire::read_in_passing);
        if found {
            self.seat.visited();
        }
        found
    }

    /// Takes in what came for a reader that is away, whether much came lately or not: it is asked for now.
    pub(crate) fn read_for_absent(&self) {
        if self.is_nested() {
            self.read_in_nest();
            return;
        }
        if let Some(mut claims) = self.seat.claims_of_absent() {
            self.read_claims(&mut claims, |_| true, Wire::read_in_passing);
        }
    }

    fn interrupted(&self) -> RecvError {
        RecvError { socket: self.kind, cause: RecvErrorCause::Interrupted }
    }

    pub(crate) fn attempt<R>(&self, attempt: impl Attempt<R>) -> Option<Result<R, RecvError>> {
        match attempt(self) {
            Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => None,
            done => Some(done),
        }
    }

    pub(crate) fn last_attempt<R>(&self, attempt: impl Attempt<R>) -> Result<R, RecvError> {
        self.attempt(attempt).unwrap_or(Err(RecvError { socket: self.kind, cause: RecvErrorCause::TimedOut }))
    }

    /// Sends, waiting as long as `patience` says.
    pub(crate) fn send(&self, message: Message, patience: Patience) -> Result<(), SendError> {
        self.send_minding(Signals::Ignored, message, patience)
    }

    /// As [`Core::send`], where a signal may end the wait.
    pub(crate) fn send_minding(
        &self,
        signals: Signals,
        message: Message,
        patience: Patience,
    ) -> Result<(), SendError> {
        let mut message = Some(message);
        let waited = self.wait_writable(signals, patience, || match self.try_send(message.take()?) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message: back, .. }) => {
                message = Some(back);
                None
            }
            done => Some(done),
        });
        waited.unwrap_or_else(|cause| {
            Err(SendError { socket: self.kind, cause, message: message.unwrap_or_default() })
        })
    }

    /// Tries until something comes of it, again whenever a peer may have room, as long as `patience` says.
    pub(crate) fn wait_writable<R>(
        &self,
        signals: Signals,
        patience: Patience,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Result<R, SendErrorCause> {
        if let Some(done) = attempt() {
            return Ok(done);
        }
        if matches!(patience, Patience::None) {
            return Err(SendErrorCause::WouldBlock);
        }
        if self.has_within.load(Relaxed)
            && let Some(done) = self.before_send.look(&mut attempt)
        {
            return Ok(done);
        }
        if signals == Signals::Ignored
            && let Some(done) = self.look_for_room(patience, &mut attempt)
        {
            return Ok(done);
        }
        let parker = ThreadParker::current();
        let bell = bell();
        loop {
            self.help();
            let full = if bell.is_some() { FullPeer::of(self) } else { None };
            let watched = bell.as_ref().zip(full);
            let waker = watched.as_ref().map_or(parker.waker(), |((_, waker), _)| waker);
            let ticket = self.writable.register(waker);
            if let Some(done) = attempt() {
                return Ok(done);
            }
            self.counters.sleeps();
            rest::before_sleep(waker);
            let in_time = match watched {
                Some(((ring, _), full)) => full.write_or_wait(ring, signals, patience.deadline()),
                None => parker.park_minding(signals, patience.deadline()),
            };
            drop(ticket);
            match in_time {
                Ok(true) => {}
                Ok(false) => return attempt().ok_or(SendErrorCause::TimedOut),
                Err(Interrupted) => return Err(SendErrorCause::Interrupted),
            }
        }
    }

    /// A sender found every queue full: it writes before it waits.
    fn help(&self) {
        for peer in self.peers() {
            if let Some(wire) = peer.wire()
                && !peer.outbox.has_room()
                && !wire.is_looked_after(true)
            {
                wire.write_or_report(&peer);
            }
        }
    }
}
