//! The right to do a piece of work for everyone: taken by whoever finds it free, never waited for.
//!
//! Why nothing stays behind. Work is put where `pending` sees it under a mutex M (a push into a lane), then the token
//! is tried. The holder works, lets go, and only *then* asks `pending`, which takes M:
//!
//! ```text
//! sender                                holder
//!   push (M)  -------------------- S      work
//!   try the token                         let go
//!     -> free: become the holder          pending? (M)  ---------------- P
//!     -> held: leave                        -> yes: try again
//! ```
//!
//! If S came before P, the holder sees the work and tries again; should that fail, somebody else holds the token and
//! has P still to come. If P came before S, the token was let go before the sender tries it: the sender gets it, or
//! somebody else has it meanwhile and has P still to come.

use crate::sync::{Mutex, lock, try_lock};
use std::ops::ControlFlow;

/// A value that one thread at a time works with, and work that is never left behind when that thread goes.
///
/// - [`Token::run`] never waits: if somebody holds the token, that one sees to the work that is pending.
/// - When it returns [`Ran::Done`] or [`Ran::Elsewhere`], all work put up before the call is done or has a holder.
/// - When the work itself stops ([`Ran::Stopped`]), the duty is the caller's: to arrange for another run.
///
/// ```
/// use std::{ops::ControlFlow, sync::Mutex};
/// use zeroxide_pipe::{Ran, Token};
///
/// let outbox = Mutex::new(vec![1, 2, 3]);
/// let wire = Token::new(Vec::new());
/// let ran = wire.run(
///     |wire| {
///         wire.append(&mut outbox.lock().unwrap());
///         ControlFlow::<()>::Continue(())
///     },
///     || !outbox.lock().unwrap().is_empty(),
/// );
/// assert_eq!(ran, Ran::Done);
/// assert_eq!(wire.into_inner(), [1, 2, 3]);
/// ```
#[derive(Debug, Default)]
pub struct Token<T>(Mutex<T>);

/// How a [`Token::run`] ended.
///
/// ```
/// use std::ops::ControlFlow;
/// use zeroxide_pipe::{Ran, Token};
/// let wire = Token::new(());
/// let ran = wire.run(
///     |()| ControlFlow::Break("the socket is full"),
///     || true,
/// );
/// match ran {
///     Ran::Done | Ran::Elsewhere => unreachable!("it was told to stop"),
///     Ran::Stopped(reason) => println!("{reason}: whoever hears that it has room runs this again"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "work that stopped has to be run again by somebody"]
pub enum Ran<R> {
    /// Nothing was pending any more after the token was let go.
    Done,
    /// Somebody else holds the token and will look again after letting go.
    Elsewhere,
    /// The work stopped before it was through: the socket is full, the budget is used up.
    Stopped(R),
}

impl<T> Token<T> {
    /// A free token for `value`.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Does `work` while the token can be had and something is `pending`.
    ///
    /// `work` is called at least once if the token is free, and breaks to stop. Nobody looks again after that, so the
    /// caller then arranges for another run, *after* this has returned: one that came while the token was still held
    /// would be turned away. `pending` is asked when the token is free and must take the mutex under which work is
    /// put up.
    pub fn run<R>(
        &self,
        mut work: impl FnMut(&mut T) -> ControlFlow<R>,
        pending: impl Fn() -> bool,
    ) -> Ran<R> {
        loop {
            let Some(mut held) = try_lock(&self.0) else { return Ran::Elsewhere };
            let flow = work(&mut held);
            drop(held);
            if let ControlFlow::Break(reason) = flow {
                return Ran::Stopped(reason);
            }
            if !pending() {
                return Ran::Done;
            }
        }
    }

    /// Waits for the token and uses the value: for rare changes such as closing, not for the work itself, because
    /// who is turned away meanwhile relies on a [`Token::run`] to follow.
    pub fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut lock(&self.0))
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn work_goes_on_while_something_is_pending() {
        let left = Cell::new(3);
        let token = Token::new(0);
        let ran = token.run(
            |done| {
                *done += 1;
                left.set(left.get() - 1);
                ControlFlow::<()>::Continue(())
            },
            || left.get() > 0,
        );
        assert_eq!((ran, token.into_inner()), (Ran::Done, 3));
    }

    #[test]
    fn a_held_token_turns_away_and_a_stop_is_reported() {
        let token = Token::new(());
        let ran = token.run(
            |()| {
                let inner = token.run(|()| ControlFlow::Break("inner"), || true);
                assert_eq!(inner, Ran::Elsewhere);
                ControlFlow::Break("stopped")
            },
            || unreachable!("who stops is not asked"),
        );
        assert_eq!(ran, Ran::Stopped("stopped"));
    }

    #[test]
    fn a_holder_that_panicked_leaves_a_free_token() {
        let token = Token::new(1);
        let panicked =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| token.with(|_| panic!("mine"))));
        assert!(panicked.is_err());
        assert_eq!(token.with(|value| *value), 1);
    }
}
