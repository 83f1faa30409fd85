//! Failing system calls on purpose: the Nth call of a kind answers with an error that a test has chosen.
//!
//! The hook sits directly at the system call, below the loops that repeat interrupted calls, so an injected `EINTR`
//! is retried like a real one. Without the feature `fault-injection` (and outside this crate's own tests) the hook is
//! an empty inline function and `Fault` does not exist.

/// The kinds of system calls that can be made to fail.
///
/// ```
/// # #[cfg(feature = "fault-injection")]
/// # {
/// use zeroxide_net::{Stream, fault::{Call, Fault}};
/// let (near, _far) = Stream::pair()?;
/// let fault = Fault::in_thread(Call::Write, 2, rustix::io::Errno::NOBUFS);
/// assert!(near.write(b"first").is_ok());
/// assert!(near.write(b"second").is_err());
/// assert!(fault.has_struck());
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Call {
    /// `read`
    Read,
    /// `send` and `sendmsg`
    Write,
    /// `socket`
    Socket,
    /// `bind`
    Bind,
    /// `listen`
    Listen,
    /// `connect`
    Connect,
    /// `accept4`
    Accept,
    /// `epoll_create1` and `eventfd`
    Create,
    /// `epoll_ctl`
    Control,
    /// `epoll_wait` and `ppoll`
    Wait,
    /// `getaddrinfo`; the error stands for that of the resolver
    Resolve,
}

#[cfg(not(any(test, feature = "fault-injection")))]
#[inline(always)]
pub(crate) fn check(_call: Call) -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(any(test, feature = "fault-injection"))]
pub(crate) use planned::check;
#[cfg(any(test, feature = "fault-injection"))]
pub use planned::{Fault, Times};

#[cfg(any(test, feature = "fault-injection"))]
mod planned {
    use super::Call;
    use rustix::io::Errno;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread::{self, ThreadId};

    /// How often a fault strikes once its turn has come.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Times {
        /// Only the Nth call fails.
        Once,
        /// The Nth call and all later ones fail until the [`Fault`] is dropped.
        Always,
    }

    /// A planned failure; dropping it takes it back.
    #[derive(Debug)]
    pub struct Fault(Arc<Plan>);

    #[derive(Debug)]
    struct Plan {
        call: Call,
        nth: usize,
        errno: Errno,
        times: Times,
        thread: Option<ThreadId>,
        seen: AtomicUsize,
    }

    static PLANS: Mutex<Vec<Arc<Plan>>> = Mutex::new(Vec::new());
    /// How many plans there are, so that calls take no lock while there is none.
    static PLANNED: AtomicUsize = AtomicUsize::new(0);

    impl Fault {
        /// The `nth` (from 1) call of this kind made by the calling thread fails.
        pub fn in_thread(call: Call, nth: usize, errno: Errno) -> Self {
            Self::plan(call, nth, errno, Times::Once, Some(thread::current().id()))
        }

        /// The `nth` (from 1) call of this kind made by any thread fails.
        pub fn in_process(call: Call, nth: usize, errno: Errno) -> Self {
            Self::plan(call, nth, errno, Times::Once, None)
        }

        /// As [`Self::in_process`] or [`Self::in_thread`], in every detail.
        pub fn plan(call: Call, nth: usize, errno: Errno, times: Times, thread: Option<ThreadId>) -> Self {
            let plan = Arc::new(Plan { call, nth, errno, times, thread, seen: AtomicUsize::new(0) });
            let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            plans.push(Arc::clone(&plan));
            PLANNED.store(plans.len(), Ordering::SeqCst);
            Self(plan)
        }

        /// Whether the failure has happened.
        pub fn has_struck(&self) -> bool {
            self.0.seen.load(Ordering::SeqCst) >= self.0.nth
        }
    }

    impl Drop for Fault {
        fn drop(&mut self) {
            let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            plans.retain(|plan| !Arc::ptr_eq(plan, &self.0));
            PLANNED.store(plans.len(), Ordering::SeqCst);
        }
    }

    pub(crate) fn check(call: Call) -> rustix::io::Result<()> {
        if PLANNED.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        let here = thread::current().id();
        let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        for plan in plans.iter().filter(|plan| plan.call == call && plan.thread.is_none_or(|id| id == here)) {
            let count = plan.seen.fetch_add(1, Ordering::SeqCst).saturating_add(1);
            if count == plan.nth || (plan.times == Times::Always && count > plan.nth) {
                return Err(plan.errno);
            }
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_the_call_that_was_chosen_fails() {
            let fault = Fault::in_thread(Call::Resolve, 2, Errno::IO);
            assert_eq!(check(Call::Resolve), Ok(()));
            assert_eq!(check(Call::Read), Ok(()));
            assert!(!fault.has_struck());
            assert_eq!(check(Call::Resolve), Err(Errno::IO));
            assert_eq!(check(Call::Resolve), Ok(()));
            assert!(fault.has_struck());
        }

        #[test]
        fn a_lasting_fault_ends_with_its_handle() {
            let me = Some(thread::current().id());
            let fault = Fault::plan(Call::Resolve, 1, Errno::IO, Times::Always, me);
            assert!((0..3).all(|_| check(Call::Resolve) == Err(Errno::IO)));
            drop(fault);
            assert_eq!(check(Call::Resolve), Ok(()));
        }

        #[test]
        fn other_threads_are_left_alone() {
            let _fault = Fault::in_thread(Call::Resolve, 1, Errno::IO);
            assert_eq!(thread::spawn(|| check(Call::Resolve)).join().unwrap(), Ok(()));
        }
    }
}
