//! The one mutex of this room, which a panic elsewhere never poisons, and those who wait for a change.
//!
//! Wakers are foreign code that may come back at once, from within the wake. So none is called while a lock is held that the
//! calls of the application wait for; builds with debug assertions look at each notification, in every test.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex as Inner, MutexGuard, PoisonError, TryLockError},
};
use zeroxide_pipe::EventCount;

/// A mutex that outlives a panicking holder: what it guards is kept consistent by short critical sections.
#[derive(Default, Debug)]
pub(crate) struct Mutex<T>(Inner<T>);

/// What a [`Mutex`] guards, while it is locked.
pub(crate) struct Guard<'a, T> {
    inner: MutexGuard<'a, T>,
    _held: Held,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Inner::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Guard { inner, _held: Held::new() }
    }

    /// As [`Mutex::lock`], for what is locked while others are woken: who is woken may take it with [`Mutex::try_take`] and
    /// not with this.
    #[inline]
    pub(crate) fn take(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Mutex::take`], if it is not locked.
    #[inline]
    pub(crate) fn try_take(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// Those who wait for a change, and are told of it when their caller has locked nothing.
#[derive(Default, Debug)]
pub(crate) struct Waiters(EventCount);

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self(EventCount::new())
    }

    /// [`EventCount::notify`]
    #[inline]
    pub(crate) fn notify(&self) -> bool {
        may_wake();
        self.0.notify()
    }

    /// [`EventCount::notify_fenced`]
    #[inline]
    pub(crate) fn notify_fenced(&self) -> bool {
        may_wake();
        self.0.notify_fenced()
    }
}

impl Deref for Waiters {
    type Target = EventCount;
    #[inline]
    fn deref(&self) -> &EventCount {
        &self.0
    }
}

#[cfg(debug_assertions)]
mod watch {
    use std::cell::Cell;

    thread_local! {
        static LOCKED: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts a lock as long as it is there.
    pub(super) struct Held;

    impl Held {
        pub(super) fn new() -> Self {
            let _ = LOCKED.try_with(|locked| locked.set(locked.get() + 1));
            Self
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            let _ = LOCKED.try_with(|locked| locked.set(locked.get().saturating_sub(1)));
        }
    }

    /// Foreign code is about to be called.
    #[track_caller]
    pub(crate) fn may_wake() {
        let locked = LOCKED.try_with(Cell::get).unwrap_or(0);
        assert_eq!(locked, 0, "a wake while something is locked");
    }
}

#[cfg(not(debug_assertions))]
mod watch {
    /// Costs nothing.
    pub(super) struct Held;

    impl Held {
        #[inline(always)]
        pub(super) const fn new() -> Self {
            Self
        }
    }

    #[inline(always)]
    pub(crate) const fn may_wake() {}
}

use watch::Held;
pub(crate) use watch::may_wake;
