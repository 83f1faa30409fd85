//! Requests in any number at once: a thread works on them, and callers hold their replies to come.

use super::{Act, Calls, Lines, Outcome, RequestOptions, RequestStatistics, Wires};
use crate::{CallError, Control, PatternError};
use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context as TaskContext, Poll, Waker},
    thread::JoinHandle,
    time::Instant,
};
use zeroxide::{Context, Frame, Interest, Message, Poller, Pull};

/// A client with any number of requests under way at once, to a few equal servers.
///
/// - Each request is answered once or fails: after so many tries, at its deadline, or when this is dropped.
/// - Requests and answers may overtake one another.
/// - It may be shared between threads and tasks. One thread of its own works on all requests.
///
/// A request may be done more than once, since nobody can tell a lost request from a lost answer.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct Requester {
    shared: Arc<Shared>,
    timeout: std::time::Duration,
    control: Control,
    agent: Option<JoinHandle<()>>,
}

/// An answer to come: wait for it or await it. Dropped, the request is cancelled: it is not asked again.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::Context;
/// use zeroxide_patterns::request::{RequestOptions, Requester};
/// let options = RequestOptions { deadline: Some(Duration::from_millis(10)), ..RequestOptions::default() };
/// let requester = Requester::new(&Context::new(), &["inproc://nobody"], options)?;
/// assert!(requester.request("hi").wait().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped, it is cancelled"]
pub struct Reply {
    slot: Arc<Slot>,
    shared: Arc<Shared>,
    control: Control,
}

#[derive(Debug, Default)]
struct Shared {
    orders: Mutex<Orders>,
    statistics: Mutex<RequestStatistics>,
}

/// What callers want; the agent takes it all at once.
#[derive(Debug, Default)]
struct Orders {
    requests: Vec<(Arc<Slot>, Vec<Frame>)>,
    cancelled: Vec<Arc<Slot>>,
    ended: bool,
    stop: bool,
}

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<SlotState>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct SlotState {
    result: Option<Result<Message, CallError>>,
    waker: Option<Waker>,
    taken: bool,
}

impl Requester {
    /// A client of the servers at these endpoints, which need not be there yet.
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] without one, [`PatternError::Endpoint`] if one makes no sense, [`PatternError::Socket`]
    /// without room for its sockets or its thread.
    pub fn new(context: &Context, endpoints: &[&str], options: RequestOptions) -> Result<Self, PatternError> {
        let lines = Lines::new(context, endpoints, options.form)?;
        Self::with(context, lines, endpoints.len(), options)
    }

    pub(crate) fn with(
        context: &Context,
        wires: impl Wires,
        servers: usize,
        options: RequestOptions,
    ) -> Result<Self, PatternError> {
        let (control, bell) = Control::new(context)?;
        let (shared, timeout) = (Arc::new(Shared::default()), options.timeout);
        let calls = Calls::new(options, servers);
        let agent = Agent { shared: Arc::clone(&shared), bell, wires, calls, slots: HashMap::new(), timeout };
        let agent =
            std::thread::Builder::new().name("zeroxide-requester".to_owned()).spawn(move || agent.run());
        let agent = agent.map_err(PatternError::Thread)?;
        Ok(Self { shared, timeout, control, agent: Some(agent) })
    }

    /// Asks. What is begun beyond [`RequestOptions::window`] fails at once, as one without an answer that was never tried.
    pub fn request(&self, body: impl Into<Message>) -> Reply {
        let slot = Arc::new(Slot::default());
        {
            let mut orders = lock(&self.shared.orders);
            if orders.ended {
                slot.fill(Err(CallError::NoAnswer { tries: 0, timeout: self.timeout }));
            } else {
                orders.requests.push((Arc::clone(&slot), body.into().into_frames()));
            }
        }
        self.control.stop();
        Reply { slot, shared: Arc::clone(&self.shared), control: self.control.clone() }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] when the last try or the deadline is over, or the context has ended.
    pub fn call(&self, body: impl Into<Message>) -> Result<Message, CallError> {
        self.request(body).wait()
    }

    /// What has become of its requests.
    pub fn statistics(&self) -> RequestStatistics {
        *lock(&self.shared.statistics)
    }
}

