//! One thread, many sockets and descriptors: waits until one of them can be used without waiting.
//!
//! ```text
//!   check sockets -> none ready -> register the thread's bell at each -> check again -> poll(bell, descriptors)
//! ```
//! While this thread waits here, the I/O threads read: whoever held the reading of a socket gives it back. A poller of sockets
//! alone, which waits again and again, [reads itself](crate::nest).

mod tasks;
#[cfg(test)]
mod tests;

use crate::{
    blocking::{Signals, bell},
    poll_nested::Nested,
    socket::{Handle, core::Core},
    sync::Waiters,
    wait::wait_any,
};
use std::{
    error::Error,
    fmt, io,
    ops::BitOr,
    os::fd::BorrowedFd,
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide_net::{PollFd, PollFlags, wait_fds, wait_fds_interruptible};

/// Waits for any number of sockets and file descriptors at once, as `zmq_poll` does.
///
/// - What is reported is a state, not a change: a socket is reported again and again for as long as it is ready.
/// - Ready to receive: a `recv` would not wait. Ready to send: a `send` would not wait. A call that would end in an error
///   at once does not wait either, so sockets of a context that was shut down are ready for everything they can do.
/// - Where waiting depends on the addressee (ROUTER with [`set_router_mandatory`](Handle::set_router_mandatory)) a socket
///   is ready to send while any peer has room.
/// - A socket that is dropped leaves by itself.
/// - Another thread may be faster: after an event, use `try_recv` if several threads receive from one socket.
///
/// Sockets are not borrowed, descriptors are: they must stay open for as long as the poller knows them. Tasks wait with
/// [`wait_async`](Self::wait_async), or with the `*_async` calls of the sockets.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Interest, Poller, Pull, Push, Rep};
///
/// let context = Context::new();
/// let (orders, questions) = (Pull::new(&context)?, Rep::new(&context)?);
/// let sender = Push::new(&context)?;
/// sender.connect(&orders.bind("tcp://127.0.0.1:*")?)?;
/// questions.bind("inproc://questions")?;
/// sender.send("order")?;
///
/// let mut poller = Poller::new();
/// poller.add(&orders, 1, Interest::READABLE);
/// poller.add(&questions, 2, Interest::READABLE);
/// for event in poller.wait(Some(Duration::from_secs(30)))? {
///     match event.token {
///         1 => assert_eq!(orders.recv()?, "order".into()),
///         _ => unreachable!("nobody asked"),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Poller<'fd> {
    pub(crate) sockets: Vec<Known>,
    fds: Vec<(usize, Interest, BorrowedFd<'fd>)>,
    interruptible: bool,
    pub(crate) nested: Nested,
}

/// A socket under its token, and what is looked for.
type Known = (usize, Interest, Arc<Core>);

/// What a [`Poller`] looks for: [`READABLE`](Self::READABLE), [`WRITABLE`](Self::WRITABLE), or both, combined by `|`.
///
/// ```
/// use std::{net::TcpListener, os::fd::AsFd};
/// use zeroxide::{Context, Interest, Pair, Poller};
/// let context = Context::new();
/// let pair = Pair::new(&context)?;
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut poller = Poller::new();
/// poller.add(&pair, 1, Interest::READABLE | Interest::WRITABLE);
/// poller.add_fd(listener.as_fd(), 2, Interest::READABLE);
/// assert_eq!(poller.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interest(u8);

/// Something that is ready.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Interest, Poller, Pull, Push};
/// let context = Context::new();
/// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
/// push.connect(&pull.bind("inproc://work")?)?;
/// let mut poller = Poller::new();
/// poller.add(&push, 7, Interest::WRITABLE);
/// for ready in poller.wait(Some(Duration::from_secs(30)))? {
///     assert_eq!((ready.token, ready.writable, ready.readable), (7, true, false));
///     push.send("there was room")?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// The name it was added under.
    pub token: usize,
    /// A receive would not wait; or a descriptor can be read, or is at its end.
    pub readable: bool,
    /// A send would not wait; or a descriptor can be written.
    pub writable: bool,
    /// A descriptor has urgent data.
    pub urgent: bool,
    /// A descriptor has an error, is hung up, or is closed. Reported whatever was looked for; never for sockets.
    pub error: bool,
}

