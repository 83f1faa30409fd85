//! What went wrong with which address, and what can be done about it.

use std::error::Error;
use std::fmt;
use std::io;

/// A failed operation on an address: what was tried, with what, and the answer of the system.
///
/// ```
/// use std::io;
/// use zeroxide_net::{NetError, Operation};
///
/// let error = NetError::new(Operation::Bind, "tcp://127.0.0.1:5555", io::ErrorKind::AddrInUse.into());
/// assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
/// assert!(error.to_string().starts_with("cannot bind tcp://127.0.0.1:5555: "));
/// ```
#[derive(Debug)]
pub struct NetError {
    operation: Operation,
    address: String,
    source: io::Error,
}

/// What was tried.
///
/// ```
/// use zeroxide_net::{Operation, TcpListener, TcpSettings};
/// let settings = TcpSettings { bind_to_device: Some("no such device".into()), ..TcpSettings::default() };
/// let error = TcpListener::listen(([127, 0, 0, 1], 0).into(), &settings, 1).unwrap_err();
/// assert_eq!(error.operation(), Operation::Configure("SO_BINDTODEVICE"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Opening a socket.
    Open,
    /// Setting the named socket option.
    Configure(&'static str),
    /// Taking an address, or a source address.
    Bind,
    /// Beginning to listen.
    Listen,
    /// Using a descriptor that was handed in.
    Adopt,
    /// Connecting.
    Connect,
}

impl NetError {
    /// Says that `operation` on `address` failed with `source`.
    pub fn new(operation: Operation, address: impl Into<String>, source: io::Error) -> Self {
        Self { operation, address: address.into(), source }
    }

    /// What was tried.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The address it was tried with, as an endpoint (`tcp://...`, `ipc://...`).
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The kind of the system's answer.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// The errno, if the system gave one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    /// The system's answer alone.
    pub fn into_source(self) -> io::Error {
        self.source
    }

    fn advice(&self) -> Option<&'static str> {
        use rustix::io::Errno;
        let advice = match Errno::from_io_error(&self.source)? {
            Errno::ADDRINUSE => "another socket holds this address",
            Errno::ADDRNOTAVAIL => "this machine has no such address",
            Errno::ACCESS if self.operation == Operation::Bind => {
                "ports below 1024 and protected directories need a privilege"
            }
            Errno::PERM => "this needs a privilege, CAP_NET_RAW or CAP_NET_ADMIN",
            Errno::MFILE => "this process has no descriptors left; raise its limit (ulimit -n)",
            Errno::NFILE => "the system has no descriptors left (fs.file-max)",
            Errno::NAMETOOLONG => "a path of an ipc socket has at most 107 octets",
            Errno::NODEV => "this machine has no such network interface",
            Errno::AFNOSUPPORT => "this machine does not speak this family of addresses",
            _ => return None,
        };
        Some(advice)
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, address, source } = self;
        match operation {
            Operation::Configure(option) => write!(out, "cannot set {option} for {address}: {source}")?,
            Operation::Open => write!(out, "cannot open a socket for {address}: {source}")?,
            Operation::Bind => write!(out, "cannot bind {address}: {source}")?,
            Operation::Listen => write!(out, "cannot listen on {address}: {source}")?,
            Operation::Adopt => write!(out, "cannot use {address}: {source}")?,
            Operation::Connect => write!(out, "cannot connect to {address}: {source}")?,
        }
        self.advice().map_or(Ok(()), |advice| write!(out, " ({advice})"))
    }
}

impl Error for NetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl From<NetError> for io::Error {
    /// Keeps the errno, at the price of operation and address: errno is what callers above branch on.
    fn from(error: NetError) -> Self {
        error.source
    }
}

/// Gives `map_err` its closure: the operation and the address are put beside the system's answer.
pub(crate) fn failed<E: Into<io::Error>>(operation: Operation, address: &str) -> impl Fn(E) -> NetError + '_ {
    move |source| NetError::new(operation, address, source.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn the_text_says_what_where_why_and_what_to_do() {
        let error = NetError::new(Operation::Configure("SO_PRIORITY"), "tcp://x", Errno::PERM.into());
        let text = error.to_string();
        assert!(text.starts_with("cannot set SO_PRIORITY for tcp://x: "), "{text}");
        assert!(text.ends_with("(this needs a privilege, CAP_NET_RAW or CAP_NET_ADMIN)"), "{text}");
    }

    #[test]
    fn the_errno_survives_the_way_up() {
        let error = NetError::new(Operation::Bind, "tcp://x", Errno::ADDRINUSE.into());
        assert_eq!(error.raw_os_error(), Some(Errno::ADDRINUSE.raw_os_error()));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn unknown_troubles_get_no_advice() {
        let error = NetError::new(Operation::Connect, "tcp://x", Errno::NETDOWN.into());
        assert!(error.advice().is_none(), "{error}");
    }
}
