//! `zox broker`.

use crate::{
    exit::Failure,
    options::{self, SocketOption},
    quantity::duration,
    service::{self, Asked, log::log},
};
use clap::Args;
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};
use zeroxide::Context;
use zeroxide_patterns::majordomo::{BrokerControl, BrokerOptions, BrokerServer, BrokerStatistics};

/// Where clients and workers look for a broker unless they are told.
pub(super) const USUAL: &str = "tcp://127.0.0.1:5555";

/// How often the log is told what was lost since.
const LOOK: Duration = Duration::from_secs(1);

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

    /// Let others than this machine in without a mechanism, and without a warning
    #[arg(long)]
    open_to_network: bool,

    /// Set a socket option, NAME=VALUE (several allowed); --help lists them
    #[arg(long = "option", value_name = "NAME=VALUE", long_help = options::help())]
    options: Vec<SocketOption>,
}

const EXAMPLES: &str = "\
Examples:
  zox broker                                       then `zox worker` and `zox call`, without more arguments
  zox broker --bind tcp://*:5555 --attempts 1      no request is given to a second worker
  zox broker --config /etc/zox/broker.conf";

impl Broker {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let broker = BrokerServer::new(&context, self.rules())?;
        let socket = broker.socket();
        socket.set_open_to_network(self.open_to_network);
        for option in &self.options {
            option.apply(socket).map_err(Failure::Usage)?;
        }
        for endpoint in &self.bind {
            service::bind(socket, endpoint, |endpoint| broker.bind(endpoint))?;
        }
        let (control, (asks, asked)) = (broker.control(), channel());
        let stop = control.clone();
        service::watch_signals(move |what| match what {
            Asked::Stop => stop.stop(),
            Asked::Tell => drop(asks.send(())),
        })?;
        let counts = control.clone();
        let teller = thread::Builder::new().spawn(move || tell(&counts, &asked));
        teller.map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
        log("started", []);
        broker.run()?;
        log_statistics("stopped", control.statistics());
        let _ = context.shutdown(Duration::from_secs(1));
        Ok(())
    }

    fn rules(&self) -> BrokerOptions {
        BrokerOptions {
            heartbeat: self.heartbeat,
            liveness: self.liveness,
            attempts: self.attempts,
            request_lifetime: self.request_lifetime,
            waiting_requests: self.waiting_requests,
            services: self.services,
            workers: self.workers,
            service_lifetime: self.service_lifetime,
            drain: self.drain,
        }
    }
}

/// Tells the counters when asked, and what was lost by itself.
fn tell(control: &BrokerControl, asked: &Receiver<()>) {
    let mut before = BrokerStatistics::default();
    loop {
        match asked.recv_timeout(LOOK) {
            Ok(()) => log_statistics("statistics", control.statistics()),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let now = control.statistics();
                let changed =
                    losses(now).into_iter().zip(losses(before)).filter(|(now, before)| now != before);
                let changed: Vec<_> = changed.map(|(now, _)| (now.0, now.1.to_string())).collect();
                if !changed.is_empty() {
                    log("losses", changed);
                }
                before = now;
            }
        }
    }
}

fn losses(statistics: BrokerStatistics) -> [(&'static str, u64); 7] {
    [
        ("repeated", statistics.repeated),
        ("refused", statistics.refused),
        ("expired", statistics.expired),
        ("given_up", statistics.given_up),
        ("workers_lost", statistics.workers_lost),
        ("workers_expelled", statistics.workers_expelled),
        ("malformed", statistics.malformed),
    ]
}

fn log_statistics(event: &str, statistics: BrokerStatistics) {
    log(event, statistics.lines().map(|(name, value)| (name, value.to_string())));
}
