//! Tasks whose runtime waits for the operating system may hear of messages without a detour over an I/O thread.
//!
//! ```text
//!   without:  kernel -> I/O thread reads -> wakes the task's thread          two threads are woken for a message
//!   with:     kernel -> the runtime's reactor, in the task's thread -> reads                       one
//! ```
//! The task claims the connections as a blocked thread does, and leaves them as one that is away: an executor may be busy
//! with something else for any time, so the I/O thread takes the reading back if nobody comes for a tick or two.

use crate::{
    seat::{Claims, TICK},
    socket::core::Core,
};
use std::{
    hint::spin_loop,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    sync::{
        Arc, LazyLock, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    time::Instant,
};
use zeroxide_net::Stream;

/// Looks at the seat, where somebody has it for a moment.
const LOOKS: usize = 64;

/// The part of an async runtime that waits for the operating system: it tells a task when a descriptor can be read.
///
/// Any executor runs the futures of this library, and needs nothing like this: then an I/O thread of the library reads, and wakes
/// the task's thread, two wake-ups a message. With a reactor the kernel wakes the task's thread, which reads, as with blocking
/// calls. It pays where the thread that runs tasks is the one that waits for descriptors: tokio's current-thread runtime, a
/// worker of its multi-threaded one, `smol::block_on`. An executor that only parks its thread has none; there
/// [`block_on`](crate::block_on) is the faster one.
///
/// - It is used for sockets with few connections and where messages follow on each other. All others, and those whose task
///   does not come for a few milliseconds, are read by the I/O thread: nothing depends on the runtime being quick.
/// - It speaks for all tasks of a context; which runtime they run in is for [`watch`](Self::watch) to find out.
///
/// For tokio (with its features `net` and `rt`):
///
/// ```
/// use std::{io, task::{self, Poll, ready}};
/// use tokio::{io::{Interest, unix::AsyncFd}, runtime::Handle};
/// use zeroxide::{Connection, Context, Reactor, Rep, Req, Watch};
///
/// /// The reactor of the runtime in which a task waits.
/// struct Tokio;
///
/// struct Watched(AsyncFd<Connection>);
///
/// impl Reactor for Tokio {
///     #[allow(deprecated)] // of a type that keeps its descriptor open, as this one does, it is sound
///     fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
///         Handle::try_current().map_err(io::Error::other)?; // not a task of tokio: the I/O thread reads
///         Ok(Box::new(Watched(AsyncFd::with_interest(connection, Interest::READABLE)?)))
///     }
/// }
///
/// impl Watch for Watched {
///     fn poll_readable(&mut self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
///         ready!(self.0.poll_read_ready(task))?.clear_ready();
///         Poll::Ready(Ok(()))
///     }
/// }
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
/// runtime.block_on(async {
///     let context = Context::builder().reactor(Tokio).build();
///     let (req, rep) = (Req::new(&context)?, Rep::new(&context)?);
///     req.connect(&rep.bind("tcp://127.0.0.1:*")?)?;
///     req.send_async("anybody?").await?;
///     rep.send_async(rep.recv_async().await?).await?;
///     assert_eq!(req.recv_async().await?, "anybody?".into());
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For smol:
///
/// ```
/// use smol::Async;
/// use std::{io, task::{self, Poll}};
/// use zeroxide::{Connection, Context, Reactor, Watch};
///
/// struct Smol;
///
/// struct Watched(Async<Connection>);
///
/// impl Reactor for Smol {
///     fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
///         Ok(Box::new(Watched(Async::new_nonblocking(connection)?)))
///     }
/// }
///
/// impl Watch for Watched {
///     fn poll_readable(&mut self, task: &mut task::Context<'_>) -> Poll<io::Result<()>> {
///         self.0.poll_readable(task)
///     }
/// }
///
/// let context = Context::builder().reactor(Smol).build();
/// # drop(context);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Reactor: Send + Sync + 'static {
    /// Begins to watch a connection, until the answer is dropped. Called in a poll of a task.
    ///
    /// # Errors
    /// There is no runtime here, or it has no room: the I/O thread reads for this task.
    fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>>;
}

