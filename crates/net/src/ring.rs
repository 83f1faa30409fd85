//! Waking a thread that waits in a poller.

use crate::fault::{self, Call};
use rustix::event::EventfdFlags;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

/// A bell: any thread rings it, one thread hears it through its poller.
///
/// - Ringing costs a system call only if the bell is not already ringing.
/// - The listener calls [`Self::hush`] *before* it looks for work. Whoever published work and then rang can be sure
///   that the listener looks after that.
/// - It is also a [`Waker`](std::task::Waker): `Waker::from(Arc<Ring>)`.
///
/// ```
/// use std::sync::Arc;
/// use zeroxide_net::{Interest, Poller, Ring};
///
/// let (poller, ring) = (Poller::new()?, Arc::new(Ring::new()?));
/// poller.add(&*ring, 0, Interest::READ)?;
/// std::task::Waker::from(Arc::clone(&ring)).wake();
/// let mut events = Vec::new();
/// poller.wait(&mut events, None)?;
/// ring.hush();
/// // ... and now look for work.
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Ring {
    eventfd: OwnedFd,
    rung: AtomicBool,
}

impl Ring {
    /// A bell that is silent.
    ///
    /// # Errors
    ///
    /// Out of descriptors or memory.
    pub fn new() -> io::Result<Self> {
        fault::check(Call::Create)?;
        let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { eventfd, rung: AtomicBool::new(false) })
    }

    /// Makes the descriptor readable until [`Self::hush`]. Never blocks and cannot fail: the counter of the
    /// descriptor is so far from full that the only answer is yes, and full would be readable as well.
    pub fn ring(&self) {
        // Pairs with the swap in `hush`: whoever finds the bell ringing here has its work seen there.
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = rustix::io::write(&self.eventfd, &1u64.to_ne_bytes());
        }
    }

    /// Silences the bell. To be followed by a look for work; says whether anyone had rung.
    ///
    /// ```text
    /// listener: drain fd | rung = false | look for work
    /// ringer:               publish work | rung = true, was false: write fd
    /// ```
    /// The order matters. Were `rung` reset first, a ringer could come in between; its write would be drained while
    /// `rung` stays true, and nobody would write again.
    pub fn hush(&self) -> bool {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.eventfd, &mut count);
        self.rung.swap(false, Ordering::AcqRel)
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
