//! The async face: futures that register a waker where a blocked thread would park. Any executor can poll them.

use crate::{
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    socket::core::Core,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};
use zeroxide_pipe::Key;
use zeroxide_proto::Message;

/// A pending receive. Dropping it loses no message: one is only taken out at the moment it is returned.
#[must_use = "futures do nothing unless polled"]
pub struct RecvFuture<'a> {
    core: &'a Arc<Core>,
    key: Option<Key>,
}

/// A pending send. Dropping it before it is done sends nothing; once done, all frames are queued.
#[must_use = "futures do nothing unless polled"]
pub struct SendFuture<'a> {
    core: &'a Arc<Core>,
    message: Option<Message>,
    key: Option<Key>,
}

impl<'a> RecvFuture<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core, key: None }
    }
}

impl<'a> SendFuture<'a> {
    pub(crate) fn new(core: &'a Arc<Core>, message: Message) -> Self {
        Self { core, message: Some(message), key: None }
    }
}

impl Future for RecvFuture<'_> {
    type Output = Result<Message, RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let core = self.core;
        core.poll_recv(context, &mut self.key)
    }
}

impl Future for SendFuture<'_> {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let core = self.core;
        let this = &mut *self;
        core.poll_send(context, &mut this.key, &mut this.message)
    }
}

impl Drop for RecvFuture<'_> {
    fn drop(&mut self) {
        self.core.readable.remove(&mut self.key);
    }
}

impl Drop for SendFuture<'_> {
    fn drop(&mut self) {
        self.core.writable.remove(&mut self.key);
    }
}

impl Core {
    /// Receives, or sees to it that the task is woken when that may succeed.
    pub(crate) fn poll_recv(
        &self,
        context: &mut TaskContext<'_>,
        key: &mut Option<Key>,
    ) -> Poll<Result<Message, RecvError>> {
        for registered in [false, true] {
            match self.try_recv() {
                Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) if !registered => {
                    self.readable.update(key, context.waker());
                    self.seat.vacate();
                }
                Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => break,
                done => {
                    self.readable.remove(key);
                    return Poll::Ready(done);
                }
            }
        }
        Poll::Pending
    }

    /// Sends what is in `message`, or sees to it that the task is woken when that may succeed. Ready at once if there
    /// is nothing to send.
    pub(crate) fn poll_send(
        &self,
        context: &mut TaskContext<'_>,
        key: &mut Option<Key>,
        message: &mut Option<Message>,
    ) -> Poll<Result<(), SendError>> {
        for registered in [false, true] {
            let Some(taken) = message.take() else { return Poll::Ready(Ok(())) };
            match self.try_send(taken) {
                Err(SendError { cause: SendErrorCause::WouldBlock, message: back, .. }) => {
                    *message = Some(back);
                    if !registered {
                        self.writable.update(key, context.waker());
                    }
                }
                done => {
                    self.writable.remove(key);
                    return Poll::Ready(done);
                }
            }
        }
        Poll::Pending
    }
}
