//! Memory of the application, and when it is given back.
//!
//! ```text
//! zmq_msg_init_data -> message -> batches -> written, or dropped: somewhere inside, anything may be locked -> noted, for this thread
//!                                                     a call of C's ends | an I/O thread is done | a thread sleeps -> free(data, hint)
//! ```
//! The application's function may do what it likes: take a lock that another thread holds while it calls us, or call us itself.
//! So it is called where nothing of ours is locked, by the thread that was the last to need the memory, and soon.

use crate::thread::{self, Remembered};
use bytes::Bytes;
use std::{cell::RefCell, ffi::c_void, hint::cold_path, mem::take, slice};
use zeroxide::door::when_at_rest;

/// `zmq_free_fn`.
pub type FreeFunction = unsafe extern "C" fn(data: *mut c_void, hint: *mut c_void);

/// Memory of the application as a body, without copying.
///
/// # Safety
/// `size` octets can be read and written at `data` until `free` is called, which any thread may do.
pub unsafe fn foreign(data: *mut c_void, size: usize, free: FreeFunction, hint: *mut c_void) -> Bytes {
    when_at_rest(give_back);
    Bytes::from_owner(Foreign { loan: Loan { data, free, hint }, size })
}

/// Memory of the application as long as somebody needs it.
struct Foreign {
    loan: Loan,
    size: usize,
}

/// What is called, once, to give it back.
#[derive(Clone, Copy)]
struct Loan {
    data: *mut c_void,
    free: FreeFunction,
    hint: *mut c_void,
}

// SAFETY: libzmq's contract: the octets are handed over, and the function may be called in any thread.
unsafe impl Send for Foreign {}

impl AsRef<[u8]> for Foreign {
    fn as_ref(&self) -> &[u8] {
        if self.loan.data.is_null() || self.size == 0 {
            return &[];
        }
        // SAFETY: whoever made this promised that so many octets can be read there until the function is called.
        unsafe { slice::from_raw_parts(self.loan.data.cast(), self.size) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let loan = self.loan;
        match OVER.try_with(|over| over.0.borrow_mut().push(loan)) {
            Ok(()) => thread::with(|Remembered { owes, .. }| owes.set(1)),
            // The thread ends, and what it noted has been seen to.
            Err(_) => loan.end(),
        }
    }
}

impl Loan {
    fn end(self) {
        // SAFETY: the application's own function with its own arguments. Each loan is ended once: by whoever takes it off the
        // list that its owner put it on when it was dropped.
        unsafe { (self.free)(self.data, self.hint) }
    }
}

/// What is to be given back by a thread, in this order; [`Remembered::owes`] says whether it is anything.
struct Over(RefCell<Vec<Loan>>);

thread_local! {
    static OVER: Over = const { Over(RefCell::new(Vec::new())) };
}

impl Drop for Over {
    fn drop(&mut self) {
        take(self.0.get_mut()).into_iter().for_each(Loan::end);
    }
}

/// Gives back what this thread was the last to need; says whether there was anything. Nothing of ours may be locked.
#[inline(always)]
pub(crate) fn give_back() -> bool {
    thread::with(|Remembered { owes, .. }| {
        if owes.get() == 0 {
            return false;
        }
        cold_path();
        give_all_back()
    })
}

#[cold]
#[inline(never)]
fn give_all_back() -> bool {
    thread::with(|Remembered { owes, .. }| owes.set(0));
    let mut loans = OVER.try_with(|over| take(&mut *over.0.borrow_mut())).unwrap_or_default();
    let any = !loans.is_empty();
    // Each may call us, and add to the list.
    loans.drain(..).for_each(Loan::end);
    let _ended = OVER.try_with(|over| {
        let mut next = over.0.borrow_mut();
        if next.capacity() == 0 {
            *next = loans;
        }
    });
    any
}
