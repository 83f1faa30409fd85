//! Which descriptors are ready: epoll, level-triggered but where it is asked for edges.

use crate::fault::{self, Call};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// A set of watched descriptors that one thread waits for and any thread may change, even meanwhile.
///
/// - A descriptor is reported in every [`Self::wait`] for as long as it is ready (level-triggered), but with
///   [`Interest::Edge`].
/// - [`Self::add`], [`Self::modify`] and [`Self::remove`] take effect at once, also on a wait that is under way.
/// - After [`Self::remove`] has returned, later waits do not report the descriptor; one that was already under way
///   may still do. Give every watched thing a token that is not used again and ignore tokens that are gone.
/// - A wait returns at most [`Self::BATCH`] events, so that one turn of a loop is bounded; the rest come next.
/// - [`Interest::NONE`] keeps the descriptor known. Since the system always tells of hang-ups and errors, even unasked,
///   such a descriptor tells of one only once; without that, a peer that hung up would keep a paused reader spinning.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_net::{Interest, Poller, Stream};
///
/// let poller = Poller::new()?;
/// let (near, far) = Stream::pair()?;
/// poller.add(&near, 1, Interest::READ)?;
/// let mut events = Vec::new();
/// poller.wait(&mut events, Some(Duration::ZERO))?;
/// assert!(events.is_empty());
/// far.write(b"!")?;
/// poller.wait(&mut events, None)?;
/// assert!(events[0].token == 1 && events[0].readable);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

/// What to wait for on a descriptor.
///
/// ```
/// use zeroxide_net::{Interest, Poller, Stream};
/// let poller = Poller::new()?;
/// let (near, _far) = Stream::pair()?;
/// poller.add(&near, 1, Interest::new(true, true))?;
/// let mut events = Vec::new();
/// poller.wait(&mut events, None)?;
/// assert!(events[0].writable && !events[0].readable);
/// poller.modify(&near, 1, Interest::READ)?; // nothing to write: do not be told again and again
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Nothing for now.
    None,
    /// Something to read, or the end.
    Read,
    /// Room to write.
    Write,
    /// Both.
    Both,
    /// Something to read, or the end: told once for each arrival, and once for what is there when this is asked for. Whoever
    /// reads has all that came before if the answer is shorter than it asked for; with [`Event::last`] there may be an end
    /// behind it.
    Edge,
    /// That the peer will send no more, told once, whether or not all that it sent was read. Reported as readable.
    End,
}

/// A descriptor is ready.
///
/// ```
/// use zeroxide_net::{Interest, Poller, Stream};
/// let poller = Poller::new()?;
/// let (near, far) = Stream::pair()?;
/// poller.add(&near, 42, Interest::READ)?;
/// far.write(b"last words")?;
/// drop(far);
/// let mut events = Vec::new();
/// poller.wait(&mut events, None)?;
/// for event in &events {
///     assert_eq!(event.token, 42);
///     assert!(event.readable, "what arrived before the end can still be read");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// What it was added with.
    pub token: u64,
    /// A read will not block: octets, a connection, the end or an error is there.
    pub readable: bool,
    /// A write will not block: there is room, or it fails.
    pub writable: bool,
    /// Both directions are closed. What arrived before can still be read.
    pub hangup: bool,
    /// An error waits to be taken.
    pub error: bool,
    /// The peer will send no more, or never could: told with [`Interest::Edge`] and [`Interest::End`], and with errors.
    pub last: bool,
}

impl Poller {
    /// The most events that one wait returns.
    pub const BATCH: usize = 256;

