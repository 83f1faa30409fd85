//! `zox lvc`.

use crate::{
    endpoint_args::SettingArgs,
    exit::Failure,
    quantity::duration,
    service::{bind_all, daemon::Daemon, teller::details},
};
use clap::Args;
use std::time::Duration;
use zeroxide::Context;
use zeroxide_patterns::lvc::{CacheOptions, LastValueCache};

/// Counters of what should not happen.
const LOSSES: [&str; 1] = ["evicted"];

/// Keep the last message of each topic for subscribers that come later
///
/// SIGINT and SIGTERM end it; SIGUSR1 has the counters logged.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Lvc {
    /// Listen here for publishers (several allowed)
    #[arg(long, value_name = "ENDPOINT")]
    front: Vec<String>,

    /// Connect to publishers that listen (several allowed)
    #[arg(long, value_name = "ENDPOINT", required_unless_present_any = ["front", "config"])]
    connect: Vec<String>,

    /// Listen here for subscribers (several allowed)
    #[arg(long, value_name = "ENDPOINT", required_unless_present = "config")]
    back: Vec<String>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How many topics are kept; beyond that the one that has been silent longest is forgotten
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    topics: usize,

    /// How many octets are kept
    #[arg(long, value_name = "N", default_value_t = 1 << 30)]
    octets: usize,

    /// How long a message is kept; for ever unless told otherwise
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lifetime: Option<Duration>,

    #[command(flatten)]
    settings: SettingArgs,
}

const EXAMPLES: &str = "\
Examples:
  zox lvc --front tcp://*:5557 --back tcp://*:5558                      publishers connect
  zox lvc --connect tcp://192.168.55.210:5556 --back tcp://*:5558       the publisher listens";

impl Lvc {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let (topics, octets, lifetime) = (self.topics, self.octets, self.lifetime);
        let cache = LastValueCache::new(&context, CacheOptions { topics, octets, lifetime })?;
        let (front, back) = cache.sockets();
        self.settings.apply(front)?;
        self.settings.apply(back)?;
        bind_all(front, &self.front, |endpoint| cache.bind_front(endpoint))?;
        bind_all(back, &self.back, |endpoint| cache.bind_back(endpoint))?;
        for endpoint in &self.connect {
            cache.connect_front(endpoint)?;
        }
        let (stop, counts) = (cache.control(), cache.control());
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || details(counts.statistics().lines()),
            losses: &LOSSES,
        };
        daemon.run(&context, [], || cache.run())
    }
}
