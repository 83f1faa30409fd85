//! The one way to wait: check, register, check, then sleep; and whoever changes the condition notifies afterwards.
//!
//! Why no wake-up is lost. The condition is changed under a mutex M that the waiter's check takes as well (a
//! [`Lane`](crate::Lane) has it inside). `armed` says that somebody is registered.
//!
//! ```text
//! waiter                                notifier
//!   check (M)      -> not yet
//!   register:  armed = true
//!   check (M)  ------------------ W       change (M)  ------------------ N
//!   sleep                                 armed?  -> take all, unlock, wake
//! ```
//!
//! M orders W and N. If N came first, W sees the condition and does not sleep. If W came first, the store of `armed`
//! happened before W's unlock, so before N's lock, so before the notifier's load, which must see it (or a later value,
//! and `armed` only falls when this waiter was taken out: woken, or gone by itself). A relaxed load is enough for
//! that: the ordering comes from M.
//!
//! For a condition that is a lone atomic there is no M. Then both sides put a sequentially consistent fence between
//! their store and their load ([`EventCount::register`] always does, [`EventCount::notify_fenced`] does):
//!
//! ```text
//! waiter                                notifier
//!   armed = true                          condition = true
//!   ---- fence ----                       ---- fence ----
//!   check          <- one of the two ->   armed?
//!                     sees the other
//! ```
//!
//! A registration is for one wake: a notify takes all of them out. Wakers are called, cloned and dropped when the
//! list is not locked, because they are foreign code that may come back here.

use crate::{
    parker::ThreadParker,
    sync::{AtomicBool, Mutex, Ordering, fence, lock},
};
use std::{task::Waker, time::Instant};

/// Where threads, tasks and file descriptors wait for something to become true, all of them as a [`Waker`].
///
/// - Whoever registers and *then* finds the condition false is woken by the notify that follows its change.
/// - A notify wakes everyone registered, once. Who still has to wait registers again.
/// - Nobody waiting: a notify costs one relaxed load.
/// - In the steady state neither waiting nor notifying allocates (cloning a waker is the waker's affair).
///
/// ```
/// use std::{sync::{Arc, Mutex}, thread};
/// use zeroxide_pipe::EventCount;
///
/// let door = Arc::new((Mutex::new(false), EventCount::new()));
/// let opener = door.clone();
/// thread::spawn(move || {
///     *opener.0.lock().unwrap() = true;
///     opener.1.notify();
/// });
/// door.1.wait(None, || door.0.lock().unwrap().then_some(()));
/// ```
///
/// Not for handing a right to *one* of many: everyone is woken and has to look.
#[derive(Debug)]
pub struct EventCount {
    /// Whether `waiting` has entries. Written under its lock only.
    armed: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// In the order of their keys, which is that of registration.
    entries: Vec<(u64, Waker)>,
    next: u64,
}

/// A registration that a future keeps across polls; see [`EventCount::update`].
///
/// ```
/// use std::{future::poll_fn, sync::{Arc, Mutex}, task::Poll};
/// use zeroxide_pipe::EventCount;
///
/// /// Waits for the door in a task. A future that may be dropped meanwhile calls `remove` in its `Drop`.
/// async fn opened(door: &Mutex<bool>, changed: &EventCount) {
///     let mut key = None;
///     poll_fn(|context| {
///         changed.update(&mut key, context.waker());
///         if *door.lock().unwrap() { Poll::Ready(()) } else { Poll::Pending }
///     })
///     .await;
///     changed.remove(&mut key);
/// }
/// # let _ = opened;
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Key(u64);

/// A registration that ends when this is dropped.
///
/// ```
/// use std::task::Waker;
/// use zeroxide_pipe::EventCount;
/// let changed = EventCount::new();
/// let ticket = changed.register(Waker::noop());
/// assert!(changed.has_waiters());
/// drop(ticket);
/// assert!(!changed.notify(), "nobody is left to wake");
/// ```
#[derive(Debug)]
#[must_use = "dropping the ticket ends the registration"]
pub struct Ticket<'a> {
    event: &'a EventCount,
    key: u64,
}

