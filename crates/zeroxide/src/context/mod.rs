//! A context: the sockets of a program, the threads that serve them, and their common end.

mod ending;

pub(crate) use ending::Shutdown;

use crate::{
    error::SocketError,
    inproc::Registry,
    io::{
        run::Loop,
        shared::{Command, IoShared},
    },
    reactor::Reactor,
    security::{Authenticator, Desk, SystemEntropy},
    socket::{begin_with_limits, core::Core},
    sync::{Mutex, Waiters},
};
use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::*},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use zeroxide_net::{Resolver, fault, make_room_for_descriptors};
use zeroxide_proto::{Loss, Options, SocketType, security::Entropy};

/// The home of sockets: sockets of one context reach each other by `inproc://`, and share I/O threads.
///
/// - Cheap to clone; every clone is the same context.
/// - I/O threads start with the first endpoint that needs one.
/// - When the last handle is dropped, of the context and of all its sockets, messages that were sent still go out: the
///   drop waits for them as long as their sockets' [`linger`](crate::Handle::set_linger) says.
///
/// ```
/// use zeroxide::{Context, Rep, Req};
/// let context = Context::new();
/// let server = Rep::new(&context)?;
/// let client = Req::new(&context)?;
/// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
/// client.send("Hello")?;
/// assert_eq!(server.recv()?, "Hello".into());
/// server.send("World")?;
/// assert_eq!(client.recv()?, "World".into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Context {
    pub(crate) guard: Arc<Guard>,
}

/// Settings of a [`Context`], to be fixed before it exists.
///
/// ```
/// use zeroxide::{Context, Pair, SocketError};
/// let context = Context::builder().io_threads(2).max_sockets(1).thread_name("courier").build();
/// let _pair = Pair::new(&context)?;
/// assert_eq!(Pair::new(&context).unwrap_err(), SocketError::TooMany(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ContextBuilder {
    io_threads: usize,
    max_sockets: usize,
    ipv6: bool,
    thread_name: String,
    thread_start: ThreadStart,
    reactor: Watching,
    #[cfg(feature = "simulation")]
    simulated: Option<u64>,
}

/// What each I/O thread does first.
#[derive(Clone, Default)]
struct ThreadStart(Option<Arc<dyn Fn(usize) + Send + Sync>>);

impl std::fmt::Debug for ThreadStart {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}

/// By what tasks hear of connections themselves.
#[derive(Clone, Default)]
struct Watching(Option<Arc<dyn Reactor>>);

impl std::fmt::Debug for Watching {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}

/// What was left when a context was shut down.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Pull, Push};
/// let context = Context::new();
/// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
/// push.connect(&pull.bind("inproc://work")?)?;
/// push.send("taken")?;
/// push.send("left lying")?;
/// pull.recv()?;
/// let report = context.shutdown(Duration::from_secs(30));
/// assert!(report.complete, "{} connections were still open", report.open);
/// assert_eq!(report.discarded, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct ShutdownReport {
    /// Whether all connections ended in time.
    pub complete: bool,
    /// Connections and listeners that were still open when the time was over.
    pub open: usize,
    /// Messages that were sent but never handed to the operating system, or over inproc never received.
    pub discarded: u64,
}

/// Held by every handle of the application; the last one to go ends the context.
pub(crate) struct Guard {
    pub(crate) inner: Arc<ContextInner>,
}

/// What sockets and sessions share. Threads of the context hold this, never the [`Guard`].
pub(crate) struct ContextInner {
    settings: ContextBuilder,
    pub(crate) registry: Registry,
    pub(crate) shutdown: Arc<Shutdown>,
    threads: Mutex<Threads>,
    sockets: Mutex<Vec<Weak<Core>>>,
    open: AtomicUsize,
    terminated: AtomicBool,
    /// Where handshakes ask about peers.
    pub(crate) desk: Desk,
    /// Who is asked by sockets that have nobody of their own.
    authenticator: Mutex<Option<Arc<dyn Authenticator>>>,
    pub(crate) entropy: Arc<dyn Entropy>,
    #[cfg(feature = "simulation")]
    pub(crate) simulation: Option<crate::simulation::Simulation>,
}

#[derive(Default)]
struct Threads {
    io: Vec<(Arc<IoShared>, Option<JoinHandle<()>>)>,
}

impl Context {
    /// A context with one I/O thread and libzmq's limits.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A context with other settings. Unless told otherwise it has one I/O thread, at most 1023 sockets, and IPv6 switched
    /// off.
    pub fn builder() -> ContextBuilder {
        ContextBuilder {
            io_threads: 1,
            max_sockets: 1023,
            ipv6: false,
            thread_name: "zeroxide".to_owned(),
            thread_start: ThreadStart::default(),
            reactor: Watching::default(),
            #[cfg(feature = "simulation")]
            simulated: None,
        }
    }

