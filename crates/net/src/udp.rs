//! UDP: datagrams to and from anyone, multicast groups, and the interface they go through.

use crate::error::{NetError, Operation, failed};
use crate::fault::{self, Call};
use crate::stream::canonical;
use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType, ipproto, sockopt,
};
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What can be set on a UDP socket.
///
/// ```
/// use zeroxide_net::UdpSettings;
/// let settings = UdpSettings { multicast_hops: 4, ..UdpSettings::default() };
/// assert!(settings.multicast_loop);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UdpSettings {
    /// How many networks a multicast datagram may cross; 1 stays on this network. With 0, Linux
    /// sends it to this network all the same, unless somebody on this machine is in the group.
    pub multicast_hops: u8,
    /// Whether multicast datagrams reach listeners on this machine too.
    pub multicast_loop: bool,
    /// The number of the interface for multicast; 0 leaves it to the system.
    pub interface: u32,
    /// IP_TOS or IPV6_TCLASS; 0 is the system's.
    pub type_of_service: u8,
    /// SO_PRIORITY.
    pub priority: Option<u32>,
    /// SO_SNDBUF.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF.
    pub receive_buffer: Option<usize>,
    /// SO_BINDTODEVICE.
    pub bind_to_device: Option<String>,
}

impl Default for UdpSettings {
    fn default() -> Self {
        Self {
            multicast_hops: 1,
            multicast_loop: true,
            interface: 0,
            type_of_service: 0,
            priority: None,
            send_buffer: None,
            receive_buffer: None,
            bind_to_device: None,
        }
    }
}

/// A UDP socket that never blocks and can be shared.
///
/// ```
/// use std::io::IoSlice;
/// use zeroxide_net::{Interest, Poller, UdpSettings, UdpSocket};
///
/// let settings = UdpSettings::default();
/// let listener = UdpSocket::bind(([127, 0, 0, 1], 0).into(), &settings)?;
/// let sender = UdpSocket::open(listener.socket_address(), &settings)?;
/// sender.send_to(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")], listener.socket_address())?;
/// let poller = Poller::new()?;
/// poller.add(&listener, 1, Interest::READ)?;
/// poller.wait(&mut Vec::new(), None)?;
/// let mut datagram = Vec::with_capacity(100);
/// let from = listener.receive_from(&mut datagram)?;
/// assert_eq!(datagram, b"hello");
/// assert!(from.ip().is_loopback());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    fd: OwnedFd,
    local: SocketAddr,
}

/// Why a datagram was not sent.
///
/// ```
/// use std::io::IoSlice;
/// use zeroxide_net::{UdpSettings, UdpSocket, Unsent};
/// let home = UdpSocket::bind(([127, 0, 0, 1], 0).into(), &UdpSettings::default())?;
/// let long = vec![0; 70_000];
/// let answer = home.send_to(&[IoSlice::new(&long)], home.socket_address());
/// assert!(matches!(answer, Err(Unsent::TooLong)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub enum Unsent {
    /// There is no room now; watch the socket for writing.
    WouldBlock,
    /// It is longer than the network takes.
    TooLong,
    /// The system dropped it for want of memory.
    NoRoom,
    /// There is no way there, or the system said so of a datagram that was sent before.
    Undeliverable(io::Error),
}

impl fmt::Display for Unsent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock => out.write_str("there is no room for a datagram now"),
            Self::TooLong => out.write_str("the datagram is longer than the network takes"),
            Self::NoRoom => out.write_str("the system had no memory for the datagram"),
            Self::Undeliverable(error) => write!(out, "the datagram cannot be delivered: {error}"),
        }
    }
}

impl std::error::Error for Unsent {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Undeliverable(error) => Some(error),
            _ => None,
        }
    }
}

impl UdpSocket {
    /// A socket to send to `target`, and to others of its family; the system chooses where from.
    ///
    /// # Errors
    ///
    /// The socket cannot be opened or set up as told.
    pub fn open(target: SocketAddr, settings: &UdpSettings) -> Result<Self, NetError> {
        let text = udp_text(target);
        let fd = settings.open(target, &text)?;
        let any = unspecified(target, 0);
        Ok(Self { fd, local: any })
    }

