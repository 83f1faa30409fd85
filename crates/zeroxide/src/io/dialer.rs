//! One outgoing endpoint: where to connect, how, and how long to wait before the next try.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};
use zeroxide_net::{Connecting, IpcName, IpcSettings, NetError, SocksTarget, Stream, TcpSettings, ipc};
use zeroxide_proto::Options;

/// What a dialer needs to know to try again for as long as it takes.
pub(crate) struct Dialer {
    /// As the application gave it.
    pub(crate) endpoint: String,
    pub(crate) target: Target,
    /// A copy taken at `connect`: later changes of options are for later connects.
    pub(crate) options: Options,
    /// Addresses of the current try that have not been tried yet.
    pub(crate) addresses: VecDeque<SocketAddr>,
    pub(crate) attempts: u32,
    /// When the connection under way must be up, handshake and all.
    pub(crate) deadline: Option<Instant>,
}

/// Where a dialer connects to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Tcp { host: String, port: u16, source: Option<SocketAddr>, settings: TcpSettings },
    Ipc(IpcName, IpcSettings),
}

/// A connection that has been started.
#[derive(Debug)]
pub(crate) enum Dialed {
    Tcp(Connecting),
    /// Unix sockets connect at once or not at all.
    Ipc(Stream),
}

impl Dialed {
    /// Whether the connection is there, or still under way.
    pub(crate) fn is_finished(&self) -> io::Result<bool> {
        match self {
            Self::Tcp(connecting) => connecting.connect_finished(),
            Self::Ipc(_) => Ok(true),
        }
    }

    pub(crate) fn into_stream(self) -> Stream {
        match self {
            Self::Tcp(connecting) => connecting.into_stream(),
            Self::Ipc(stream) => stream,
        }
    }
}

impl AsFd for Dialed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(connecting) => connecting.as_fd(),
            Self::Ipc(stream) => stream.as_fd(),
        }
    }
}

impl Dialer {
    /// Starts to connect to the next address of this try; `None` when there is none left.
    pub(crate) fn next_stream(&mut self) -> Option<Result<Dialed, NetError>> {
        match &self.target {
            Target::Tcp { source, settings, .. } => {
                let address = self.addresses.pop_front()?;
                let source = source.filter(|source| source.is_ipv4() == address.is_ipv4());
                Some(Connecting::start(address, source, settings).map(Dialed::Tcp))
            }
            Target::Ipc(..) if self.addresses.pop_front().is_none() => None,
            Target::Ipc(name, settings) => Some(ipc::connect(name, settings).map(Dialed::Ipc)),
        }
    }

    /// What must be looked up before a try: host and port, through the proxy if there is one.
    pub(crate) fn lookup(&self) -> Option<(String, u16)> {
        match &self.target {
            Target::Ipc(..) => None,
            Target::Tcp { host, port, .. } => match &self.options.socks_proxy {
                None => Some((host.clone(), *port)),
                Some(proxy) => {
                    // Before a semicolon stands the address to go out from.
                    let proxy = proxy.rsplit_once(';').map_or(proxy.as_str(), |(_, proxy)| proxy);
                    let (host, port) = proxy.rsplit_once(':').unwrap_or((proxy, "1080"));
                    Some((host.trim_matches(['[', ']']).to_owned(), port.parse().unwrap_or(1080)))
                }
            },
        }
    }

    /// The proxy to go through: what to ask it for, and who asks.
    pub(crate) fn proxy(&self) -> Option<(SocksTarget, Option<Credentials>)> {
        let Target::Tcp { host, port, .. } = &self.target else { return None };
        self.options.socks_proxy.as_ref()?;
        let target = match host.parse::<IpAddr>() {
            Ok(address) => SocksTarget::Address(address, *port),
            Err(_) => SocksTarget::Name(host.clone(), *port),
        };
        Some((target, self.options.socks_credentials.clone()))
    }

    /// An ipc endpoint has one address, with nothing to look up.
    pub(crate) fn single_address(&mut self) {
        self.addresses = VecDeque::from([SocketAddr::from(([0, 0, 0, 0], 0))]);
    }

    /// How long to wait before the next try; `None` is never. `random` is any number.
    ///
    /// The first wait is `reconnect_interval`; with a maximum it doubles up to that. Up to a quarter is taken off or
    /// added at random, so that many clients of a server that restarts do not return in step.
    pub(crate) fn next_wait(&mut self, random: u64) -> Option<Duration> {
        let base = self.options.reconnect_interval?;
        let wait = match self.options.reconnect_interval_max {
            Some(most) => base.saturating_mul(1 << self.attempts.min(20)).min(most.max(base)),
            None => base,
        };
        self.attempts = self.attempts.saturating_add(1);
        let spread = (wait.as_nanos() as u64 / 2).max(1);
        Some(wait - wait / 4 + Duration::from_nanos(random % spread))
    }
}

/// User and password.
type Credentials = (Vec<u8>, Vec<u8>);