    /// Ends every call on every socket of this context with an error, now and in future. Sockets are still to be
    /// dropped, and what was sent still goes out.
    pub fn terminate(&self) {
        self.guard.inner.terminate();
    }

    /// Closes every socket and waits until all that was sent is out, or lingered long enough, or `timeout` is over; then
    /// what is left is discarded, and the report says how much that was.
    ///
    /// - It returns within `timeout` and a moment, whatever peers do and whatever the sockets' linger says.
    /// - Calls on sockets of this context, also those that wait at this moment, end with an error.
    /// - After it nothing is left to wait for: dropping the sockets and the context returns at once.
    /// - In an I/O thread, from within a wake, it does not wait: the report says how things are, and they go on to their end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide::{Context, Push};
    /// let context = Context::new();
    /// let push = Push::new(&context)?;
    /// push.set_linger(None);
    /// push.connect("tcp://127.0.0.1:1")?;
    /// push.send("nobody is there")?;
    /// let report = context.shutdown(Duration::from_millis(10));
    /// assert_eq!((report.complete, report.discarded), (false, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.guard.inner.shut_down(Instant::now().checked_add(timeout))
    }

    /// Who decides about peers of those servers of this context that have no
    /// [authenticator of their own](crate::Handle::set_authenticator), and of sockets without a mechanism that have a
    /// [ZAP domain](crate::Handle::set_zap_domain). Acts on handshakes from now on.
    pub fn set_authenticator(&self, authenticator: impl Authenticator) {
        *self.guard.inner.authenticator.lock() = Some(Arc::new(authenticator));
    }

    pub(crate) fn inner(&self) -> &Arc<ContextInner> {
        &self.guard.inner
    }

    /// Sockets that are open now: made, and not dropped.
    pub fn open_sockets(&self) -> usize {
        self.guard.inner.open.load(Relaxed)
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Context").field("open_sockets", &self.open_sockets()).finish_non_exhaustive()
    }
}

/// Threads and descriptors are the whole system's; a number beyond reason must not take all of them.
const IO_THREADS_MAX: usize = 256;

impl ContextBuilder {
    /// How many I/O threads serve connections; with 0 only inproc works. One is enough for several gigabits a second,
    /// and more than 256 are 256.
    pub fn io_threads(mut self, count: usize) -> Self {
        self.io_threads = count.min(IO_THREADS_MAX);
        self
    }

    /// How many sockets may be open at once: one more is [`SocketError::TooMany`].
    pub fn max_sockets(mut self, count: usize) -> Self {
        self.max_sockets = count;
        self
    }

    /// Whether new sockets use IPv6 unless [`set_ipv6`](crate::Handle::set_ipv6) tells otherwise.
    pub fn ipv6(mut self, enabled: bool) -> Self {
        self.ipv6 = enabled;
        self
    }

    /// What the threads are called, "zeroxide" by default: the first is `zeroxide/io/0`. Linux shows 15 octets of it.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// What each I/O thread calls first, with its number: to choose its processors and its priority.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use zeroxide::{Context, Rep};
    /// let (told, numbers) = channel();
    /// let context = Context::builder().on_thread_start(move |number| told.send(number).unwrap_or(())).build();
    /// Rep::new(&context)?.bind("tcp://127.0.0.1:*")?;
    /// assert_eq!(numbers.recv()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_thread_start(mut self, start: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.thread_start = ThreadStart(Some(Arc::new(start)));
        self
    }

    /// By what tasks that await sockets of this context hear of messages themselves, where they would be woken by an I/O
    /// thread otherwise; [`Reactor`] has the ones for tokio and smol.
    pub fn reactor(mut self, reactor: impl Reactor) -> Self {
        self.reactor = Watching(Some(Arc::new(reactor)));
        self
    }

    /// Has no threads: it does something when [`simulation::turn`](crate::simulation::turn) tells it to, and what it leaves
    /// to chance is decided by `seed`.
    #[cfg(feature = "simulation")]
    pub fn simulated(mut self, seed: u64) -> Self {
        self.simulated = Some(seed);
        self
    }

    /// Makes the context. No thread starts yet.
    pub fn build(self) -> Context {
        let inner = Arc::new(ContextInner {
            #[cfg(feature = "simulation")]
            simulation: self.simulated.map(crate::simulation::Simulation::new),
            settings: self,
            registry: Registry::default(),
            shutdown: Arc::default(),
            threads: Mutex::default(),
            sockets: Mutex::default(),
            open: AtomicUsize::new(0),
            terminated: AtomicBool::new(false),
            desk: Desk::default(),
            authenticator: Mutex::default(),
            entropy: SystemEntropy::shared(),
        });
        Context { guard: Arc::new(Guard { inner }) }
    }
}

