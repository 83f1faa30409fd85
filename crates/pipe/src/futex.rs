//! A word to sleep on while it keeps a value: the kernel's futex, or a condition variable of loom's in the models.

#[cfg(not(loom))]
pub(crate) use kernel::Futex;
#[cfg(loom)]
pub(crate) use model::Futex;

#[cfg(not(loom))]
mod kernel {
    use crate::{
        parker::{Interrupted, Signals},
        sync::AtomicU32,
    };
    use rustix::{
        io::Errno,
        thread::futex::{self, Flags, Timespec},
    };
    use std::{num::NonZeroU32, time::Duration};

    /// A point in time, on the clock of the machine's uptime, that no machine will see: a thousand years.
    const FAR: Timespec = Timespec { tv_sec: 1000 * 365 * 24 * 3600, tv_nsec: 0 };

    #[derive(Debug)]
    pub(crate) struct Futex(pub(crate) AtomicU32);

    impl Futex {
        pub(crate) fn new(value: u32) -> Self {
            Self(AtomicU32::new(value))
        }

        /// Sleeps while the word has this value, or for `left`. Returns early now and then.
        ///
        /// A sleep without an end is begun again by the kernel after a handler that was installed with `SA_RESTART`. One with an end
        /// never is: it tells of every handler that ran. So one that signals end has an end, if only a far one, as a point in
        /// time, for which the kernel need not ask what time it is.
        pub(crate) fn sleep(
            &self,
            value: u32,
            left: Option<Duration>,
            signals: Signals,
        ) -> Result<(), Interrupted> {
            // What is beyond the kernel's reckoning is far as well.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let slept = match left {
                Some(left) => futex::wait(&self.0, Flags::PRIVATE, value, Some(&left)),
                None if signals == Signals::End => {
                    futex::wait_bitset(&self.0, Flags::PRIVATE, value, Some(&FAR), NonZeroU32::MAX)
                }
                None => futex::wait(&self.0, Flags::PRIVATE, value, None),
            };
            match slept {
                Err(Errno::INTR) if signals == Signals::End => Err(Interrupted),
                // Woken, the time is over, or the word has changed: whoever sleeps looks.
                _ => Ok(()),
            }
        }

        /// Wakes the one who sleeps here. The word is to be changed before.
        pub(crate) fn wake(&self) {
            let _ = futex::wake(&self.0, Flags::PRIVATE, 1);
        }
    }
}

#[cfg(loom)]
mod model {
    use crate::{
        parker::{Interrupted, Signals},
        sync::{AtomicU32, Condvar, Mutex, Ordering, lock, thread},
    };
    use std::{sync::PoisonError, time::Duration};

    /// `gate` is what the kernel locks: nothing comes between the look at the word and the sleep.
    #[derive(Debug)]
    pub(crate) struct Futex(pub(crate) AtomicU32, Mutex<()>, Condvar);

    impl Futex {
        pub(crate) fn new(value: u32) -> Self {
            Self(AtomicU32::new(value), Mutex::new(()), Condvar::new())
        }

        /// There is no time: who would sleep for a while gives the others a turn.
        pub(crate) fn sleep(
            &self,
            value: u32,
            left: Option<Duration>,
            _signals: Signals,
        ) -> Result<(), Interrupted> {
            if left.is_some() {
                thread::yield_now();
                return Ok(());
            }
            let gate = lock(&self.1);
            if self.0.load(Ordering::Relaxed) == value {
                drop(self.2.wait(gate).unwrap_or_else(PoisonError::into_inner));
            }
            Ok(())
        }

        pub(crate) fn wake(&self) {
            drop(lock(&self.1));
            self.2.notify_one();
        }
    }
}
