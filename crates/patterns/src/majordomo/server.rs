//! The broker's rules on a ROUTER.

use super::{Broker, BrokerOptions, BrokerStatistics};
use crate::{
    Control, PatternError,
    clock::{Woken, received_or},
    lookout::give_way,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use zeroxide::{Context, Message, Pull, RecvError, RecvErrorCause, Router, RouterNotify, block_on};

/// Messages that are taken in before the socket of the control is looked at again, and before other tasks have a turn.
const BURST: usize = 1_000;

/// Messages that wait for one client or worker that does not read; further ones are dropped.
const UNREAD: usize = 10_000;

/// A Majordomo broker: [`Broker`] on a ROUTER that clients and workers connect to.
///
/// What a client or worker does not take (it does not read, or is gone) is dropped when its queue is full: nobody else
/// waits for it. Sockets have the limits of [`Router`].
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct BrokerServer {
    router: Router,
    orders: Pull,
    control: BrokerControl,
    rules: Broker,
    drain: Duration,
}

/// Ends a [`BrokerServer`] from another thread, and tells what it has done. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer};
/// let broker = BrokerServer::new(&Context::new(), BrokerOptions::default())?;
/// let control = broker.control();
/// let running = std::thread::spawn(move || broker.run());
/// control.stop();
/// running.join().unwrap()?;
/// assert_eq!(control.statistics().requests, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BrokerControl {
    control: Control,
    statistics: Arc<Mutex<BrokerStatistics>>,
}

impl BrokerServer {
    /// A broker that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: BrokerOptions) -> Result<Self, PatternError> {
        let (control, orders) = Control::new(context)?;
        let router = Router::new(context)?;
        router.set_router_notify(RouterNotify { connect: false, disconnect: true })?;
        router.set_send_high_water_mark(Some(UNREAD))?;
        Ok(Self {
            router,
            orders,
            control: BrokerControl { control, statistics: Arc::default() },
            drain: options.drain,
            rules: Broker::new(options, Instant::now()),
        })
    }

    /// Binds an endpoint for clients and workers alike, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.router.bind(endpoint)?)
    }

    /// The socket that all connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.router
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> BrokerControl {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends; workers are told that it goes.
    ///
    /// # Errors
    /// [`PatternError::Receive`] if nothing can be received any more for another reason.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`BrokerServer::run`], without blocking a thread, on any executor. Other tasks have a turn after some 1,000
    /// messages at the latest.
    ///
    /// # Errors
    /// As [`BrokerServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the broker is gone without a word to its workers.
    pub async fn run_async(mut self) -> Result<(), PatternError> {
        let mut out = Vec::new();
        let (mut stop_at, mut is_told, mut at_a_stretch) = (None, false, 0);
        loop {
            if is_told || self.orders.try_recv().is_ok() {
                stop_at = stop_at.or_else(|| Instant::now().checked_add(self.drain));
                self.rules.drain();
            }
            if stop_at
                .is_some_and(|stop_at| Instant::now() >= stop_at || self.rules.statistics().at_work == 0)
            {
                break;
            }
            let received = match self.router.try_recv() {
                Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => self.wait(stop_at).await,
                received => Woken::Received(received),
            };
            match received {
                Woken::Stopped => is_told = true,
                Woken::TimeOver => {}
                Woken::Received(Ok(message)) => at_a_stretch += self.take_in(message, &mut out),
                Woken::Received(Err(RecvError { cause: RecvErrorCause::Terminated, .. })) => return Ok(()),
                Woken::Received(Err(error)) => return Err(error.into()),
            }
            self.rules.tick(Instant::now(), &mut out);
            self.put_out(&mut out);
            *lock(&self.control.statistics) = self.rules.statistics();
            // Where messages never end it never waits, and nobody else in its thread would ever run.
            if at_a_stretch >= BURST {
                at_a_stretch = 0;
                give_way().await;
            }
        }
        self.rules.farewell(&mut out);
        self.put_out(&mut out);
        *lock(&self.control.statistics) = self.rules.statistics();
        Ok(())
    }

    /// Until a message comes, or something else is to be done.
    async fn wait(&self, stop_at: Option<Instant>) -> Woken {
        let tick = self.rules.next_tick();
        let until = stop_at.map_or(tick, |stop_at| tick.min(stop_at));
        received_or(self.router.recv_async(), until, &self.orders).await
    }

    /// Hears a message, and what came behind it; tells how many they were.
    fn take_in(&mut self, message: Message, out: &mut Vec<Message>) -> usize {
        let now = Instant::now();
        let mut next = Some(message);
        for taken in 0..BURST {
            let Some(message) = next.take() else { return taken };
            match message.frames() {
                // The ROUTER says that a connection has ended.
                [peer, empty] if empty.is_empty() => self.rules.gone(peer, now, out),
                _ => self.rules.receive(message, now, out),
            }
            // What is received is handled: with no room for another it is left where it is.
            next = if taken + 1 < BURST { self.router.try_recv().ok() } else { None };
        }
        BURST
    }

    /// What came of all that was taken in goes out together: a write for each who gets something.
    fn put_out(&self, out: &mut Vec<Message>) {
        let mut messages = out.drain(..);
        // To nobody, or to somebody who does not read: the ROUTER counts it, and nobody else waits for it. Anything
        // else that is wrong with one message is no reason to keep the others.
        while self.router.try_send_many(&mut messages).is_err() {}
    }
}

impl BrokerControl {
    /// Ends the broker: it takes in no more requests, waits for what is at work ([`BrokerOptions::drain`]), and tells its
    /// workers that it goes. What still waited is dropped.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// What the broker had done when it last waited.
    pub fn statistics(&self) -> BrokerStatistics {
        *lock(&self.statistics)
    }
}

impl fmt::Debug for BrokerControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerControl").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

/// Figures are whole, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
