//! Timers: `zmq_timers_*`, run by the thread that asks for it.
//!
//! Time is counted in whole milliseconds since the timers were made, so that whoever waits as long as
//! [`zmq_timers_timeout`] says finds a timer due.

use crate::{
    border::{call, done, guard},
    errno::Errno,
    handles::{self, Table},
};
use std::{
    collections::BTreeMap,
    ffi::{c_int, c_long, c_void},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// All sets of timers of the process.
pub static TIMERS: Table<Timers> = Table::new();

/// What a timer calls: its number and the caller's argument.
pub type TimerFunction = unsafe extern "C" fn(c_int, *mut c_void);

/// A set of timers.
pub struct Timers {
    epoch: Instant,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last: c_int,
    timers: BTreeMap<c_int, Timer>,
}

#[derive(Clone, Copy)]
struct Timer {
    due: u64,
    interval: u64,
    function: TimerFunction,
    argument: *mut c_void,
}

// SAFETY: the argument is only carried; whoever has timers run by several threads has to share it between them.
unsafe impl Send for Timer {}

impl Timers {
    fn new() -> Self {
        Self { epoch: Instant::now(), inner: Mutex::default() }
    }

    fn of(handle: *const c_void) -> Result<Arc<Self>, Errno> {
        TIMERS.get(handles::from_c(handle)).map_err(|_| Errno::EFAULT)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn add(&self, interval: u64, function: TimerFunction, argument: *mut c_void) -> Result<c_int, Errno> {
        let due = self.now().saturating_add(interval);
        let mut inner = self.lock();
        inner.last = inner.last.checked_add(1).ok_or(Errno::ENOMEM)?;
        let number = inner.last;
        inner.timers.insert(number, Timer { due, interval, function, argument });
        Ok(number)
    }

    fn change(&self, number: c_int, change: impl FnOnce(&mut Timer)) -> Result<(), Errno> {
        let now = self.now();
        let mut inner = self.lock();
        let timer = inner.timers.get_mut(&number).ok_or(Errno::EINVAL)?;
        change(timer);
        timer.due = now.saturating_add(timer.interval);
        Ok(())
    }

    fn timeout(&self) -> Option<u64> {
        let next = self.lock().timers.values().map(|timer| timer.due).min()?;
        Some(next.saturating_sub(self.now()))
    }

    /// The timers that are due at `now`, in the order of their times, by number.
    fn due(&self, now: u64) -> Vec<c_int> {
        let inner = self.lock();
        let mut due: Vec<_> = inner
            .timers
            .iter()
            .filter(|(_, timer)| timer.due <= now)
            .map(|(number, timer)| (timer.due, *number))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, number)| number).collect()
    }

    /// Starts a timer's next round, if it is still there and due.
    fn take(&self, number: c_int, now: u64) -> Option<Timer> {
        let mut inner = self.lock();
        let timer = inner.timers.get_mut(&number).filter(|timer| timer.due <= now)?;
        timer.due = now.saturating_add(timer.interval);
        Some(*timer)
    }

    /// Runs each due timer once. The functions are called without the lock: they may add, change and cancel timers, and
    /// destroy the whole set.
    fn execute(&self) {
        let now = self.now();
        for number in self.due(now) {
            if let Some(Timer { function, argument, .. }) = self.take(number, now) {
                // SAFETY: by the contract of `zmq_timers_add` it may be called until the timer is cancelled.
                unsafe { function(number, argument) }
            }
        }
    }
}

/// A set without timers.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_new() -> *mut c_void {
    guard(std::ptr::null_mut(), || {
        TIMERS.insert(|_| Arc::new(Timers::new())).map(handles::to_c).ok_or(Errno::EMFILE)
    })
}

/// Ends all timers of a set, and makes the caller's pointer null.
///
/// # Safety
/// `timers` is null, or points to a pointer of the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_timers_destroy(timers: *mut *mut c_void) -> c_int {
    done(|| {
        // SAFETY: by the contract of this function.
        let timers = unsafe { timers.as_mut() }.ok_or(Errno::EFAULT)?;
        TIMERS.remove(handles::from_c(*timers)).map_err(|_| Errno::EFAULT)?;
        *timers = std::ptr::null_mut();
        Ok(())
    })
}

/// Adds a timer that comes again and again; answers its number, 1 or above.
///
/// # Safety
/// `function` may be called with `argument` by any thread that executes these timers, until the timer is cancelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_timers_add(
    timers: *mut c_void,
    interval: usize,
    function: Option<TimerFunction>,
    argument: *mut c_void,
) -> c_int {
    call(|| {
        let timers = Timers::of(timers)?;
        timers.add(interval as u64, function.ok_or(Errno::EFAULT)?, argument)
    })
}

/// Ends a timer.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_cancel(timers: *mut c_void, number: c_int) -> c_int {
    done(|| Timers::of(timers)?.lock().timers.remove(&number).map(|_| ()).ok_or(Errno::EINVAL))
}

/// Changes a timer's interval, which begins now.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_set_interval(timers: *mut c_void, number: c_int, interval: usize) -> c_int {
    done(|| Timers::of(timers)?.change(number, |timer| timer.interval = interval as u64))
}

/// Lets a timer's interval begin now.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_reset(timers: *mut c_void, number: c_int) -> c_int {
    done(|| Timers::of(timers)?.change(number, |_| ()))
}

/// Milliseconds until a timer is due; -1 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_timeout(timers: *mut c_void) -> c_long {
    guard(-1, || {
        let timeout = Timers::of(timers)?.timeout();
        Ok(timeout.map_or(-1, |timeout| c_long::try_from(timeout).unwrap_or(c_long::MAX)))
    })
}

/// Runs the timers that are due.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_timers_execute(timers: *mut c_void) -> c_int {
    done(|| {
        Timers::of(timers)?.execute();
        Ok(())
    })
}
