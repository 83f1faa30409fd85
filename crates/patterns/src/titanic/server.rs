//! Titanic as a program: workers for its own services, dispatchers for all others, one store.

use super::{
    Operation, Outcome, Store, StoreUse,
    committer::{self, Desk},
    dispatch::{Board, Dispatcher},
    words::{self, Asked},
};
use crate::{
    Control, PatternError,
    majordomo::{Worker, WorkerOptions},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};
use zeroxide::{Context, Pull, RecvErrorCause};

/// How Titanic works.
///
/// ```
/// use zeroxide_patterns::titanic::TitanicOptions;
/// // What debits must not be done twice.
/// let options = TitanicOptions { once: vec!["debit".into()], ..TitanicOptions::default() };
/// assert_eq!(options.attempts, 10);
/// ```
#[derive(Clone, Debug)]
pub struct TitanicOptions {
    /// How often absent services are looked for. 1 s.
    pub tick: Duration,
    /// How long a service may take for its answer. 30 s. (In the Guide 1 s: what takes longer is done again and again.)
    pub service_timeout: Duration,
    /// How often a request is handed out without an answer before it has failed. 10.
    pub attempts: u32,
    /// Services that must not be asked twice: one request, one time. None.
    pub once: Vec<String>,
    /// How many requests may be with their services at once. 16.
    pub dispatchers: usize,
    /// How many requests may be on their way to the disk at once. 64.
    pub accepting: usize,
    /// How many replies may be looked up at once. 8.
    pub replying: usize,
    /// How long an answer waits for whoever fetches it. A week.
    pub reply_lifetime: Duration,
}

impl Default for TitanicOptions {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            service_timeout: Duration::from_secs(30),
            attempts: 10,
            once: Vec::new(),
            dispatchers: 16,
            accepting: 64,
            replying: 8,
            reply_lifetime: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// How often what nobody fetched is looked for.
const SWEEP: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    pub(super) handed_out: AtomicU64,
    pub(super) answered: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// What a [`TitanicServer`] has done since it was made, and what its store holds.
///
/// See [`TitanicControl`] for an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TitanicStatistics {
    /// Requests that were written to the disk.
    pub accepted: u64,
    /// Requests that were not accepted: no room, no sense, or no disk.
    pub refused: u64,
    /// How often a request was handed to its service.
    pub handed_out: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were given up.
    pub failed: u64,
    /// How often the store was asked, each time for as many as waited for it; with one write to the disk if there was
    /// anything to write.
    pub commits: u64,
    /// Writes that failed.
    pub store_failures: u64,
    /// What the store holds now.
    pub held: StoreUse,
}

impl TitanicStatistics {
    /// Each figure with its name, for whoever prints them.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("accepted", self.accepted),
            ("refused", self.refused),
            ("handed_out", self.handed_out),
            ("answered", self.answered),
            ("failed", self.failed),
            ("commits", self.commits),
            ("store_failures", self.store_failures),
            ("waiting", self.held.waiting as u64),
            ("finished", self.held.finished as u64),
            ("octets", self.held.octets),
        ]
        .into_iter()
    }
}

/// Titanic: stores requests, has them done, and keeps the answers.
///
/// See [the module](super) for what it guarantees, and a running example.
#[derive(Debug)]
pub struct TitanicServer {
    context: Context,
    brokers: Vec<String>,
    options: TitanicOptions,
    desk: Desk,
    store: JoinHandle<()>,
    orders: Pull,
    control: TitanicControl,
}

/// Ends a [`TitanicServer`] from another thread, and tells what it has done. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::titanic::{FileStore, StoreLimits, TitanicOptions, TitanicServer};
/// # let path = std::env::temp_dir().join(format!("titanic-control-example-{}.redb", std::process::id()));
/// let store = FileStore::open(&path, StoreLimits::default())?;
/// let titanic = TitanicServer::new(&Context::new(), &["inproc://broker"], store, TitanicOptions::default())?;
/// let control = titanic.control();
/// let sailing = std::thread::spawn(move || titanic.run());
/// control.stop();
/// sailing.join().unwrap()?;
/// assert_eq!(control.statistics().accepted, 0);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TitanicControl {
    control: Control,
    counters: Arc<Counters>,
    figures: Arc<committer::Figures>,
}

