//! `zmq_poll` and `zmq_ppoll`: one thread waits for sockets and descriptors.
//!
//! ```text
//!   look -> nothing -> have each socket ring this thread's bell -> look again -> ppoll(bell, descriptors) -> look ...
//! ```
//! Nothing but the last step is a system call, and with sockets ready there is none.

use crate::{
    border::call,
    errno::Errno,
    events::{POLLERR, POLLIN, POLLOUT, POLLPRI},
    handles,
    message::size_to_c,
    socket::{self, Socket},
};
use libc::{pollfd, sigset_t};
use std::{
    ffi::{c_int, c_long, c_short, c_void},
    os::fd::{AsFd, AsRawFd},
    sync::Arc,
    time::{Duration, Instant},
};
use zeroxide::door::Bell;

/// `zmq_pollitem_t`
#[repr(C)]
pub struct PollItem {
    /// A socket, or null.
    pub socket: *mut c_void,
    /// A descriptor, if there is no socket.
    pub fd: c_int,
    /// What is looked for.
    pub events: c_short,
    /// What was found.
    pub revents: c_short,
}

/// What is waited for.
pub(crate) struct Wanted {
    /// A socket, or
    pub(crate) socket: Option<Arc<Socket>>,
    /// a descriptor.
    pub(crate) fd: c_int,
    pub(crate) events: c_short,
}

/// How long a wait may last.
#[derive(Clone, Copy)]
pub(crate) enum Wait {
    Not,
    Until(Instant),
    Endless,
}

impl Wait {
    /// From milliseconds; less than none is for ever.
    pub(crate) fn from_c(timeout: c_long) -> Self {
        match u64::try_from(timeout) {
            Err(_) => Self::Endless,
            Ok(0) => Self::Not,
            Ok(timeout) => {
                Instant::now().checked_add(Duration::from_millis(timeout)).map_or(Self::Endless, Self::Until)
            }
        }
    }

    fn left(self) -> Option<Duration> {
        match self {
            Self::Not => Some(Duration::ZERO),
            Self::Until(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            Self::Endless => None,
        }
    }
}

/// Waits until one of these is ready, and tells what of each; says how many are.
///
/// # Safety
/// `mask` is null or points to a signal mask.
pub(crate) unsafe fn wait(
    wanted: &[Wanted],
    found: &mut [c_short],
    wait: Wait,
    mask: *const sigset_t,
) -> Result<usize, Errno> {
    let mut fds = Vec::new();
    let descriptors = wanted.iter().any(|one| one.socket.is_none());
    if look(wanted, found)? > 0 || matches!(wait, Wait::Not) {
        if !descriptors {
            return Ok(count(found));
        }
        // SAFETY: the caller's contract.
        unsafe { poll(wanted, &mut fds, None, Some(Duration::ZERO), mask)? };
        hand_over(wanted, &fds, found);
        return Ok(count(found));
    }
    let bell = Bell::of_this_thread().ok_or(Errno::EMFILE)?;
    loop {
        let watches: Vec<_> = wanted
            .iter()
            .filter_map(|one| one.socket.as_ref().map(|socket| socket.watch(&bell, one.events)))
            .collect();
        let ready = look(wanted, found)? > 0;
        let timeout = if ready { Some(Duration::ZERO) } else { wait.left() };
        if !ready {
            bell.before_sleep();
        }
        let in_time = if ready && !descriptors {
            true
        } else {
            // SAFETY: the caller's contract.
            let rung = unsafe { poll(wanted, &mut fds, Some(&bell), timeout, mask)? };
            if fds.last().is_some_and(|bell| bell.revents != 0) {
                bell.hush();
            }
            rung
        };
        drop(watches);
        look(wanted, found)?;
        hand_over(wanted, &fds, found);
        let count = count(found);
        if count > 0 || !in_time {
            return Ok(count);
        }
    }
}

/// What the sockets can do now; says how many of them are ready.
fn look(wanted: &[Wanted], found: &mut [c_short]) -> Result<usize, Errno> {
    let mut ready = 0;
    for (one, found) in wanted.iter().zip(found.iter_mut()) {
        *found = match &one.socket {
            Some(socket) => socket.ready_for(one.events)?,
            None => 0,
        };
        ready += usize::from(*found != 0);
    }
    Ok(ready)
}

fn count(found: &[c_short]) -> usize {
    found.iter().filter(|events| **events != 0).count()
}

/// Waits for the descriptors, and the bell behind them; false if the time was over.
///
/// # Safety
/// `mask` is null or points to a signal mask.
unsafe fn poll(
    wanted: &[Wanted],
    fds: &mut Vec<pollfd>,
    bell: Option<&Bell>,
    timeout: Option<Duration>,
    mask: *const sigset_t,
) -> Result<bool, Errno> {
    fds.clear();
    let raw = wanted.iter().filter(|one| one.socket.is_none());
    fds.extend(raw.map(|one| pollfd { fd: one.fd, events: to_system(one.events), revents: 0 }));
    fds.extend(bell.map(|bell| pollfd { fd: bell.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 }));
    // SAFETY: so many are there, and the mask is what the caller says.
    unsafe { ppoll(fds, timeout, mask) }
}

/// ppoll(2) on these; false if the time was over.
///
/// # Safety
/// `mask` is null or points to a signal mask.
unsafe fn ppoll(fds: &mut [pollfd], timeout: Option<Duration>, mask: *const sigset_t) -> Result<bool, Errno> {
    let timeout = timeout.and_then(|timeout| {
        let tv_sec = timeout.as_secs().try_into().ok()?;
        Some(libc::timespec { tv_sec, tv_nsec: timeout.subsec_nanos().into() })
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), |timeout| &raw const *timeout);
    // SAFETY: the list is ours, the time outlives the call, and the mask is what the caller says.
    let ready = unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, mask) };
    if ready < 0 { Err(Errno::get()) } else { Ok(ready > 0) }
}