/// A connection that a [`Reactor`] watches. The example there implements it.
///
/// ```
/// use std::{io, task::{Context, Poll}};
/// use zeroxide::Watch;
///
/// /// As a reactor does that does not know better: then every look is a read.
/// struct Always;
///
/// impl Watch for Always {
///     fn poll_readable(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
///         task.waker().wake_by_ref();
///         Poll::Ready(Ok(()))
///     }
/// }
/// # let _: Box<dyn Watch> = Box::new(Always);
/// ```
pub trait Watch: Send {
    /// Whether there may be something to read that came since this said so the last time; at first, whether there is
    /// anything. If not, the task is woken when there is.
    ///
    /// # Errors
    /// It watches no longer, say because the runtime has ended: the I/O thread reads from now on.
    fn poll_readable(&mut self, task: &mut TaskContext<'_>) -> Poll<io::Result<()>>;
}

/// A connection of a socket, for a [`Reactor`] to watch. It stays open for as long as this is there. It is to be watched only:
/// what somebody else reads from it is missing.
///
/// ```no_run
/// use std::{os::fd::{AsFd, OwnedFd}, sync::mpsc::Sender};
/// use zeroxide::Connection;
/// /// For a reactor that wants a descriptor of its own.
/// fn send_on(connection: &Connection, to: &Sender<OwnedFd>) -> std::io::Result<()> {
///     to.send(connection.as_fd().try_clone_to_owned()?).map_err(std::io::Error::other)
/// }
/// ```
#[derive(Debug)]
pub struct Connection(Arc<Stream>);

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// How often tasks come to wait: claims, and giving them back, pay only where the next message comes soon.
#[derive(Default)]
pub(crate) struct Visits {
    /// Nanoseconds from [`BEGIN`] to the latest.
    latest: AtomicU64,
}

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Visits {
    /// One more; whether the one before it was not long ago.
    pub(crate) fn come_often(&self) -> bool {
        let now = u64::try_from(BEGIN.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let before = self.latest.swap(now, Relaxed);
        before > 0 && u128::from(now.saturating_sub(before)) < TICK.as_nanos()
    }
}

/// Wakes all who wait for a socket, when a reactor says that it can be read.
struct Rouser(Weak<Core>);

impl Wake for Rouser {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(core) = self.0.upgrade() {
            core.readable.notify_fenced();
        }
    }
}

impl Core {
    /// What a task does before it waits, where its context has a reactor: it reads what has come, and has the reactor watch
    /// for more. Tasks that do not come `often` leave it to the I/O thread. True if there may be something: look again, nobody watches yet. Otherwise whoever was registered before
    /// this call will be woken, by the reactor or by the I/O thread.
    pub(crate) fn read_or_watch(self: &Arc<Self>, reactor: &dyn Reactor, often: bool) -> bool {
        if !often && !self.seat.is_away() {
            return false;
        }
        let Some(mut claims) = self.sit_down() else {
            self.seat.vacate();
            return false;
        };
        let waker = self.seat.rouser.get_or_init(|| Waker::from(Arc::new(Rouser(Arc::downgrade(self)))));
        let mut task = TaskContext::from_waker(waker);
        let mut found = self.read_claimed(&mut claims, |claim| !claim.dry);
        let mut watched = true;
        if !found {
            match claims.poll(reactor, &mut task) {
                Some(true) => {
                    self.read_claimed(&mut claims, |claim| !claim.dry);
                    found = true;
                }
                Some(false) => {}
                None => watched = false,
            }
        }
        // A connection that ended, or has no room, is for the I/O thread to see to.
        let release = !watched || (!found && self.seat.has_changed(self, true));
        self.seat.leave(claims, release);
        found
    }

    /// Takes the seat. Whoever has it may be the I/O thread, which only has a look.
    fn sit_down(self: &Arc<Self>) -> Option<MutexGuard<'_, Claims>> {
        for _ in 0..LOOKS {
            if let Some(claims) = self.seat.enter(self) {
                return Some(claims);
            }
            if !self.seat.is_away() {
                break;
            }
            spin_loop();
        }
        None
    }
}

impl Claims {
    /// Whether any of the connections may have something to read. `None` if one of them cannot be watched.
    fn poll(&mut self, reactor: &dyn Reactor, task: &mut TaskContext<'_>) -> Option<bool> {
        let mut any = false;
        for claim in &mut self.connections {
            let Some(stream) = &claim.stream else { continue };
            let watch = match &mut claim.watch {
                Some(watch) => watch,
                empty => empty.insert(reactor.watch(Connection(stream.clone())).ok()?),
            };
            if let Poll::Ready(readable) = watch.poll_readable(task) {
                readable.ok()?;
                claim.dry = false;
                any = true;
            }
        }
        Some(any)
    }
}
