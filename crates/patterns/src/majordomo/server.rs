//! The broker's rules on a ROUTER.

use super::{Broker, BrokerOptions, BrokerStatistics};
use crate::{Control, PatternError};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use zeroxide::{Context, Interest, Message, Poller, Pull, RecvError, RecvErrorCause, Router};

/// Messages that are taken in before the socket of the control is looked at again.
const BURST: usize = 1_000;

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
        Ok(Self {
            router: Router::new(context)?,
            orders,
            control: BrokerControl { control, statistics: Arc::default() },
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
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(mut self) -> Result<(), PatternError> {
        let mut poller = Poller::new();
        poller.add(&self.router, 0, Interest::READABLE);
        poller.add(&self.orders, 1, Interest::READABLE);
        let (mut ready, mut out) = (Vec::new(), Vec::new());
        while self.orders.try_recv().is_err() {
            let wait = self.rules.next_tick().saturating_duration_since(Instant::now());
            poller.wait_into(&mut ready, Some(wait))?;
            if !self.take_in(&mut out) {
                return Ok(());
            }
            self.rules.tick(Instant::now(), &mut out);
            self.put_out(&mut out);
            *lock(&self.control.statistics) = self.rules.statistics();
        }
        self.rules.farewell(&mut out);
        self.put_out(&mut out);
        Ok(())
    }

    /// Hears what has come; false if the context has ended.
    fn take_in(&mut self, out: &mut Vec<Message>) -> bool {
        let now = Instant::now();
        for _ in 0..BURST {
            match self.router.try_recv() {
                Ok(message) => {
                    self.rules.receive(message, now, out);
                    self.put_out(out);
                }
                Err(RecvError { cause: RecvErrorCause::Terminated | RecvErrorCause::Closed, .. }) => return false,
                Err(_) => break,
            }
        }
        true
    }

    fn put_out(&self, out: &mut Vec<Message>) {
        for message in out.drain(..) {
            // To nobody, or to somebody who does not read: the ROUTER counts it, and nobody else waits for it.
            let _ = self.router.try_send(message);
        }
    }
}

impl BrokerControl {
    /// Ends the broker: what it has received is handled, then its workers are told to go.
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

