//! Endpoints: `tcp://host:port`, `ipc://path`, `inproc://name`, parsed once and valid from then on.
//!
//! ```text
//! tcp://[source;]host:port      host    * | 1.2.3.4 | [v6%zone] | v6%zone | interface[:label] or DNS name
//!                               port    1..65535 | * or 0: any free one
//!                               source  host[:port], where a connection shall come from; ignored by bind
//! ipc://path                    at most 107 octets
//! ipc://@name                   the abstract namespace of Linux, at most 107 octets
//! ipc://*                       a new private path; only for bind
//! inproc://name                 at most 256 octets
//! udp://[interface;]host:port   a group of multicast is joined, or sent to, through that interface
//!                               interface  * | an address of it | its name
//! ```
//!
//! Stricter than libzmq where it hides mistakes: `tcp://*:70000` and `tcp://*:5000-6000` are errors here, there they
//! bind the ports 4464 and 5000.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;
use std::str::FromStr;

/// Where to bind or connect.
///
/// Displaying gives the canonical text, which parses to an equal value.
///
/// ```
/// use zeroxide_proto::endpoint::{Endpoint, EndpointError};
///
/// let endpoint: Endpoint = "tcp://::1:05555".parse()?;
/// assert_eq!(endpoint.to_string(), "tcp://[::1]:5555");
/// assert_eq!("tcp://*:70000".parse::<Endpoint>(), Err(EndpointError::BadPort("70000".into())));
/// # Ok::<(), EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Endpoint {
    /// Over TCP.
    Tcp(TcpEndpoint),
    /// Over a unix domain socket.
    Ipc(IpcEndpoint),
    /// Within the context, by name.
    Inproc(String),
    /// By UDP datagrams.
    Udp(UdpEndpoint),
}

/// A host and a port, and perhaps where the connection shall come from. Parses from `[source;]host:port` too.
///
/// ```
/// use zeroxide_proto::endpoint::{EndpointError, TcpEndpoint};
/// let endpoint: TcpEndpoint = "192.168.1.7;server.example:5555".parse()?;
/// assert_eq!(endpoint.source.map(|source| source.to_string()).as_deref(), Some("192.168.1.7:*"));
/// assert_eq!(endpoint.address.to_string(), "server.example:5555");
/// # Ok::<(), EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TcpEndpoint {
    /// Where a connection shall come from.
    pub source: Option<TcpAddress>,
    /// Where to bind or connect.
    pub address: TcpAddress,
}

/// A host and a port, and perhaps the interface by which a multicast group is reached. Parses from `[interface;]host:port`
/// too.
///
/// ```
/// use zeroxide_proto::endpoint::{Host, UdpEndpoint};
/// let group: UdpEndpoint = "eth0;239.0.0.1:5555".parse()?;
/// assert_eq!(group.interface, Some(Host::Name("eth0".into())));
/// # Ok::<(), zeroxide_proto::endpoint::EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UdpEndpoint {
    /// By which interface a group is joined or sent to: its name or one of its addresses.
    pub interface: Option<Host>,
    /// Where to receive or send.
    pub address: TcpAddress,
}

/// A host and a port.
///
/// ```
/// use zeroxide_proto::endpoint::{EndpointError, Host, TcpAddress, TcpEndpoint};
/// let TcpAddress { host, port } = "eth0:*".parse::<TcpEndpoint>()?.address;
/// assert_eq!((host, port), (Host::Name("eth0".into()), None));
/// # Ok::<(), EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TcpAddress {
    /// Which machine, or which of its addresses.
    pub host: Host,
    /// Which port; `None` is any free one (`*` or 0).
    pub port: Option<NonZeroU16>,
}

