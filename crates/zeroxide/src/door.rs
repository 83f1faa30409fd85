//! For doors other than the native one: what the C ABI needs because C ends contexts and sockets by calls, not by
//! ownership, because its messages come part by part, and because signals end its calls.
//!
//! Hidden, and no part of the API that versions promise to keep.

use crate::{
    blocking::{Interrupted, Patience, Signals, bell, forget_bell},
    context::Context,
    error::{RecvError, SendError, SendErrorCause},
    monitor::Event,
    origin::Origin,
    poller::Interest,
    rest,
    socket::{Handle, Sender, core::Core},
    sync::Mutex,
};
use bytes::Bytes;
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    task::Waker,
    time::Duration,
};
use zeroxide_net::Ring;
pub use zeroxide_pipe::Key;
use zeroxide_pipe::{ThreadParker, Ticket};
use zeroxide_proto::batch::Copying;
pub use zeroxide_proto::endpoint::EndpointErrno;
use zeroxide_proto::{Frame, Message};
pub use zeroxide_proto::{
    batch::{Taking, split_frame},
    reuse,
};

/// The calling thread's bell: a descriptor to poll, that sockets ring while they are [watched](Handle::watch).
#[doc(hidden)]
#[derive(Debug)]
pub struct Bell {
    ring: Arc<Ring>,
    waker: Waker,
}

impl Bell {
    /// That of the calling thread; `None` if the system has no descriptor for it.
    pub fn of_this_thread() -> Option<Self> {
        bell().map(|(ring, waker)| Self { ring, waker })
    }

    /// Silences it; to be followed by a look at what is watched.
    pub fn hush(&self) {
        self.ring.hush();
    }

    /// Does what the calling thread has [put off](when_at_rest), before it sleeps until the bell rings; it rings then.
    pub fn before_sleep(&self) {
        rest::before_sleep(&self.waker);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

/// A socket rings somebody's bell as long as this lives, once.
#[doc(hidden)]
#[derive(Debug)]
pub struct Watch<'a>(#[allow(dead_code, reason = "held for its drop")] [Option<Ticket<'a>>; 2]);

/// A descriptor that becomes readable when a socket may have become able to receive or to send (`ZMQ_FD`).
#[doc(hidden)]
#[derive(Debug)]
pub struct Descriptor {
    ring: Arc<Ring>,
    waker: Waker,
    keys: Mutex<[Option<Key>; 2]>,
}

impl Descriptor {
    /// For a socket; it says nothing before [`Descriptor::rearm`].
    ///
    /// # Errors
    /// The system has no descriptor for it.
    pub fn new() -> io::Result<Self> {
        let ring = Arc::new(Ring::new()?);
        Ok(Self { waker: Waker::from(ring.clone()), ring, keys: Mutex::default() })
    }

    /// The same descriptor, for another socket.
    pub fn share(&self) -> Self {
        Self { ring: self.ring.clone(), waker: self.waker.clone(), keys: Mutex::default() }
    }

    /// Makes it silent until something changes from now on. To be followed by a look at the socket.
    pub fn rearm(&self, socket: &Handle) {
        self.ring.hush();
        let mut keys = self.keys.lock();
        let [readable, writable] = &mut *keys;
        socket.core.readable.update(readable, &self.waker);
        socket.core.writable.update(writable, &self.waker);
    }

    /// Makes it speak at once.
    pub fn ring(&self) {
        self.ring.ring();
    }

    /// The socket ends: it will not be heard of any more.
    pub fn disarm(&self, socket: &Handle) {
        let mut keys = self.keys.lock();
        let [readable, writable] = &mut *keys;
        socket.core.readable.remove(readable);
        socket.core.writable.remove(writable);
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}

/// Where a message is from that is taken in place.
#[doc(hidden)]
#[allow(missing_debug_implementations, reason = "there is nothing to show but what the method answers")]
pub struct Whence<'a>(&'a mut Sender);

impl Whence<'_> {
    /// Asks for it.
    #[inline]
    pub fn origin(&mut self) -> &Origin {
        self.0.origin()
    }
}

/// Takes a message with where it is from beside it.
struct ByWhence<T>(T);

impl<'a, T: Taking<Whence<'a>>> Taking<&'a mut Sender> for ByWhence<T> {
    type Taken = T::Taken;
    const SHARES: bool = T::SHARES;

    #[inline(always)]
    fn copy(self, first: &[u8], others: &[u8], sender: &'a mut Sender) -> T::Taken {
        self.0.copy(first, others, Whence(sender))
    }

    #[inline(always)]
    fn share(self, body: Bytes, sender: &'a mut Sender) -> T::Taken {
        self.0.share(body, Whence(sender))
    }

    #[inline(always)]
    fn share_apart(self, body: Bytes, sender: &'a mut Sender) -> T::Taken {
        self.0.share_apart(body, Whence(sender))
    }
}

