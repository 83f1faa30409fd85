//! For measuring: stopwatch, sleep, threads. C holds addresses; null is answered with zero and otherwise ignored.

use crate::{border::guard, errno::Errno};
use std::{
    ffi::{c_int, c_ulong, c_void},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Starts a watch.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_stopwatch_start() -> *mut c_void {
    guard(std::ptr::null_mut(), || Ok(Box::into_raw(Box::new(Instant::now())).cast()))
}

/// Microseconds since its start.
///
/// # Safety
/// `watch` is null, or a watch that was not stopped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_stopwatch_intermediate(watch: *mut c_void) -> c_ulong {
    // SAFETY: by the contract of this function.
    let started = unsafe { watch.cast::<Instant>().as_ref() };
    started.map_or(0, |started| c_ulong::try_from(started.elapsed().as_micros()).unwrap_or(c_ulong::MAX))
}

/// Microseconds since its start; frees it.
///
/// # Safety
/// `watch` is null, or a watch that was not stopped and that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_stopwatch_stop(watch: *mut c_void) -> c_ulong {
    // SAFETY: the contract of this function is stricter than the callee's.
    let elapsed = unsafe { zmq_stopwatch_intermediate(watch) };
    if !watch.is_null() {
        // SAFETY: not null, so it came out of `zmq_stopwatch_start`, and this is the only time it is freed.
        drop(unsafe { Box::from_raw(watch.cast::<Instant>()) });
    }
    elapsed
}

/// Sleeps.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_sleep(seconds: c_int) {
    if let Ok(seconds) = u64::try_from(seconds) {
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

/// What a thread of the application runs.
pub type ThreadFunction = unsafe extern "C" fn(*mut c_void);

/// What C hands from one thread to another.
struct Argument(*mut c_void);

// SAFETY: the pointer is only carried; what it points to is for the application to share between its threads.
unsafe impl Send for Argument {}

/// Starts a thread, "ZMQapp", with all signals blocked. Null, with an errno, if the system has none left.
///
/// # Safety
/// `function` may be called with `argument` from another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_threadstart(
    function: Option<ThreadFunction>,
    argument: *mut c_void,
) -> *mut c_void {
    guard(std::ptr::null_mut(), || {
        let function = function.ok_or(Errno::EFAULT)?;
        let argument = Argument(argument);
        let run = move || {
            let Argument(argument) = { argument };
            // SAFETY: by the contract of `zmq_threadstart`.
            unsafe { function(argument) }
        };
        // A thread inherits the mask of the one that starts it.
        let before = block_signals();
        let thread = std::thread::Builder::new().name("ZMQapp".to_owned()).spawn(run);
        restore_signals(&before);
        let thread = thread.map_err(|error| Errno::of(&error, Errno::EAGAIN))?;
        Ok(Box::into_raw(Box::new(thread)).cast())
    })
}

/// Waits until a thread has ended.
///
/// # Safety
/// `thread` is null, or a thread that was not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_threadclose(thread: *mut c_void) {
    guard((), || {
        if !thread.is_null() {
            // SAFETY: not null, so it came out of `zmq_threadstart`, and this is the only time it is taken back.
            let thread = unsafe { Box::from_raw(thread.cast::<JoinHandle<()>>()) };
            // It cannot have panicked: what it runs is C.
            let _ = thread.join();
        }
        Ok(())
    });
}

fn block_signals() -> libc::sigset_t {
    // SAFETY: an all-zero set is a valid one to fill; both sets are ours, and the calls only read and write them.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set came from `block_signals`; null asks for no answer.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut());
    }
}