/// Which machine, or which of its addresses.
///
/// ```
/// use std::net::Ipv6Addr;
/// use zeroxide_proto::endpoint::{EndpointError, Host};
/// assert_eq!("*".parse(), Ok(Host::Any));
/// assert_eq!("[::1]".parse(), Ok(Host::V6(Ipv6Addr::LOCALHOST, None)));
/// assert_eq!("localhost".parse(), Ok(Host::Name("localhost".into())));
/// assert!(matches!("no host".parse::<Host>(), Err(EndpointError::BadHost(_))));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Host {
    /// All addresses of this machine: `*`.
    Any,
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, and the zone that a link-local one needs: the name or number of an interface.
    V6(Ipv6Addr, Option<String>),
    /// A network interface of this machine, one address of it (`eth0:1`), or a DNS name; only a look tells which.
    Name(String),
}

/// A unix domain socket.
///
/// ```
/// use zeroxide_proto::endpoint::{EndpointError, IpcEndpoint};
/// assert_eq!("/run/service.sock".parse(), Ok(IpcEndpoint::Path("/run/service.sock".into())));
/// assert_eq!("@service".parse(), Ok(IpcEndpoint::Abstract("service".into())));
/// assert_eq!("*".parse(), Ok(IpcEndpoint::Wildcard));
/// assert_eq!("@".parse::<IpcEndpoint>(), Err(EndpointError::BadName));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum IpcEndpoint {
    /// A file.
    Path(String),
    /// A name in the abstract namespace of Linux, without the `@`.
    Abstract(String),
    /// A new private path: `*`.
    Wildcard,
}

/// Why a text is no endpoint, or none to bind or connect. The part at fault is inside.
///
/// ```
/// use zeroxide_proto::endpoint::{Endpoint, EndpointError};
/// let why = |text: &str| text.parse::<Endpoint>().unwrap_err();
/// assert_eq!(why("localhost:5555"), EndpointError::NoTransport);
/// assert_eq!(why("vmci://2:5555"), EndpointError::UnknownTransport("vmci".into()));
/// let anywhere: Endpoint = "tcp://*:5555".parse()?;
/// assert_eq!(anywhere.check_connect(), Err(EndpointError::NotConnectable));
/// # Ok::<(), EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is no `transport://` in front.
    NoTransport,
    /// Nothing comes after `transport://`.
    NoAddress,
    /// The transport is not one of ours.
    UnknownTransport(String),
    /// The host is missing, or no name or address.
    BadHost(String),
    /// The port is missing, no number, or above 65535.
    BadPort(String),
    /// The path or name contains an octet of value 0, or the abstract name is empty.
    BadName,
    /// The path or name is longer than allowed: this many octets of at most so many.
    TooLong {
        /// What it has.
        octets: usize,
        /// What it may have.
        limit: usize,
    },
    /// `*`, or no port, says where to listen but not where to connect.
    NotConnectable,
}

/// The errno that libzmq has for an [`EndpointError`].
///
/// ```
/// use zeroxide_proto::endpoint::{Endpoint, EndpointErrno};
/// let error = "vmci://2:5555".parse::<Endpoint>().unwrap_err();
/// assert_eq!(error.errno(), EndpointErrno::TransportNotSupported);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndpointErrno {
    /// EINVAL
    Invalid,
    /// EPROTONOSUPPORT
    TransportNotSupported,
    /// ENAMETOOLONG
    NameTooLong,
}

impl Endpoint {
    /// The longest path or abstract name of an ipc endpoint, in octets: what `sun_path` of Linux holds.
    pub const MAX_IPC: usize = 107;
    /// The longest name of an inproc endpoint, in octets.
    pub const MAX_INPROC: usize = 256;

