//! What happens to a socket's connections, as a stream of typed events.
//!
//! A monitor can never slow the I/O down: it holds a bounded number of events; what comes while it is full is counted
//! and reported as [`Event::Missed`] when there is room again.

use crate::{
    future::until,
    sync::{Mutex, Waiters, may_wake},
};
use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd, AsRawFd},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use zeroxide_proto::{Limit, connection::HandshakeFailure};

/// The number by which the system knows this, for the events of libzmq.
pub(crate) fn descriptor(of: &impl AsFd) -> i64 {
    of.as_fd().as_raw_fd().into()
}

/// Events a monitor holds until they are taken.
const CAPACITY: usize = 4096;

/// Something that happened to a connection or a listener. Endpoints are in text form.
///
/// ```
/// use zeroxide::{Context, Event, Rep, Req};
/// let context = Context::new();
/// let (server, client) = (Rep::new(&context)?, Req::new(&context)?);
/// let events = client.monitor();
/// let server_at = server.bind("tcp://127.0.0.1:*")?;
/// client.connect(&server_at)?;
/// for event in events {
///     match event {
///         Event::HandshakeSucceeded { endpoint, .. } => {
///             assert_eq!(endpoint, server_at);
///             break;
///         }
///         Event::HandshakeFailed { reason, .. } => eprintln!("is that ZeroMQ? {reason}"),
///         Event::Missed(count) => eprintln!("too busy to hear of {count} events"),
///         _ => {}
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An outgoing connection is up, before the handshake.
    Connected {
        /// As given to `connect`.
        endpoint: String,
        /// Where our own end is, such as `tcp://127.0.0.1:49152`; empty if the system does not say.
        local: String,
    },
    /// An outgoing connection could not be had at once; it goes on in the background.
    ConnectDelayed {
        /// As given to `connect`.
        endpoint: String,
    },
    /// An outgoing connection will be tried again.
    ConnectRetried {
        /// As given to `connect`.
        endpoint: String,
        /// After this time.
        after: Duration,
    },
    /// A listener is ready.
    Listening {
        /// As `bind` returned it.
        endpoint: String,
    },
    /// An endpoint could not be bound.
    BindFailed {
        /// As given to `bind`.
        endpoint: String,
        /// What was in the way.
        reason: String,
    },
    /// A peer connected, before the handshake.
    Accepted {
        /// As `bind` returned it.
        endpoint: String,
        /// Where the peer is.
        peer: String,
    },
    /// A peer could not be accepted, or may not enter.
    AcceptFailed {
        /// As `bind` returned it.
        endpoint: String,
        /// What was in the way.
        reason: String,
        /// Descriptors or memory are exhausted: the listener waits before it tries again.
        paused: bool,
    },
    /// A listener was closed, or an outgoing connection ended for good.
    Closed {
        /// As bound or connected.
        endpoint: String,
    },
    /// An established connection ended.
    Disconnected {
        /// As bound or connected.
        endpoint: String,
        /// Where the peer was.
        peer: String,
        /// Who ended it and why.
        reason: String,
    },
    /// Greeting and handshake are done: messages can flow.
    HandshakeSucceeded {
        /// As bound or connected.
        endpoint: String,
        /// Where the peer is.
        peer: String,
    },
    /// Greeting or handshake failed.
    HandshakeFailed {
        /// As bound or connected.
        endpoint: String,
        /// Where the peer is.
        peer: String,
        /// What was wrong.
        reason: String,
        /// The protocol error code of the C API; 0 if the failure was none of protocol.
        code: u32,
        /// What kind of failure it was.
        failure: HandshakeFailure,
    },
    /// A peer met a limit; what that costs it, the connection, is the next event of it.
    LimitMet {
        /// As bound or connected.
        endpoint: String,
        /// Where the peer is.
        peer: String,
        /// Which; its name is that of the option.
        limit: Limit,
    },
    /// So many events came while this monitor was full.
    Missed(u64),
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    missed: u64,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Waiters,
}

/// The events of one socket, from the moment [`monitor`](crate::Handle::monitor) was called. It ends when the socket
/// is closed. As an iterator it waits for each event.
///
/// It can never slow the socket down: it holds 4096 events at most. What comes while it is full is counted, and told as
/// [`Event::Missed`] when there is room again.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Dealer, Event, Router};
/// let context = Context::new();
/// let (router, dealer) = (Router::new(&context)?, Dealer::new(&context)?);
/// let events = router.monitor();
/// dealer.connect(&router.bind("tcp://127.0.0.1:*")?)?;
/// let came = |event: &Event| matches!(event, Event::HandshakeSucceeded { .. });
/// assert!(events.wait_for(Duration::from_secs(30), came).is_some());
/// drop(dealer);
/// let went = |event: &Event| matches!(event, Event::Disconnected { .. });
/// assert!(events.wait_for(Duration::from_secs(30), went).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Monitor(Arc<Shared>);

