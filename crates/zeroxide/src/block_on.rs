//! An executor for one future, whose thread reads for it while it waits.
//!
//! ```text
//!   poll the future -> pending -> sit down where its receives wait -> poll(2) on their connections -> read -> poll again
//!                                  (no seat: the I/O thread reads, and wakes)
//! ```
//! Under any other executor a message reaches a task by way of an I/O thread: the kernel wakes that one, it reads, and
//! wakes the executor's thread, unless its context knows a reactor. Here, as in a blocked receive, the kernel wakes the thread that wants the message.

use crate::{
    blocking::{Patience, bell},
    seat::Claims,
    socket::core::Core,
};
use std::{
    cell::RefCell,
    future::Future,
    io,
    pin::pin,
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicBool, Ordering::*},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};
use zeroxide_net::{PollFd, PollFlags, Ring, wait_fds};

/// With more sockets than this that receives wait for at once, the I/O threads read.
const MOST_SOCKETS: usize = 4;

thread_local! {
    /// Where receives of the future wait that this thread runs, if it runs one.
    static EXPECTED: RefCell<Option<Vec<Arc<Core>>>> = const { RefCell::new(None) };
}

/// Runs a future on this thread until it is done: the fastest way to await sockets.
///
/// - While the future waits in receives of up to four sockets, this thread reads their connections itself, as a blocked
///   [`recv`](crate::Socket::recv) does. Other executors (tokio, smol) run the same futures, but there each message takes
///   one more wake-up, from an I/O thread to the executor's, unless they tell of it by their [`Reactor`](crate::Reactor).
/// - Anything else may be awaited too: wakes come from any thread. Timers and sockets of a runtime need that runtime.
/// - Sockets that were told to [poll before they sleep](crate::Handle::set_busy_wait) do so here as well.
///
/// ```
/// use zeroxide::{Context, Rep, Req, block_on};
/// let context = Context::new();
/// let (req, rep) = (Req::new(&context)?, Rep::new(&context)?);
/// req.connect(&rep.bind("tcp://127.0.0.1:*")?)?;
/// let answering = std::thread::spawn(move || block_on(async {
///     rep.send_async(rep.recv_async().await?).await?;
///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// }));
/// block_on(async {
///     req.send_async("anybody?").await?;
///     assert_eq!(req.recv_async().await?, "anybody?".into());
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// assert!(answering.join().is_ok_and(|answered| answered.is_ok()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let sleeper = Arc::new(Sleeper {
        ring: bell().map(|(ring, _)| ring),
        thread: thread::current(),
        woken: AtomicBool::new(false),
        asleep: AtomicBool::new(false),
    });
    let waker = Waker::from(sleeper.clone());
    let mut context = TaskContext::from_waker(&waker);
    let _running = Running::begin();
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        let mut until = None;
        while !sleeper.woken.swap(false, AcqRel) {
            let cores = still_expected();
            // The most patient of the sockets says for how long to poll; once for all rounds of this wait.
            let most = || cores.iter().filter_map(|core| core.busy_until(Patience::Endless)).max();
            let until = *until.get_or_insert_with(most);
            sleeper.wait(&cores, until);
        }
    }
}

/// A receive waits for this socket; false if nobody will read it but the I/O thread.
pub(crate) fn expects(core: &Arc<Core>) -> bool {
    let expect = |expected: &RefCell<Option<Vec<Arc<Core>>>>| {
        let Ok(mut expected) = expected.try_borrow_mut() else { return false };
        let Some(cores) = expected.as_mut() else { return false };
        let known = cores.iter().any(|known| Arc::ptr_eq(known, core));
        if !known && cores.len() < MOST_SOCKETS {
            cores.push(core.clone());
            return true;
        }
        known
    };
    EXPECTED.try_with(expect).unwrap_or(false)
}

/// The sockets that are still waited for. The others are as those of a reader that went away.
fn still_expected() -> Vec<Arc<Core>> {
    let look = |expected: &RefCell<Option<Vec<Arc<Core>>>>| {
        let mut expected = expected.try_borrow_mut().ok()?;
        let cores = expected.as_mut()?;
        cores.retain(|core| core.readable.has_waiters());
        Some(cores.clone())
    };
    EXPECTED.try_with(look).ok().flatten().unwrap_or_default()
}