    /// A poller that watches nothing.
    ///
    /// # Errors
    ///
    /// Out of descriptors or memory.
    pub fn new() -> io::Result<Self> {
        fault::check(Call::Create)?;
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)? })
    }

    /// Begins to watch `fd`, whose events shall carry `token`.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if it is watched; `StorageFull` or `OutOfMemory` if the system has no room for it.
    pub fn add(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        fault::check(Call::Control)?;
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(token), interest.flags())?)
    }

    /// Waits for something else on `fd` from now on, and gives its events another token if that differs.
    ///
    /// # Errors
    ///
    /// `NotFound` if it is not watched.
    pub fn modify(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        fault::check(Call::Control)?;
        Ok(epoll::modify(&self.epoll, fd, EventData::new_u64(token), interest.flags())?)
    }

    /// Goes from one interest to another, where [`Interest::NONE`] is not to be watched at all. What the system knows of
    /// `fd` may differ, after a change that failed: then it is put right.
    ///
    /// # Errors
    ///
    /// `StorageFull` or `OutOfMemory` if the system has no room for it: `fd` will not be reported.
    pub fn change(&self, fd: impl AsFd, token: u64, before: Interest, after: Interest) -> io::Result<()> {
        if after == Interest::NONE {
            return match self.remove(&fd) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    self.modify(&fd, token, Interest::NONE)
                }
                _ => Ok(()),
            };
        }
        let (first, second) = if before == Interest::NONE {
            (self.add(&fd, token, after), io::ErrorKind::AlreadyExists)
        } else {
            (self.modify(&fd, token, after), io::ErrorKind::NotFound)
        };
        match first {
            Err(error) if error.kind() == second && before == Interest::NONE => {
                self.modify(&fd, token, after)
            }
            Err(error) if error.kind() == second => self.add(&fd, token, after),
            done => done,
        }
    }

    /// Stops watching `fd`. To be called before it is closed: the system forgets only descriptors without copies.
    ///
    /// # Errors
    ///
    /// `NotFound` if it is not watched.
    pub fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        fault::check(Call::Control)?;
        Ok(epoll::delete(&self.epoll, fd)?)
    }

    /// Waits until something is ready or `timeout` has passed (`None`: for ever) and replaces `events` by what is.
    /// Empty after a timeout. Never returns early: interrupted waits go on with what remains.
    ///
    /// Timeouts below 10 ms are exact; longer ones are rounded up to the next millisecond.
    ///
    /// # Errors
    ///
    /// What the system answers; a healthy system has no reason to. `events` is empty then.
    pub fn wait(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut remaining = timeout;
        loop {
            match self.wait_once(events, remaining) {
                Err(Errno::INTR) => {
                    remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// As [`Self::wait`], but a signal handler that ran ends the wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide_net::{Interest, Poller, Stream};
    /// let poller = Poller::new()?;
    /// let (near, far) = Stream::pair()?;
    /// poller.add(&near, 1, Interest::READ)?;
    /// far.write(b"!")?;
    /// let mut events = Vec::new();
    /// match poller.wait_interruptible(&mut events, None) {
    ///     Ok(()) => assert_eq!(events[0].token, 1),
    ///     Err(error) => println!("{error}: look whether it is time to stop"),
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Interrupted` after a signal; `events` is empty then.
    pub fn wait_interruptible(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        Ok(self.wait_once(events, timeout)?)
    }

    fn wait_once(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> rustix::io::Result<()> {
        fault::check(Call::Wait)?;
        let mut timeout = timeout.map(clamped);
        // epoll_wait counts in milliseconds, and its successor epoll_pwait2 needs Linux 5.11. But an epoll descriptor
        // can itself be polled, and ppoll has always counted in nanoseconds.
        if let Some(short) = timeout.filter(|time| !time.is_zero() && *time < EXACT_BELOW) {
            let short = Timespec { tv_sec: 0, tv_nsec: i64::from(short.subsec_nanos()) };
            if rustix::event::poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&short))? == 0 {
                return Ok(());
            }
            timeout = Some(Duration::ZERO);
        }
        let timeout = timeout.and_then(|time| Timespec::try_from(time).ok());
        let mut found = [MaybeUninit::<epoll::Event>::uninit(); Self::BATCH];
        let (found, _) = epoll::wait(&self.epoll, &mut found, timeout.as_ref())?;
        events.extend(found.iter().map(|event| Event::from(*event)));
        Ok(())
    }
}

impl AsFd for Poller {
    /// Readable while anything watched is ready, so pollers can be watched by pollers.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Below this, a millisecond more would be felt.
const EXACT_BELOW: Duration = Duration::from_millis(10);

/// What fits into the milliseconds of every Linux; whoever waits 24 days may be woken once for nothing.
fn clamped(timeout: Duration) -> Duration {
    timeout.min(Duration::from_millis(i32::MAX.unsigned_abs().into()))
}

impl Interest {
    /// [`Interest::None`]
    pub const NONE: Self = Self::None;
    /// [`Interest::Read`]
    pub const READ: Self = Self::Read;
    /// [`Interest::Write`]
    pub const WRITE: Self = Self::Write;
    /// [`Interest::Both`]
    pub const BOTH: Self = Self::Both;

    /// The interest in reading and writing separately.
    pub const fn new(read: bool, write: bool) -> Self {
        match (read, write) {
            (false, false) => Self::None,
            (true, false) => Self::Read,
            (false, true) => Self::Write,
            (true, true) => Self::Both,
        }
    }

    fn flags(self) -> EventFlags {
        match self {
            // Disarmed by its first event, which can only be a hang-up or an error.
            Self::None => EventFlags::ONESHOT,
            Self::Read => EventFlags::IN,
            Self::Write => EventFlags::OUT,
            Self::Both => EventFlags::IN | EventFlags::OUT,
            Self::Edge => EventFlags::IN | EventFlags::RDHUP | EventFlags::ET,
            Self::End => EventFlags::RDHUP | EventFlags::ONESHOT,
        }
    }
}

impl From<epoll::Event> for Event {
    fn from(event: epoll::Event) -> Self {
        let flags = event.flags;
        let broken = EventFlags::HUP | EventFlags::ERR;
        Self {
            token: event.data.u64(),
            readable: flags.intersects(EventFlags::IN | EventFlags::RDHUP | broken),
            writable: flags.intersects(EventFlags::OUT | broken),
            hangup: flags.contains(EventFlags::HUP),
            error: flags.contains(EventFlags::ERR),
            last: flags.intersects(EventFlags::RDHUP | broken),
        }
    }
}
