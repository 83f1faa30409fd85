//! The store for several: a queue in a PostgreSQL database.

mod batch;
mod plan;
mod schema;
mod session;

use super::{Operation, Outcome, RequestNumber, Store, StoreError, StoreErrorKind, StoreLimits, StoreUse};
use batch::{Batch, Tally};
use plan::{Number, Wave, key, micros, waves};
use session::{Ask, Session, Trouble};
use std::{
    collections::HashSet,
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};
use tokio_postgres::{Config, config::SslMode};

/// How a [`PostgresStore`] deals with its database.
///
/// ```
/// use zeroxide_patterns::titanic::PostgresOptions;
/// assert_eq!(PostgresOptions::default().lease.as_secs(), 10);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PostgresOptions {
    /// What a Titanic has claimed stays its own for so long after it was last heard of, by the clock of the database. 10 s.
    pub lease: Duration,
    /// How long a database that is not there is waited for, once; then everything fails until it is back. 5 s.
    pub patience: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { lease: Duration::from_secs(10), patience: Duration::from_secs(5) }
    }
}

/// Requests and answers in a PostgreSQL database (14 or later), shared by all Titanics that have a store on the same tables,
/// on whatever host.
///
/// All operations of one [`Store::apply`] are one transaction; what several Titanics commit at the same time the database
/// writes to its disk together. Requests are claimed by `SELECT ... FOR UPDATE SKIP LOCKED`, so that nobody waits for another.
///
/// - A request is with one Titanic at a time. What one that died had claimed goes to others when its lease is over; what it
///   had started, and must not be done twice, has failed then. No clock of a host counts.
/// - If the connection ends, or the database restarts, the same operations are tried again on another connection; whether
///   the last transaction was committed is looked up there, so that nothing is done twice and nothing accepted is lost.
///   After [`PostgresOptions::patience`] operations fail with [`StoreErrorKind::Away`], at once, until the database is back.
/// - A store that has just connected takes nothing over for the time of one lease: the database may have been away for all.
/// - The limits are compared with what all Titanics have stored, as of the beginning of a transaction.
///
/// It makes its tables, `titanic_request`, `titanic_daemon` and `titanic_queue`, in the first schema of the search path. A
/// queue for somebody else is another schema: `postgres://host/database?options=-csearch_path%3Dother`.
///
/// A database with `fsync = off` is refused; `synchronous_commit` is switched on if it is off. There is no TLS: between
/// hosts take a tunnel or a network that is your own. Poolers that give each transaction another connection do not do.
///
/// ```no_run
/// use zeroxide_patterns::titanic::{PostgresOptions, PostgresStore, StoreLimits, TitanicOptions, TitanicServer};
/// let (limits, options) = (StoreLimits::default(), PostgresOptions::default());
/// let store = PostgresStore::open("postgres://titanic@localhost/queue", limits, options)?;
/// let context = zeroxide::Context::new();
/// TitanicServer::new(&context, &["tcp://127.0.0.1:5555"], store, TitanicOptions::default())?.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PostgresStore {
    desk: Desk,
    /// It runs while it is called, on the thread that calls.
    runtime: Runtime,
}

/// Between two attempts to reach the database.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// For a database that was away it is looked once, for so long.
const ONE_LOOK: Duration = Duration::from_secs(1);

/// All but the runtime.
struct Desk {
    config: Config,
    name: String,
    daemon: Number,
    options: PostgresOptions,
    limits: StoreLimits,
    session: Option<Session>,
    /// What was claimed by this Titanic and somebody was told of.
    held: HashSet<Number>,
    /// There may be more that is claimed, after a transaction of which nobody heard.
    unsure: bool,
    batch: i64,
    signed: Option<Instant>,
    last: Vec<u8>,
    held_by_all: StoreUse,
    away: Option<Away>,
}

/// The database was not there, and is not looked for before that time.
struct Away {
    until: Instant,
    pause: Duration,
    error: StoreError,
}

/// What is true if a transaction was committed.
struct Done {
    batch: i64,
    outcomes: Vec<Option<Outcome>>,
    hands: Vec<(Number, bool)>,
    held_by_all: StoreUse,
}

impl PostgresStore {
    /// Connects, waiting for the database if it is not there yet, and makes the tables if there are none. The address is a URL, or words as `host=/run/postgresql
    /// user=titanic`; several hosts are tried in turn for the one that writes.
    ///
    /// # Errors
    /// [`StoreErrorKind::Away`] if it is not there; [`StoreErrorKind::Broken`] if the address makes no sense or nobody is let
    /// in with it, the tables are of another version, or it does not write to its disk.
    pub fn open(address: &str, limits: StoreLimits, options: PostgresOptions) -> Result<Self, StoreError> {
        let config = Config::from_str(address).map_err(StoreError::new)?;
        if !matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
            return Err(StoreError::new("there is no TLS here; sslmode may be disable or prefer"));
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StoreError::new)?;
        let number = RequestNumber::random();
        let mut desk = Desk {
            config,
            name: format!("titanic {number}"),
            daemon: key(number),
            options,
            limits,
            session: None,
            held: HashSet::new(),
            unsure: false,
            batch: 0,
            signed: None,
            last: Vec::new(),
            held_by_all: StoreUse::default(),
            away: None,
        };
        runtime.block_on(desk.apply(&[], 0))?;
        Ok(Self { desk, runtime })
    }
}

