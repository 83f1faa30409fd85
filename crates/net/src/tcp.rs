//! TCP: connecting and listening, with everything a user can set.

use crate::error::{NetError, Operation, failed};
use crate::fault::{self, Call};
use crate::listener::{self, AcceptError};
use crate::stream::{Peer, Stream, canonical, tcp_text};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What can be set on a TCP socket. `TCP_NODELAY` is always set. The default leaves the rest to the system.
///
/// ```
/// use zeroxide_net::TcpSettings;
///
/// let settings = TcpSettings { keepalive: Some(true), keepalive_count: Some(3), ..TcpSettings::default() };
/// # let _ = settings;
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct TcpSettings {
    /// SO_KEEPALIVE. While this is `None` the three settings below are not applied either, as in libzmq.
    pub keepalive: Option<bool>,
    /// TCP_KEEPCNT: probes before the connection is given up.
    pub keepalive_count: Option<u32>,
    /// TCP_KEEPIDLE: silence before the first probe, in whole seconds.
    pub keepalive_idle: Option<Duration>,
    /// TCP_KEEPINTVL: time between probes, in whole seconds.
    pub keepalive_interval: Option<Duration>,
    /// TCP_USER_TIMEOUT: how long sent data may stay unacknowledged, in whole milliseconds.
    pub user_timeout: Option<Duration>,
    /// IP_TOS and, on an IPv6 socket, IPV6_TCLASS; 0 is the system's.
    pub type_of_service: u8,
    /// SO_PRIORITY.
    pub priority: Option<u32>,
    /// SO_BUSY_POLL, in whole microseconds.
    pub busy_poll: Option<Duration>,
    /// SO_SNDBUF, set before connecting so that the window can use it.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF, set before connecting so that the window can use it.
    pub receive_buffer: Option<usize>,
    /// SO_BINDTODEVICE.
    pub bind_to_device: Option<String>,
}

/// A connection that is being made. Watch it for writing; each time it is ready, ask [`Self::connect_finished`].
///
/// ```
/// use zeroxide_net::{Connecting, Interest, Poller, TcpListener, TcpSettings};
///
/// let settings = TcpSettings::default();
/// let listener = TcpListener::listen(([127, 0, 0, 1], 0).into(), &settings, 10)?;
/// let connecting = Connecting::start(listener.socket_address(), None, &settings)?;
/// let poller = Poller::new()?;
/// poller.add(&connecting, 7, Interest::WRITE)?;
/// let mut events = Vec::new();
/// while !connecting.connect_finished()? {
///     poller.wait(&mut events, None)?;
/// }
/// let stream = connecting.into_stream();
/// assert_eq!(stream.peer_address(), listener.local_address());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connecting(Stream);

/// A socket that listens for TCP connections. What it accepts has the settings that it was made with.
///
/// ```
/// use zeroxide_net::{AcceptError, NetError, TcpListener, TcpSettings};
/// let settings = TcpSettings { receive_buffer: Some(1 << 20), ..TcpSettings::default() };
/// let listener = TcpListener::listen(([127, 0, 0, 1], 0).into(), &settings, 128)?;
/// assert_ne!(listener.socket_address().port(), 0, "the system chose one");
/// assert!(matches!(listener.accept(), Err(AcceptError::WouldBlock)));
/// # Ok::<(), NetError>(())
/// ```
#[derive(Debug)]
pub struct TcpListener {
    fd: OwnedFd,
    local: SocketAddr,
    priority: Option<u32>,
    /// How senders are paced towards peers that are not of this machine, where the listener itself does not.
    pacing: Option<String>,
}

impl Connecting {
    /// Begins to connect to `address` and does not wait. With `source` the connection comes from that address; port
    /// 0 there lets the system choose one.
    ///
    /// # Errors
    ///
    /// The socket cannot be opened or set up as told, the source address is in use or not of this machine, or the system
    /// knows at once that there is no way to `address`.
    pub fn start(
        address: SocketAddr,
        source: Option<SocketAddr>,
        settings: &TcpSettings,
    ) -> Result<Self, NetError> {
        let text = tcp_text(address);
        let fd = settings.open(address, &text)?;
        if canonical(address).ip().is_loopback() {
            let _ = stop_pacing(&fd);
        }
        if let Some(source) = source {
            let text = tcp_text(source);
            fault::check(Call::Configure)
                .and_then(|()| sockopt::set_socket_reuseaddr(&fd, true))
                .map_err(failed(Operation::Configure("SO_REUSEADDR"), &text))?;
            fault::check(Call::Bind)
                .and_then(|()| rustix::net::bind(&fd, &source))
                .map_err(failed(Operation::Bind, &text))?;
        }
        match fault::check(Call::Connect).and_then(|()| rustix::net::connect(&fd, &address)) {
            // EINTR: the attempt goes on in the background (connect(2)); making the call again would say EALREADY.
            Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(Self(Stream::new(fd, Peer::Tcp(address)))),
            Err(errno) => Err(NetError::new(Operation::Connect, text, errno.into())),
        }
    }

