//! What ends a server in another thread, and tells what it has done.

use crate::{Control, PatternError};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use zeroxide::{Context, Message, Pull, RecvError, RecvErrorCause};

/// Ends a server from another thread, and tells what it has done. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::balance::{BalancerOptions, BalancerServer};
/// let broker = BalancerServer::new(&Context::new(), BalancerOptions::default())?;
/// let control = broker.control();
/// let running = std::thread::spawn(move || broker.run());
/// control.stop();
/// running.join().unwrap()?;
/// assert_eq!(control.statistics().requests, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ServerControl<S> {
    control: Control,
    statistics: Arc<Mutex<S>>,
}

impl<S: Clone + Default> ServerControl<S> {
    pub(crate) fn new(context: &Context) -> Result<(Self, Pull), PatternError> {
        let (control, orders) = Control::new(context)?;
        Ok((Self { control, statistics: Arc::default() }, orders))
    }

    /// Ends the server: what it has received is handled first.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// What the server had done when it last waited.
    pub fn statistics(&self) -> S {
        self.lock().clone()
    }

    pub(crate) fn tell(&self, statistics: S) {
        *self.lock() = statistics;
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        // Figures are whole, whoever panicked.
        self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for ServerControl<S> {
    fn clone(&self) -> Self {
        Self { control: self.control.clone(), statistics: Arc::clone(&self.statistics) }
    }
}

impl<S: Clone + Default + fmt::Debug> fmt::Debug for ServerControl<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerControl").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

/// Messages that are taken from one socket before the others are looked at again.
pub(crate) const BURST: usize = 1_000;

/// Hands on what has come, a burst at most; false if the context has ended.
pub(crate) fn take_in(
    receive: impl Fn() -> Result<Message, RecvError>,
    mut hear: impl FnMut(Message),
) -> bool {
    for _ in 0..BURST {
        match receive() {
            Ok(message) => hear(message),
            Err(error) => return !is_over(&error),
        }
    }
    true
}

/// Whether nothing will come any more, since the context has ended.
pub(crate) fn is_over(error: &RecvError) -> bool {
    matches!(error.cause, RecvErrorCause::Terminated | RecvErrorCause::Closed)
}