impl ContextInner {
    /// A new socket of this context.
    pub(crate) fn open_socket(self: &Arc<Self>, kind: SocketType) -> Result<Arc<Core>, SocketError> {
        if self.terminated.load(SeqCst) {
            return Err(SocketError::Terminated);
        }
        let limit = self.settings.max_sockets;
        let counted = self.open.fetch_update(SeqCst, SeqCst, |open| (open < limit).then_some(open + 1));
        counted.map_err(|_| SocketError::TooMany(limit))?;
        let mut options =
            Options { ipv6: self.settings.ipv6, linger: Some(DEFAULT_LINGER), ..Options::default() };
        begin_with_limits(&mut options);
        if matches!(kind, SocketType::Sub | SocketType::Xsub | SocketType::Dish) {
            options.linger = Some(Duration::ZERO);
        }
        let core = Arc::new(Core::new(kind, self.clone(), options, self.random()));
        let mut sockets = self.sockets.lock();
        if sockets.len() == sockets.capacity() {
            // Room for as many again, so that a look at all of them is rare however many there are.
            sockets.retain(|socket| socket.strong_count() > 0);
            let live = sockets.len();
            sockets.reserve(live + 1);
        }
        sockets.push(Arc::downgrade(&core));
        drop(sockets);
        if self.terminated.load(SeqCst) {
            core.terminate();
        }
        Ok(core)
    }

    /// A socket was closed by the application.
    pub(crate) fn socket_closed(&self) {
        self.open.fetch_sub(1, SeqCst);
        self.shutdown.changed.notify_fenced();
    }

    /// Whether no socket is open, and nothing that was sent is still on its way.
    pub(crate) fn is_over(&self) -> bool {
        self.open.load(SeqCst) == 0 && self.shutdown.is_over()
    }

    /// Notified when a socket closes, and when a connection ends.
    pub(crate) fn ended(&self) -> &Waiters {
        &self.shutdown.changed
    }

    /// The I/O thread that a new connection or listener goes to: the least loaded one that `affinity` allows.
    pub(crate) fn choose_io(&self, affinity: u64) -> io::Result<Option<Arc<IoShared>>> {
        let mut threads = self.threads.lock();
        if threads.io.is_empty() {
            let resolver = Arc::new(Resolver::new());
            for number in 0..self.settings.io_threads {
                threads.io.push(self.start_thread(number, resolver.clone())?);
            }
        }
        let allowed =
            |at: usize| affinity == 0 || affinity.checked_shr(at as u32).is_some_and(|bits| bits & 1 == 1);
        let candidates = threads.io.iter().enumerate().filter(|(at, _)| allowed(*at));
        let least = candidates.min_by_key(|(_, (io, _))| io.load.load(Relaxed));
        Ok(least.map(|(_, (io, _))| {
            io.load.fetch_add(1, Relaxed);
            io.clone()
        }))
    }

    fn start_thread(
        &self,
        number: usize,
        resolver: Arc<Resolver>,
    ) -> io::Result<(Arc<IoShared>, Option<JoinHandle<()>>)> {
        let shared = IoShared::new()?;
        let inside = Loop::new(shared.clone(), resolver, self.shutdown.clone(), self.random());
        #[cfg(feature = "simulation")]
        if let Some(simulation) = &self.simulation {
            simulation.loops.lock().push(inside);
            return Ok((shared, None));
        }
        if number == 0 {
            make_room_for_descriptors(&shared.poller);
        }
        let name = format!("{}/io/{number}", self.settings.thread_name);
        let ThreadStart(start) = self.settings.thread_start.clone();
        let run = move || {
            if let Some(start) = start {
                start(number);
            }
            inside.run();
        };
        fault::check(fault::Call::Thread)?;
        let handle = std::thread::Builder::new().name(name).spawn(run)?;
        Ok((shared, Some(handle)))
    }

    pub(crate) fn reactor(&self) -> Option<&dyn Reactor> {
        self.settings.reactor.0.as_deref()
    }

    pub(crate) fn thread_name(&self) -> &str {
        &self.settings.thread_name
    }

    pub(crate) fn authenticator(&self) -> Option<Arc<dyn Authenticator>> {
        self.authenticator.lock().clone()
    }

    /// Tells every I/O thread.
    pub(crate) fn tell_all(&self, command: impl Fn() -> Command) {
        for (io, _) in &self.threads.lock().io {
            io.command(command());
        }
    }

    fn live_sockets(&self) -> Vec<Arc<Core>> {
        self.sockets.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn terminate(&self) {
        self.terminated.store(true, SeqCst);
        self.live_sockets().iter().for_each(|core| core.terminate());
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(SeqCst)
    }
}

/// How long a native socket's unsent messages may delay the end, unless told otherwise. libzmq waits for ever.
pub(crate) const DEFAULT_LINGER: Duration = Duration::from_secs(5);
