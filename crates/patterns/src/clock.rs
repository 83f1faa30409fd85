//! Waiting for a time, under any executor: one thread for the whole process, which wakes whoever is due.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Instant,
};
use zeroxide::{Message, Pull, RecvError};

#[derive(Default)]
struct Due {
    /// Who is due when; the number tells those of one moment apart.
    wakers: BTreeMap<(Instant, u64), Waker>,
    last: u64,
    /// The thread of the clock looks by itself by then. None: it is at work, and will look, or sleeps until told.
    looks_at: Option<Instant>,
    /// It sleeps until it is told, since nobody is due.
    idle: bool,
}

struct Clock {
    due: Mutex<Due>,
    earlier: Condvar,
}

/// The clock; none if the system had no thread for it.
fn clock() -> Option<&'static Clock> {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    static RUNS: OnceLock<bool> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| Clock { due: Mutex::default(), earlier: Condvar::new() });
    let thread = || thread::Builder::new().name("zeroxide-clock".into()).spawn(|| clock.run());
    RUNS.get_or_init(|| thread().is_ok()).then_some(clock)
}

impl Clock {
    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut due = self.lock();
        loop {
            let now = Instant::now();
            match due.wakers.first_key_value().map(|(&(when, _), _)| when) {
                None => {
                    due.idle = true;
                    due = self.earlier.wait(due).unwrap_or_else(PoisonError::into_inner);
                    due.idle = false;
                }
                Some(when) if when <= now => {
                    let first = due.wakers.pop_first();
                    drop(due);
                    if let Some((_, waker)) = first {
                        waker.wake();
                    }
                    due = self.lock();
                }
                Some(when) => {
                    due.looks_at = Some(when);
                    let waited = self.earlier.wait_timeout(due, when - now);
                    due = waited.unwrap_or_else(PoisonError::into_inner).0;
                    due.looks_at = None;
                }
            }
        }
    }

    fn register(&self, when: Instant, waker: Waker) -> (Instant, u64) {
        let mut due = self.lock();
        due.last += 1;
        let place = (when, due.last);
        due.wakers.insert(place, waker);
        // A thread that waits for its messages comes here each time, with the same time again: that wakes nobody.
        if due.idle || due.looks_at.is_some_and(|looks_at| when < looks_at) {
            self.earlier.notify_one();
        }
        place
    }
}

/// Has a waker woken at that time, once. False if nobody is there to do it.
pub(crate) fn wake_at(when: Instant, waker: Waker) -> bool {
    clock().map(|clock| clock.register(when, waker)).is_some()
}

/// Ready when that time has come.
pub(crate) struct Sleep {
    until: Instant,
    place: Option<(Instant, u64)>,
}

pub(crate) fn sleep_until(until: Instant) -> Sleep {
    Sleep { until, place: None }
}

impl Sleep {
    fn leave(&mut self) {
        if let (Some(place), Some(clock)) = (self.place.take(), clock()) {
            clock.lock().wakers.remove(&place);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let (until, waker) = (self.until, context.waker());
        match clock() {
            // No thread for a clock: the task looks again and again.
            None => waker.wake_by_ref(),
            Some(clock) => {
                let known = self.place.is_some_and(|place| match clock.lock().wakers.get_mut(&place) {
                    Some(registered) => {
                        registered.clone_from(waker);
                        true
                    }
                    None => false,
                });
                if !known {
                    self.place = Some(clock.register(until, waker.clone()));
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What the future gives, unless the time comes first (`None`: never).
pub(crate) async fn within<F: Future>(until: Option<Instant>, future: F) -> Option<F::Output> {
    let Some(until) = until else { return Some(future.await) };
    first(future, sleep_until(until)).await.ok()
}

/// What came of waiting for a message.
pub(crate) enum Woken {
    Received(Result<Message, RecvError>),
    TimeOver,
    Stopped,
}

/// A message, or the time, or the order to stop.
pub(crate) async fn received_or(
    message: impl Future<Output = Result<Message, RecvError>>,
    until: Instant,
    orders: &Pull,
) -> Woken {
    match first(within(Some(until), message), orders.recv_async()).await {
        Ok(Some(received)) => Woken::Received(received),
        Ok(None) => Woken::TimeOver,
        Err(_) => Woken::Stopped,
    }
}

/// Whichever is ready first; the one named first if both are.
pub(crate) async fn first<A: Future, B: Future>(one: A, other: B) -> Result<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| {
        if let Poll::Ready(done) = one.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        other.as_mut().poll(context).map(Err)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::pending, future::ready, time::Duration};
    use zeroxide::block_on;

    #[test]
    fn whoever_is_due_is_woken_in_order_and_whoever_left_is_not() {
        block_on(async {
            let now = Instant::now();
            let (soon, later) = (now + Duration::from_millis(5), now + Duration::from_millis(10));
            assert_eq!(within(Some(soon), pending::<()>()).await, None);
            assert!(Instant::now() >= soon);
            assert_eq!(first(sleep_until(later), sleep_until(later + Duration::from_secs(60))).await, Ok(()));
            assert_eq!(within(Some(now), ready(7)).await, Some(7), "what is ready is not late");
            assert_eq!(within(None, ready(7)).await, Some(7));
        });
    }

    #[test]
    fn a_hundred_threads_wait_at_once() {
        let now = Instant::now();
        let sleeper = |number: u64| {
            thread::spawn(move || block_on(sleep_until(now + Duration::from_millis(number % 10))))
        };
        for sleeping in (0..100).map(sleeper).collect::<Vec<_>>() {
            sleeping.join().unwrap();
        }
    }
}