/// What a socket can do without waiting; see [`Handle::readiness`].
///
/// ```
/// use zeroxide::{Context, Pair, Readiness};
/// let context = Context::new();
/// let (one, other) = (Pair::new(&context)?, Pair::new(&context)?);
/// other.connect(&one.bind("inproc://pair")?)?;
/// assert_eq!(one.readiness(), Readiness { receive: false, send: true });
/// other.send("here")?;
/// assert_eq!(one.readiness(), Readiness { receive: true, send: true });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// A receive would not wait. Never for sockets that do not receive.
    pub receive: bool,
    /// A send would not wait. Never for sockets that do not send.
    pub send: bool,
}

/// Why a [`Poller`] could not wait.
///
/// ```
/// use zeroxide::{PollError, Poller};
/// let mut poller = Poller::new();
/// match poller.wait(None) {
///     Ok(_) => unreachable!("there is nothing to wait for"),
///     Err(PollError::Nothing) => println!("add something first"),
///     Err(PollError::Interrupted) => println!("a signal: look whether it is time to stop"),
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PollError {
    /// It knows nothing to wait for, and was to wait for ever.
    Nothing,
    /// A signal came; see [`Poller::interruptible`].
    Interrupted,
    /// It knows descriptors, and a task was to wait: for those its executor has means of its own.
    Descriptors,
    /// The operating system refused.
    System(io::Error),
}

impl<'fd> Poller<'fd> {
    /// A poller that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A signal handler that runs ends the wait with [`PollError::Interrupted`], as in libzmq. Otherwise the wait goes on.
    pub fn interruptible(mut self, interruptible: bool) -> Self {
        self.interruptible = interruptible;
        self
    }

    /// Looks at a socket from now on; `token` says which it is. What was known under this token is replaced.
    pub fn add(&mut self, socket: &Handle, token: usize, interest: Interest) {
        self.remove(token);
        self.sockets.push((token, interest, socket.core.clone()));
    }

    /// Looks at a file descriptor from now on; `token` says which it is. What was known under this token is replaced.
    pub fn add_fd(&mut self, fd: BorrowedFd<'fd>, token: usize, interest: Interest) {
        self.remove(token);
        self.fds.push((token, interest, fd));
    }

    /// Forgets what was added under this token; false if there was nothing.
    pub fn remove(&mut self, token: usize) -> bool {
        let before = self.len();
        self.sockets.retain(|(known, ..)| *known != token);
        self.fds.retain(|(known, ..)| *known != token);
        self.len() < before
    }