/// What the thread expected before; it runs a future within another one.
struct Running(Option<Vec<Arc<Core>>>);

impl Running {
    fn begin() -> Self {
        Self(exchange(Some(Vec::new())))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(exchange(self.0.take()));
    }
}

fn exchange(expected: Option<Vec<Arc<Core>>>) -> Option<Vec<Arc<Core>>> {
    EXPECTED.try_with(|before| before.replace(expected)).ok().flatten()
}

struct Sleeper {
    /// Ends a poll(2); without a descriptor the thread parks.
    ring: Option<Arc<Ring>>,
    thread: Thread,
    woken: AtomicBool,
    asleep: AtomicBool,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// ```text
    /// waker:   woken = true  | asleep? ring          sleeper:  asleep = true | woken? do not sleep
    /// ```
    /// In one order for all, so one of the two sees the other.
    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, SeqCst);
        if self.asleep.swap(false, SeqCst) {
            match &self.ring {
                Some(ring) => ring.ring(),
                None => self.thread.unpark(),
            }
        }
    }
}

impl Sleeper {
    /// Waits for a wake, or for something to read; may return for nothing.
    fn wait(&self, cores: &[Arc<Core>], until: Option<Instant>) {
        let Some(ring) = &self.ring else {
            self.asleep.store(true, SeqCst);
            if !self.woken.load(SeqCst) {
                thread::park();
            }
            return self.asleep.store(false, SeqCst);
        };
        let mut seats: Vec<Taken<'_>> =
            cores.iter().filter_map(|core| Some((core, core.seat.enter(core)?))).collect();
        if !self.look(until, cores, &mut seats) {
            let ready = self.sleep(ring, &seats, cores);
            let mut ready = ready.into_iter();
            for (core, claims) in &mut seats {
                core.read_claimed(claims, |_| ready.next().unwrap_or(false));
            }
        }
        for (core, claims) in seats {
            // Whoever is registered here is this thread, as far as can be known; others come in at the next tick.
            core.seat.leave(claims, false);
        }
    }

    /// Which of the claimed connections that are up have something.
    fn sleep(&self, ring: &Ring, seats: &[Taken<'_>], cores: &[Arc<Core>]) -> Vec<bool> {
        let mut fds = vec![PollFd::new(ring, PollFlags::IN)];
        let claims = seats.iter().flat_map(|(_, claims)| &claims.connections);
        let streams = claims.filter_map(|claim| claim.stream.as_ref());
        fds.extend(streams.map(|stream| PollFd::new(&**stream, PollFlags::IN)));
        self.asleep.store(true, SeqCst);
        let mut waited = Ok(0);
        if !self.woken.load(SeqCst) {
            cores.iter().for_each(|core| core.counters.sleeps());
            waited = wait_fds(&mut fds, None);
        }
        self.asleep.store(false, SeqCst);
        if fds.first().is_some_and(|bell| !bell.revents().is_empty()) {
            ring.hush();
        }
        if waited.is_err_and(|error: io::Error| error.kind() != io::ErrorKind::Interrupted) {
            // Out of memory, say: look again in a moment.
            thread::sleep(Duration::from_millis(1));
        }
        fds.iter().skip(1).map(|fd| !fd.revents().is_empty()).collect()
    }

    /// Polls until then; true if there was a wake, or the seats are to be taken anew.
    fn look(&self, until: Option<Instant>, cores: &[Arc<Core>], seats: &mut [Taken<'_>]) -> bool {
        let Some(until) = until else { return false };
        while Instant::now() < until {
            for (core, claims) in seats.iter_mut() {
                core.read_claimed(claims, |_| true);
            }
            if self.woken.load(SeqCst) || cores.iter().any(|core| core.seat.has_changed(core, true)) {
                return true;
            }
            std::hint::spin_loop();
        }
        false
    }
}

/// A socket and its seat.
type Taken<'a> = (&'a Arc<Core>, MutexGuard<'a, Claims>);
