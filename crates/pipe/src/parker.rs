//! A thread as a [`Waker`]: how a blocked call waits in an [`EventCount`](crate::EventCount).

use crate::sync::{AtomicBool, Ordering, Parking};
use std::{rc::Rc, sync::Arc, task::Wake, task::Waker, time::Instant};

/// Parks the current thread until its [`Waker`] is called.
///
/// - A wake that comes before the park is kept: the park then returns at once. Several are kept as one.
/// - Parks do not return early: neither `thread::unpark` by strangers nor the kernel's whims show through.
/// - There is one a thread; [`ThreadParker::current`] allocates nothing after the first time.
///
/// A wake may be a late one, meant for a wait that is over, so callers check their condition in a loop
/// ([`EventCount::wait`](crate::EventCount::wait) does). A condition must not itself wait: it would eat the token.
///
/// ```
/// use zeroxide_pipe::ThreadParker;
/// let parker = ThreadParker::current();
/// let waker = parker.waker().clone();
/// std::thread::spawn(move || waker.wake());
/// parker.park();
/// ```
#[derive(Clone, Debug)]
pub struct ThreadParker(Rc<Parked>);

/// `Rc`, so that a parker cannot leave its thread: another one would park under the wrong token.
#[derive(Debug)]
struct Parked {
    token: Arc<Token>,
    waker: Waker,
}

#[derive(Debug)]
struct Token {
    woken: AtomicBool,
    thread: Parking,
}

#[cfg(not(loom))]
thread_local! {
    static CURRENT: ThreadParker = ThreadParker::new();
}

impl ThreadParker {
    /// The parker of the current thread.
    #[cfg(not(loom))]
    pub fn current() -> Self {
        // While the thread's locals are torn down (a socket closed by a destructor) a fresh one serves as well.
        CURRENT.try_with(Clone::clone).unwrap_or_else(|_| Self::new())
    }

    /// The parker of the current thread: under loom a new one each time, because threads live for one execution.
    #[cfg(loom)]
    pub fn current() -> Self {
        Self::new()
    }

    /// What ends a [`ThreadParker::park`] of this thread.
    pub fn waker(&self) -> &Waker {
        &self.0.waker
    }

    /// Waits for a wake and uses it up.
    pub fn park(&self) {
        while !self.0.token.take() {
            self.0.token.thread.park();
        }
    }

    /// Waits for a wake and uses it up, or gives up at `deadline`; says whether there was a wake.
    pub fn park_until(&self, deadline: Instant) -> bool {
        loop {
            if self.0.token.take() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.0.token.thread.park_timeout(left);
        }
    }

    fn new() -> Self {
        let token = Arc::new(Token { woken: AtomicBool::new(false), thread: Parking::current() });
        Self(Rc::new(Parked { waker: Waker::from(token.clone()), token }))
    }
}

impl Token {
    /// Acquire pairs with the release in `wake_by_ref`: what the waker did before is seen after the park.
    fn take(&self) -> bool {
        self.woken.swap(false, Ordering::Acquire)
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// The flag is set before the unpark, and the unpark is itself remembered by the thread: between the check of the
    /// flag and the park nothing gets lost. A flag already set was followed by an unpark that nobody has used yet.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    #[test]
    fn a_wake_before_the_park_is_kept_and_two_are_one() {
        let parker = ThreadParker::current();
        parker.waker().wake_by_ref();
        parker.waker().wake_by_ref();
        parker.park();
        assert!(!parker.park_until(Instant::now()));
    }

    #[test]
    fn an_unpark_by_a_stranger_ends_nothing() {
        let parker = ThreadParker::current();
        thread::current().unpark();
        assert!(!parker.park_until(Instant::now() + Duration::from_millis(1)));
    }

    #[test]
    fn a_token_eaten_by_a_stranger_is_not_missed() {
        let parker = ThreadParker::current();
        parker.waker().wake_by_ref();
        thread::park();
        parker.park();
    }

    #[test]
    fn there_is_one_a_thread() {
        assert!(ThreadParker::current().waker().will_wake(ThreadParker::current().waker()));
        let waker = ThreadParker::current().waker().clone();
        let other = thread::spawn(move || waker.will_wake(ThreadParker::current().waker()));
        assert!(!other.join().unwrap());
    }
}
