//! Whoever waits, reads, where a [seat](crate::seat) would be dear: a socket with many connections, or a thread that waits
//! for many sockets in turn. Their connections are in an epoll of their own, in which the thread waits for all of them at
//! once. While nobody waits there, the I/O thread's epoll holds the nest as one of its descriptors.
//!
//! ```text
//!   I/O thread's epoll --- bell, listeners, handshakes, whatever is to be written, other connections
//!                     \
//!                      '-- nest (watched while FREE) --- connection, connection, ... of one thread's sockets, for reading
//!                            ^
//!                            '--- a thread in a receive waits here, and reads for all these sockets
//! ```
//! So a thread that comes and goes costs one system call, however many connections there are, and none if it comes back in
//! time ([`Tenure`]). Entering a nest, and leaving it, costs each connection two.
//!
//! A nest belongs to the thread that made it, but others may wait in it. A thread that finds somebody there takes its socket
//! out; one with many connections stays, the thread parks, and as long as anybody is parked the I/O thread reads. A socket that
//! is also waited for in other ways (polled by others, awaited) leaves its nest.

use crate::{
    blocking::Signals,
    io::shared::{Command, IoShared, SessionKey},
    moment::Moment,
    peer::Peer,
    sync::Mutex,
};
use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    io,
    sync::{
        Arc, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering::*},
    },
    task::Waker,
    thread::{self, ThreadId},
    time::{Duration, Instant},
};
use zeroxide_net::{Event, Interest, Poller, Ring, Stream};
use zeroxide_pipe::{Beside, Looked, Seen, Tenure};

/// The most that a reader who comes back late again and again may be away, in milliseconds.
const MOST_PATIENCE: u64 = 16;

/// Connections that one thread at a time waits for.
pub(crate) struct Nest {
    poller: Poller,
    /// Ends the wait of whoever waits in here.
    ring: Arc<Ring>,
    waker: Waker,
    /// The thread that watches while nobody waits; all members are its sessions.
    io: Arc<IoShared>,
    key: SessionKey,
    keeper: ThreadId,
    tenure: Tenure,
    before_wait: Moment,
    /// Milliseconds for which a reader may be away.
    patience: AtomicU64,
    members: Mutex<HashMap<SessionKey, Weak<Peer>, BuildHasherDefault<ByKey>>>,
    desk: Mutex<Desk>,
}

/// Hashes keys that are numbered one after the other.
#[derive(Default)]
struct ByKey(u64);

