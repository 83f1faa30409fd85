//! `zox clone server`.

use super::{USUAL, endpoints};
use crate::{
    endpoint_args::SettingArgs,
    exit::Failure,
    quantity::duration,
    service::{
        bind_all,
        daemon::Daemon,
        teller::{Details, details},
    },
    terminal::note,
};
use clap::{ArgGroup, Args};
use std::{cell::RefCell, slice::from_ref, time::Duration};
use zeroxide::Context;
use zeroxide_patterns::{
    binary_star::{Role, StarLink, StarOptions},
    clone::{Changes, CloneControl, CloneServer, Endpoints, Format, ServerOptions},
};

/// Counters of what should not happen.
const LOSSES: [&str; 4] = ["refused", "snapshots_lost", "pending_lost", "malformed"];

/// Keep the map: alone, or as one of a pair of which one serves
///
/// SIGINT and SIGTERM end it: what has come is published. SIGUSR1 has the counters logged.
#[derive(Args)]
#[command(args_override_self = true, group = ArgGroup::new("role").args(["primary", "backup"]))]
pub(super) struct Server {
    /// Listen here: the first of three ports in a row, or three endpoints apart by commas
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL, value_parser = endpoints)]
    bind: Endpoints,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// Be the one of a pair that serves if both are there
    #[arg(long, requires_all = ["reports", "peer_reports", "peer"])]
    primary: bool,

    /// Be the one of a pair that serves if the primary does not
    #[arg(long, requires_all = ["reports", "peer_reports", "peer"])]
    backup: bool,

    /// Tell the other of a pair here that this one lives
    #[arg(long, value_name = "ENDPOINT", requires = "role")]
    reports: Option<String>,

    /// Hear there that the other one lives
    #[arg(long, value_name = "ENDPOINT", requires = "role")]
    peer_reports: Option<String>,

    /// Where the other one of a pair serves
    #[arg(long, value_name = "ENDPOINT", requires = "role", value_parser = endpoints)]
    peer: Option<Endpoints>,

    /// How often the two of a pair tell each other that they live
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    heartbeat: Duration,

    /// After so long without a word, and when a client asks, the passive one of a pair takes over
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2s")]
    peer_timeout: Duration,

    /// Take changes by PUSH (the Guide's models 3 to 5) instead of PUB
    #[arg(long)]
    pushed: bool,

    /// Messages of three frames (the Guide's models 1 to 4) instead of five
    #[arg(long)]
    simple: bool,

    /// How many keys there may be
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    keys: usize,

    /// How many octets a value may have
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    value: usize,

    /// How many octets all keys and values may have together
    #[arg(long, value_name = "N", default_value_t = 4 << 30)]
    octets: usize,

    #[command(flatten)]
    settings: SettingArgs,
}

impl Server {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let changes = if self.pushed { Changes::Pushed } else { Changes::Published };
        let mut server = CloneServer::new(&context, changes, self.rules())?;
        for socket in server.handles() {
            self.settings.apply(socket)?;
        }
        self.bind(&server)?;
        if let (Some(reports), Some(hears), Some(peer)) = (&self.reports, &self.peer_reports, &self.peer) {
            let role = if self.primary { Role::Primary } else { Role::Backup };
            let options = StarOptions { heartbeat: self.heartbeat, peer_timeout: self.peer_timeout };
            let link = StarLink::new(&context, role, options)?;
            if self.settings.open_to_network {
                link.sockets().0.set_open_to_network(true);
            }
            bind_all(link.sockets().0, from_ref(reports), |endpoint| link.bind(endpoint))?;
            link.connect(hears)?;
            server.pair(link, peer.clone());
        }
        let (stop, counts) = (server.control(), server.control());
        let daemon = Daemon { stop: move || stop.stop(), counters: move || told(&counts), losses: &LOSSES };
        daemon.run(&context, [], || server.run())
    }

    fn bind(&self, server: &CloneServer) -> Result<(), Failure> {
        let [snapshots, updates, changes] = server.handles();
        let places =
            [(snapshots, &self.bind.snapshots), (updates, &self.bind.updates), (changes, &self.bind.changes)];
        let bound = RefCell::new(Vec::new());
        for (socket, endpoint) in places {
            bind_all(socket, from_ref(endpoint), |endpoint| {
                let there = socket.bind(endpoint)?;
                bound.borrow_mut().push(there.clone());
                Ok(there)
            })?;
        }
        note(format_args!("serves at {}", bound.borrow().join(",")));
        Ok(())
    }

    fn rules(&self) -> ServerOptions {
        let format = if self.simple { Format::Simple } else { Format::Full };
        let (keys, value, octets) = (self.keys, self.value, self.octets);
        ServerOptions { format, keys, value, octets, ..ServerOptions::default() }
    }
}

/// What a server has done, and whether it serves.
fn told(control: &CloneControl) -> Details {
    let mut told = vec![("phase", control.phase().to_string())];
    told.extend(details(control.statistics().lines()));
    told
}