    /// How many sockets and descriptors it knows.
    pub fn len(&self) -> usize {
        self.sockets.len() + self.fds.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until at least one is ready, and returns all that are, sockets first, each group in the order of adding.
    /// With nothing ready when `timeout` is over (`None`: never) the list is empty.
    ///
    /// # Errors
    /// [`PollError`].
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Vec<Ready>, PollError> {
        let mut ready = Vec::new();
        self.wait_into(&mut ready, timeout)?;
        Ok(ready)
    }

    /// As [`wait`](Self::wait), into a list that is used again.
    ///
    /// # Errors
    /// [`PollError`]; then `ready` is empty.
    pub fn wait_into(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> Result<(), PollError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        ready.clear();
        if timeout == Some(Duration::ZERO) {
            self.look(ready, Core::readiness);
            return self.look_at_fds(ready);
        }
        if self.fds.is_empty() && !self.interruptible {
            self.wait_parked(ready, deadline)
        } else {
            self.wait_polling(ready, deadline)
        }
    }

    /// With sockets only, the thread needs no descriptor to wait.
    fn wait_parked(&mut self, ready: &mut Vec<Ready>, deadline: Option<Instant>) -> Result<(), PollError> {
        if let Some(done) = self.wait_nested(ready, deadline) {
            return done;
        }
        let sockets = self.sockets.clone();
        let found = wait_any(Signals::Ignored, events(&sockets), deadline, || {
            self.look(ready, Core::readiness);
            (!ready.is_empty() || (self.is_empty() && deadline.is_none())).then_some(())
        });
        if matches!(found, Ok(Some(()))) && ready.is_empty() { Err(PollError::Nothing) } else { Ok(()) }
    }

    fn wait_polling(&mut self, ready: &mut Vec<Ready>, deadline: Option<Instant>) -> Result<(), PollError> {
        self.look(ready, Core::readiness);
        if !ready.is_empty() {
            return self.look_at_fds(ready);
        }
        let (ring, waker) =
            bell().ok_or_else(|| PollError::System(io::Error::other("no descriptor to wait with")))?;
        loop {
            let sockets = self.sockets.clone();
            let tickets: Vec<_> = events(&sockets).map(|event| event.register(&waker)).collect();
            self.look(ready, Core::readiness);
            if ready.is_empty() && self.is_empty() && deadline.is_none() {
                return Err(PollError::Nothing);
            }
            let timeout = match ready.is_empty() {
                true => deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
                false => Some(Duration::ZERO),
            };
            let mut list = Vec::with_capacity(1 + self.fds.len());
            list.push(PollFd::new(&*ring, PollFlags::IN));
            list.extend(
                self.fds.iter().map(|(_, interest, fd)| PollFd::from_borrowed_fd(*fd, interest.flags())),
            );
            let count = self.poll(&mut list, timeout).inspect_err(|_| ready.clear())?;
            drop(tickets);
            if list.first().is_some_and(|bell| !bell.revents().is_empty()) {
                ring.hush();
            }
            self.fds_ready(list.get(1..).unwrap_or_default(), ready);
            if !ready.is_empty() {
                return Ok(());
            }
            self.look(ready, Core::readiness);
            if !ready.is_empty() || count == 0 {
                return Ok(());
            }
        }
    }

    /// Adds the sockets that are ready, by what `readiness` says; forgets those that are closed.
    pub(crate) fn look(&mut self, ready: &mut Vec<Ready>, readiness: impl Fn(&Core, Interest) -> Readiness) {
        ready.clear();
        self.sockets.retain(|(token, interest, core)| {
            let found = readiness(core, *interest);
            // Asked last: one that is closed meanwhile is ready for everything.
            if core.is_closed() {
                return false;
            }
            if found.receive || found.send {
                let (readable, writable) = (found.receive, found.send);
                ready.push(Ready { token: *token, readable, writable, urgent: false, error: false });
            }
            true
        });
    }

    /// Adds the descriptors that are ready now.
    fn look_at_fds(&self, ready: &mut Vec<Ready>) -> Result<(), PollError> {
        if self.fds.is_empty() {
            return Ok(());
        }
        let mut list: Vec<_> = self
            .fds
            .iter()
            .map(|(_, interest, fd)| PollFd::from_borrowed_fd(*fd, interest.flags()))
            .collect();
        self.poll(&mut list, Some(Duration::ZERO)).inspect_err(|_| ready.clear())?;
        self.fds_ready(&list, ready);
        Ok(())
    }

    fn fds_ready(&self, list: &[PollFd<'_>], ready: &mut Vec<Ready>) {
        for ((token, interest, _), fd) in self.fds.iter().zip(list) {
            let found = fd.revents();
            if !found.is_empty() {
                ready.push(Ready {
                    token: *token,
                    readable: found.intersects(PollFlags::IN | PollFlags::HUP)
                        && interest.contains(Interest::READABLE),
                    writable: found.contains(PollFlags::OUT),
                    urgent: found.contains(PollFlags::PRI),
                    error: found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL),
                });
            }
        }
    }

    fn poll(&self, list: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<usize, PollError> {
        let wait = if self.interruptible { wait_fds_interruptible } else { wait_fds };
        wait(list, timeout).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => PollError::Interrupted,
            _ => PollError::System(error),
        })
    }
}

