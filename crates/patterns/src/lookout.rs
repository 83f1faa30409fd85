//! Several sockets that one loop waits for, under any executor.

use crate::{PatternError, clock::within};
use std::{
    future::{Future, poll_fn, ready},
    pin::pin,
    task::Poll,
    time::Instant,
};
use zeroxide::{Handle, Interest, Poller, Ready};

/// What a server looks at in turn, and waits for between turns.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    poller: Poller<'static>,
    ready: Vec<Ready>,
}

impl Lookout {
    /// One that looks for messages at these sockets, which have their places as tokens.
    pub(crate) fn new<'a>(sockets: impl IntoIterator<Item = &'a Handle>) -> Self {
        let mut lookout = Self::default();
        for (token, socket) in sockets.into_iter().enumerate() {
            lookout.listen(socket, token);
        }
        lookout
    }

    /// Looks for messages at this socket as well.
    pub(crate) fn listen(&mut self, socket: &Handle, token: usize) {
        self.poller.add(socket, token, Interest::READABLE);
    }

    /// Looks no longer at what was added under this token.
    pub(crate) fn forget(&mut self, token: usize) {
        self.poller.remove(token);
    }

    /// For whoever adds sockets of its own.
    pub(crate) fn poller(&mut self) -> &mut Poller<'static> {
        &mut self.poller
    }

    /// Until something can be done at one of the sockets, or that time has come (`None`: never). Whoever need not wait
    /// gives way once to the other tasks of its thread: a server that always finds something would never let them run.
    pub(crate) async fn wait(&mut self, until: Option<Instant>) -> Result<&[Ready], PatternError> {
        let waited = yielding(within(until, self.poller.wait_into_async(&mut self.ready))).await;
        waited.unwrap_or(Ok(()))?;
        Ok(&self.ready)
    }
}

/// Lets the other tasks of its thread have their turn.
pub(crate) async fn give_way() {
    yielding(ready(())).await;
}

/// What the future gives; if it gives that at once, other tasks have their turn before.
async fn yielding<F: Future>(future: F) -> F::Output {
    let (mut future, mut been, mut done) = (pin!(future), false, None);
    poll_fn(|context| {
        if let Some(done) = done.take() {
            return Poll::Ready(done);
        }
        match future.as_mut().poll(context) {
            Poll::Ready(output) if !std::mem::replace(&mut been, true) => {
                done = Some(output);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            polled => {
                been = true;
                polled
            }
        }
    })
    .await
}
