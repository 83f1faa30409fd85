//! `zox peering`.

use super::load_balancer::Speech;
use crate::{
    endpoint_args::SettingArgs,
    exit::Failure,
    options::{self, SocketOption},
    quantity::duration,
    service::{bind_all, daemon::Daemon, log::log, teller::details},
};
use clap::Args;
use signal_hook::{consts::SIGHUP, iterator::Signals};
use std::{
    collections::BTreeMap,
    fs,
    str::FromStr,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};
use zeroxide::{Context, Frame, Handle};
use zeroxide_patterns::{
    PatternError,
    balance::{BalancerOptions, Choice},
    peering::{PeeringControl, PeeringOptions, PeeringServer},
};

/// Counters of what should not happen.
const LOSSES: [&str; 9] = [
    "unsent",
    "repeated",
    "refused",
    "expired",
    "given_up",
    "workers_lost",
    "peers_lost",
    "stray",
    "malformed",
];

/// Serve a cluster of clients and workers, and share free workers with the brokers of other clusters
///
/// SIGINT and SIGTERM end it in order: peers are told, those at work are answered. SIGUSR1 has the counters logged. SIGHUP
/// has the file of --peers read again: what is new there is added, what is gone is removed.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Peering {
    /// What the peers call this broker
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    name: Option<String>,

    /// Listen here for clients, REQ or DEALER (several allowed); told on stderr: "bound tcp://..."
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5555")]
    frontend: Vec<String>,

    /// Listen here for workers (several allowed)
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5556")]
    backend: Vec<String>,

    /// Listen here for the requests of peers (several allowed)
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5557")]
    cloud: Vec<String>,

    /// Tell peers here how many workers are free (several allowed)
    #[arg(long, value_name = "ENDPOINT", default_value = "tcp://127.0.0.1:5558")]
    state: Vec<String>,

    /// A peer: its name, where it takes requests, and where it tells its state (several allowed)
    #[arg(long = "peer", value_name = "NAME=CLOUD,STATE")]
    peer: Vec<Peer>,

    /// A file with a peer on each line: NAME=CLOUD,STATE
    #[arg(long, value_name = "FILE")]
    peers: Option<String>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How workers are spoken to
    #[arg(long, value_enum, default_value_t)]
    dialect: Speech,

    /// How often free workers and broker tell each other that they live
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    heartbeat: Duration,

    /// After so many heartbeats without a word a free worker is gone
    #[arg(long, value_name = "N", default_value_t = 3)]
    liveness: u32,

    /// How long a worker may be over one request
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    work_limit: Duration,

    /// How often peers are told how many workers are free, even if that has not changed
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    beat: Duration,

    /// For how long what a peer said is believed
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "3s")]
    state_age: Duration,

    /// How long a peer may be over one request
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    export_limit: Duration,

    /// How many workers and peers may be given a request, one after the other lost with it
    #[arg(long, value_name = "N", default_value_t = 1)]
    attempts: u32,

    /// How many requests of clients wait; further ones are refused
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    waiting_requests: usize,

    /// How many requests of peers wait; further ones are dropped
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    waiting_imports: usize,

    /// How long a request waits
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

    /// Set an option on the sockets that peers connect to, --cloud and --state, such as curve-server (several allowed)
    #[arg(long = "cloud-option", value_name = "NAME=VALUE")]
    cloud_options: Vec<SocketOption>,

    /// Set an option on the sockets that connect to peers, such as curve-client (several allowed)
    #[arg(long = "peer-option", value_name = "NAME=VALUE")]
    peer_options: Vec<SocketOption>,
}

const EXAMPLES: &str = "\
Examples:
  zox peering --name DC1 --cloud tcp://*:5557 --state tcp://*:5558 --peer DC2=tcp://dc2:5557,tcp://dc2:5558
  zox peering --name DC1 --peers /etc/zox/peers          add a line, then: kill -HUP
  zox peering --config /etc/zox/peering.conf";

/// Where a peer is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Peer {
    name: String,
    cloud: String,
    state: String,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(name, ends)| Some((name, ends.split_once(',')?)));
        let (name, (cloud, state)) = parts.ok_or_else(|| format!("{text}: not NAME=CLOUD,STATE"))?;
        let [name, cloud, state] = [name, cloud, state].map(|part| part.trim().to_owned());
        if name.is_empty() || cloud.is_empty() || state.is_empty() {
            return Err(format!("{text}: not NAME=CLOUD,STATE"));
        }
        Ok(Self { name, cloud, state })
    }
}

/// The lines of a file of peers.
fn read(file: &str) -> Result<Vec<Peer>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::parse).collect()
}

