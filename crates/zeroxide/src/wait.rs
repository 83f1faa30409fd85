//! A thread that waits for several things at once.

use crate::{
    blocking::{Interrupted, Signals},
    rest,
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
    loop {
        if let Some(found) = check() {
            return Ok(Some(found));
        }
        let tickets: Vec<_> = events.clone().map(|event| event.register(parker.waker())).collect();
        if let Some(found) = check() {
            return Ok(Some(found));
        }
        rest::before_sleep(parker.waker());
        if !parker.park_minding(signals, deadline)? {
            return Ok(check());
        }
        drop(tickets);
    }
}
