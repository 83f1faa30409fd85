//! Names to addresses, off the path of the I/O threads.

use crate::fault::{self, Call};
use crate::interfaces::{Family, zone};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Resolves names in a few threads of its own, since the resolver of the system may block for many seconds.
///
/// - [`Self::resolve`] never waits. A literal address is answered at once, without a thread.
/// - The threads start when there is work and end after [`Self::IDLE`] without.
/// - Dropping the resolver waits for nothing: names that wait are forgotten, and their `done` is dropped uncalled;
///   a thread that hangs in the system's resolver is left to end by itself. It may still call its `done` later.
/// - At most [`Self::WAITING`] names wait; more are answered with `ResourceBusy`.
/// - There is no cache and no timeout: every reconnect asks anew, and whoever asked knows how long it wants to wait.
///
/// ```
/// use std::sync::mpsc;
/// use zeroxide_net::{Family, Resolver};
///
/// let resolver = Resolver::new();
/// let (answers, answer) = mpsc::channel();
/// resolver.resolve("127.0.0.1", 5555, Family::Any, move |found| {
///     let _ = answers.send(found);
/// });
/// assert_eq!(answer.recv()??, [([127, 0, 0, 1], 5555).into()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    lookup: Box<Lookup>,
    state: Mutex<State>,
    /// Rung when a name is queued or the resolver is dropped.
    work: Condvar,
    idle: Duration,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    threads: usize,
    waiting_threads: usize,
    is_closed: bool,
}

struct Job {
    host: String,
    port: u16,
    family: Family,
    done: Box<dyn FnOnce(io::Result<Vec<SocketAddr>>) + Send>,
}

type Lookup = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    /// The most threads. As many names can hang without delaying others.
    pub const THREADS: usize = 8;
    /// The most names that wait for a thread.
    pub const WAITING: usize = 4096;
    /// How long a thread stays without work.
    pub const IDLE: Duration = Duration::from_secs(5);

    /// A resolver that asks the system. It has no thread yet.
    pub fn new() -> Self {
        Self::with_lookup(system_lookup, Self::IDLE)
    }

    /// A resolver that asks `lookup` instead of the system, for tests and for names from elsewhere. Its threads stay
    /// for `idle` without work.
    pub fn with_lookup(
        lookup: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        idle: Duration,
    ) -> Self {
        let (state, work) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { lookup: Box::new(lookup), state, work, idle }) }
    }

    /// Finds the addresses of `host` and hands them, with `port`, to `done`: at least one, in the order in which the
    /// system prefers them.
    ///
    /// `done` is called exactly once, from here (literals, errors) or from another thread; so hold no lock here that
    /// it takes. For a literal address `family` is not asked: the address says what it is.
    pub fn resolve(
        &self,
        host: &str,
        port: u16,
        family: Family,
        done: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
    ) {
        if let Some(address) = literal(host, port) {
            return done(address.map(|address| vec![address]));
        }
        let job = Job { host: host.to_owned(), port, family, done: Box::new(done) };
        if let Err((job, error)) = self.enqueue(job) {
            (job.done)(Err(error));
        }
    }

    fn enqueue(&self, job: Job) -> Result<(), (Job, io::Error)> {
        let mut state = self.shared.lock();
        if state.queue.len() >= Self::WAITING {
            let error = io::Error::new(io::ErrorKind::ResourceBusy, "too many names wait to be resolved");
            return Err((job, error));
        }
        state.queue.push_back(job);
        if state.queue.len() > state.waiting_threads && state.threads < Self::THREADS {
            match self.shared.start_thread() {
                Ok(()) => state.threads += 1,
                // Another thread will come to it.
                Err(_) if state.threads > 0 => {}
                Err(error) => return state.queue.pop_back().map_or(Ok(()), |job| Err((job, error))),
            }
        }
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    /// How many threads there are now.
    pub fn threads(&self) -> usize {
        self.shared.lock().threads
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        let forgotten = std::mem::take(&mut state.queue);
        drop(state);
        self.shared.work.notify_all();
        drop(forgotten);
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Resolver").field("threads", &self.threads()).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let shared = Arc::clone(self);
        fault::check(Call::Thread)?;
        thread::Builder::new().name("zeroxide-resolve".to_owned()).spawn(move || shared.work()).map(drop)
    }

    fn work(&self) {
        while let Some(job) = self.next_job() {
            // Neither a panic of the lookup nor one of `done` may cost the thread, for it is counted.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let found = (self.lookup)(&job.host, job.port);
                (job.done)(found.and_then(|found| of_family(found, job.family)));
            }));
        }
    }

    /// Waits for work; `None` when the thread shall end, which it is then no longer counted for.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if !state.is_closed
                && let Some(job) = state.queue.pop_front()
            {
                return Some(job);
            }
            if state.is_closed {
                state.threads -= 1;
                return None;
            }
            state.waiting_threads += 1;
            let (woken, timeout) =
                self.work.wait_timeout(state, self.idle).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting_threads -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }
}

/// Resolves here and now, for callers that may wait: a bind is synchronous.
///
/// # Errors
///
/// What the system's resolver answers; `AddrNotAvailable` if there are only addresses of the other family.
pub fn resolve_blocking(host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
    match literal(host, port) {
        Some(address) => address.map(|address| vec![address]),
        None => system_lookup(host, port).and_then(|found| of_family(found, family)),
    }
}

/// `host` as an address if it is one: `1.2.3.4`, `::1`, `fe80::1%eth0`.
///
/// # Errors
///
/// `ENODEV` as raw error if the zone is not an interface of this machine.
pub fn literal(host: &str, port: u16) -> Option<io::Result<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(Ok(SocketAddr::new(ip, port)));
    }
    let (ip, name) = host.split_once('%')?;
    let ip: Ipv6Addr = ip.parse().ok()?;
    Some(zone(name).map(|zone| SocketAddrV6::new(ip, port, 0, zone).into()))
}

fn system_lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    fault::check(Call::Resolve)?;
    if let Some(planned) = fault::planned_name(host, port) {
        return planned;
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

fn of_family(mut found: Vec<SocketAddr>, family: Family) -> io::Result<Vec<SocketAddr>> {
    found.retain(|address| family.includes(address.ip()));
    if found.is_empty() {
        let text = "the name has no address of the family asked for";
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, text));
    }
    Ok(found)
}