    /// Whether `bind` can use it. So can every endpoint that parses; this is here to be asked by the generic caller.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn check_bind(&self) -> Result<(), EndpointError> {
        Ok(())
    }

    /// Whether `connect` can use it.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NotConnectable`] if host or port is a wildcard, or the path is, or the host is an alias of an
    /// interface, which no machine but this one knows.
    pub fn check_connect(&self) -> Result<(), EndpointError> {
        match self {
            Self::Tcp(TcpEndpoint { address: TcpAddress { host: Host::Name(name), .. }, .. })
                if name.contains(':') =>
            {
                Err(EndpointError::NotConnectable)
            }
            Self::Tcp(TcpEndpoint {
                address: TcpAddress { host: Host::Any, .. } | TcpAddress { port: None, .. },
                ..
            })
            | Self::Udp(UdpEndpoint {
                address: TcpAddress { host: Host::Any, .. } | TcpAddress { port: None, .. },
                ..
            })
            | Self::Ipc(IpcEndpoint::Wildcard) => Err(EndpointError::NotConnectable),
            _ => Ok(()),
        }
    }

    /// `tcp`, `ipc`, `inproc` or `udp`.
    pub fn transport(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Ipc(_) => "ipc",
            Self::Inproc(_) => "inproc",
            Self::Udp(_) => "udp",
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (transport, address) = text.split_once("://").ok_or(EndpointError::NoTransport)?;
        match (transport, address) {
            ("", _) => Err(EndpointError::NoTransport),
            (_, "") => Err(EndpointError::NoAddress),
            ("tcp", address) => address.parse().map(Self::Tcp),
            ("ipc", address) => address.parse().map(Self::Ipc),
            ("udp", address) => address.parse().map(Self::Udp),
            ("inproc", name) => limited(name, Self::MAX_INPROC).map(Self::Inproc),
            (other, _) => Err(EndpointError::UnknownTransport(other.to_owned())),
        }
    }
}

impl FromStr for TcpEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (source, address) = match text.split_once(';') {
            Some((source, address)) => (Some(parse_source(source)?), address),
            None => (None, text),
        };
        let (host, port) = address
            .rsplit_once(':')
            .filter(|_| !address.ends_with(']'))
            .ok_or_else(|| EndpointError::BadPort(String::new()))?;
        Ok(Self { source, address: TcpAddress { host: parse_host(host)?, port: parse_port(port)? } })
    }
}

impl FromStr for UdpEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (interface, address) = match text.split_once(';') {
            Some((interface, address)) => (Some(interface.parse()?), address),
            None => (None, text),
        };
        match address.parse()? {
            TcpEndpoint { source: None, address } => Ok(Self { interface, address }),
            TcpEndpoint { source: Some(_), .. } => Err(EndpointError::BadHost(address.to_owned())),
        }
    }
}

/// A source may come without a port: `eth0`, `[::1]`, `10.0.0.1`. A bare IPv6 address is taken whole, since its last
/// group cannot be told from a port; with a port it needs its brackets. So an alias of an interface needs its port.
fn parse_source(text: &str) -> Result<TcpAddress, EndpointError> {
    if let Ok(host) = text.parse() {
        return Ok(TcpAddress { host, port: None });
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(|| EndpointError::BadHost(text.to_owned()))?;
    Ok(TcpAddress { host: parse_host(host)?, port: parse_port(port)? })
}

/// A host that has a port behind it, so that it may be an alias of an interface.
fn parse_host(text: &str) -> Result<Host, EndpointError> {
    text.parse().or_else(|error| if is_alias(text) { Ok(Host::Name(text.to_owned())) } else { Err(error) })
}

/// `eth0:1`: one of several addresses of an interface, by its label.
fn is_alias(text: &str) -> bool {
    let named = |(interface, label): (&str, &str)| is_name(interface) && is_name(label);
    text.len() <= MAX_LABEL && text.split_once(':').is_some_and(named)
}

fn parse_port(text: &str) -> Result<Option<NonZeroU16>, EndpointError> {
    let bad = || EndpointError::BadPort(text.to_owned());
    if text == "*" {
        return Ok(None);
    }
    // `parse` alone would take a plus sign.
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    let number: u16 = text.parse().ok().filter(|_| digits).ok_or_else(bad)?;
    Ok(NonZeroU16::new(number))
}

impl FromStr for Host {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let bad = || EndpointError::BadHost(text.to_owned());
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']').and_then(parse_v6).ok_or_else(bad);
        }
        if text.contains(':') {
            return parse_v6(text).ok_or_else(bad);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::V4(address));
        }
        if is_name(text) { Ok(Self::Name(text.to_owned())) } else { Err(bad()) }
    }
}

