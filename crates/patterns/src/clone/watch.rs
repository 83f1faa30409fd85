//! Who is told of changes: a bounded queue, for threads and tasks.

use super::message::KeyValue;
use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

/// What a [`Watch`] tells.
///
/// ```
/// use zeroxide_patterns::clone::{KeyValue, WatchEvent};
/// match WatchEvent::Changed(KeyValue::new("sky", "blue")) {
///     WatchEvent::Changed(change) if change.value.is_empty() => println!("{:?} is gone", change.key),
///     WatchEvent::Changed(change) => println!("{:?} is {:?}", change.key, change.value),
///     WatchEvent::Lagged => println!("look at the whole map"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WatchEvent {
    /// A key was set, or deleted if the value is empty.
    Changed(KeyValue),
    /// Changes were not taken for so long that they are not kept: the map has to be looked at anew.
    Lagged,
}

/// Tells of each change of a [`CloneClient`](super::CloneClient)'s map, in order, from the call that made it on.
///
/// It keeps so many changes that nobody takes; then it forgets them all and says [`WatchEvent::Lagged`]. It ends with the
/// client.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct Watch(pub(super) Arc<Queue>);

#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
    most: usize,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<WatchEvent>,
    waker: Option<Waker>,
    ended: bool,
}

impl Queue {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), changed: Condvar::new(), most: most.max(1) })
    }

    pub(super) fn push(&self, change: &KeyValue) {
        self.change(|inner| {
            if inner.events.len() >= self.most {
                inner.events.clear();
                inner.events.push_back(WatchEvent::Lagged);
            } else {
                inner.events.push_back(WatchEvent::Changed(change.clone()));
            }
        });
    }

    pub(super) fn end(&self) {
        self.change(|inner| inner.ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let waker = {
            let mut inner = self.lock();
            change(&mut inner);
            inner.waker.take()
        };
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// The next change; nothing if the client has ended.
    pub fn recv(&self) -> Option<WatchEvent> {
        let mut inner = self.0.lock();
        loop {
            if let Some(event) = inner.events.pop_front() {
                return Some(event);
            }
            if inner.ended {
                return None;
            }
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next change, if there is one within this time.
    pub fn recv_timeout(&self, timeout: Duration) -> Option<WatchEvent> {
        let started = Instant::now();
        let mut inner = self.0.lock();
        loop {
            if let Some(event) = inner.events.pop_front() {
                return Some(event);
            }
            let left = timeout.checked_sub(started.elapsed()).filter(|_| !inner.ended)?;
            (inner, _) = self.0.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next change, without blocking a thread; nothing if the client has ended. One task may wait at a time.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn recv_async(&self) -> Option<WatchEvent> {
        poll_fn(|context| {
            let mut inner = self.0.lock();
            if let Some(event) = inner.events.pop_front() {
                return Poll::Ready(Some(event));
            }
            if inner.ended {
                return Poll::Ready(None);
            }
            inner.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_that_is_not_read_forgets_and_says_so() {
        let watch = Watch(Queue::new(2));
        for key in ["a", "b", "c", "d"] {
            watch.0.push(&KeyValue::new(key, "value"));
        }
        watch.0.end();
        assert_eq!(watch.recv(), Some(WatchEvent::Lagged));
        assert_eq!(watch.recv(), Some(WatchEvent::Changed(KeyValue::new("d", "value"))));
        assert_eq!(watch.recv(), None);
        assert_eq!(watch.recv_timeout(Duration::from_secs(60)), None);
    }
}
