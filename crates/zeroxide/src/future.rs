//! The async face: futures that register a waker where a blocked thread would park. Any executor can poll them.

use crate::{
    block_on,
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    origin::Origin,
    payload::Payload,
    reactor::Reactor,
    socket::core::Core,
    turns::{self, Turn},
};
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
};
use zeroxide_pipe::{EventCount, Key};
use zeroxide_proto::Message;

/// So often a task reads in one poll of a receive, before it lets others run.
const MOST_ROUNDS: usize = 32;

/// A pending receive, made by the `recv_async` call of sockets that receive. Its output is what `recv` returns.
///
/// ```
/// use futures_util::future::{Either, select};
/// use zeroxide::{Context, Pull, Push};
/// # smol::block_on(async {
/// let context = Context::new();
/// let (urgent, usual) = (Pull::new(&context)?, Pull::new(&context)?);
/// usual.bind("inproc://usual")?;
/// let push = Push::new(&context)?;
/// push.connect(&urgent.bind("inproc://urgent")?)?;
/// push.send("fire")?;
/// match select(urgent.recv_async(), usual.recv_async()).await {
///     Either::Left((message, _dropped)) => assert_eq!(message?, "fire".into()),
///     Either::Right((message, _dropped)) => println!("{}", message?),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Turns
/// Of the receives and sends that a thread's tasks do without having to wait, each after 256 others lets the rest of the executor
/// run first: it is pending once, and woken at once. Who polls a future only once looks with `try_recv` instead.
///
/// # Cancel safety
/// Dropping it loses no message: one is only taken out at the moment it is returned.
#[must_use = "futures do nothing unless polled"]
pub struct RecvFuture<'a> {
    core: &'a Arc<Core>,
    waiting: Waiting<'a>,
}

/// A pending receive, made by the `recv_from_async` call of sockets that receive. Its output is what `recv_from` returns.
///
/// ```
/// use zeroxide::{Context, Pull, Push, SocketType};
/// # smol::block_on(async {
/// let context = Context::new();
/// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
/// push.connect(&pull.bind("tcp://127.0.0.1:*")?)?;
/// push.send_async("hello").await?;
/// let (message, origin) = pull.recv_from_async().await?;
/// println!("{message} from {}", origin.address());
/// assert_eq!(origin.socket_type(), Some(SocketType::Push));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// Dropping it loses no message: one is only taken out at the moment it is returned.
#[must_use = "futures do nothing unless polled"]
pub struct RecvFromFuture<'a>(RecvFuture<'a>);

/// A pending send, made by the `send_async` call of sockets that send. Its output is what `send` returns.
///
/// ```
/// use zeroxide::{Context, Pull, Push};
/// # smol::block_on(async {
/// let context = Context::new();
/// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
/// let endpoint = push.bind("inproc://later")?;
/// // Nobody is there yet, so this one waits; the task can do something else meanwhile.
/// let mut waiting = push.send_async("patience");
/// assert!(futures_util::poll!(&mut waiting).is_pending());
/// pull.connect(&endpoint)?;
/// waiting.await?;
/// assert_eq!(pull.recv_async().await?, "patience".into());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Turns
/// Of the receives and sends that a thread's tasks do without having to wait, each after 256 others lets the rest of the executor
/// run first: it is pending once, and woken at once. Who polls a future only once calls `try_send` instead.
///
/// # Cancel safety
/// Dropping it before it is done sends nothing; once done, all frames are queued.
#[must_use = "futures do nothing unless polled"]
pub struct SendFuture<'a> {
    core: &'a Arc<Core>,
    payload: Option<Payload<'a>>,
    waiting: Waiting<'a>,
}

/// A future's place among those who wait for an event; left when this is dropped.
pub(crate) struct Waiting<'a> {
    event: &'a EventCount,
    key: Option<Key>,
    turn: Turn,
}

impl<'a> Waiting<'a> {
    pub(crate) fn new(event: &'a EventCount) -> Self {
        Self { event, key: None, turn: Turn::default() }
    }

    /// Sees to it that the task is woken by the next notify. Look at the condition again after this.
    pub(crate) fn register(&mut self, context: &TaskContext<'_>) {
        self.event.update(&mut self.key, context.waker());
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.event.remove(&mut self.key);
    }

    /// Pending if others are to run before.
    #[inline]
    pub(crate) fn turn(&mut self, context: &TaskContext<'_>) -> Poll<()> {
        self.turn.poll(context)
    }

    #[inline]
    fn done<R>(&mut self, output: R) -> Poll<R> {
        self.leave();
        turns::count();
        Poll::Ready(output)
    }
}

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

/// Waits until `check` finds something, which may become true whenever `event` is notified. `check` must not wait.
pub(crate) async fn until<R>(event: &EventCount, mut check: impl FnMut() -> Option<R>) -> R {
    let mut waiting = Waiting::new(event);
    poll_fn(|context| {
        if let Some(found) = check() {
            return Poll::Ready(found);
        }
        waiting.register(context);
        check().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

impl<'a> RecvFuture<'a> {
    #[inline]
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core, waiting: Waiting::new(&core.readable) }
    }
}

impl<'a> RecvFromFuture<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self(RecvFuture::new(core))
    }
}

