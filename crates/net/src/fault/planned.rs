//! Plans of tests: which call fails, how, and for whom.

use super::Call;
use rustix::buffer::spare_capacity;
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// What happens to the call that was chosen.
///
/// ```
/// use zeroxide_net::{Stream, fault::{Call, Fault, Harm, Times}};
/// let (near, _far) = Stream::pair()?;
/// let me = Some(std::thread::current().id());
/// let _slow = Fault::plan(Call::Write, 1, Harm::Short(2), Times::Always, me);
/// assert_eq!(near.write(b"a message")?, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harm {
    /// It answers with this error instead of being made.
    Error(Errno),
    /// It moves at most so many octets; calls that move none are left alone.
    Short(usize),
}

/// How often a fault strikes once its turn has come.
///
/// ```
/// use zeroxide_net::{Ring, fault::{Call, Fault, Harm, Times}};
/// let none_left = Harm::Error(rustix::io::Errno::MFILE);
/// let me = Some(std::thread::current().id());
/// let fault = Fault::plan(Call::Create, 1, none_left, Times::Always, me);
/// assert!(Ring::new().is_err() && Ring::new().is_err());
/// drop(fault);
/// assert!(Ring::new().is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// Only the Nth call fails.
    Once,
    /// The Nth call and all later ones fail until the [`Fault`] is dropped.
    Always,
}

/// A planned failure; dropping it takes it back.
///
/// ```
/// use zeroxide_net::{Poller, fault::{Call, Fault}};
/// let fault = Fault::in_thread(Call::Create, 1, rustix::io::Errno::NFILE);
/// assert!(Poller::new().is_err());
/// assert!(fault.has_struck());
/// assert!(Poller::new().is_ok());
/// ```
#[derive(Debug)]
pub struct Fault(Arc<Plan>);

#[derive(Debug)]
struct Plan {
    call: Call,
    nth: usize,
    harm: Harm,
    times: Times,
    thread: Option<ThreadId>,
    seen: AtomicUsize,
}

static PLANS: Mutex<Vec<Arc<Plan>>> = Mutex::new(Vec::new());
/// How many plans there are, so that calls take no lock while there is none.
static PLANNED: AtomicUsize = AtomicUsize::new(0);

impl Fault {
    /// The `nth` (from 1) call of this kind made by the calling thread fails.
    pub fn in_thread(call: Call, nth: usize, errno: Errno) -> Self {
        Self::plan(call, nth, Harm::Error(errno), Times::Once, Some(thread::current().id()))
    }

    /// The `nth` (from 1) call of this kind made by any thread fails.
    pub fn in_process(call: Call, nth: usize, errno: Errno) -> Self {
        Self::plan(call, nth, Harm::Error(errno), Times::Once, None)
    }

    /// Counts the calls of this kind in the whole process and harms none.
    pub fn none(call: Call) -> Self {
        Self::plan(call, usize::MAX, Harm::Short(0), Times::Once, None)
    }

    /// As [`Self::in_process`] or [`Self::in_thread`], in every detail.
    pub fn plan(call: Call, nth: usize, harm: Harm, times: Times, thread: Option<ThreadId>) -> Self {
        let plan = Arc::new(Plan { call, nth, harm, times, thread, seen: AtomicUsize::new(0) });
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        plans.push(Arc::clone(&plan));
        PLANNED.store(plans.len(), Ordering::SeqCst);
        Self(plan)
    }

    /// How many calls of its kind were made since it was planned, those that failed included.
    pub fn seen(&self) -> usize {
        self.0.seen.load(Ordering::SeqCst)
    }

    /// Whether the failure has happened.
    pub fn has_struck(&self) -> bool {
        self.seen() >= self.0.nth
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|plan| !Arc::ptr_eq(plan, &self.0));
        PLANNED.store(plans.len(), Ordering::SeqCst);
    }
}

/// Whether a call of this kind may be made now. To be asked right before the call.
///
/// # Errors
/// What a test has planned.
pub fn check(call: Call) -> rustix::io::Result<()> {
    allowance(call, 0).map(drop)
}