impl Hasher for ByKey {
    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u64((*octet).into()));
    }

    fn write_u64(&mut self, number: u64) {
        // The table takes its place from the lower bits and a mark from the upper ones.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What the thread works with that waits in a nest.
#[derive(Default)]
pub(crate) struct Desk {
    events: Vec<Event>,
    scratch: Vec<u8>,
    seen: Seen,
    /// When the I/O thread took the reading back from a reader that was away for too long.
    taken_back: Option<Instant>,
}

thread_local! {
    /// Those of this thread, one for each I/O thread that it has to do with.
    static NESTS: RefCell<Vec<Weak<Nest>>> = const { RefCell::new(Vec::new()) };
}

impl Nest {
    /// The calling thread's, for connections of this I/O thread. `None` if the system has no descriptors for it.
    pub(crate) fn of_this_thread(io: &Arc<IoShared>) -> Option<Arc<Self>> {
        let find = |nests: &RefCell<Vec<Weak<Self>>>| {
            let mut nests = nests.try_borrow_mut().ok()?;
            nests.retain(|nest| nest.strong_count() > 0);
            if let Some(known) = nests.iter().filter_map(Weak::upgrade).find(|nest| Arc::ptr_eq(&nest.io, io))
            {
                return Some(known);
            }
            let nest = Arc::new(Self::new(io).ok()?);
            io.command(Command::Nested(Arc::downgrade(&nest)));
            nests.push(Arc::downgrade(&nest));
            Some(nest)
        };
        NESTS.try_with(find).ok().flatten()
    }

    fn new(io: &Arc<IoShared>) -> io::Result<Self> {
        let (poller, ring) = (Poller::new()?, Arc::new(Ring::new()?));
        poller.add(&*ring, SessionKey::BELL.0, Interest::READ)?;
        let key = io.new_key();
        io.poller.add(&poller, key.0, Interest::READ)?;
        Ok(Self {
            waker: Waker::from(ring.clone()),
            poller,
            ring,
            io: io.clone(),
            key,
            keeper: thread::current().id(),
            tenure: Tenure::default(),
            before_wait: Moment::default(),
            patience: AtomicU64::new(1),
            members: Mutex::default(),
            desk: Mutex::default(),
        })
    }

    pub(crate) fn key(&self) -> SessionKey {
        self.key
    }

    pub(crate) fn io(&self) -> &Arc<IoShared> {
        &self.io
    }

    /// Whether another thread made it.
    pub(crate) fn is_strange(&self) -> bool {
        self.keeper != thread::current().id()
    }

    /// Ends a wait in here.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Takes a connection in; whoever waits here reads it, if `interest` says so.
    pub(crate) fn admit(
        &self,
        peer: &Arc<Peer>,
        key: SessionKey,
        stream: &Stream,
        interest: Interest,
    ) -> io::Result<()> {
        self.members.lock().insert(key, Arc::downgrade(peer));
        let added = self.change(key, stream, Interest::NONE, interest);
        if added.is_err() {
            self.members.lock().remove(&key);
        }
        added
    }

    /// What is watched for changes. Of tcp each arrival is told once, for to be told again and again costs the kernel another
    /// look at each connection; [`Nest::tell_again`] where that is not enough. A read over ipc may be short though more is there.
    pub(crate) fn change(
        &self,
        key: SessionKey,
        stream: &Stream,
        before: Interest,
        after: Interest,
    ) -> io::Result<()> {
        let told = |interest| match interest {
            Interest::Read if !stream.is_ipc() => Interest::Edge,
            interest => interest,
        };
        self.poller.change(stream, key.0, told(before), told(after))
    }

    /// Whoever heard of this connection did not read all of it: if something is there, it is told of anew.
    pub(crate) fn tell_again(&self, key: SessionKey, stream: &Stream) -> io::Result<()> {
        self.change(key, stream, Interest::READ, Interest::READ)
    }

    /// A connection leaves.
    pub(crate) fn expel(&self, key: SessionKey, stream: &Stream) {
        let _ = self.poller.remove(stream);
        self.members.lock().remove(&key);
    }

    /// The place to wait, if nobody is there and nobody waits elsewhere. To be given to [`Nest::leave`].
    pub(crate) fn enter(&self) -> Option<MutexGuard<'_, Desk>> {
        let claim = |desk: &mut MutexGuard<'_, Desk>| {
            // Should it hear of the nest all the same, the worst is that it looks in vain.
            self.watch(false);
            if let Some(taken_back) = desk.taken_back.take() {
                // Whoever comes back late, but not very late, gets more time: going round a thousand sockets takes some.
                let soon = taken_back.elapsed().as_millis() < u128::from(4 * MOST_PATIENCE);
                let more = (2 * self.patience.load(Relaxed)).min(MOST_PATIENCE);
                self.patience.store(if soon { more } else { 1 }, Relaxed);
            }
        };
        self.tenure.enter(|| self.desk.try_take(), claim)
    }

    /// The thread goes back to the application.
    pub(crate) fn leave(&self, desk: MutexGuard<'_, Desk>) {
        self.tenure.leave(|| self.watch(true), || self.io.tick());
        drop(desk);
    }

    /// Counts the calling thread among those who wait elsewhere: the I/O thread reads for them, or whoever waits in here.
    pub(crate) fn park_beside(&self) -> Beside<'_> {
        self.tenure.stand_beside(|| self.desk.try_take(), || self.watch(true))
    }

    /// Whether the I/O thread hears of the nest. False if the system refuses, for which it has no reason.
    fn watch(&self, watched: bool) -> bool {
        let interest = if watched { Interest::READ } else { Interest::NONE };
        self.io.poller.modify(&self.poller, self.key.0, interest).is_ok()
    }

    /// Waits until something can be read, or the waker is called, and reads it. False: the time is over.
    ///
    /// # Errors
    /// What the system answers; a signal, where that is to end the wait.
    pub(crate) fn wait(
        &self,
        desk: &mut Desk,
        signals: Signals,
        deadline: Option<Instant>,
    ) -> io::Result<bool> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match signals {
                Signals::Ignored => self.poller.wait(&mut desk.events, left)?,
                Signals::End => self.poller.wait_interruptible(&mut desk.events, left)?,
            }
            // Somebody else may have read what the system spoke of.
            if !desk.events.is_empty() || left == Some(Duration::ZERO) {
                return Ok(!desk.events.is_empty());
            }
        }
    }

    /// Reads what [`Nest::wait`] has found. True if something came.
    pub(crate) fn read(&self, desk: &mut Desk) -> bool {
        let Desk { events, scratch, .. } = desk;
        let mut found = false;
        for event in events.drain(..) {
            let key = SessionKey(event.token);
            if key == SessionKey::BELL {
                self.ring.hush();
                continue;
            }
            let member = self.members.lock().get(&key).and_then(Weak::upgrade);
            if let Some(peer) = member
                && let Some(wire) = peer.wire()
            {
                found |= wire.read_for_another(&peer, scratch, event.last);
            }
        }
        found
    }

    /// Reads what is there while the reader is away, without waiting. True if something came.
    pub(crate) fn read_for_absent(&self) -> bool {
        if !self.tenure.seems_away() {
            return false;
        }
        let Some(mut desk) = self.desk.try_take() else { return false };
        if !self.tenure.is_away() || self.poller.wait(&mut desk.events, Some(Duration::ZERO)).is_err() {
            return false;
        }
        let found = self.read(&mut desk);
        if found {
            self.tenure.visited();
        }
        found
    }

    /// For the I/O thread: what can be read, if it is to read.
    pub(crate) fn collect(&self, ready: &mut Vec<Event>) {
        let Some(_desk) = self.desk.try_take() else { return };
        if !self.tenure.is_free() || self.poller.wait(ready, Some(Duration::ZERO)).is_err() {
            return;
        }
        let known = ready.len();
        ready.retain(|event| event.token != SessionKey::BELL.0);
        if ready.len() < known {
            self.ring.hush();
        }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.tenure.is_away()
    }

    /// The I/O thread looks: takes the reading back from a reader that did not return since the last look.
    pub(crate) fn look(&self, now: Instant, tick: Duration) -> Looked {
        let patience = tick.max(Duration::from_millis(self.patience.load(Relaxed)));
        let release = |desk: &mut MutexGuard<'_, Desk>| {
            desk.taken_back = Some(now);
            self.watch(true)
        };
        self.tenure.look(now, patience, || self.desk.try_take(), |desk| &mut desk.seen, release)
    }

    /// Looks again for a moment, where that was not in vain lately, and reads.
    pub(crate) fn look_again<R>(&self, desk: &mut Desk, attempt: impl Fn() -> Option<R>) -> Option<R> {
        self.before_wait.look(|| {
            let waited = self.poller.wait(&mut desk.events, Some(Duration::ZERO));
            if waited.is_ok() && self.read(desk) { attempt() } else { None }
        })
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        // A process that was forked off may keep the descriptor open, and the I/O thread would hear of it for ever.
        let _ = self.io.poller.remove(&self.poller);
    }
}
