//! Tasks that always find something let the others of their thread run now and then.
//!
//! A task gives its thread back only when something is pending. One that receives what never ends would keep it for ever: no timer, no
//! signal and no other task of that thread would be heard. So, of what is done in tasks of one thread, each after
//! [`STRETCH`] others says "pending" once and has itself woken.
//!
//! ```text
//!   ready, ready, ... (256) | given up: pending, woken | polled again: the next stretch begins
//! ```
//! Until one that gave its turn up is polled again (or dropped) all others give theirs up as well: a `select` that prefers its first
//! future still does.

use std::{
    cell::Cell,
    future::poll_fn,
    task::{Context as TaskContext, Poll},
};

/// So many receives, sends and looks of a poller without a turn for others.
pub(crate) const STRETCH: u32 = 256;

thread_local! {
    static DONE: Cell<u32> = const { Cell::new(0) };
}

/// What a future knows of its turns.
#[derive(Default)]
pub(crate) struct Turn {
    given_up: bool,
}

impl Turn {
    /// Pending if others are to run before; then the task is woken at once.
    #[inline]
    pub(crate) fn poll(&mut self, context: &TaskContext<'_>) -> Poll<()> {
        if self.given_up {
            self.begin_stretch();
        } else if done() >= STRETCH {
            self.given_up = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn begin_stretch(&mut self) {
        self.given_up = false;
        set_done(0);
    }
}

impl Drop for Turn {
    #[inline]
    fn drop(&mut self) {
        if self.given_up {
            self.begin_stretch();
        }
    }
}

/// Something was done without giving the thread back.
#[inline]
pub(crate) fn count() {
    set_done(done().saturating_add(1));
}

/// Lets others run if it is time, and counts one more.
pub(crate) async fn take() {
    let mut turn = Turn::default();
    poll_fn(|context| turn.poll(context)).await;
    count();
}

#[inline]
fn done() -> u32 {
    DONE.try_with(Cell::get).unwrap_or(0)
}

#[inline]
fn set_done(number: u32) {
    let _ = DONE.try_with(|done| done.set(number));
}
