//! The asynchronous face: a task that waits for several sockets.

use super::{Interest, PollError, Poller, Ready, events};
use crate::{block_on, future::Waiting, socket::core::Core, turns};
use std::{future::poll_fn, task::Poll};

impl Poller<'_> {
    /// As [`wait`](Self::wait), without blocking a thread, on any executor, however long that takes. Signals do not end it.
    ///
    /// ```
    /// use zeroxide::{Context, Interest, Poller, Pull, Push};
    /// # zeroxide::block_on(async {
    /// let context = Context::new();
    /// let (orders, work) = (Pull::new(&context)?, Pull::new(&context)?);
    /// orders.bind("inproc://orders")?;
    /// let push = Push::new(&context)?;
    /// push.connect(&work.bind("tcp://127.0.0.1:*")?)?;
    /// push.send_async("task").await?;
    ///
    /// let mut poller = Poller::new();
    /// poller.add(&orders, 1, Interest::READABLE);
    /// poller.add(&work, 2, Interest::READABLE);
    /// let ready = poller.wait_async().await?;
    /// assert_eq!(ready[0].token, 2);
    /// assert_eq!(work.try_recv()?, "task".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PollError::Descriptors`] if it knows any, [`PollError::Nothing`] if it knows no socket.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing: what is ready is found by the next.
    pub async fn wait_async(&mut self) -> Result<Vec<Ready>, PollError> {
        let mut ready = Vec::new();
        self.wait_into_async(&mut ready).await?;
        Ok(ready)
    }

    /// As [`wait_async`](Self::wait_async), into a list that is used again.
    ///
    /// # Errors
    /// As [`wait_async`](Self::wait_async); then `ready` is empty.
    ///
    /// # Cancel safety
    /// As [`wait_async`](Self::wait_async).
    pub async fn wait_into_async(&mut self, ready: &mut Vec<Ready>) -> Result<(), PollError> {
        ready.clear();
        if !self.fds.is_empty() {
            return Err(PollError::Descriptors);
        }
        turns::take().await;
        self.look(ready, Core::readiness_so_far);
        if !ready.is_empty() {
            // Whoever always finds something at one socket would not hear of the others before the I/O thread's tick.
            self.sockets.iter().for_each(|(_, _, core)| core.read_for_absent());
            return Ok(());
        }
        let sockets = self.sockets.clone();
        let mut waiting: Vec<_> = events(&sockets).map(|event| Waiting::new(event)).collect();
        poll_fn(|context| {
            waiting.iter_mut().for_each(|waiting| waiting.register(context));
            for (_, interest, core) in &sockets {
                if interest.contains(Interest::READABLE) {
                    core.leave_nest();
                    if !block_on::expects(core) {
                        core.seat.vacate();
                    }
                }
            }
            self.look(ready, Core::readiness_so_far);
            match ready.is_empty() {
                false => Poll::Ready(Ok(())),
                true if self.is_empty() => Poll::Ready(Err(PollError::Nothing)),
                true => Poll::Pending,
            }
        })
        .await
    }
}