/// Has `put_off` called by all threads of this library that are about to sleep, or have done all there was, with nothing locked;
/// it says whether it did anything. The first one stays.
#[doc(hidden)]
pub fn when_at_rest(put_off: fn() -> bool) {
    rest::has(put_off);
}

/// In a child process, in the one thread that is there: what the parent's thread shares with it is put aside.
#[doc(hidden)]
pub fn after_fork() {
    forget_bell();
}

#[doc(hidden)]
impl Context {
    /// Ends all calls, waits until all sockets are closed and what was sent is out or lingered long enough, and ends the
    /// I/O threads. Handles that are still held are inert then.
    ///
    /// False: a signal came; everything goes on, and the call can be made again.
    pub fn end(&self) -> bool {
        let inner = self.inner();
        self.terminate();
        let parker = ThreadParker::current();
        while !inner.is_over() {
            rest::rest();
            let _ticket = inner.ended().register(parker.waker());
            if inner.is_over() {
                break;
            }
            if let Err(Interrupted) = parker.park_minding(Signals::End, None) {
                return false;
            }
        }
        inner.stop_threads();
        inner.registry.abandon();
        true
    }
}

#[doc(hidden)]
impl Handle {
    /// Does what dropping does, while the handle is still held; the second time it does nothing.
    pub fn close(&self) {
        if self.core.close() {
            self.core.finish();
            self.core.context.socket_closed();
        }
    }

    /// Whether two handles are of one socket.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    /// Sends; `waits` as long as the send timeout says, or until a signal comes.
    ///
    /// # Errors
    /// The message comes back in it.
    #[inline]
    pub fn send_or_signal(&self, message: Message, waits: bool) -> Result<(), SendError> {
        match self.core.try_send(message) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message, .. }) if waits => {
                let patience = self.send_patience();
                self.core.send_minding(Signals::End, message, patience)
            }
            done => done,
        }
    }

    /// Sends octets that stay the caller's, if that needs next to nothing; false if it is to be done by another call.
    #[inline(always)]
    pub fn send_short(&self, octets: &[u8]) -> bool {
        self.core.send_short(octets)
    }

    /// As [`Handle::send_or_signal`], of octets that stay the caller's.
    ///
    /// # Errors
    /// Why they were not sent.
    #[inline]
    pub fn send_octets_or_signal(&self, octets: &[u8], waits: bool) -> Result<(), SendError> {
        match self.core.try_send_octets(octets, waits) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message, .. }) if waits => {
                self.core.send_minding(Signals::End, message, self.send_patience())
            }
            done => done,
        }
    }

    /// Waits, if it `waits`, until a message beginning with this frame could be sent.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn may_begin(&self, first: &Frame, waits: bool) -> Result<(), SendErrorCause> {
        let patience = if waits { self.send_patience() } else { Patience::None };
        let attempt = || match self.core.may_begin(first) {
            Err(SendErrorCause::WouldBlock) => None,
            answer => Some(answer),
        };
        self.core.wait_writable(Signals::End, patience, attempt)?
    }

    /// Receives; `waits` as long as the receive timeout says, or until a signal comes. Says from whom a message is that
    /// has several frames: C may want to know when it takes the second.
    ///
    /// # Errors
    /// Why it could not.
    #[inline]
    pub fn recv_or_signal(&self, waits: bool) -> Result<(Message, Origin), RecvError> {
        if waits {
            self.core.note_visit();
        }
        // Looked at where it lies: a message is long, and moving it costs more than the look.
        let received = self.core.try_recv_parts();
        if waits && matches!(&received, Err(error) if error.cause == crate::RecvErrorCause::WouldBlock) {
            self.core.note_visit();
            return self.core.recv_waiting(Signals::End, self.recv_patience(), Core::try_recv_parts);
        }
        received
    }

    /// As [`Handle::recv_or_signal`], and says from whom in any case.
    ///
    /// # Errors
    /// Why it could not.
    #[inline]
    pub fn recv_from_or_signal(&self, waits: bool) -> Result<(Message, Origin), RecvError> {
        if waits {
            self.core.note_visit();
        }
        match self.core.try_recv_from() {
            Err(error) if waits && error.cause == crate::RecvErrorCause::WouldBlock => {
                self.core.note_visit();
                self.core.recv_waiting(Signals::End, self.recv_patience(), Core::try_recv_from)
            }
            done => done,
        }
    }

    /// Whether receives that wait are noted, so that one of them is to be made by a call that says whether it `waits`.
    #[inline(always)]
    pub fn is_looked_at(&self) -> bool {
        self.core.is_looked_at()
    }

    /// Receives a message that is at hand and lies in the run of a batch, as all below [`SHARED_FROM`] do: `take` copies its
    /// octets from there. It gets the body of the first frame; the other frames, for [`split_frame`]; and where they are from.
    /// `None`: what is to be received, if anything, is to be received by one of the other calls.
    ///
    /// Much of the socket waits while `take` runs: it copies, and does nothing else.
    #[inline(always)]
    pub fn take_in_place<R>(&self, take: impl FnOnce(&[u8], &[u8], Whence<'_>) -> R) -> Option<R> {
        self.take_to(Copying(take))
    }

    /// As [`Handle::take_in_place`], and `taking` may have long bodies in the memory that they lie in.
    #[inline(always)]
    pub fn take_to<R, T>(&self, taking: T) -> Option<R>
    where
        T: for<'a> Taking<Whence<'a>, Taken = R>,
    {
        self.core.take_to(ByWhence(taking))
    }

    /// Has the socket ring this bell when it may have become able to do one of these.
    pub fn watch(&self, bell: &Bell, interest: Interest) -> Watch<'_> {
        let readable = interest.contains(Interest::READABLE);
        let writable = interest.contains(Interest::WRITABLE);
        Watch([
            readable.then(|| self.core.readable.register(&bell.waker)),
            writable.then(|| self.core.writable.register(&bell.waker)),
        ])
    }

    /// What the socket can do now, of what is asked for.
    pub fn readiness_for(&self, interest: Interest) -> crate::Readiness {
        self.core.readiness(interest)
    }

    /// Whether the context was shut down.
    #[inline]
    pub fn is_terminated(&self) -> bool {
        self.core.is_terminated()
    }

    /// Whether the socket was closed.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Calls `waker` once when the socket may have become able to send.
    pub fn watch_writable(&self, waker: &Waker, key: &mut Option<Key>) {
        self.core.writable.update(key, waker);
    }

    /// Ends such a watch.
    pub fn unwatch_writable(&self, key: &mut Option<Key>) {
        self.core.writable.remove(key);
    }

    /// Calls `tell` with every event from now on, in the thread in which it happens, until it says false or the socket
    /// is closed. It must not wait, and not use this socket. The number is the one that libzmq gives with the event.
    pub fn on_event(&self, tell: impl Fn(&Event, i64) -> bool + Send + Sync + 'static) {
        self.core.monitors.add_sink(Arc::new(tell));
    }

    fn send_patience(&self) -> Patience {
        Patience::from_timeout(self.core.options.lock().send_timeout)
    }

    fn recv_patience(&self) -> Patience {
        let timeout: Option<Duration> = self.core.options.lock().receive_timeout;
        Patience::from_timeout(timeout)
    }
}