/// As [`check`], for calls that move octets: how many of those `offered` may be moved, at least one.
///
/// # Errors
/// As [`check`].
fn allowance(call: Call, offered: usize) -> rustix::io::Result<usize> {
    if PLANNED.load(Ordering::Relaxed) == 0 {
        return Ok(offered);
    }
    let here = thread::current().id();
    let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut allowed = offered;
    for plan in plans.iter().filter(|plan| plan.call == call && plan.thread.is_none_or(|id| id == here)) {
        let count = plan.seen.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if count == plan.nth || (plan.times == Times::Always && count > plan.nth) {
            match plan.harm {
                Harm::Error(errno) => return Err(errno),
                Harm::Short(most) => allowed = allowed.min(most.max(1)),
            }
        }
    }
    Ok(allowed)
}

/// `recv` into the spare capacity, as planned.
pub(crate) fn read(fd: impl AsFd, into: &mut Vec<u8>) -> rustix::io::Result<usize> {
    let room = into.capacity() - into.len();
    let allowed = allowance(Call::Read, room)?;
    if allowed == room {
        return Ok(rustix::net::recv(fd, spare_capacity(into), RecvFlags::empty())?.1);
    }
    let mut few = vec![0; allowed];
    let (_, count) = rustix::net::recv(fd, &mut few, RecvFlags::empty())?;
    into.extend(few.iter().take(count));
    Ok(count)
}

/// `recv` into a part of it, as planned.
pub(crate) fn read_piece(fd: impl AsFd, piece: &mut [MaybeUninit<u8>]) -> rustix::io::Result<usize> {
    let allowed = allowance(Call::Read, piece.len())?;
    let piece = piece.get_mut(..allowed).unwrap_or_default();
    rustix::net::recv(fd, piece, RecvFlags::empty()).map(|((written, _), _)| written.len())
}

/// `send`, as planned.
pub(crate) fn send(fd: impl AsFd, octets: &[u8]) -> rustix::io::Result<usize> {
    let allowed = allowance(Call::Write, octets.len())?;
    rustix::net::send(fd, octets.get(..allowed).unwrap_or(octets), SendFlags::NOSIGNAL)
}

/// `sendmsg`, as planned.
pub(crate) fn send_segments(fd: impl AsFd, segments: &[IoSlice<'_>]) -> rustix::io::Result<usize> {
    let offered = segments.iter().map(|segment| segment.len()).sum();
    let allowed = allowance(Call::Write, offered)?;
    if allowed == offered {
        let mut control = SendAncillaryBuffer::default();
        return rustix::net::sendmsg(fd, segments, &mut control, SendFlags::NOSIGNAL);
    }
    let few: Vec<u8> = segments.iter().flat_map(|segment| segment.iter()).take(allowed).copied().collect();
    rustix::net::send(fd, &few, SendFlags::NOSIGNAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_call_that_was_chosen_fails() {
        let fault = Fault::in_thread(Call::Resolve, 2, Errno::IO);
        assert_eq!(check(Call::Resolve), Ok(()));
        assert_eq!(check(Call::Read), Ok(()));
        assert!(!fault.has_struck());
        assert_eq!(check(Call::Resolve), Err(Errno::IO));
        assert_eq!(check(Call::Resolve), Ok(()));
        assert!(fault.has_struck());
        assert_eq!(fault.seen(), 3);
    }

    #[test]
    fn a_lasting_fault_ends_with_its_handle() {
        let me = Some(thread::current().id());
        let fault = Fault::plan(Call::Resolve, 1, Harm::Error(Errno::IO), Times::Always, me);
        assert!((0..3).all(|_| check(Call::Resolve) == Err(Errno::IO)));
        drop(fault);
        assert_eq!(check(Call::Resolve), Ok(()));
    }

    #[test]
    fn a_short_call_moves_at_least_one_octet() {
        let me = Some(thread::current().id());
        let _fault = Fault::plan(Call::Resolve, 1, Harm::Short(0), Times::Always, me);
        assert_eq!(allowance(Call::Resolve, 100), Ok(1));
        assert_eq!(check(Call::Resolve), Ok(()));
    }

    #[test]
    fn other_threads_are_left_alone() {
        let _fault = Fault::in_thread(Call::Resolve, 1, Errno::IO);
        assert_eq!(thread::spawn(|| check(Call::Resolve)).join().unwrap(), Ok(()));
    }
}
