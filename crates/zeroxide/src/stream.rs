//! Sockets as `Stream` and `Sink`, for those who compose their programs of these.

use crate::{
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    future::Waiting,
    payload::Payload,
    socket::core::Core,
    turns,
};
use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
};
use zeroxide_proto::{Loss, Message};

/// The messages that a socket receives; made by the `stream` call of sockets that receive.
///
/// - Any number of streams, and other receives, may be under way on one socket: each message goes to one of them.
/// - It ends when the context is shut down. Errors that waiting or another call may cure are items.
///
/// # Cancel safety
/// Dropping the stream, or a future made of it, loses no message: one is taken out only at the moment it is returned.
///
/// ```
/// use futures_util::{SinkExt, StreamExt, stream};
/// use zeroxide::{Context, Pull, Push};
///
/// # smol::block_on(async {
/// let context = Context::new();
/// let (pull, push) = (Pull::new(&context)?, Push::new(&context)?);
/// push.connect(&pull.bind("tcp://127.0.0.1:*")?)?;
///
/// let mut work = stream::iter(["one", "two"]).map(|text| Ok(text.into()));
/// push.sink().send_all(&mut work).await?;
/// let mut messages = pull.stream();
/// assert_eq!(messages.next().await, Some(Ok("one".into())));
/// assert_eq!(messages.next().await, Some(Ok("two".into())));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct MessageStream<'a> {
    core: &'a Arc<Core>,
    waiting: Waiting<'a>,
    ended: bool,
}

/// Takes messages for a socket to send; made by the `sink` call of sockets that send.
///
/// - It holds at most one message: the one for which there was no room. Flushing waits until the socket has that, not
///   until the peers do.
/// - An error gives the message back; the sink can be used further.
///
/// ```
/// use futures_util::{FutureExt, SinkExt};
/// use zeroxide::{Context, Push};
/// # smol::block_on(async {
/// let context = Context::new();
/// let push = Push::new(&context)?;
/// let mut sink = push.sink();
/// assert!(sink.send("nobody takes it".into()).now_or_never().is_none());
/// assert_eq!(sink.take_unsent(), Some("nobody takes it".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// A message that was handed over is in the socket or in the sink, and goes out when the sink is next polled or
/// flushed, or when it is dropped and there is room; a message that has no room then is counted as lost. So a future of
/// `SinkExt::send` that is dropped may have sent its message: use the socket's `send_async` where that matters.
#[must_use = "sinks do nothing unless polled"]
pub struct MessageSink<'a> {
    core: &'a Arc<Core>,
    waiting: Waiting<'a>,
    unsent: Option<Payload<'static>>,
}

impl<'a> MessageStream<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core, waiting: Waiting::new(&core.readable), ended: false }
    }
}

impl<'a> MessageSink<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core, waiting: Waiting::new(&core.writable), unsent: None }
    }

    /// Takes back the message for which there was no room yet.
    pub fn take_unsent(&mut self) -> Option<Message> {
        self.unsent.take().map(Payload::into_message)
    }

    fn poll_empty(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), SendError>> {
        self.core.poll_send(context, &mut self.waiting, &mut self.unsent)
    }
}

impl Stream for MessageStream<'_> {
    type Item = Result<Message, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        match this.core.poll_recv(context, &mut this.waiting, Core::try_recv) {
            Poll::Ready(Err(RecvError {
                cause: RecvErrorCause::Terminated | RecvErrorCause::Closed,
                ..
            })) => {
                this.ended = true;
                Poll::Ready(None)
            }
            polled => polled.map(Some),
        }
    }
}

impl FusedStream for MessageStream<'_> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl Sink<Message> for MessageSink<'_> {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.waiting.turn(context));
        self.poll_empty(context)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        // Out at once if there is room; otherwise the next poll waits for it.
        match self.core.try_send(message) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message, .. }) => {
                self.unsent = Some(message.into());
            }
            done => {
                turns::count();
                return done;
            }
        }
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Result<(), SendError>> {
        self.poll_empty(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Result<(), SendError>> {
        self.poll_flush(context)
    }
}

impl Drop for MessageSink<'_> {
    fn drop(&mut self) {
        if let Some(message) = self.take_unsent()
            && self.core.try_send(message).is_err()
        {
            self.core.counters.lost(Loss::HighWaterMark, 1);
        }
    }
}

impl fmt::Debug for MessageStream<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MessageStream")
            .field("socket", &self.core.kind)
            .field("ended", &self.ended)
            .finish()
    }
}

impl fmt::Debug for MessageSink<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MessageSink")
            .field("socket", &self.core.kind)
            .field("unsent", &self.unsent)
            .finish()
    }
}
