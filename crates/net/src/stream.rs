//! One connection, tcp or unix: reading, writing and who is at the other end.

use crate::fault::{self, Call};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, Shutdown, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType};
use std::fmt::Write as _;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};

/// A connected stream of octets that never blocks and can be shared: every method takes `&self`.
///
/// Reading and writing at the same time from two threads is fine. Two readers, or two writers, get whole calls but
/// in no order; the caller decides who reads and who writes.
///
/// ```
/// use zeroxide_net::Stream;
///
/// let (near, far) = Stream::pair()?;
/// near.write(b"hello")?;
/// let mut received = Vec::with_capacity(16);
/// assert_eq!(far.read(&mut received)?, 5);
/// assert_eq!(received, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Stream {
    fd: OwnedFd,
    peer: Peer,
}

/// Who is at the other end. Kept here because the system forgets it as soon as the peer is gone, which is just when
/// a log or a monitor asks for it.
#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Tcp(SocketAddr),
    /// The endpoint, `ipc://` alone for a peer without a name, as connecting ones are.
    Ipc(String),
}

/// Which process connected over ipc, as the kernel recorded it at that moment.
///
/// ```
/// use zeroxide_net::{IpcListener, IpcName, IpcSettings, ipc};
/// let settings = IpcSettings::default();
/// let listener = IpcListener::listen(&IpcName::Wildcard, &settings, 10)?;
/// let path = listener.local_address().trim_start_matches("ipc://");
/// let _client = ipc::connect(&IpcName::Path(path.into()), &settings)?;
/// let credentials = listener.accept()?.peer_credentials()?.ok_or("not over ipc")?;
/// assert_eq!(credentials.process_id, std::process::id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerCredentials {
    /// The process; 0 if it lives in a namespace that cannot be seen from here.
    pub process_id: u32,
    /// Its effective user.
    pub user_id: u32,
    /// Its effective group.
    pub group_id: u32,
}

impl Stream {
    /// The most segments that one [`Self::write_vectored`] hands to the system; more are left for the next call.
    pub const MAX_SEGMENTS: usize = 1024;

    pub(crate) fn new(fd: OwnedFd, peer: Peer) -> Self {
        Self { fd, peer }
    }

    /// Two connected ends within this process.
    ///
    /// # Errors
    ///
    /// Out of descriptors or memory.
    pub fn pair() -> io::Result<(Self, Self)> {
        fault::check(Call::Socket)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (one, other) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let peer = Peer::Ipc("ipc://".to_owned());
        Ok((Self::new(one, peer.clone()), Self::new(other, peer)))
    }

    /// Appends what has arrived, at most the spare capacity of `into`, and says how many octets that were; 0 is the
    /// end of the stream. The memory is not cleared before. `into` never grows: capacity is the caller's budget.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing has arrived; `InvalidInput` if `into` has no spare capacity, since the answer 0 would
    /// look like the end; otherwise the connection is broken.
    pub fn read(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        if into.spare_capacity_mut().is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        loop {
            match fault::read(&self.fd, into) {
                Err(Errno::INTR) => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// As [`Self::read`], but of at most `most` octets.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`]; `InvalidInput` also if `most` is 0.
    #[expect(
        unsafe_code,
        reason = "a vector gives its spare capacity whole or not at all to calls without unsafe"
    )]
    pub fn read_piece(&self, into: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let room = into.spare_capacity_mut();
        let most = most.min(room.len());
        if most == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let piece = room.get_mut(..most).unwrap_or_default();
        let count = retry_on_intr(|| fault::read_piece(&self.fd, &mut *piece))?;
        debug_assert!(count <= most);
        // SAFETY: the call has written `count` octets from the end of the vector on, and they lie within its capacity: it was
        // given no more than `most` octets of that.
        unsafe { into.set_len(into.len() + count) };
        Ok(count)
    }

    /// Writes from the front of `segments` as much as fits and says how many octets that were. Fewer than offered is
    /// usual: the send buffer is full, or there are more than [`Self::MAX_SEGMENTS`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing fits; otherwise the connection is broken. A closed peer is `BrokenPipe` or
    /// `ConnectionReset`, never a signal.
    pub fn write_vectored(&self, segments: &[IoSlice<'_>]) -> io::Result<usize> {
        if let [only] = segments {
            return self.write(only);
        }
        let segments = segments.get(..Self::MAX_SEGMENTS).unwrap_or(segments);
        Ok(retry_on_intr(|| fault::send_segments(&self.fd, segments))?)
    }

    /// As [`Self::write_vectored`] for a single segment, with a cheaper system call.
    ///
    /// # Errors
    ///
    /// As [`Self::write_vectored`].
    pub fn write(&self, octets: &[u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| fault::send(&self.fd, octets))?)
    }

    /// Tells the peer that nothing more will come; what is in the send buffer is still delivered, and reading goes on.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection is broken already.
    pub fn shutdown_write(&self) -> io::Result<()> {
        fault::check(Call::Shutdown)?;
        Ok(rustix::net::shutdown(&self.fd, Shutdown::Write)?)
    }

    /// Ends both directions: every thread that waits for or uses this stream sees its end. The descriptor stays
    /// open until the stream is dropped, so its number cannot come to mean something else meanwhile.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection is broken already.
    pub fn shutdown(&self) -> io::Result<()> {
        fault::check(Call::Shutdown)?;
        Ok(rustix::net::shutdown(&self.fd, Shutdown::Both)?)
    }

    /// The error that is waiting to be reported, if any; asking takes it away.
    ///
    /// # Errors
    ///
    /// What the system answers to the question; the error that was waiting is the value.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        fault::check(Call::Ask)?;
        Ok(rustix::net::sockopt::socket_error(&self.fd)?.err().map(io::Error::from))
    }