impl Peering {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let name = self.name.as_deref().ok_or(Failure::Usage("a broker needs a --name".into()))?;
        let server = PeeringServer::new(&context, name, self.rules())?;
        let [clients, workers, cloud] = server.routers();
        for socket in [&**clients, &**workers, &**cloud, &**server.state()] {
            self.settings.apply(socket)?;
        }
        for socket in [&**cloud, &**server.state()] {
            options::apply(&self.cloud_options, socket).map_err(Failure::Usage)?;
        }
        type Bind<'a> = &'a dyn Fn(&str) -> Result<String, PatternError>;
        let doors: [(&Handle, &[String], Bind<'_>); 4] = [
            (clients, &self.frontend, &|endpoint| server.bind_clients(endpoint)),
            (workers, &self.backend, &|endpoint| server.bind_workers(endpoint)),
            (cloud, &self.cloud, &|endpoint| server.bind_cloud(endpoint)),
            (server.state(), &self.state, &|endpoint| server.bind_state(endpoint)),
        ];
        for (socket, endpoints, bind) in doors {
            bind_all(socket, endpoints, bind)?;
        }
        let mut peers = Roster {
            control: server.control(),
            options: [&self.settings.options[..], &self.peer_options].concat(),
            fixed: self.peer.clone(),
            file: self.peers.clone(),
            known: BTreeMap::new(),
        };
        peers.read().map_err(Failure::Usage)?;
        peers.watch()?;
        let (stop, counts, news) = (server.control(), server.control(), News::default());
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || {
                let statistics = counts.statistics();
                news.tell(statistics.peers.iter().map(|peer| (&peer.name, peer.is_heard)));
                details(statistics.lines())
            },
            losses: &LOSSES,
        };
        daemon.run(&context, [("name", name.to_owned())], || server.run())
    }

    fn rules(&self) -> PeeringOptions {
        let local = BalancerOptions {
            dialect: self.dialect.into(),
            choice: Choice::default(),
            heartbeat: self.heartbeat,
            liveness: self.liveness,
            work_limit: self.work_limit,
            attempts: self.attempts,
            waiting_requests: self.waiting_requests,
            request_lifetime: self.request_lifetime,
            workers: self.workers,
            refusal: self.refusal.as_deref().map(Frame::from),
            drain: self.drain,
        };
        PeeringOptions {
            local,
            beat: self.beat,
            state_age: self.state_age,
            export_limit: self.export_limit,
            waiting_imports: self.waiting_imports,
            ..PeeringOptions::default()
        }
    }
}

/// The peers as the command line and the file have them.
struct Roster {
    control: PeeringControl,
    options: Vec<SocketOption>,
    fixed: Vec<Peer>,
    file: Option<String>,
    known: BTreeMap<String, Peer>,
}

impl Roster {
    /// Adds what is new, and removes what is gone. A file with an error changes nothing.
    fn read(&mut self) -> Result<(), String> {
        let listed = self.file.as_deref().map(read).transpose()?.unwrap_or_default();
        let wanted: BTreeMap<String, Peer> =
            self.fixed.iter().cloned().chain(listed).map(|peer| (peer.name.clone(), peer)).collect();
        for name in self.known.keys().filter(|name| !wanted.contains_key(*name)) {
            self.control.remove(name.as_str());
            log("peer_removed", [("name", name.clone())]);
        }
        self.known.retain(|name, _| wanted.contains_key(name));
        for (name, peer) in wanted {
            if self.known.get(&name) != Some(&peer) {
                self.add(&peer).map_err(|failure| failure.text().unwrap_or_default().to_string())?;
                log("peer_added", [("name", name.clone())]);
                self.known.insert(name, peer);
            }
        }
        Ok(())
    }

    fn add(&self, at: &Peer) -> Result<(), Failure> {
        let peer = self.control.peer(at.name.as_str())?;
        let (cloud, state) = peer.sockets();
        for socket in [&**cloud, &**state] {
            options::apply(&self.options, socket).map_err(Failure::Usage)?;
        }
        peer.connect(&at.cloud, &at.state)?;
        self.control.add(peer);
        Ok(())
    }

    /// Reads again at SIGHUP.
    fn watch(mut self) -> Result<(), Failure> {
        let failed = |error| Failure::Failed(format!("signals: {error}"));
        let mut signals = Signals::new([SIGHUP]).map_err(failed)?;
        let watch = move || {
            for _ in signals.forever() {
                match self.read() {
                    Ok(()) => log("peers_read", [("peers", self.known.len().to_string())]),
                    Err(error) => log("peers_unread", [("error", error)]),
                }
            }
        };
        thread::Builder::new().spawn(watch).map(drop).map_err(failed)
    }
}

/// Which peers were heard when they were looked at last.
#[derive(Default)]
struct News(Mutex<BTreeMap<Vec<u8>, bool>>);

impl News {
    /// Logs who is heard now and was not, and the other way.
    fn tell<'a>(&self, peers: impl Iterator<Item = (&'a Frame, bool)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, is_heard) in peers {
            if known.insert(name.to_vec(), is_heard).unwrap_or(false) != is_heard {
                let event = if is_heard { "peer_heard" } else { "peer_silent" };
                log(event, [("name", String::from_utf8_lossy(name).into_owned())]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_name_and_two_endpoints() {
        let peer: Peer = "DC2 = tcp://a:1 , tcp://a:2".parse().unwrap();
        assert_eq!((&peer.name[..], &peer.cloud[..], &peer.state[..]), ("DC2", "tcp://a:1", "tcp://a:2"));
        for wrong in ["", "DC2", "DC2=tcp://a:1", "=a,b", "DC2=,b", "DC2=a,"] {
            assert!(wrong.parse::<Peer>().is_err(), "{wrong}");
        }
    }
}
