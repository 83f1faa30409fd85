//! Failing system calls on purpose: the Nth call of a kind answers with an error that a test has chosen, or moves fewer
//! octets than it was asked to.
//!
//! The hook sits directly at the system call, below the loops that repeat interrupted calls, so an injected `EINTR`
//! is retried like a real one. Without the feature `fault-injection` (and outside this crate's own tests) the hook is
//! an empty inline function and `Fault` does not exist.
//!
//! Not among the calls: `close` and the choice of a congestion control, whose errors change nothing, and `read` and
//! `write` of an eventfd, which cannot fail while its counter is not full.

#[cfg(not(any(test, feature = "fault-injection")))]
mod direct;
#[cfg(any(test, feature = "fault-injection"))]
mod names;
#[cfg(any(test, feature = "fault-injection"))]
mod planned;
#[cfg(test)]
mod stories;

#[cfg(not(any(test, feature = "fault-injection")))]
pub use direct::check;
#[cfg(not(any(test, feature = "fault-injection")))]
pub(crate) use direct::{planned_name, read, read_piece, send, send_segments};
#[cfg(any(test, feature = "fault-injection"))]
pub use names::Name;
#[cfg(any(test, feature = "fault-injection"))]
pub(crate) use names::planned_name;
#[cfg(any(test, feature = "fault-injection"))]
pub use planned::{Fault, Harm, Times, check};
#[cfg(any(test, feature = "fault-injection"))]
pub(crate) use planned::{read, read_piece, send, send_segments};

/// The kinds of system calls that can be made to fail.
///
/// ```
/// # #[cfg(feature = "fault-injection")]
/// # {
/// use zeroxide_net::{Stream, fault::{Call, Fault}};
/// let (near, _far) = Stream::pair()?;
/// let fault = Fault::in_thread(Call::Write, 2, rustix::io::Errno::NOBUFS);
/// assert!(near.write(b"first").is_ok());
/// assert!(near.write(b"second").is_err());
/// assert!(fault.has_struck());
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Call {
    /// `recv` and `recvfrom`
    Read,
    /// `send` and `sendmsg`
    Write,
    /// `socket` and `socketpair`
    Socket,
    /// `bind`
    Bind,
    /// `listen`
    Listen,
    /// `connect`
    Connect,
    /// `accept4`
    Accept,
    /// `epoll_create1` and `eventfd`
    Create,
    /// `epoll_ctl`
    Control,
    /// `epoll_wait` and `ppoll`
    Wait,
    /// `setsockopt`
    Configure,
    /// `getsockname`, `getpeername` and `getsockopt`
    Ask,
    /// `shutdown`
    Shutdown,
    /// What is done with the files of ipc: `stat`, `lstat`, `unlink`, `mkdir`, `chmod`
    File,
    /// `getaddrinfo`; the error stands for that of the resolver
    Resolve,
    /// `clone`: a thread that cannot start
    Thread,
}

impl Call {
    /// Every kind, in a fixed order.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::Write,
        Self::Socket,
        Self::Bind,
        Self::Listen,
        Self::Connect,
        Self::Accept,
        Self::Create,
        Self::Control,
        Self::Wait,
        Self::Configure,
        Self::Ask,
        Self::Shutdown,
        Self::File,
        Self::Resolve,
        Self::Thread,
    ];
}
