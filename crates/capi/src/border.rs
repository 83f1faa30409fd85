//! The border: every exported function runs inside [`guard`], which turns errors into errno and lets no panic out.

use crate::{errno::Errno, message::lent};
use std::{
    hint::cold_path,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

/// Runs the inside of an exported function. On an error the answer is `failed` and `errno` is set. Memory of the application that
/// nobody needs any more goes back behind it, when nothing is locked.
///
/// A panic would be a mistake of ours; it costs this one call (`ENOTRECOVERABLE`), never the process. Locks inside do
/// not stay poisoned, so what was touched goes on working as well as it can.
#[inline]
pub fn guard<R>(failed: R, run: impl FnOnce() -> Result<R, Errno>) -> R {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    // Functions of the application may set errno, too.
    lent::give_back();
    answer(failed, outcome)
}

/// As [`guard`], for what lets go of no memory.
#[inline]
pub fn guard_quick<R>(failed: R, run: impl FnOnce() -> Result<R, Errno>) -> R {
    answer(failed, catch_unwind(AssertUnwindSafe(run)))
}

#[inline(always)]
fn answer<R>(failed: R, outcome: thread::Result<Result<R, Errno>>) -> R {
    match outcome {
        Ok(Ok(answer)) => answer,
        Ok(Err(errno)) => {
            cold_path();
            errno.set();
            failed
        }
        Err(payload) => {
            cold_path();
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            Errno::ENOTRECOVERABLE.set();
            failed
        }
    }
}

/// [`guard`] for functions that say -1 when they fail.
#[inline]
pub fn call(run: impl FnOnce() -> Result<std::ffi::c_int, Errno>) -> std::ffi::c_int {
    guard(-1, run)
}

/// [`guard`] for functions that say 0 when all is well and -1 when they fail.
#[inline]
pub fn done(run: impl FnOnce() -> Result<(), Errno>) -> std::ffi::c_int {
    guard(-1, || run().map(|()| 0))
}

/// [`guard_quick`] for functions that say 0 when all is well and -1 when they fail.
#[inline]
pub fn done_quick(run: impl FnOnce() -> Result<(), Errno>) -> std::ffi::c_int {
    guard_quick(-1, || run().map(|()| 0))
}
