//! Atomic counters: `zmq_atomic_counter_*`. C holds their address; null is answered with zero and otherwise ignored.

use crate::border::guard;
use std::{
    ffi::{c_int, c_void},
    sync::atomic::{AtomicI32, Ordering::*},
};

/// A counter, zero at first.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_atomic_counter_new() -> *mut c_void {
    guard(std::ptr::null_mut(), || Ok(Box::into_raw(Box::new(AtomicI32::new(0))).cast()))
}

/// Sets it.
///
/// # Safety
/// `counter` is null, or a counter that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_set(counter: *mut c_void, value: c_int) {
    // SAFETY: the contract is the callee's.
    if let Some(counter) = unsafe { counter_at(counter) } {
        counter.store(value, SeqCst);
    }
}

/// Adds one, and answers what it was before.
///
/// # Safety
/// `counter` is null, or a counter that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_inc(counter: *mut c_void) -> c_int {
    // SAFETY: the contract is the callee's.
    unsafe { counter_at(counter) }.map_or(0, |counter| counter.fetch_add(1, SeqCst))
}

/// Takes one off; 0 when that has made it zero, else 1.
///
/// # Safety
/// `counter` is null, or a counter that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_dec(counter: *mut c_void) -> c_int {
    // SAFETY: the contract is the callee's.
    unsafe { counter_at(counter) }.map_or(0, |counter| c_int::from(counter.fetch_sub(1, SeqCst) != 1))
}

/// What it is.
///
/// # Safety
/// `counter` is null, or a counter that is not destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_value(counter: *mut c_void) -> c_int {
    // SAFETY: the contract is the callee's.
    unsafe { counter_at(counter) }.map_or(0, |counter| counter.load(SeqCst))
}

/// Frees it, and makes the caller's pointer null.
///
/// # Safety
/// `counter` is null, or points to null, or to a counter that nobody uses at this time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_atomic_counter_destroy(counter: *mut *mut c_void) {
    if counter.is_null() {
        return;
    }
    // SAFETY: not null, so by the contract of this function it points to a pointer of the caller's.
    let counter = unsafe { std::mem::replace(&mut *counter, std::ptr::null_mut()) };
    if !counter.is_null() {
        // SAFETY: not null, so it came out of `zmq_atomic_counter_new`, and this is the only time it is freed.
        drop(unsafe { Box::from_raw(counter.cast::<AtomicI32>()) });
    }
}

/// # Safety
/// `counter` is null, or a counter that is not destroyed while the answer is used.
unsafe fn counter_at<'a>(counter: *mut c_void) -> Option<&'a AtomicI32> {
    // SAFETY: by the contract of this function.
    unsafe { counter.cast::<AtomicI32>().as_ref() }
}
