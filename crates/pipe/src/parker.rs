//! A thread as a [`Waker`]: how a blocked call waits in an [`EventCount`](crate::EventCount).

use crate::{futex::Futex, sync::Ordering};
use std::{
    rc::Rc,
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

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

/// What a signal handler that runs while a thread is parked does to the park.
///
/// ```
/// use zeroxide_pipe::{Interrupted, Signals, ThreadParker};
///
/// /// As in C, where a handler has set a flag that the caller wants to look at.
/// fn wait_as_c_does(parker: &ThreadParker) -> Result<(), Interrupted> {
///     parker.park_minding(Signals::End, None).map(|_woken| ())
/// }
/// # let parker = ThreadParker::current();
/// # parker.waker().wake_by_ref();
/// # assert!(wait_as_c_does(&parker).is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signals {
    /// Nothing.
    Ignored,
    /// It ends, as poll(2) does: however the handler was installed.
    End,
}

/// A signal handler ran.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_pipe::{Interrupted, Signals, ThreadParker};
/// let soon = Instant::now() + Duration::from_millis(1);
/// match ThreadParker::current().park_minding(Signals::End, Some(soon)) {
///     Ok(woken) => assert!(!woken, "nobody has our waker"),
///     Err(Interrupted) => println!("a signal came first"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interrupted;

/// Its word, from the thread's side and from that of wakers:
///
/// ```text
///   AWAKE   --park-->  ASLEEP     the thread is in the kernel, or about to be
///   AWAKE   --wake-->  WOKEN      kept for the next park
///   ASLEEP  --wake-->  WOKEN      and the kernel is told
///   any     --take-->  AWAKE      by the thread alone
/// ```
/// The kernel looks at the word before it lets a thread sleep, so a wake between the second state and the sleep is not lost.
#[derive(Debug)]
struct Token(Futex);

const AWAKE: u32 = 0;
const WOKEN: u32 = 1;
const ASLEEP: u32 = 2;

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
        let _ = self.0.token.wait(None, Signals::Ignored);
    }

    /// Waits for a wake and uses it up, or gives up at `deadline`; says whether there was a wake.
    pub fn park_until(&self, deadline: Instant) -> bool {
        // Nothing interrupts it.
        self.0.token.wait(Some(deadline), Signals::Ignored).unwrap_or(true)
    }

    /// As [`ThreadParker::park_until`], for ever without a deadline, where a signal may end it.
    ///
    /// # Errors
    /// A signal came, and no wake.
    pub fn park_minding(&self, signals: Signals, deadline: Option<Instant>) -> Result<bool, Interrupted> {
        self.0.token.wait(deadline, signals)
    }

    fn new() -> Self {
        let token = Arc::new(Token(Futex::new(AWAKE)));
        Self(Rc::new(Parked { waker: Waker::from(token.clone()), token }))
    }
}

impl Token {
    /// True: woken. False: the time is over.
    fn wait(&self, deadline: Option<Instant>, signals: Signals) -> Result<bool, Interrupted> {
        loop {
            if self.take() {
                return Ok(true);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            // Relaxed: nothing is read but the word.
            if self.0.0.compare_exchange(AWAKE, ASLEEP, Ordering::Relaxed, Ordering::Relaxed).is_err() {
                continue;
            }
            if self.0.sleep(ASLEEP, left, signals).is_err() {
                // Who was woken as well has what it waited for.
                return if self.take() { Ok(true) } else { Err(Interrupted) };
            }
        }
    }

    /// Acquire pairs with the release in `wake_by_ref`: what the waker did before is seen after the park.
    fn take(&self) -> bool {
        self.0.0.swap(AWAKE, Ordering::Acquire) == WOKEN
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.0.0.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            self.0.wake();
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
    fn a_park_that_signals_may_end_is_ended_by_a_wake_and_by_the_time() {
        let parker = ThreadParker::current();
        let waker = parker.waker().clone();
        let other = thread::spawn(move || waker.wake());
        assert_eq!(parker.park_minding(Signals::End, None), Ok(true));
        other.join().unwrap();
        let soon = Instant::now() + Duration::from_millis(1);
        assert_eq!(parker.park_minding(Signals::End, Some(soon)), Ok(false));
    }

    #[test]
    fn there_is_one_a_thread() {
        assert!(ThreadParker::current().waker().will_wake(ThreadParker::current().waker()));
        let waker = ThreadParker::current().waker().clone();
        let other = thread::spawn(move || waker.will_wake(ThreadParker::current().waker()));
        assert!(!other.join().unwrap());
    }
}
