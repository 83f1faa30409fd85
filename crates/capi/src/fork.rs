//! What a child process inherits: nothing that works, and nothing that harms the parent.
//!
//! After fork(2) only the calling thread exists; locks that other threads held stay locked for ever, and descriptors are
//! the parent's as well. So the child touches none of it: handles of the parent are told by their number, `zmq_close` and
//! `zmq_ctx_term` on them succeed and do nothing, all other calls fail. Contexts that the child makes are its own.

use crate::{handles::FORKS, socket};
use std::sync::{Once, atomic::Ordering::*};

/// Sees to it that a fork is noticed. Costs nothing after the first time.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler is a function of this library. It allocates at most, which the system's allocator allows
        // in the child. Should registering fail, forks go unnoticed, as they would without it.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

extern "C" fn in_child() {
    FORKS.fetch_add(1, Relaxed);
    socket::forget_recent();
    zeroxide::door::after_fork();
}
