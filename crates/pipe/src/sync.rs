//! The one door to locks, atomics and threads: std's, or loom's when the models are built (`--cfg loom`).
//!
//! Poison is ignored: a producer that panicked must not take the others with it. What a lock here protects is
//! consistent at every place where foreign code (the `fill` of a push) may panic.

#![allow(unexpected_cfgs, reason = "tsan concerns this file alone")]

#[cfg(not(loom))]
pub use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence},
    },
    thread,
};

#[cfg(loom)]
pub use loom::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence},
    },
    thread,
};

use std::sync::TryLockError;

/// Locks, poisoned or not.
#[cfg(not(tsan))]
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The same for ThreadSanitizer (`--cfg tsan`). Only the fast path of a lock is compiled into this crate; the slow one
/// is in a std that is not instrumented, so the sanitizer would not see who waited for whom and report races.
#[cfg(tsan)]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match try_lock(mutex) {
            Some(guard) => return guard,
            None => thread::yield_now(),
        }
    }
}

/// Locks if nobody else holds it, poisoned or not. Never fails for another reason.
#[inline]
pub fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