impl EventCount {
    /// Nobody waits here yet.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { armed: AtomicBool::new(false), waiting: Mutex::new(Waiting { entries: Vec::new(), next: 0 }) }
    }

    /// Nobody waits here yet.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { armed: AtomicBool::new(false), waiting: Mutex::new(Waiting { entries: Vec::new(), next: 0 }) }
    }

    /// Whether anyone is registered. Out of date as soon as it is said.
    pub fn has_waiters(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    /// Wakes everyone registered; says whether that was anyone. Call it after the change of the condition, and after
    /// the lock that guards the condition is let go.
    #[inline]
    pub fn notify(&self) -> bool {
        // Relaxed: ordered after the waiter's store by the mutex of the condition, see above.
        self.armed.load(Ordering::Relaxed) && self.wake_all()
    }

    /// [`EventCount::notify`] for a condition that was changed by an atomic store without a lock.
    #[inline]
    pub fn notify_fenced(&self) -> bool {
        fence(Ordering::SeqCst);
        self.notify()
    }

    /// Registers `waker` for one wake, until the ticket is dropped. Check the condition again after this.
    pub fn register(&self, waker: &Waker) -> Ticket<'_> {
        Ticket { event: self, key: self.insert(waker) }
    }

    /// Registers `waker` for one wake under a key that outlives this call, or replaces the waker that the key has.
    /// Check the condition again after this. The owner of the key calls [`EventCount::remove`] when it is dropped.
    pub fn update(&self, key: &mut Option<Key>, waker: &Waker) {
        if let Some(Key(old)) = key.take() {
            let kept = {
                let waiting = lock(&self.waiting);
                waiting
                    .position(old)
                    .and_then(|at| waiting.entries.get(at))
                    .is_some_and(|(_, held)| held.will_wake(waker))
            };
            if kept {
                *key = Some(Key(old));
                return;
            }
            self.forget(old);
        }
        *key = Some(Key(self.insert(waker)));
    }

    /// Ends the registration, if there is one and it was not used up.
    #[inline]
    pub fn remove(&self, key: &mut Option<Key>) {
        if let Some(Key(key)) = key.take() {
            self.forget(key);
        }
    }

    /// Blocks the thread until `check` finds something, or until the deadline: the whole protocol in one call.
    /// At the deadline there is one last check. `check` must not block.
    pub fn wait<R>(&self, deadline: Option<Instant>, mut check: impl FnMut() -> Option<R>) -> Option<R> {
        if let Some(found) = check() {
            return Some(found);
        }
        let parker = ThreadParker::current();
        loop {
            let ticket = self.register(parker.waker());
            if let Some(found) = check() {
                return Some(found);
            }
            match deadline {
                None => parker.park(),
                Some(deadline) if parker.park_until(deadline) => {}
                Some(_) => {
                    drop(ticket);
                    return check();
                }
            }
        }
    }

    fn insert(&self, waker: &Waker) -> u64 {
        let waker = waker.clone();
        let key = {
            let mut waiting = lock(&self.waiting);
            let key = waiting.next;
            waiting.next += 1;
            waiting.entries.push((key, waker));
            self.armed.store(true, Ordering::Relaxed);
            key
        };
        // Pairs with the fence in `notify_fenced`.
        fence(Ordering::SeqCst);
        key
    }

    fn forget(&self, key: u64) {
        // Our own store of `true` came before this load, so `false` here is from after we were taken out.
        if !self.armed.load(Ordering::Relaxed) {
            return;
        }
        let _dropped_unlocked = {
            let mut waiting = lock(&self.waiting);
            let entry = waiting.position(key).map(|at| waiting.entries.remove(at));
            self.armed.store(!waiting.entries.is_empty(), Ordering::Relaxed);
            entry
        };
    }

    /// Takes the wakers out a handful at a time, so that nothing is allocated and none is called under the lock.
    /// Who registers meanwhile has a key from `end` on and is left alone: this ends.
    #[cold]
    fn wake_all(&self) -> bool {
        let mut waiting = lock(&self.waiting);
        let end = waiting.next;
        let mut any = false;
        loop {
            let mut handful = [const { None }; HANDFUL];
            let due = waiting.entries.iter().take_while(|(key, _)| *key < end).count().min(HANDFUL);
            for (place, (_, waker)) in handful.iter_mut().zip(waiting.entries.drain(..due)) {
                *place = Some(waker);
            }
            self.armed.store(!waiting.entries.is_empty(), Ordering::Relaxed);
            drop(waiting);
            any |= due > 0;
            handful.into_iter().flatten().for_each(Waker::wake);
            if due < HANDFUL {
                return any;
            }
            waiting = lock(&self.waiting);
        }
    }
}

