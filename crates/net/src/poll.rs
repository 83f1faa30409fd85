//! A thread of the application that waits for a few descriptors: poll(2).

use crate::fault::{self, Call};
use rustix::event::Timespec;
pub use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::io;
use std::time::{Duration, Instant};

/// Waits until one of `fds` is ready or `timeout` has passed (`None`: for ever); says how many are ready. Signals do
/// not end the wait.
///
/// ```
/// use zeroxide_net::{PollFd, PollFlags, Stream, wait_fds};
///
/// let (near, far) = Stream::pair()?;
/// far.write(b"!")?;
/// let mut fds = [PollFd::new(&near, PollFlags::IN)];
/// assert_eq!(wait_fds(&mut fds, None)?, 1);
/// assert!(fds[0].revents().contains(PollFlags::IN));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What the system answers: out of memory, or a list longer than this process may have descriptors.
pub fn wait_fds(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<usize> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut remaining = timeout;
    loop {
        match wait_once(fds, remaining) {
            Err(Errno::INTR) => {
                remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            }
            answer => return Ok(answer?),
        }
    }
}

/// As [`wait_fds`], but a signal handler that ran ends the wait.
///
/// The doors that promise this to their users (`zmq_poll` and `zmq_recv` answer `EINTR`, and Python's Ctrl-C lives
/// from it) need this one.
///
/// # Errors
///
/// `Interrupted` after a signal.
pub fn wait_fds_interruptible(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<usize> {
    Ok(wait_once(fds, timeout)?)
}

fn wait_once(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> rustix::io::Result<usize> {
    fault::check(Call::Wait)?;
    // A timeout beyond what the system can count is for ever.
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    rustix::event::poll(fds, timeout.as_ref())
}