impl Monitor {
    /// The next event, if one is there.
    pub fn try_next(&self) -> Option<Event> {
        self.poll_state().ok().flatten()
    }

    /// Waits for the next event; `None` after the socket was closed.
    pub fn wait(&self) -> Option<Event> {
        self.wait_until(None)
    }

    /// Waits for the next event, at most this long; `None` also after the socket was closed.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Event> {
        self.wait_until(Instant::now().checked_add(timeout))
    }

    /// Waits until an event satisfies `wanted`, passing the others over; `None` when the time is over or the socket
    /// was closed.
    pub fn wait_for(&self, timeout: Duration, mut wanted: impl FnMut(&Event) -> bool) -> Option<Event> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let event = self.wait_until(deadline)?;
            if wanted(&event) {
                return Some(event);
            }
        }
    }

    /// Waits for the next event without blocking a thread; `None` after the socket was closed.
    ///
    /// # Cancel safety
    /// Dropping the future loses no event.
    pub async fn next_async(&self) -> Option<Event> {
        until(&self.0.arrived, || self.next_or_end()).await
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Option<Event> {
        self.0.arrived.wait(deadline, || self.next_or_end())?
    }

    /// The next event, or the end, if either is there.
    fn next_or_end(&self) -> Option<Option<Event>> {
        match self.poll_state() {
            Ok(Some(event)) => Some(Some(event)),
            Ok(None) => None,
            Err(()) => Some(None),
        }
    }

    /// The next event, or none, or that there will be none any more.
    fn poll_state(&self) -> Result<Option<Event>, ()> {
        let mut queue = self.0.queue.lock();
        if let Some(event) = queue.events.pop_front() {
            return Ok(Some(event));
        }
        match std::mem::take(&mut queue.missed) {
            0 if queue.ended => Err(()),
            0 => Ok(None),
            missed => Ok(Some(Event::Missed(missed))),
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.0.queue.lock();
        out.debug_struct("Monitor")
            .field("waiting", &queue.events.len())
            .field("missed", &queue.missed)
            .field("ended", &queue.ended)
            .finish()
    }
}

impl Iterator for Monitor {
    type Item = Event;
    fn next(&mut self) -> Option<Event> {
        self.wait()
    }
}

/// The socket's side: whom to tell.
#[derive(Default)]
pub(crate) struct Monitors(Mutex<Observers>);

#[derive(Default)]
struct Observers {
    queues: Vec<Weak<Shared>>,
    sinks: Vec<Sink>,
}

/// Somebody who wants to know at once; false says that it does no longer. The number is the one libzmq gives with the
/// event: a descriptor, an error of the system, or milliseconds.
pub(crate) type Sink = Arc<dyn Fn(&Event, i64) -> bool + Send + Sync>;

impl Monitors {
    pub(crate) fn add(&self) -> Monitor {
        let shared = Arc::new(Shared::default());
        self.0.lock().queues.push(Arc::downgrade(&shared));
        Monitor(shared)
    }

    pub(crate) fn add_sink(&self, sink: Sink) {
        self.0.lock().sinks.push(sink);
    }

    /// Tells every monitor; costs one lock when there is none.
    pub(crate) fn emit(&self, number: i64, event: impl FnOnce() -> Event) {
        let mut observers = self.0.lock();
        if observers.queues.is_empty() && observers.sinks.is_empty() {
            return;
        }
        let event = event();
        let mut told = Vec::with_capacity(observers.queues.len());
        observers.queues.retain(|monitor| {
            let shared = monitor.upgrade();
            if let Some(shared) = &shared {
                shared.put(event.clone());
            }
            let alive = shared.is_some();
            told.extend(shared);
            alive
        });
        let sinks = observers.sinks.clone();
        // Whoever is woken may ask for a monitor, or cause the next event.
        drop(observers);
        may_wake();
        for shared in told {
            shared.arrived.notify();
        }
        for sink in sinks {
            if !sink(&event, number) {
                self.0.lock().sinks.retain(|known| !Arc::ptr_eq(known, &sink));
            }
        }
    }

    pub(crate) fn end(&self) {
        let ended = std::mem::take(&mut *self.0.lock());
        for monitor in ended.queues.iter().filter_map(Weak::upgrade) {
            monitor.queue.lock().ended = true;
            monitor.arrived.notify();
        }
    }
}

impl Shared {
    fn put(&self, event: Event) {
        let mut queue = self.queue.lock();
        if queue.events.len() < CAPACITY && queue.missed == 0 {
            queue.events.push_back(event);
        } else {
            queue.missed += 1;
        }
    }
}
