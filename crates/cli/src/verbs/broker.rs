//! `zox broker`.

use crate::{
    endpoint_args::SettingArgs,
    exit::Failure,
    quantity::duration,
    service::{bind_all, daemon::Daemon, teller::details},
};
use clap::Args;
use std::time::Duration;
use zeroxide::Context;
use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer};

/// Where clients and workers look for a broker unless they are told.
pub(super) const USUAL: &str = "tcp://127.0.0.1:5555";

/// Counters of what should not happen.
const LOSSES: [&str; 7] =
    ["repeated", "refused", "expired", "given_up", "workers_lost", "workers_expelled", "malformed"];

/// Bring clients and workers of services together (Majordomo, MDP 0.1 and 0.2)
///
/// SIGINT and SIGTERM end it in order: no more requests are taken, those at work are answered, workers are told. SIGUSR1
/// has the counters logged; the service mmi.stats tells them to clients.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Broker {
    /// Listen here (several allowed); what others connect to is told on stderr: "bound tcp://..."
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    bind: Vec<String>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How often workers and broker tell each other that they live
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2500ms")]
    heartbeat: Duration,

    /// After so many heartbeats without a word a worker is gone
    #[arg(long, value_name = "N", default_value_t = 3)]
    liveness: u32,

    /// How many workers may be given a request, one after the other lost with it
    #[arg(long, value_name = "N", default_value_t = 3)]
    attempts: u32,

    /// A service whose requests are given to one worker only, whatever becomes of it (several allowed)
    #[arg(long, value_name = "SERVICE")]
    once: Vec<String>,

    /// How long a request waits for a worker
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    request_lifetime: Duration,

    /// How many requests wait for one service; further ones are dropped and counted
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    waiting_requests: usize,

    /// How many services are known at once
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    services: usize,

    /// How many workers are registered at once
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    workers: usize,

    /// How long a service is remembered without workers and requests
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    service_lifetime: Duration,

    /// How long the end waits for the answers of those at work
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    drain: Duration,

    #[command(flatten)]
    settings: SettingArgs,
}

const EXAMPLES: &str = "\
Examples:
  zox broker                                       then `zox worker` and `zox call`, without more arguments
  zox broker --bind tcp://*:5555 --attempts 1      no request is given to a second worker
  zox broker --once debit                          none to debit, that is
  zox broker --config /etc/zox/broker.conf";

impl Broker {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let broker = BrokerServer::new(&context, self.rules())?;
        self.settings.apply(broker.socket())?;
        bind_all(broker.socket(), &self.bind, |endpoint| broker.bind(endpoint))?;
        let (stop, counts) = (broker.control(), broker.control());
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || details(counts.statistics().lines()),
            losses: &LOSSES,
        };
        daemon.run(&context, [], || broker.run())
    }

    fn rules(&self) -> BrokerOptions {
        BrokerOptions {
            heartbeat: self.heartbeat,
            liveness: self.liveness,
            attempts: self.attempts,
            once: self.once.clone(),
            request_lifetime: self.request_lifetime,
            waiting_requests: self.waiting_requests,
            services: self.services,
            workers: self.workers,
            service_lifetime: self.service_lifetime,
            drain: self.drain,
        }
    }
}