const SILENT: &str = "the database does not answer";

impl Store for PostgresStore {
    fn apply(&mut self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError> {
        if operations.is_empty() && !self.desk.has_to_sign() {
            return Ok(Vec::new());
        }
        let count = operations.len();
        let waves = waves(operations);
        self.runtime.block_on(self.desk.apply(&waves, count))
    }

    fn in_use(&self) -> StoreUse {
        self.desk.held_by_all
    }

    fn beat(&self) -> Option<Duration> {
        Some(self.desk.options.lease / 4)
    }
}

impl Desk {
    fn has_to_sign(&self) -> bool {
        self.signed.is_none_or(|signed| signed.elapsed() >= self.options.lease / 4)
    }

    /// Tries until it is done, or the database was away for too long.
    async fn apply(&mut self, waves: &[Wave], count: usize) -> Result<Vec<Outcome>, StoreError> {
        let (begin, mut pause, mut done) = (Instant::now(), FIRST_PAUSE, None);
        if let Some(away) = &self.away
            && begin < away.until
        {
            return Err(away.error.clone());
        }
        loop {
            let most = self.options.patience.min(if self.away.is_some() { ONE_LOOK } else { Duration::MAX });
            let left = most.saturating_sub(begin.elapsed());
            let tried = timeout(left, self.attempt(waves, count, &mut done)).await;
            let trouble = match tried.unwrap_or_else(|_| Err(Trouble::away(SILENT))) {
                Ok(outcomes) => {
                    self.away = None;
                    return Ok(outcomes);
                }
                Err(trouble) => trouble,
            };
            // Whatever was under way there ends with its connection.
            self.session = None;
            self.unsure = true;
            let over = begin.elapsed() + pause >= self.options.patience;
            if !trouble.passing || over || self.away.is_some() {
                return Err(self.give_up(trouble.error));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn give_up(&mut self, error: StoreError) -> StoreError {
        if error.kind() == StoreErrorKind::Away {
            let last = self.away.take().map_or(FIRST_PAUSE, |away| away.pause);
            let pause = (last * 2).min(LONGEST_PAUSE);
            self.away = Some(Away { until: Instant::now() + pause, pause, error: error.clone() });
        }
        error
    }

    /// One transaction. `done` is what is true if it, or the one before it, was committed, when nobody could be asked.
    async fn attempt(
        &mut self,
        waves: &[Wave],
        count: usize,
        done: &mut Option<Done>,
    ) -> Result<Vec<Outcome>, Trouble> {
        if self.session.is_none() {
            self.session = Some(Session::connect(&self.config, &self.name, &self.options).await?);
        }
        let session = self.session.as_ref().ok_or_else(|| Trouble::away(SILENT))?;
        if let Some(asked) = done.as_ref() {
            let committed = session.last_batch(&self.daemon).await? == Some(asked.batch);
            if let Some(done) = done.take()
                && committed
            {
                return self.settle(done);
            }
        }

        let beat = self.has_to_sign();
        let tally = Tally { before: session.begin().await?, ..Tally::default() };
        let mut batch = Batch {
            session,
            daemon: self.daemon,
            limits: self.limits,
            last: &mut self.last,
            tally,
            outcomes: vec![None; count],
            hands: Vec::new(),
        };
        if self.unsure {
            batch.let_go(&self.held).await?;
        }
        for wave in waves {
            batch.wave(wave).await?;
        }
        if beat && session.since.elapsed() > self.options.lease {
            batch.take_over().await?;
        }
        let Batch { tally, outcomes, hands, .. } = batch;
        let outcome = Done { batch: self.batch + 1, outcomes, hands, held_by_all: tally.held() };
        if !tally.changed && !beat {
            session.leave().await?;
            return self.settle(outcome);
        }
        self.batch += 1;
        *done = Some(outcome);
        let [waiting, finished, octets] = tally.added;
        let lease = micros(self.options.lease);
        session.commit(&[&&self.daemon[..], &self.batch, &lease, &waiting, &finished, &octets]).await?;
        self.signed = Some(Instant::now());
        if beat && session.since.elapsed() > self.options.lease {
            // Nothing depends on whether this is done now.
            let _ = session.query(Ask::Bury, &[&(lease * 6)]).await;
        }
        match done.take() {
            Some(done) => self.settle(done),
            None => Err(Trouble::broken("nothing was done")),
        }
    }

    /// It is so.
    fn settle(&mut self, done: Done) -> Result<Vec<Outcome>, Trouble> {
        for (number, taken) in done.hands {
            let _ = if taken { self.held.insert(number) } else { self.held.remove(&number) };
        }
        self.held_by_all = done.held_by_all;
        self.unsure = false;
        let outcomes: Option<Vec<_>> = done.outcomes.into_iter().collect();
        outcomes.ok_or_else(|| Trouble::broken("an operation was forgotten"))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("in_use", &self.in_use()).finish_non_exhaustive()
    }
}