impl Drop for Requester {
    fn drop(&mut self) {
        lock(&self.shared.orders).stop = true;
        self.control.stop();
        if let Some(agent) = self.agent.take() {
            let _ = agent.join();
        }
    }
}

impl Reply {
    /// Waits for it.
    ///
    /// # Errors
    /// As [`Requester::call`].
    pub fn wait(self) -> Result<Message, CallError> {
        let mut state = lock(&self.slot.state);
        loop {
            if let Some(result) = state.result.take() {
                state.taken = true;
                return result;
            }
            state = self.slot.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Reply {
    type Output = Result<Message, CallError>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.slot.state);
        match state.result.take() {
            Some(result) => {
                state.taken = true;
                Poll::Ready(result)
            }
            None => {
                state.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let state = lock(&self.slot.state);
        if state.taken || state.result.is_some() {
            return;
        }
        drop(state);
        lock(&self.shared.orders).cancelled.push(Arc::clone(&self.slot));
        self.control.stop();
    }
}

impl Slot {
    fn fill(&self, result: Result<Message, CallError>) {
        let mut state = lock(&self.state);
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        self.filled.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Agent<W> {
    shared: Arc<Shared>,
    /// Rings when there are orders.
    bell: Pull,
    wires: W,
    calls: Calls,
    slots: HashMap<u32, Arc<Slot>>,
    timeout: std::time::Duration,
}

impl<W: Wires> Agent<W> {
    fn run(mut self) {
        // What ends it early is that nothing can be received or waited for any more; all that waits is told.
        let _ = self.work();
        let mut orders = lock(&self.shared.orders);
        orders.ended = true;
        let unasked = std::mem::take(&mut orders.requests);
        drop(orders);
        let left = self.slots.drain().map(|(_, slot)| slot).chain(unasked.into_iter().map(|(slot, _)| slot));
        left.for_each(|slot| slot.fill(Err(CallError::NoAnswer { tries: 0, timeout: self.timeout })));
    }

    fn work(&mut self) -> Result<(), PatternError> {
        let (mut acts, mut ready) = (Vec::new(), Vec::new());
        loop {
            while self.bell.try_recv().is_ok() {}
            let orders = std::mem::take(&mut *lock(&self.shared.orders));
            if orders.stop {
                // Asked in the last moment: they are told with all the others.
                lock(&self.shared.orders).requests.extend(orders.requests);
                return Ok(());
            }
            self.obey(orders, &mut acts);
            if !self.wires.take_in(&mut self.calls, &mut acts) {
                return Ok(());
            }
            self.wires.tick(Instant::now(), &mut self.calls);
            self.calls.tick(Instant::now(), &mut acts);
            *lock(&self.shared.statistics) = self.calls.statistics();
            let (slots, timeout) = (&mut self.slots, self.timeout);
            self.wires.act(&mut acts, &mut |number, outcome| {
                let Some(slot) = slots.remove(&number) else { return };
                slot.fill(match outcome {
                    Outcome::Answer(message) => Ok(message),
                    Outcome::NoAnswer { tries } => Err(CallError::NoAnswer { tries, timeout }),
                });
            })?;
            let mut poller = Poller::new();
            poller.add(&self.bell, 0, Interest::READABLE);
            self.wires.watch(&mut poller, 1);
            let due = [self.calls.next_tick(), self.wires.next_tick()].into_iter().flatten().min();
            let wait = due.map(|at| at.saturating_duration_since(Instant::now()));
            poller.wait_into(&mut ready, wait)?;
        }
    }

    fn obey(&mut self, orders: Orders, acts: &mut Vec<Act>) {
        let now = Instant::now();
        for (slot, body) in orders.requests {
            match self.calls.begin(body, now, acts) {
                Some(number) => drop(self.slots.insert(number, slot)),
                None => slot.fill(Err(CallError::NoAnswer { tries: 0, timeout: self.timeout })),
            }
        }
        for slot in orders.cancelled {
            let number =
                self.slots.iter().find(|(_, held)| Arc::ptr_eq(held, &slot)).map(|(number, _)| *number);
            if let Some(number) = number {
                self.slots.remove(&number);
                self.calls.cancel(number, now, acts);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