/// Adds what was found at the descriptors.
fn hand_over(wanted: &[Wanted], fds: &[pollfd], found: &mut [c_short]) {
    let raw = wanted.iter().zip(found).filter(|(one, _)| one.socket.is_none());
    for ((one, found), fd) in raw.zip(fds) {
        *found = from_system(fd.revents) & (one.events | POLLERR);
    }
}

fn to_system(events: c_short) -> c_short {
    let pairs = [(POLLIN, libc::POLLIN), (POLLOUT, libc::POLLOUT), (POLLPRI, libc::POLLPRI)];
    pairs.into_iter().filter(|(ours, _)| events & ours != 0).fold(0, |all, (_, system)| all | system)
}

/// What is neither reading nor writing nor urgent is an error, as libzmq has it.
fn from_system(found: c_short) -> c_short {
    let pairs = [(POLLIN, libc::POLLIN), (POLLOUT, libc::POLLOUT), (POLLPRI, libc::POLLPRI)];
    let known = pairs.into_iter().filter(|(_, system)| found & system != 0);
    let (events, seen) = known.fold((0, 0), |(events, seen), (ours, system)| (events | ours, seen | system));
    if found & !seen != 0 { events | POLLERR } else { events }
}

/// Waits until one of the items is ready; says how many are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poll(items: *mut PollItem, count: c_int, timeout: c_long) -> c_int {
    // SAFETY: the contract is the same; there is no mask.
    unsafe { zmq_ppoll(items, count, timeout, std::ptr::null()) }
}

/// As `zmq_poll`, with another signal mask for as long as it waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_ppoll(
    items: *mut PollItem,
    count: c_int,
    timeout: c_long,
    mask: *const sigset_t,
) -> c_int {
    call(|| {
        let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
        if count == 0 {
            let left = Wait::from_c(timeout).left();
            if left == Some(Duration::ZERO) && mask.is_null() {
                return Ok(0);
            }
            // SAFETY: the mask is the caller's.
            return unsafe { ppoll(&mut [], left, mask) }.map(|_| 0);
        }
        if items.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so the caller has so many items there, and for the time of this call they are ours.
        let items = unsafe { std::slice::from_raw_parts_mut(items, count) };
        let wanted = items.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        let mut found = vec![0; count];
        // SAFETY: the mask is the caller's.
        let ready = unsafe { wait(&wanted, &mut found, Wait::from_c(timeout), mask)? };
        if !mask.is_null() {
            // A signal that waits for this mask comes before events: whoever sent it before a message relies on that. The
            // system tells of descriptors first, so this asks when the events are known.
            // SAFETY: the mask is the caller's.
            unsafe { ppoll(&mut [], Some(Duration::ZERO), mask)? };
        }
        for (item, found) in items.iter_mut().zip(found) {
            item.revents = found;
        }
        Ok(size_to_c(ready))
    })
}

fn wanted(item: &PollItem) -> Result<Wanted, Errno> {
    let handle = handles::from_c(item.socket);
    let socket = if handle == 0 { None } else { Some(socket::find(handle)?) };
    Ok(Wanted { socket, fd: item.fd, events: item.events })
}