    /// Receives what comes to `address`; port 0 lets the system choose one. If it is a multicast group, joins it, and
    /// shares the address with others who listen to the group; all of them get each datagram. On `[::]` IPv4 is welcome
    /// too.
    ///
    /// Only what was sent to the group itself is received, not what came to the same port by other ways. But for groups of
    /// the link (`ff02::`) that are joined without an interface: then datagrams to this machine's own addresses are too.
    ///
    /// # Errors
    ///
    /// `AddrInUse`; `AddrNotAvailable` if it is no address of this machine; a group that cannot be joined; a setting that the
    /// system refuses.
    pub fn bind(address: SocketAddr, settings: &UdpSettings) -> Result<Self, NetError> {
        let text = udp_text(address);
        let fd = settings.open(address, &text)?;
        let mut place = scoped(address, settings.interface);
        if address.ip().is_multicast() {
            fault::check(Call::Configure)
                .and_then(|()| sockopt::set_socket_reuseaddr(&fd, true))
                .map_err(failed(Operation::Configure("SO_REUSEADDR"), &text))?;
            if needs_interface(place) {
                // Only the system knows through which interface it joins the group, and it does not tell. What comes to
                // other groups is kept away; what comes to the port of this machine itself is not.
                place = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, place.port(), 0, 0).into();
                SockRef::from(&fd)
                    .set_multicast_all_v6(false)
                    .map_err(failed(Operation::Configure("IPV6_MULTICAST_ALL"), &text))?;
            }
        } else if address.is_ipv6() {
            let only = !address.ip().is_unspecified();
            sockopt::set_ipv6_v6only(&fd, only)
                .map_err(failed(Operation::Configure("IPV6_V6ONLY"), &text))?;
        }
        fault::check(Call::Bind)
            .and_then(|()| rustix::net::bind(&fd, &place))
            .map_err(failed(Operation::Bind, &text))?;
        join(&fd, address.ip(), settings.interface)
            .map_err(failed(Operation::Configure("the multicast group"), &text))?;
        let local = fault::check(Call::Ask).and_then(|()| rustix::net::getsockname(&fd));
        let mut local = local.and_then(SocketAddr::try_from).map_err(failed(Operation::Bind, &text))?;
        if address.ip().is_multicast() {
            local.set_ip(address.ip());
        }
        Ok(Self { fd, local })
    }

    /// Where it is bound, with the port that the system chose.
    pub fn socket_address(&self) -> SocketAddr {
        self.local
    }

    /// Where it is bound as an endpoint: `udp://127.0.0.1:41233`.
    pub fn local_address(&self) -> String {
        udp_text(self.local)
    }

    /// Sends one datagram, made of these segments.
    ///
    /// # Errors
    ///
    /// See [`Unsent`]; the socket is as good as before.
    pub fn send_to(&self, segments: &[IoSlice<'_>], to: SocketAddr) -> Result<(), Unsent> {
        let to = self.reachable(to);
        let mut control = SendAncillaryBuffer::default();
        loop {
            let sent = fault::check(Call::Write).and_then(|()| {
                rustix::net::sendmsg_addr(&self.fd, &to, segments, &mut control, SendFlags::NOSIGNAL)
            });
            match sent {
                Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(Errno::AGAIN) => return Err(Unsent::WouldBlock),
                Err(Errno::MSGSIZE) => return Err(Unsent::TooLong),
                Err(Errno::NOBUFS | Errno::NOMEM) => return Err(Unsent::NoRoom),
                Err(errno) => return Err(Unsent::Undeliverable(errno.into())),
            }
        }
    }

    /// Appends the next datagram and says whom it is from. What does not fit into the spare capacity of `into` is cut off:
    /// 65535 octets are enough for every datagram.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none has arrived; otherwise one that was sent before could not be delivered, and the socket is as
    /// good as before.
    pub fn receive_from(&self, into: &mut Vec<u8>) -> io::Result<SocketAddr> {
        loop {
            let answer = fault::check(Call::Read)
                .and_then(|()| rustix::net::recvfrom(&self.fd, spare_capacity(into), RecvFlags::empty()));
            match answer {
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok((_, _, from)) => {
                    let from = from.ok_or(Errno::NOTCONN).and_then(SocketAddr::try_from)?;
                    return Ok(canonical(from));
                }
            }
        }
    }

    /// An IPv4 address as a socket of both families has to name it.
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match (self.local, to) {
            (SocketAddr::V6(_), SocketAddr::V4(to)) => {
                SocketAddrV6::new(to.ip().to_ipv6_mapped(), to.port(), 0, 0).into()
            }
            _ => to,
        }
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl UdpSettings {
    /// A socket of the family of `address` with all that can be set.
    fn open(&self, address: SocketAddr, text: &str) -> Result<OwnedFd, NetError> {
        let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = fault::check(Call::Socket)
            .and_then(|()| rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP)))
            .map_err(failed(Operation::Open, text))?;
        self.configure(&fd, address)
            .map_err(|(option, source)| NetError::new(Operation::Configure(option), text, source))?;
        Ok(fd)
    }

    fn configure(&self, fd: &OwnedFd, address: SocketAddr) -> Result<(), (&'static str, io::Error)> {
        fn set<E: Into<io::Error>>(
            option: &'static str,
            done: Result<(), E>,
        ) -> Result<(), (&'static str, io::Error)> {
            let planned = fault::check(Call::Configure).map_err(io::Error::from);
            planned.and(done.map_err(E::into)).map_err(|error| (option, error))
        }
        let socket = SockRef::from(fd);
        if let Some(octets) = self.send_buffer {
            set("SO_SNDBUF", socket.set_send_buffer_size(octets))?;
        }
        if let Some(octets) = self.receive_buffer {
            set("SO_RCVBUF", socket.set_recv_buffer_size(octets))?;
        }
        if let Some(priority) = self.priority {
            set("SO_PRIORITY", socket.set_priority(priority))?;
        }
        if let Some(device) = &self.bind_to_device {
            set("SO_BINDTODEVICE", socket.bind_device(Some(device.as_bytes())))?;
        }
        let (hops, class) = (u32::from(self.multicast_hops), u32::from(self.type_of_service));
        if address.is_ipv6() {
            set("IPV6_MULTICAST_HOPS", sockopt::set_ipv6_multicast_hops(fd, hops))?;
            set("IPV6_MULTICAST_LOOP", sockopt::set_ipv6_multicast_loop(fd, self.multicast_loop))?;
            if self.interface != 0 {
                set("IPV6_MULTICAST_IF", sockopt::set_ipv6_multicast_if(fd, self.interface))?;
            }
            if class != 0 {
                set("IPV6_TCLASS", sockopt::set_ipv6_tclass(fd, class))?;
            }
        } else {
            set("IP_MULTICAST_TTL", sockopt::set_ip_multicast_ttl(fd, hops))?;
            set("IP_MULTICAST_LOOP", sockopt::set_ip_multicast_loop(fd, self.multicast_loop))?;
            if self.interface != 0 {
                let any = Ipv4Addr::UNSPECIFIED;
                let chosen = sockopt::set_ip_multicast_if_with_ifindex(fd, &any, &any, self.interface);
                set("IP_MULTICAST_IF", chosen)?;
            }
            if class != 0 {
                set("IP_TOS", sockopt::set_ip_tos(fd, self.type_of_service))?;
            }
        }
        Ok(())
    }
}