impl Default for EventCount {
    fn default() -> Self {
        Self::new()
    }
}

impl Waiting {
    fn position(&self, key: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&key, |(key, _)| *key).ok()
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.event.forget(self.key);
    }
}

/// Wakers called between two locks.
const HANDFUL: usize = if cfg!(loom) { 1 } else { 8 };

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{
        sync::{Arc, atomic::AtomicUsize},
        task::Wake,
    };

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    fn woken(count: &Count) -> usize {
        count.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_registration_is_for_one_wake() {
        let (count, waker) = counted();
        let event = EventCount::new();
        assert!(!event.notify());
        let _ticket = event.register(&waker);
        assert!(event.notify());
        assert!(!event.notify());
        assert_eq!(woken(&count), 1);
    }

    #[test]
    fn everyone_is_woken_however_many() {
        let (count, waker) = counted();
        let event = EventCount::new();
        let tickets: Vec<_> = (0..3 * HANDFUL + 1).map(|_| event.register(&waker)).collect();
        assert!(event.notify());
        assert_eq!(woken(&count), tickets.len());
        drop(tickets);
        assert!(!event.notify());
    }

    #[test]
    fn a_dropped_ticket_leaves_the_others() {
        let (gone, gone_waker) = counted();
        let (stays, stays_waker) = counted();
        let event = EventCount::new();
        let ticket = event.register(&gone_waker);
        let _other = event.register(&stays_waker);
        drop(ticket);
        assert!(event.notify());
        assert_eq!((woken(&gone), woken(&stays)), (0, 1));
    }

    #[test]
    fn an_update_replaces_the_waker_and_keeps_one_registration() {
        let (first, first_waker) = counted();
        let (second, second_waker) = counted();
        let event = EventCount::new();
        let mut key = None;
        event.update(&mut key, &first_waker);
        event.update(&mut key, &first_waker);
        event.update(&mut key, &second_waker);
        assert!(event.notify());
        assert_eq!((woken(&first), woken(&second)), (0, 1));
        event.update(&mut key, &first_waker);
        event.remove(&mut key);
        assert_eq!(key, None);
        assert!(!event.notify());
        assert_eq!(Arc::strong_count(&first), 2);
    }

    #[test]
    fn a_waker_may_come_back_to_its_event_count() {
        struct Again(EventCount, AtomicUsize);
        impl Wake for Again {
            fn wake(self: Arc<Self>) {
                if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
                    std::mem::forget(self.0.register(&Waker::from(self.clone())));
                }
            }
        }
        let again = Arc::new(Again(EventCount::new(), AtomicUsize::new(0)));
        std::mem::forget(again.0.register(&Waker::from(again.clone())));
        assert!(again.0.notify());
        assert_eq!(again.1.load(Ordering::Relaxed), 1, "who registers during a notify waits for the next");
        assert!(again.0.notify());
        assert!(!again.0.notify());
    }

    #[test]
    fn a_wait_ends_at_its_deadline_with_a_last_check() {
        let event = EventCount::new();
        let mut checks = 0;
        let found = event.wait(Some(Instant::now()), || {
            checks += 1;
            (checks == 3).then_some(checks)
        });
        assert_eq!(found, Some(3));
        assert!(!event.notify());
    }
}