    /// The other end as an endpoint: `tcp://1.2.3.4:5`, `ipc:///path`, `ipc://@name`, or `ipc://` if it has no name.
    /// Known even after the peer is gone.
    pub fn peer_address(&self) -> String {
        match &self.peer {
            Peer::Tcp(address) => tcp_text(*address),
            Peer::Ipc(endpoint) => endpoint.clone(),
        }
    }

    /// The IP address and port of the other end; `None` over ipc. An IPv4 peer of a dual-stack listener has its IPv4
    /// address.
    pub fn peer_socket_address(&self) -> Option<SocketAddr> {
        match &self.peer {
            Peer::Tcp(address) => Some(canonical(*address)),
            Peer::Ipc(_) => None,
        }
    }

    /// The IP address of the other end; `None` over ipc.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.peer_socket_address().map(|address| address.ip())
    }

    /// This end as an endpoint.
    ///
    /// # Errors
    ///
    /// What the system answers to the question.
    pub fn local_address(&self) -> io::Result<String> {
        local_text(self.fd.as_fd())
    }

    /// Whether this is a unix domain socket.
    pub fn is_ipc(&self) -> bool {
        matches!(self.peer, Peer::Ipc(_))
    }

    /// Whether octets were written that the other end's system has not acknowledged. Where that is not known, as over ipc, no.
    #[expect(unsafe_code, reason = "the question is an ioctl, of which nobody but its caller knows the type")]
    pub fn has_unacknowledged(&self) -> bool {
        /// The number of SIOCOUTQ on all architectures but a few old ones.
        const UNACKNOWLEDGED: rustix::ioctl::Opcode = 0x5411;
        let is_known = cfg!(all(
            target_os = "linux",
            any(
                target_arch = "x86_64",
                target_arch = "x86",
                target_arch = "aarch64",
                target_arch = "arm",
                target_arch = "riscv64"
            )
        ));
        if self.is_ipc() || !is_known {
            return false;
        }
        // SAFETY: on these targets the number is that of a question which is answered with a C int.
        let question = unsafe { rustix::ioctl::Getter::<UNACKNOWLEDGED, std::ffi::c_int>::new() };
        // SAFETY: it reads nothing of ours and writes that int.
        let answer = unsafe { rustix::ioctl::ioctl(&self.fd, question) };
        answer.is_ok_and(|octets| octets > 0)
    }

    /// Who connected over ipc; `None` over tcp.
    ///
    /// # Errors
    ///
    /// What the system answers to the question.
    pub fn peer_credentials(&self) -> io::Result<Option<PeerCredentials>> {
        if matches!(self.peer, Peer::Tcp(_)) {
            return Ok(None);
        }
        fault::check(Call::Ask)?;
        let found = rustix::net::sockopt::socket_peercred(&self.fd)?;
        Ok(Some(PeerCredentials {
            process_id: found.pid.as_raw_nonzero().get().unsigned_abs(),
            user_id: found.uid.as_raw(),
            group_id: found.gid.as_raw(),
        }))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// An IPv4 address that came through an IPv6 socket, as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match (address, address.ip().to_canonical()) {
        (SocketAddr::V6(_), IpAddr::V4(ip)) => SocketAddr::new(IpAddr::V4(ip), address.port()),
        _ => address,
    }
}

pub(crate) fn tcp_text(address: SocketAddr) -> String {
    format!("tcp://{}", canonical(address))
}

/// `ipc:///path`, `ipc://@name`, or `ipc://` for a socket without a name.
pub(crate) fn ipc_text(address: &SocketAddrUnix) -> String {
    let mut text = String::from("ipc://");
    // Accepted peers have no name, which looks like an empty abstract one.
    if let Some(name) = address.abstract_name().filter(|name| !name.is_empty()) {
        text.push('@');
        text.push_str(&String::from_utf8_lossy(name));
    } else if let Some(path) = address.path_bytes() {
        text.push_str(&String::from_utf8_lossy(path));
    }
    text
}

/// The own address of any socket of a known family as an endpoint.
pub(crate) fn local_text(fd: BorrowedFd<'_>) -> io::Result<String> {
    fault::check(Call::Ask)?;
    Ok(text_of(rustix::net::getsockname(fd)?))
}

fn text_of(address: SocketAddrAny) -> String {
    let family = address.address_family();
    if let Ok(tcp) = SocketAddr::try_from(address.clone()) {
        return tcp_text(tcp);
    }
    if let Ok(unix) = SocketAddrUnix::try_from(address) {
        return ipc_text(&unix);
    }
    let mut text = String::new();
    let _ = write!(text, "family {}", family.as_raw());
    text
}