/// Joins a group; without effect for other addresses.
fn join(fd: &OwnedFd, group: IpAddr, interface: u32) -> rustix::io::Result<()> {
    fault::check(Call::Configure)?;
    match group {
        IpAddr::V4(group) if group.is_multicast() => {
            sockopt::set_ip_add_membership_with_ifindex(fd, &group, &Ipv4Addr::UNSPECIFIED, interface)
        }
        IpAddr::V6(group) if group.is_multicast() => sockopt::set_ipv6_add_membership(fd, &group, interface),
        _ => Ok(()),
    }
}

/// A link-local group is told from that of another network by the interface.
fn scoped(address: SocketAddr, interface: u32) -> SocketAddr {
    match address {
        SocketAddr::V6(address) if address.ip().is_multicast() && address.scope_id() == 0 => {
            SocketAddrV6::new(*address.ip(), address.port(), 0, interface).into()
        }
        _ => address,
    }
}

/// Whether a group exists once on each link, and no link is named: nothing can be bound to it.
fn needs_interface(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V6(address) => {
            let [first, ..] = address.ip().segments();
            address.scope_id() == 0 && matches!(first & 0xff0f, 0xff01 | 0xff02)
        }
        SocketAddr::V4(_) => false,
    }
}

fn unspecified(like: SocketAddr, port: u16) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into(),
        SocketAddr::V6(_) => SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0).into(),
    }
}

fn udp_text(address: SocketAddr) -> String {
    format!("udp://{}", canonical(address))
}