/// Where those wait who wait for these sockets.
fn events(sockets: &[Known]) -> impl Iterator<Item = &Waiters> + Clone {
    sockets.iter().flat_map(|(_, interest, core)| {
        let readable = interest.contains(Interest::READABLE).then_some(&core.readable);
        readable.into_iter().chain(interest.contains(Interest::WRITABLE).then_some(&core.writable))
    })
}

impl Handle {
    /// What this socket can do now without waiting. Another thread may change that at once.
    ///
    /// For an event loop of one's own, ask this after [`Poller`] or the loop has found something; to wait, use those.
    pub fn readiness(&self) -> Readiness {
        self.core.readiness(Interest::READABLE | Interest::WRITABLE)
    }

    /// Waits until a receive would not wait, at most this long (`None`: for ever); says whether that came true.
    pub fn wait_readable(&self, timeout: Option<Duration>) -> bool {
        self.core.kind.receives() && self.wait_for(Interest::READABLE, timeout)
    }

    /// Waits until a send would not wait, at most this long (`None`: for ever); says whether that came true.
    pub fn wait_writable(&self, timeout: Option<Duration>) -> bool {
        self.core.kind.sends() && self.wait_for(Interest::WRITABLE, timeout)
    }

    fn wait_for(&self, interest: Interest, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let event = if interest == Interest::READABLE { &self.core.readable } else { &self.core.writable };
        let found = event.wait(deadline, || {
            let found = self.core.readiness(interest);
            (found.receive || found.send || !self.core.is_open()).then_some(found)
        });
        found.is_some_and(|found| found.receive || found.send)
    }
}

impl Core {
    /// What can be done without waiting, of what is asked for. If nothing has come, the I/O thread is left to read.
    pub(crate) fn readiness(&self, interest: Interest) -> Readiness {
        let found = self.readiness_so_far(interest);
        if interest.contains(Interest::READABLE) && self.kind.receives() && !found.receive {
            self.read_for_absent();
            self.seat.vacate();
            self.leave_nest();
            // What was taken in before the seat was given up.
            return Readiness { receive: self.can_receive(), ..found };
        }
        found
    }

    /// As [`Core::readiness`], of what has been read; whoever reads goes on.
    pub(crate) fn readiness_so_far(&self, interest: Interest) -> Readiness {
        let receive = interest.contains(Interest::READABLE) && self.kind.receives() && self.can_receive();
        let send = interest.contains(Interest::WRITABLE) && self.kind.sends() && self.can_send();
        Readiness { receive, send }
    }
}

impl Interest {
    /// Receiving, or reading.
    pub const READABLE: Self = Self(1);
    /// Sending, or writing.
    pub const WRITABLE: Self = Self(2);
    /// Urgent data of a descriptor (POLLPRI).
    pub const URGENT: Self = Self(4);

    /// Whether all of `other` is part of this.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn flags(self) -> PollFlags {
        let mut flags = PollFlags::empty();
        for (part, flag) in [
            (Self::READABLE, PollFlags::IN),
            (Self::WRITABLE, PollFlags::OUT),
            (Self::URGENT, PollFlags::PRI),
        ] {
            flags.set(flag, self.contains(part));
        }
        flags
    }
}

impl BitOr for Interest {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Poller<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sockets = self.sockets.iter().map(|(token, interest, core)| (token, core.kind, interest));
        out.debug_struct("Poller")
            .field("sockets", &sockets.collect::<Vec<_>>())
            .field("fds", &self.fds)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PollError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => out.write_str("the poller knows nothing to wait for"),
            Self::Interrupted => out.write_str("a signal ended the wait"),
            Self::Descriptors => out.write_str("a task cannot wait for descriptors with a poller"),
            Self::System(error) => error.fmt(out),
        }
    }
}

impl Error for PollError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}