impl TitanicServer {
    /// A Titanic of these brokers, of which the first that is there is used.
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] without a broker, [`PatternError::Endpoint`] if one makes no sense,
    /// [`PatternError::Socket`] and [`PatternError::Thread`] without room for its sockets and threads.
    pub fn new(
        context: &Context,
        brokers: &[impl AsRef<str>],
        store: impl Store,
        options: TitanicOptions,
    ) -> Result<Self, PatternError> {
        let (control, orders) = Control::new(context)?;
        let (desk, store) = committer::open(store)?;
        let control = TitanicControl { control, counters: Arc::default(), figures: desk.figures() };
        let brokers: Vec<String> = brokers.iter().map(|broker| broker.as_ref().to_owned()).collect();
        if brokers.is_empty() {
            return Err(PatternError::NoEndpoint);
        }
        Ok(Self { context: context.clone(), brokers, options, desk, store, orders, control })
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> TitanicControl {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends. What has begun is finished first: what is being written, and
    /// what is with a service, as long as that may take.
    ///
    /// # Errors
    /// As [`TitanicServer::new`], and whatever ends one of its workers.
    pub fn run(self) -> Result<(), PatternError> {
        let board = Arc::new(Board::default());
        let (mut controls, mut workers, mut dispatchers) = (Vec::new(), Vec::new(), Vec::new());
        let roles = [
            (Asked::Request, self.options.accepting),
            (Asked::RequestOnce, self.options.accepting),
            (Asked::Reply, self.options.replying),
            (Asked::Close, self.options.replying),
        ];
        for (asked, count) in roles {
            for _ in 0..count.max(1) {
                let options = WorkerOptions::default();
                let worker = Worker::new(&self.context, &self.brokers, asked.service(), options)?;
                controls.push(worker.control());
                let (desk, board, counters) =
                    (self.desk.clone(), board.clone(), self.control.counters.clone());
                let office = Office { asked, desk, board, counters, once: self.options.once.clone() };
                workers.push(spawn("zeroxide-titanic-worker", move || office.work(worker))?);
            }
        }
        for _ in 0..self.options.dispatchers.max(1) {
            let (desk, counters) = (self.desk.clone(), self.control.counters.clone());
            let board = board.clone();
            let dispatcher =
                Dispatcher::new(&self.context, &self.brokers, &self.options, desk, board, counters)?;
            dispatchers.push(spawn("zeroxide-titanic-dispatcher", move || dispatcher.run())?);
        }
        self.wait_for_orders();
        controls.iter().for_each(Control::stop);
        board.stop();
        let ended: Result<Vec<()>, PatternError> =
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect();
        dispatchers.into_iter().for_each(|dispatcher| drop(dispatcher.join()));
        // The store is closed when this returns: another process may open it.
        drop(self.desk);
        let _ = self.store.join();
        ended.map(drop)
    }

    /// As [`TitanicServer::run`], without blocking the thread that awaits it, on any executor: the threads that wait for the
    /// disk are its own.
    ///
    /// # Errors
    /// As [`TitanicServer::run`], and [`PatternError::Thread`] without room for one more thread.
    ///
    /// # Cancel safety
    /// If it is dropped Titanic is told to stop, and ends in its own threads: what has begun is finished, and then the store
    /// is closed.
    pub async fn run_async(self) -> Result<(), PatternError> {
        let (bell, ended) = Control::new(&self.context)?;
        let _stops = Rings(self.control.control.clone());
        let serving = spawn("zeroxide-titanic", move || {
            let _tells = Rings(bell);
            self.run()
        })?;
        // It tells that it ends; if the context has ended, so does it.
        let _ = ended.recv_async().await;
        // A thread that panicked has told so by itself.
        serving.join().unwrap_or(Ok(()))
    }

    fn wait_for_orders(&self) {
        loop {
            match self.orders.recv_timeout(SWEEP) {
                Err(error) if error.cause == RecvErrorCause::TimedOut => {
                    // It is tried again in a minute.
                    let _ = self.desk.apply(Operation::Sweep { lifetime: self.options.reply_lifetime });
                }
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// Rings when it goes, however that comes.
struct Rings(Control);

impl Drop for Rings {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What a worker of one of Titanic's own services needs.
struct Office {
    asked: Asked,
    desk: Desk,
    board: Arc<Board>,
    counters: Arc<Counters>,
    once: Vec<String>,
}

impl Office {
    fn work(&self, mut worker: Worker) -> Result<(), PatternError> {
        while let Some(request) = worker.recv()? {
            worker.reply(match self.asked.read(request, &self.once) {
                Ok(operation) => self.apply(operation),
                Err(answer) => {
                    self.counters.refused.fetch_add(u64::from(answer.body().starts_with(b"500")), Relaxed);
                    answer
                }
            })?;
        }
        Ok(())
    }

    fn apply(&self, operation: Operation) -> zeroxide::Message {
        let number = match operation {
            Operation::Accept { number, .. } => Some(number),
            _ => None,
        };
        let outcome = self.desk.apply(operation).map_err(|error| error.kind());
        match (number, &outcome) {
            (Some(_), Ok(Outcome::Done)) => {
                self.counters.accepted.fetch_add(1, Relaxed);
                self.board.accepted();
            }
            (Some(_), _) => drop(self.counters.refused.fetch_add(1, Relaxed)),
            (None, _) => {}
        }
        words::answer(number, outcome)
    }
}

impl TitanicControl {
    /// Ends Titanic: what has begun is finished first.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// What it has done.
    pub fn statistics(&self) -> TitanicStatistics {
        let counters = &self.counters;
        TitanicStatistics {
            accepted: counters.accepted.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            handed_out: counters.handed_out.load(Relaxed),
            answered: counters.answered.load(Relaxed),
            failed: counters.failed.load(Relaxed),
            commits: self.figures.commits.load(Relaxed),
            store_failures: self.figures.failures.load(Relaxed),
            held: self.figures.held(),
        }
    }
}

impl fmt::Debug for TitanicControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TitanicControl").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, PatternError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(PatternError::Thread)
}
