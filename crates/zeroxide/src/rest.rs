//! Where nothing is locked: what others have put off until then is done.
//!
//! Memory that a program lends is given back by a call of the program's, which may use sockets itself; but what holds it last may
//! be dropped anywhere, with the rules of a socket locked, say. So the [door](crate::door) that took the memory notes it, thread
//! by thread, and has it done at the end of its own calls. Here it is told of the other moments: an I/O thread has done all there
//! was, and a thread of the application is about to sleep.

use std::{sync::OnceLock, task::Waker};

static PUT_OFF: OnceLock<fn() -> bool> = OnceLock::new();

/// Has `put_off` do what the calling thread has put off, whenever it rests; it says whether there was something. The first one
/// stays for good.
pub(crate) fn has(put_off: fn() -> bool) {
    let _first = PUT_OFF.set(put_off);
}

/// Does what this thread has put off; says whether there was something.
pub(crate) fn rest() -> bool {
    PUT_OFF.get().is_some_and(|put_off| put_off())
}

/// As [`rest`], where the thread has looked for the last time before it sleeps until `waker` is called. What was done may have
/// taken any time, and used up a call that came meanwhile: so it is called again, and the thread looks once more.
pub(crate) fn before_sleep(waker: &Waker) {
    if rest() {
        waker.wake_by_ref();
    }
}
