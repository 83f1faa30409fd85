//! What tcp and ipc listeners have in common: accepting, and what to do when that fails.

use crate::error::{NetError, Operation};
use crate::fault::{self, Call};
use crate::ipc::IpcListener;
use crate::stream::Stream;
use crate::tcp::TcpListener;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::{Errno, FdFlags};
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags};
use std::fmt;
use std::io;

/// A listening socket of either transport.
///
/// ```
/// use zeroxide_net::Listener;
/// let activated = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let address = activated.local_addr()?;
/// let listener = Listener::adopt(activated.into())?;
/// assert_eq!(listener.local_address(), format!("tcp://{address}"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub enum Listener {
    /// Listens for tcp.
    Tcp(TcpListener),
    /// Listens for ipc.
    Ipc(IpcListener),
}

/// Why there is no new connection, sorted by what to do about it.
///
/// ```
/// use zeroxide_net::{AcceptError, IpcListener, IpcName, IpcSettings, NetError};
/// let listener = IpcListener::listen(&IpcName::Wildcard, &IpcSettings::default(), 10)?;
/// match listener.accept() {
///     Ok(stream) => println!("{}", stream.peer_address()),
///     Err(AcceptError::WouldBlock) => println!("wait for it to be readable"),
///     Err(AcceptError::Retry(_)) => println!("try the next one at once"),
///     Err(AcceptError::Exhausted(error)) => println!("pause, and close something: {error}"),
///     Err(AcceptError::Fatal(error)) => println!("listen anew: {error}"),
/// }
/// # Ok::<(), NetError>(())
/// ```
#[derive(Debug)]
pub enum AcceptError {
    /// Nobody is waiting: go back to the poller.
    WouldBlock,
    /// This one connection was lost before it could be accepted: try the next at once.
    Retry(io::Error),
    /// Out of descriptors or memory. The listener stays readable, so a caller that simply goes on would spin: stop
    /// watching it and come back after a pause, or when a descriptor has been freed.
    Exhausted(io::Error),
    /// The listener is of no use any more.
    Fatal(io::Error),
}

impl Listener {
    /// Takes over a socket that already listens, as a service manager hands in.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it does not listen, or for another transport than tcp or ipc.
    pub fn adopt(fd: OwnedFd) -> Result<Self, NetError> {
        match rustix::net::sockopt::socket_domain(&fd) {
            Ok(AddressFamily::INET | AddressFamily::INET6) => TcpListener::adopt(fd).map(Self::Tcp),
            Ok(AddressFamily::UNIX) => IpcListener::adopt(fd).map(Self::Ipc),
            Ok(_) => Err(not_adoptable(io::ErrorKind::InvalidInput.into())),
            Err(errno) => Err(not_adoptable(errno.into())),
        }
    }

    /// Takes the next waiting connection.
    ///
    /// # Errors
    ///
    /// See [`AcceptError`].
    pub fn accept(&self) -> Result<Stream, AcceptError> {
        match self {
            Self::Tcp(listener) => listener.accept(),
            Self::Ipc(listener) => listener.accept(),
        }
    }

    /// Where it listens, with the port that the system chose: what others connect to.
    pub fn local_address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_address(),
            Self::Ipc(listener) => listener.local_address().to_owned(),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Ipc(listener) => listener.as_fd(),
        }
    }
}

impl AcceptError {
    fn sort(errno: Errno) -> Self {
        match errno {
            Errno::AGAIN => Self::WouldBlock,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS => Self::Exhausted(errno.into()),
            // Linux passes errors that are already pending on the new socket through accept (accept(2), "Error
            // handling"): they belong to that connection, not to the listener.
            Errno::INTR
            | Errno::CONNABORTED
            | Errno::PROTO
            | Errno::NETDOWN
            | Errno::NOPROTOOPT
            | Errno::HOSTDOWN
            | Errno::NONET
            | Errno::HOSTUNREACH
            | Errno::NETUNREACH
            | Errno::CONNRESET
            | Errno::TIMEDOUT
            | Errno::PERM => Self::Retry(errno.into()),
            _ => Self::Fatal(errno.into()),
        }
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldBlock => write!(out, "no connection is waiting"),
            Self::Retry(source) => write!(out, "a connection was lost before it was accepted: {source}"),
            Self::Exhausted(source) => write!(out, "no resources to accept connections for now: {source}"),
            Self::Fatal(source) => write!(out, "cannot accept connections: {source}"),
        }
    }
}

impl std::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::WouldBlock => None,
            Self::Retry(source) | Self::Exhausted(source) | Self::Fatal(source) => Some(source),
        }
    }
}

pub(crate) fn accept(fd: &OwnedFd) -> Result<(OwnedFd, Option<SocketAddrAny>), AcceptError> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    fault::check(Call::Accept)
        .and_then(|()| rustix::net::acceptfrom_with(fd, flags))
        .map_err(AcceptError::sort)
}

/// Checks that a descriptor from outside listens, and gives it the flags that all of ours have.
pub(crate) fn prepare_adopted(fd: &OwnedFd) -> Result<(), NetError> {
    let answer = (|| {
        if !rustix::net::sockopt::socket_acceptconn(fd)? {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = rustix::fs::fcntl_getfl(fd)?;
        rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
        rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        Ok(())
    })();
    answer.map_err(not_adoptable)
}

pub(crate) fn not_adoptable(source: io::Error) -> NetError {
    NetError::new(Operation::Adopt, "the given descriptor", source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::tcp::TcpSettings;

    fn answer_to(errno: Errno) -> AcceptError {
        let address = ([127, 0, 0, 1], 0).into();
        let listener = TcpListener::listen(address, &TcpSettings::default(), 1).unwrap();
        let _fault = Fault::in_thread(Call::Accept, 1, errno);
        listener.accept().unwrap_err()
    }

    #[test]
    fn lack_of_descriptors_or_memory_asks_for_a_pause() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS] {
            assert!(matches!(answer_to(errno), AcceptError::Exhausted(_)), "{errno:?}");
        }
    }

    #[test]
    fn the_loss_of_one_connection_costs_only_that_one() {
        for errno in [Errno::CONNABORTED, Errno::INTR, Errno::PROTO, Errno::NETDOWN, Errno::HOSTUNREACH] {
            assert!(matches!(answer_to(errno), AcceptError::Retry(_)), "{errno:?}");
        }
    }

    #[test]
    fn a_broken_listener_is_given_up() {
        for errno in [Errno::BADF, Errno::NOTSOCK, Errno::INVAL] {
            assert!(matches!(answer_to(errno), AcceptError::Fatal(_)), "{errno:?}");
        }
    }
}
