//! `zox titanic`.

use super::broker::USUAL;
use crate::{
    exit::Failure,
    quantity::{duration, value},
    service::{daemon::Daemon, teller::details},
};
use clap::Args;
use std::{path::PathBuf, time::Duration};
use zeroxide::Context;
use zeroxide_patterns::titanic::{FileStore, Store, StoreLimits, TitanicOptions, TitanicServer};
#[cfg(feature = "postgres")]
use zeroxide_patterns::titanic::{PostgresOptions, PostgresStore};

/// Counters of what should not happen.
const LOSSES: [&str; 3] = ["refused", "failed", "store_failures"];

/// Keep requests on disk until they are done, and answers until they are fetched (Titanic, RFC 9)
///
/// It stands beside a broker (`zox broker`) and offers titanic.request, titanic.request.once, titanic.reply and
/// titanic.close there. What it keeps lies in a file of its own, or in a PostgreSQL database, where several share one
/// queue. SIGINT and SIGTERM end it in order: what is being written and what is with a service is finished
/// first; what waits is there when it is back. SIGUSR1 has the counters logged.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Titanic {
    /// The file that holds requests and answers; made if it is not there
    #[arg(long, value_name = "FILE", required_unless_present = "store", conflicts_with = "store")]
    file: Option<PathBuf>,

    /// The PostgreSQL database that holds them instead: postgres://USER@HOST/DATABASE, or host=/run/postgresql user=USER. With
    /// a password in it, it is better kept in a file that --config names
    #[arg(long, value_name = "ADDRESS")]
    store: Option<String>,

    /// With --store: how long what this one has claimed stays its own when it is not heard of
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s", conflicts_with = "file")]
    lease: Duration,

    /// The broker (several allowed: they stand in for each other)
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    connect: Vec<String>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How many requests are kept at most, answered or not; beyond that nothing is accepted
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    requests: usize,

    /// How many octets are kept at most (k, M, G)
    #[arg(long, value_name = "N", value_parser = value::<u64>, default_value = "1G")]
    octets: u64,

    /// A service that must not be asked twice with the same request (several allowed)
    #[arg(long, value_name = "SERVICE")]
    once: Vec<String>,

    /// How often a request is handed out without an answer before it has failed
    #[arg(long, value_name = "N", default_value_t = 10)]
    attempts: u32,

    /// How long a service may take for its answer
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    service_timeout: Duration,

    /// How often absent services are looked for
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    tick: Duration,

    /// How long an answer waits for whoever fetches it
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "168h")]
    reply_lifetime: Duration,

    /// How many requests may be with their services at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    dispatchers: usize,

    /// How many requests may be on their way to the disk at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    accepting: usize,

    /// How many answers may be looked up at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    replying: usize,
}

const EXAMPLES: &str = "\
Examples:
  zox broker & zox titanic --file /var/lib/zox/titanic.redb
  zox titanic --file t.redb --once debit --requests 10000 --octets 64M
  zox titanic --store postgres://titanic@db/queue          on as many hosts as you like: one queue
  zox call titanic.request --separator ' ' 'echo hi'       tells 200 and a number
  zox call titanic.reply NUMBER                            200 and the answer, or 300: not yet
  zox call titanic.close NUMBER                            and it is forgotten";

impl Titanic {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let limits = StoreLimits { requests: self.requests, octets: self.octets };
        let titanic = TitanicServer::new(&context, &self.connect, self.store(limits)?, self.rules())?;
        let (stop, counts) = (titanic.control(), titanic.control());
        let held = counts.statistics().held;
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || details(counts.statistics().lines()),
            losses: &LOSSES,
        };
        let start = [("waiting", held.waiting.to_string()), ("finished", held.finished.to_string())];
        daemon.run(&context, start, || titanic.run())
    }

    fn store(&self, limits: StoreLimits) -> Result<Box<dyn Store>, Failure> {
        match (&self.file, &self.store) {
            (Some(file), _) => {
                let failed = |error| Failure::Failed(format!("{}: {error}", file.display()));
                Ok(Box::new(FileStore::open(file, limits).map_err(failed)?))
            }
            (None, Some(address)) => self.database(address, limits),
            (None, None) => Err(Failure::Usage("--file or --store is needed".to_owned())),
        }
    }

    #[cfg(feature = "postgres")]
    fn database(&self, address: &str, limits: StoreLimits) -> Result<Box<dyn Store>, Failure> {
        let options = PostgresOptions { lease: self.lease, ..PostgresOptions::default() };
        // The address may have a password in it, and is not repeated.
        let store = PostgresStore::open(address, limits, options);
        Ok(Box::new(store.map_err(|error| Failure::Failed(error.to_string()))?))
    }

    #[cfg(not(feature = "postgres"))]
    fn database(&self, _: &str, _: StoreLimits) -> Result<Box<dyn Store>, Failure> {
        Err(Failure::Usage("this zox was built without PostgreSQL: feature \"postgres\"".to_owned()))
    }

    fn rules(&self) -> TitanicOptions {
        TitanicOptions {
            tick: self.tick,
            service_timeout: self.service_timeout,
            attempts: self.attempts,
            once: self.once.clone(),
            dispatchers: self.dispatchers,
            accepting: self.accepting,
            replying: self.replying,
            reply_lifetime: self.reply_lifetime,
        }
    }
}
