//! `zox lb`.

use crate::{
    endpoint_args::SettingArgs,
    exit::Failure,
    quantity::duration,
    service::{bind_all, daemon::Daemon, teller::details},
};
use clap::{Args, ValueEnum};
use std::time::Duration;
use zeroxide::{Context, Frame};
use zeroxide_patterns::balance::{BalancerOptions, BalancerServer, Choice, Dialect};

/// Counters of what should not happen.
const LOSSES: [&str; 7] =
    ["repeated", "refused", "expired", "given_up", "workers_lost", "stray", "malformed"];

/// Give each request to a worker that is free (load balancing, Simple and Paranoid Pirate)
///
/// SIGINT and SIGTERM end it in order: no more requests are taken, those at work are answered. SIGUSR1 has the counters
/// logged.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct LoadBalancer {
    /// Listen here for clients, REQ or DEALER (several allowed); told on stderr: "bound tcp://..."
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5555")]
    frontend: Vec<String>,

    /// Listen here for workers (several allowed)
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5556")]
    backend: Vec<String>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How workers are spoken to
    #[arg(long, value_enum, default_value_t)]
    dialect: Speech,

    /// Which of the free workers is taken
    #[arg(long, value_enum, default_value_t)]
    policy: Policy,

    /// How often free workers and broker tell each other that they live
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    heartbeat: Duration,

    /// After so many heartbeats without a word a free worker is gone
    #[arg(long, value_name = "N", default_value_t = 3)]
    liveness: u32,

    /// How long a worker may be over one request
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    work_limit: Duration,

    /// How many workers may be given a request, one after the other lost with it
    #[arg(long, value_name = "N", default_value_t = 1)]
    attempts: u32,

    /// How many requests wait for workers; further ones are refused
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    waiting_requests: usize,

    /// How long a request waits for a worker
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    request_lifetime: Duration,

    /// How many workers are registered at once
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    workers: usize,

    /// Answer this to requests that are refused, wait too long or are lost; nothing unless told otherwise
    #[arg(long, value_name = "TEXT")]
    refusal: Option<String>,

    /// How long the end waits for the answers of those at work
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    drain: Duration,

    #[command(flatten)]
    settings: SettingArgs,
}

const EXAMPLES: &str = "\
Examples:
  zox lb --frontend tcp://*:5555 --backend tcp://*:5556      workers speak the Paranoid Pirate Protocol
  zox lb --dialect simple --policy longest-idle              workers are REQ sockets that say READY
  zox lb --config /etc/zox/lb.conf";

/// How workers are spoken to.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(super) enum Speech {
    /// REQ workers that say READY (the load balancing broker, Simple Pirate)
    Simple,
    /// DEALER workers with heartbeats (RFC 6)
    #[default]
    Paranoid,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Policy {
    /// The one that has been free longest
    #[default]
    LongestIdle,
    /// The one that has least to do for its capacity
    LeastLoaded,
}

impl From<Speech> for Dialect {
    fn from(speech: Speech) -> Self {
        match speech {
            Speech::Simple => Self::Simple,
            Speech::Paranoid => Self::Paranoid,
        }
    }
}

impl LoadBalancer {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let balancer = BalancerServer::new(&context, self.rules())?;
        self.settings.apply(balancer.front())?;
        self.settings.apply(balancer.back())?;
        bind_all(balancer.front(), &self.frontend, |endpoint| balancer.bind_front(endpoint))?;
        bind_all(balancer.back(), &self.backend, |endpoint| balancer.bind_back(endpoint))?;
        let (stop, counts) = (balancer.control(), balancer.control());
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || details(counts.statistics().lines()),
            losses: &LOSSES,
        };
        daemon.run(&context, [], || balancer.run())
    }

    fn rules(&self) -> BalancerOptions {
        BalancerOptions {
            dialect: self.dialect.into(),
            choice: match self.policy {
                Policy::LongestIdle => Choice::LongestIdle,
                Policy::LeastLoaded => Choice::LeastLoaded,
            },
            heartbeat: self.heartbeat,
            liveness: self.liveness,
            work_limit: self.work_limit,
            attempts: self.attempts,
            waiting_requests: self.waiting_requests,
            request_lifetime: self.request_lifetime,
            workers: self.workers,
            refusal: self.refusal.as_deref().map(Frame::from),
            drain: self.drain,
        }
    }
}