    /// Whether the connection is there. `false`: not yet, go on waiting.
    ///
    /// # Errors
    ///
    /// Why there will be none. A socket that happened to connect to itself, which TCP allows when the system chooses
    /// the listener's free port as the source, counts as refused.
    pub fn connect_finished(&self) -> io::Result<bool> {
        if let Some(error) = self.0.take_error()? {
            return Err(error);
        }
        match fault::check(Call::Ask).and_then(|()| rustix::net::getpeername(&self.0)) {
            Ok(peer) if peer.is_some() && peer == rustix::net::getsockname(&self.0).ok() => {
                Err(Errno::CONNREFUSED.into())
            }
            Ok(_) => Ok(true),
            Err(Errno::NOTCONN) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The stream, of use once [`Self::connect_finished`] has said `true`.
    pub fn into_stream(self) -> Stream {
        self.0
    }
}

impl AsFd for Connecting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl TcpListener {
    /// Listens on `address`; port 0 lets the system choose one. On `[::]` IPv4 peers are welcome too.
    ///
    /// # Errors
    ///
    /// `AddrInUse`; `AddrNotAvailable` if it is no address of this machine; a setting that the system refuses.
    pub fn listen(address: SocketAddr, settings: &TcpSettings, backlog: u32) -> Result<Self, NetError> {
        let text = tcp_text(address);
        let fd = settings.open(address, &text)?;
        // What is accepted does as the listener: once a connection is there it is too late to stop.
        let pacing = match canonical(address).ip() {
            ip if ip.is_loopback() => stop_pacing(&fd).and(None),
            ip if ip.is_unspecified() => stop_pacing(&fd),
            _ => None,
        };
        if address.is_ipv6() {
            fault::check(Call::Configure)
                .and_then(|()| sockopt::set_ipv6_v6only(&fd, false))
                .map_err(failed(Operation::Configure("IPV6_V6ONLY"), &text))?;
        }
        fault::check(Call::Configure)
            .and_then(|()| sockopt::set_socket_reuseaddr(&fd, true))
            .map_err(failed(Operation::Configure("SO_REUSEADDR"), &text))?;
        fault::check(Call::Bind)
            .and_then(|()| rustix::net::bind(&fd, &address))
            .map_err(failed(Operation::Bind, &text))?;
        fault::check(Call::Listen)
            .and_then(|()| rustix::net::listen(&fd, i32::try_from(backlog).unwrap_or(i32::MAX)))
            .map_err(failed(Operation::Listen, &text))?;
        let listener = Self::own(fd, settings.priority).map_err(failed(Operation::Listen, &text))?;
        Ok(Self { pacing, ..listener })
    }

    /// Takes over a TCP socket that already listens; see [`Listener::adopt`](crate::Listener::adopt).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it does not listen or is not TCP.
    pub fn adopt(fd: OwnedFd) -> Result<Self, NetError> {
        listener::prepare_adopted(&fd)?;
        sockopt::set_tcp_nodelay(&fd, true).map_err(|errno| listener::not_adoptable(errno.into()))?;
        Self::own(fd, None).map_err(listener::not_adoptable)
    }

    fn own(fd: OwnedFd, priority: Option<u32>) -> io::Result<Self> {
        fault::check(Call::Ask)?;
        let local = SocketAddr::try_from(rustix::net::getsockname(&fd)?)?;
        Ok(Self { fd, local, priority, pacing: None })
    }

    /// Takes the next waiting connection.
    ///
    /// # Errors
    ///
    /// See [`AcceptError`].
    pub fn accept(&self) -> Result<Stream, AcceptError> {
        // Linux gives the accepted socket all that `TcpSettings::open` has set on the listener, so it costs no call;
        // all but the priority, which it resets.
        let (fd, peer) = listener::accept(&self.fd)?;
        set("SO_PRIORITY", self.priority, |priority| SockRef::from(&fd).set_priority(priority))
            .map_err(|(_, source)| AcceptError::Retry(source))?;
        let peer = peer.ok_or(Errno::CONNABORTED).and_then(SocketAddr::try_from);
        let peer = canonical(peer.map_err(|errno| AcceptError::Retry(errno.into()))?);
        if let Some(pacing) = &self.pacing
            && !peer.ip().is_loopback()
        {
            let _ = sockopt::set_tcp_congestion(&fd, pacing);
        }
        Ok(Stream::new(fd, Peer::Tcp(peer)))
    }

    /// Where it listens, with the port that the system chose: `tcp://127.0.0.1:41233`, `tcp://0.0.0.0:5`,
    /// `tcp://[::]:5`.
    pub fn local_address(&self) -> String {
        tcp_text(self.local)
    }

    /// The same as a value.
    pub fn socket_address(&self) -> SocketAddr {
        self.local
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl TcpSettings {
    /// A new socket of the family of `address` with everything set.
    fn open(&self, address: SocketAddr, text: &str) -> Result<OwnedFd, NetError> {
        let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = retry_on_intr(|| {
            fault::check(Call::Socket)?;
            rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))
        })
        .map_err(failed(Operation::Open, text))?;
        self.apply(&fd, address.is_ipv6())
            .map_err(|(option, source)| NetError::new(Operation::Configure(option), text, source))?;
        Ok(fd)
    }

    fn apply(&self, fd: &OwnedFd, ipv6: bool) -> Result<(), (&'static str, io::Error)> {
        let socket = SockRef::from(fd);
        set("TCP_NODELAY", Some(true), |on| Ok(sockopt::set_tcp_nodelay(fd, on)?))?;
        set("SO_SNDBUF", self.send_buffer, |octets| socket.set_send_buffer_size(octets))?;
        set("SO_RCVBUF", self.receive_buffer, |octets| socket.set_recv_buffer_size(octets))?;
        if self.keepalive.is_some() {
            self.apply_keepalive(fd)?;
        }
        set("TCP_USER_TIMEOUT", self.user_timeout, |time| socket.set_tcp_user_timeout(Some(time)))?;
        let type_of_service = Some(self.type_of_service).filter(|tos| *tos != 0);
        set("IP_TOS", type_of_service, |tos| Ok(sockopt::set_ip_tos(fd, tos)?))?;
        set("IPV6_TCLASS", type_of_service.filter(|_| ipv6), |tos| {
            Ok(sockopt::set_ipv6_tclass(fd, u32::from(tos))?)
        })?;
        set("SO_PRIORITY", self.priority, |priority| socket.set_priority(priority))?;
        set("SO_BUSY_POLL", self.busy_poll, |time| {
            socket.set_busy_poll(u32::try_from(time.as_micros()).unwrap_or(i32::MAX.unsigned_abs()))
        })?;
        set("SO_BINDTODEVICE", self.bind_to_device.as_deref(), |name| {
            socket.bind_device(Some(name.as_bytes()))
        })
    }

    fn apply_keepalive(&self, fd: &OwnedFd) -> Result<(), (&'static str, io::Error)> {
        set("SO_KEEPALIVE", self.keepalive, |on| Ok(sockopt::set_socket_keepalive(fd, on)?))?;
        set("TCP_KEEPCNT", self.keepalive_count, |count| Ok(sockopt::set_tcp_keepcnt(fd, count)?))?;
        set("TCP_KEEPIDLE", self.keepalive_idle, |time| Ok(sockopt::set_tcp_keepidle(fd, time)?))?;
        set("TCP_KEEPINTVL", self.keepalive_interval, |time| Ok(sockopt::set_tcp_keepintvl(fd, time)?))
    }
}

/// Within one machine there is no network that a sender could crowd. Where the system paces senders to the rate of a network, with
/// `bbr`, it does so here too, at a third to a half of the throughput. `reno`, which every Linux has, sends what the receiver has room
/// for. Says what was there before, if it was one that paces; a system that refuses goes on with it.
fn stop_pacing(fd: &OwnedFd) -> Option<String> {
    let before = sockopt::tcp_congestion(fd).ok().filter(|name| name.starts_with("bbr"))?;
    sockopt::set_tcp_congestion(fd, "reno").ok().map(|()| before)
}

/// Sets one option if it is asked for, and names it if that fails.
fn set<T>(
    option: &'static str,
    value: Option<T>,
    apply: impl FnOnce(T) -> io::Result<()>,
) -> Result<(), (&'static str, io::Error)> {
    let Some(value) = value else { return Ok(()) };
    fault::check(Call::Configure)
        .map_err(io::Error::from)
        .and_then(|()| apply(value))
        .map_err(|source| (option, source))
}
