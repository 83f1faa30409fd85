//! A server as its copies see it: a DEALER that asks for snapshots, a SUB that hears what is published.

use super::message::{HUGZ, ask};
use crate::PatternError;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Interest, Message, Poller, RecvError, RecvErrorCause, Sub};

/// Where a Clone server is found.
///
/// ```
/// use zeroxide_patterns::clone::Endpoints;
/// // The Guide's three ports in a row.
/// if let Some(endpoints) = Endpoints::consecutive("tcp://localhost:5556") {
///     assert_eq!(endpoints.updates, "tcp://localhost:5557");
///     assert_eq!(endpoints.changes, "tcp://localhost:5558");
/// }
/// assert!(Endpoints::consecutive("tcp://localhost").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoints {
    /// Asked for snapshots.
    pub snapshots: String,
    /// Publishes changes.
    pub updates: String,
    /// Takes changes of clients.
    pub changes: String,
}

impl Endpoints {
    /// The server at this port and the two above it.
    pub fn consecutive(first: &str) -> Option<Self> {
        let (host, port) = first.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        let at = |offset: u16| Some(format!("{host}:{}", port.checked_add(offset)?));
        Some(Self { snapshots: at(0)?, updates: at(1)?, changes: at(2)? })
    }
}

/// Connections to one server, thrown away when another one is tried.
pub(crate) struct Source {
    snapshots: Dealer,
    updates: Arc<Sub>,
    confirmation: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    /// When the confirmation is old enough.
    settled_at: Option<Instant>,
}

impl Source {
    pub(crate) fn connect(context: &Context, to: &Endpoints, subtree: &[u8]) -> Result<Self, PatternError> {
        let (snapshots, updates) = (Dealer::new(context)?, Arc::new(Sub::new(context)?));
        snapshots.set_linger(Some(Duration::ZERO));
        // What waits here was not lost: it is kept in the copy's own queue until the snapshot is whole.
        updates.set_receive_high_water_mark(Some(QUEUE))?;
        snapshots.set_receive_high_water_mark(Some(QUEUE))?;
        updates.connect(&to.updates)?;
        snapshots.connect(&to.snapshots)?;
        if !subtree.is_empty() {
            updates.subscribe(HUGZ)?;
        }
        let (subscriber, subtree) = (updates.clone(), subtree.to_vec());
        let confirmation =
            Box::pin(async move { subscriber.subscribe_confirmed_async(subtree).await.unwrap_or(false) });
        Ok(Self { snapshots, updates, confirmation: Some(confirmation), settled_at: None })
    }

    pub(crate) fn watch(&self, poller: &mut Poller<'_>, tokens: [usize; 2]) {
        let [snapshots, updates] = tokens;
        poller.add(&self.snapshots, snapshots, Interest::READABLE);
        // While the copy is asked for, what is published is read too: the confirmation comes behind it.
        poller.add(&self.updates, updates, Interest::READABLE);
    }

    /// True once, when what is published from now on will be heard.
    pub(crate) fn is_subscribed_now(&mut self, now: Instant) -> bool {
        if let Some(confirmation) = &mut self.confirmation
            && let Poll::Ready(subscribed) =
                confirmation.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()))
        {
            self.confirmation = None;
            self.settled_at = subscribed.then(|| now + SETTLING);
        }
        self.settled_at.take_if(|at| now >= *at).is_some()
    }

    /// Whether it has to be looked at again soon.
    pub(crate) fn is_connecting(&self) -> bool {
        self.confirmation.is_some() || self.settled_at.is_some()
    }

    pub(crate) fn ask(&self, subtree: &[u8]) {
        // No room: there is no connection, and silence will tell.
        let _ = self.snapshots.try_send(ask(subtree));
    }

    pub(crate) fn snapshot(&self) -> Result<Option<Message>, PatternError> {
        something(self.snapshots.try_recv())
    }

    pub(crate) fn update(&self) -> Result<Option<Message>, PatternError> {
        something(self.updates.try_recv())
    }
}

pub(crate) fn something(received: Result<Message, RecvError>) -> Result<Option<Message>, PatternError> {
    match received {
        Ok(message) => Ok(Some(message)),
        Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether an error only says that the context has ended.
pub(crate) fn is_end(error: &PatternError) -> bool {
    use RecvErrorCause::{Closed, Terminated};
    matches!(error, PatternError::Receive(RecvError { cause: Terminated | Closed, .. }))
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("connecting", &self.is_connecting()).finish_non_exhaustive()
    }
}

/// Messages that wait for a loop that is at work.
const QUEUE: usize = 100_000;
/// How long a publisher of libzmq may go on without a subscription that its I/O thread has read: its socket looks for new ones
/// once in three million ticks of the processor's clock. What it publishes in that time is in a snapshot that is asked
/// for after it; a copy of a subtree has no other way to know that something is missing.
const SETTLING: Duration = Duration::from_millis(5);