fn parse_v6(text: &str) -> Option<Host> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) if is_name(zone) => (address, Some(zone.to_owned())),
        Some(_) => return None,
        None => (text, None),
    };
    Some(Host::V6(address.parse().ok()?, zone))
}

/// The characters of DNS names and of interfaces, and the length of the longest DNS name.
fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'))
}

const MAX_NAME: usize = 255;
/// What the system gives to the names of interfaces and to labels.
const MAX_LABEL: usize = 15;

impl FromStr for IpcEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        match text.strip_prefix('@') {
            _ if text == "*" => Ok(Self::Wildcard),
            Some("") => Err(EndpointError::BadName),
            Some(name) => limited(name, Endpoint::MAX_IPC).map(Self::Abstract),
            None if text.is_empty() => Err(EndpointError::NoAddress),
            None => limited(text, Endpoint::MAX_IPC).map(Self::Path),
        }
    }
}

fn limited(name: &str, limit: usize) -> Result<String, EndpointError> {
    match name.len() {
        octets if octets > limit => Err(EndpointError::TooLong { octets, limit }),
        _ if name.contains('\0') => Err(EndpointError::BadName),
        _ => Ok(name.to_owned()),
    }
}

impl EndpointError {
    /// The errno that libzmq has for it.
    pub fn errno(&self) -> EndpointErrno {
        match self {
            Self::UnknownTransport(_) => EndpointErrno::TransportNotSupported,
            Self::TooLong { .. } => EndpointErrno::NameTooLong,
            _ => EndpointErrno::Invalid,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://", self.transport())?;
        match self {
            Self::Tcp(address) => address.fmt(out),
            Self::Ipc(IpcEndpoint::Path(path)) => out.write_str(path),
            Self::Ipc(IpcEndpoint::Abstract(name)) => write!(out, "@{name}"),
            Self::Ipc(IpcEndpoint::Wildcard) => out.write_str("*"),
            Self::Inproc(name) => out.write_str(name),
            Self::Udp(address) => address.fmt(out),
        }
    }
}

impl fmt::Display for TcpEndpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(out, "{source};")?;
        }
        self.address.fmt(out)
    }
}

impl fmt::Display for UdpEndpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(interface) = &self.interface {
            write!(out, "{interface};")?;
        }
        self.address.fmt(out)
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.host),
            None => write!(out, "{}:*", self.host),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("*"),
            Self::V4(address) => write!(out, "{address}"),
            Self::V6(address, None) => write!(out, "[{address}]"),
            Self::V6(address, Some(zone)) => write!(out, "[{address}%{zone}]"),
            Self::Name(name) => out.write_str(name),
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTransport => write!(out, "an endpoint begins with its transport, as in tcp://host:port"),
            Self::NoAddress => write!(out, "nothing follows the transport"),
            Self::UnknownTransport(name) => {
                write!(out, "transport {name:?} is not known (tcp, ipc, inproc, udp)")
            }
            Self::BadHost(host) => write!(out, "{host:?} is no host: *, an address, or the name of one"),
            Self::BadPort(port) => write!(out, "{port:?} is no port: 1 to 65535, or * for any free one"),
            Self::BadName => write!(out, "the name is empty or contains a zero octet"),
            Self::TooLong { octets, limit } => {
                write!(out, "{octets} octets, where at most {limit} are allowed")
            }
            Self::NotConnectable => write!(out, "a wildcard says where to listen, not where to connect"),
        }
    }
}

impl std::error::Error for EndpointError {}
