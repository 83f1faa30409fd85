//! The one door to locks, atomics and threads: std's, or loom's when the models are built (`--cfg loom`).
//!
//! Poison is ignored: a producer that panicked must not take the others with it. What a lock here protects is
//! consistent at every place where foreign code (the `fill` of a push) may panic.

#![allow(unexpected_cfgs, reason = "tsan concerns this file alone")]

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

/// A thread that can be parked, with the token that std's parking has: an unpark before the park is kept.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct Parking(thread::Thread);

#[cfg(not(loom))]
impl Parking {
    pub(crate) fn current() -> Self {
        Self(thread::current())
    }

    /// On the thread itself only. May return early.
    pub(crate) fn park(&self) {
        thread::park();
    }

    /// On the thread itself only. May return early.
    pub(crate) fn park_timeout(&self, timeout: std::time::Duration) {
        thread::park_timeout(timeout);
    }

    pub(crate) fn unpark(&self) {
        self.0.unpark();
    }
}

/// The same for the models. Loom's own unpark cannot be used: when it comes late it ends whatever its thread is
/// blocked in by then, a lock or a join, and loom stumbles over that.
#[cfg(loom)]
#[derive(Debug)]
pub(crate) struct Parking(Mutex<bool>, loom::sync::Condvar);

#[cfg(loom)]
impl Parking {
    pub(crate) fn current() -> Self {
        Self(Mutex::new(false), loom::sync::Condvar::new())
    }

    pub(crate) fn park(&self) {
        let mut token = lock(&self.0);
        while !std::mem::take(&mut *token) {
            token = self.1.wait(token).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// There is no time: gives the others a turn, then it has passed.
    pub(crate) fn park_timeout(&self, _timeout: std::time::Duration) {
        thread::yield_now();
        *lock(&self.0) = false;
    }

    pub(crate) fn unpark(&self) {
        *lock(&self.0) = true;
        self.1.notify_one();
    }
}