/// Bodies from this size on are shared, not copied, on their way through a socket.
pub const SHARED_FROM: usize = zeroxide_proto::batch::SHARED_FROM;
/// Bodies of up to so many octets a [`Frame`] keeps itself: making one of shared octets copies them.
pub const FRAME_INLINE: usize = zeroxide_proto::frame::INLINE_CAPACITY;

#[doc(hidden)]
impl Handle {
    /// Whether the peer of this name has room (ROUTER); `None` if there is no such peer.
    pub fn has_room_for(&self, name: &[u8]) -> Option<bool> {
        self.core.has_room_for(name)
    }

    /// A message was lost with the peer that it was for.
    pub fn count_lost_with_peer(&self) {
        self.core.counters.lost(zeroxide_proto::Loss::Disconnected, 1);
    }
}

#[doc(hidden)]
impl Handle {
    /// Tells the monitors that what listens is closed: a close to come does not, because it ends them first.
    pub fn announce_close(&self) {
        // Who is told may come back, and ask for endpoints.
        let listening = self.core.endpoints.lock().listening();
        for endpoint in listening {
            self.core.emit(|| Event::Closed { endpoint });
        }
    }

    /// The routing id of the peer that came last, whether it is still there or not; STREAM alone remembers.
    pub fn latest_peer(&self) -> Option<Frame> {
        self.core.with_machine(|machine, _| machine.latest_name().cloned())
    }

    /// How many different topics there are: those of the subscribers (PUB, XPUB), or those subscribed to (SUB, XSUB). 0
    /// on other sockets.
    pub fn topics_count(&self) -> usize {
        self.core.with_machine(|machine, _| machine.topics_count())
    }
}
