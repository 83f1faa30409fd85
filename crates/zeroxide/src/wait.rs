//! A thread that waits for several things at once.

use crate::{
    blocking::{Interrupted, Signals, bell, wait_for_bell},
    sync::Waiters,
};
use std::time::Instant;
use zeroxide_pipe::ThreadParker;

/// Waits until `check` finds something, which may become true whenever one of `events` is notified; at the deadline
/// there is one last check. `check` must not wait.
///
/// # Errors
/// A signal came, and was to end the wait.
pub(crate) fn wait_any<'a, R>(
    signals: Signals,
    events: impl Iterator<Item = &'a Waiters> + Clone,
    deadline: Option<Instant>,
    mut check: impl FnMut() -> Option<R>,
) -> Result<Option<R>, Interrupted> {
    let parker = ThreadParker::current();
    let bell = if signals == Signals::End { bell() } else { None };
    let waker = bell.as_ref().map_or(parker.waker(), |(_, waker)| waker);
    loop {
        if let Some(found) = check() {
            return Ok(Some(found));
        }
        let tickets: Vec<_> = events.clone().map(|event| event.register(waker)).collect();
        if let Some(found) = check() {
            return Ok(Some(found));
        }
        let in_time = match (&bell, deadline) {
            (Some((ring, _)), deadline) => wait_for_bell(ring, deadline)?,
            (None, None) => {
                parker.park();
                true
            }
            (None, Some(deadline)) => parker.park_until(deadline),
        };
        if !in_time {
            return Ok(check());
        }
        drop(tickets);
    }
}
