//! The one door to locks, atomics and threads: std's, or loom's when the models are built (`--cfg loom`).
//!
//! Poison is ignored: a producer that panicked must not take the others with it. What a lock here protects is
//! consistent at every place where foreign code (the `fill` of a push) may panic.

#[cfg(not(loom))]
pub use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    thread,
};

#[cfg(loom)]
pub use loom::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    thread,
};

use std::sync::{PoisonError, TryLockError};

/// Locks, poisoned or not.
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
