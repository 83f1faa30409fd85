//! A thread that waits for several things at once.

use std::time::Instant;
use zeroxide_pipe::{EventCount, ThreadParker};

/// Waits until `check` finds something, which may become true whenever one of `events` is notified; at the deadline
/// there is one last check. `check` must not wait.
pub(crate) fn wait_any<'a, R>(
    events: impl Iterator<Item = &'a EventCount> + Clone,
    deadline: Option<Instant>,
    mut check: impl FnMut() -> Option<R>,
) -> Option<R> {
    let parker = ThreadParker::current();
    loop {
        if let Some(found) = check() {
            return Some(found);
        }
        let tickets: Vec<_> = events.clone().map(|event| event.register(parker.waker())).collect();
        if let Some(found) = check() {
            return Some(found);
        }
        match deadline {
            None => parker.park(),
            Some(deadline) => {
                if !parker.park_until(deadline) {
                    return check();
                }
            }
        }
        drop(tickets);
    }
}