impl<'a> SendFuture<'a> {
    #[inline]
    pub(crate) fn new(core: &'a Arc<Core>, payload: Payload<'a>) -> Self {
        Self { core, payload: Some(payload), waiting: Waiting::new(&core.writable) }
    }
}

impl Future for RecvFuture<'_> {
    type Output = Result<Message, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let core = self.core;
        core.poll_recv(context, &mut self.waiting, Core::try_recv)
    }
}

impl Future for RecvFromFuture<'_> {
    type Output = Result<(Message, Origin), RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let core = self.0.core;
        core.poll_recv(context, &mut self.0.waiting, Core::try_recv_from)
    }
}

impl Future for SendFuture<'_> {
    type Output = Result<(), SendError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let core = self.core;
        let this = &mut *self;
        core.poll_send(context, &mut this.waiting, &mut this.payload)
    }
}

impl Core {
    /// Receives by `attempt`, or sees to it that the task is woken when that may succeed. Nearly every receive of a busy task
    /// ends with the first attempt.
    #[inline]
    pub(crate) fn poll_recv<R>(
        self: &Arc<Self>,
        context: &mut TaskContext<'_>,
        waiting: &mut Waiting<'_>,
        attempt: impl Fn(&Self) -> Result<R, RecvError>,
    ) -> Poll<Result<R, RecvError>> {
        ready!(waiting.turn(context));
        let attempted = attempt(self);
        if would_block(&attempted) {
            return self.poll_recv_later(context, waiting, attempt);
        }
        waiting.done(attempted)
    }

    /// What [`Core::poll_recv`] does after an attempt that found nothing.
    #[inline(never)]
    fn poll_recv_later<R>(
        self: &Arc<Self>,
        context: &mut TaskContext<'_>,
        waiting: &mut Waiting<'_>,
        attempt: impl Fn(&Self) -> Result<R, RecvError>,
    ) -> Poll<Result<R, RecvError>> {
        self.leave_nest();
        let attempted = match self.context.reactor() {
            _ if block_on::expects(self) => {
                waiting.register(context);
                attempt(self)
            }
            Some(reactor) => self.recv_by_reactor(reactor, context, waiting, attempt),
            None => {
                waiting.register(context);
                self.seat.vacate();
                attempt(self)
            }
        };
        if would_block(&attempted) {
            return Poll::Pending;
        }
        waiting.done(attempted)
    }

    /// Receives what has come over the connections, or has the task woken when something comes. The task is registered only when
    /// nothing was there: what it reads itself is not to wake it.
    fn recv_by_reactor<R>(
        self: &Arc<Self>,
        reactor: &dyn Reactor,
        context: &mut TaskContext<'_>,
        waiting: &mut Waiting<'_>,
        attempt: impl Fn(&Self) -> Result<R, RecvError>,
    ) -> Result<R, RecvError> {
        let (often, mut registered) = (self.seat.tasks.come_often(), false);
        for _ in 0..MOST_ROUNDS {
            let more = self.read_or_watch(reactor, often);
            let attempted = attempt(self);
            if (registered && !more) || !would_block(&attempted) {
                return attempted;
            }
            if !more {
                waiting.register(context);
                registered = true;
            }
        }
        // Much is coming, and no whole message yet. Others of this executor get their turn.
        context.waker().wake_by_ref();
        attempt(self)
    }

    /// Sends what is in `payload`, or sees to it that the task is woken when that may succeed. Ready at once if there
    /// is nothing to send.
    #[inline]
    pub(crate) fn poll_send(
        &self,
        context: &mut TaskContext<'_>,
        waiting: &mut Waiting<'_>,
        payload: &mut Option<Payload<'_>>,
    ) -> Poll<Result<(), SendError>> {
        if payload.is_some() {
            ready!(waiting.turn(context));
        }
        for registered in [false, true] {
            let Some(taken) = payload.take() else { return Poll::Ready(Ok(())) };
            match self.try_send_payload(taken, false) {
                Err(SendError { cause: SendErrorCause::WouldBlock, message, .. })
                    if self.may_wait_to_send() =>
                {
                    *payload = Some(message.into());
                    if !registered {
                        waiting.register(context);
                    }
                }
                done => return waiting.done(done),
            }
        }
        Poll::Pending
    }
}

fn would_block<R>(attempted: &Result<R, RecvError>) -> bool {
    matches!(attempted, Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }))
}

impl fmt::Debug for RecvFuture<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RecvFuture").field("socket", &self.core.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecvFromFuture<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RecvFromFuture").field("socket", &self.0.core.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for SendFuture<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SendFuture")
            .field("socket", &self.core.kind)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}
