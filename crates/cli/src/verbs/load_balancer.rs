//! `zox lb`.

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

    /// Let others than this machine in without a mechanism, and without a warning
    #[arg(long)]
    open_to_network: bool,

    /// Set an option on both sockets, NAME=VALUE (several allowed); --help lists them
    #[arg(long = "option", value_name = "NAME=VALUE", long_help = options::help())]
    options: Vec<SocketOption>,
}

const EXAMPLES: &str = "\
Examples:
  zox lb --frontend tcp://*:5555 --backend tcp://*:5556      workers speak the Paranoid Pirate Protocol
  zox lb --dialect simple --policy longest-idle              workers are REQ sockets that say READY
  zox lb --config /etc/zox/lb.conf";

#[derive(Clone, Copy, Default, ValueEnum)]
enum Speech {
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

impl LoadBalancer {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let balancer = BalancerServer::new(&context, self.rules())?;
        for socket in [balancer.front(), balancer.back()] {
            socket.set_open_to_network(self.open_to_network);
            for option in &self.options {
                option.apply(socket).map_err(Failure::Usage)?;
            }
        }
        for endpoint in &self.frontend {
            service::bind(balancer.front(), endpoint, |endpoint| balancer.bind_front(endpoint))?;
        }
        for endpoint in &self.backend {
            service::bind(balancer.back(), endpoint, |endpoint| balancer.bind_back(endpoint))?;
        }
        let (control, stop, counts) = (balancer.control(), balancer.control(), balancer.control());
        serve_signals(move || stop.stop(), move || counts.statistics().lines().collect(), &LOSSES)?;
        log("started", []);
        balancer.run()?;
        // What was answered last goes out first.
        let _ = context.shutdown(Duration::from_secs(1));
        log_counters("stopped", control.statistics().lines());
        Ok(())
    }

    fn rules(&self) -> BalancerOptions {
        BalancerOptions {
            dialect: match self.dialect {
                Speech::Simple => Dialect::Simple,
                Speech::Paranoid => Dialect::Paranoid,
            },
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
