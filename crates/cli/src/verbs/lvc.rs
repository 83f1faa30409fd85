//! `zox lvc`.

use crate::{
    exit::Failure,
    options::{self, SocketOption},
    quantity::duration,
    service::{
        self,
        log::log,
        teller::{log_counters, serve_signals},
    },
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

    /// Let others than this machine in without a mechanism, and without a warning
    #[arg(long)]
    open_to_network: bool,

    /// Set an option on both sockets, NAME=VALUE (several allowed); --help lists them
    #[arg(long = "option", value_name = "NAME=VALUE", long_help = options::help())]
    options: Vec<SocketOption>,
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
        for socket in [&**front, &**back] {
            socket.set_open_to_network(self.open_to_network);
            for option in &self.options {
                option.apply(socket).map_err(Failure::Usage)?;
            }
        }
        for endpoint in &self.front {
            service::bind(front, endpoint, |endpoint| cache.bind_front(endpoint))?;
        }
        for endpoint in &self.back {
            service::bind(back, endpoint, |endpoint| cache.bind_back(endpoint))?;
        }
        for endpoint in &self.connect {
            cache.connect_front(endpoint)?;
        }
        let (control, stop, counts) = (cache.control(), cache.control(), cache.control());
        serve_signals(move || stop.stop(), move || counts.statistics().lines().collect(), &LOSSES)?;
        log("started", []);
        cache.run()?;
        log_counters("stopped", control.statistics().lines());
        let _ = context.shutdown(Duration::from_secs(1));
        Ok(())
    }
}
