//! A client: a copy of the map that follows the servers, and changes that are sent until they are published.

use super::{
    agent::Agent,
    message::{KeyValue, LONGEST_KEY, Uuid},
    outbox::Outbox,
    server::uuid,
    source::Endpoints,
    store::Store,
    sync::{Happening, Patience, Sync},
    watch::{Queue, Watch},
};
use crate::{Control, PatternError, clock::within};
use std::{
    error::Error,
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Poll, Waker},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use zeroxide::{Context, Frame, block_on};

/// How long a [`CloneClient`] is patient, and how much it keeps.
///
/// ```
/// use zeroxide_patterns::clone::ClientOptions;
/// let options = ClientOptions { subtree: "/colours/".into(), ..ClientOptions::default() };
/// assert_eq!(options.silence.as_secs(), 5);
/// ```
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Only keys that begin with this; all if it is empty.
    pub subtree: Vec<u8>,
    /// A server that says nothing for so long is left for the next one. 5 s.
    pub silence: Duration,
    /// How soon a change that was not published is sent again. 1 s.
    pub again: Duration,
    /// How long to wait at most before a server that failed is tried once more; from 100 ms on it doubles. 5 s.
    pub pause: Duration,
    /// How many keys may have changes that are not published yet. 10,000.
    pub unpublished: usize,
    /// How many changes are kept while a snapshot comes; more make the client begin again. 1,000,000.
    pub backlog: usize,
    /// How many changes a [`Watch`] keeps. 100,000.
    pub watched: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            subtree: Vec::new(),
            silence: Duration::from_secs(5),
            again: Duration::from_secs(1),
            pause: Duration::from_secs(5),
            unpublished: 10_000,
            backlog: 1_000_000,
            watched: 100_000,
        }
    }
}

/// What a [`CloneClient`] has met.
///
/// ```
/// let statistics = zeroxide_patterns::clone::ClientStatistics::default();
/// assert_eq!(statistics.lines().next(), Some(("snapshots", 0)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ClientStatistics {
    /// Snapshots that came whole.
    pub snapshots: u64,
    /// Times that updates were missing.
    pub gaps: u64,
    /// Times that a server was silent for too long.
    pub servers_lost: u64,
    /// Messages that are none of the protocol.
    pub malformed: u64,
    /// Keys now.
    pub keys: usize,
    /// Changes of this client that are not published yet.
    pub unpublished: usize,
    /// The number of the last change that was heard of.
    pub sequence: u64,
}

impl ClientStatistics {
    crate::figures::figures!(snapshots, gaps, servers_lost, malformed, keys, unpublished, sequence);
}

/// A change was not made, or nobody knows whether it was.
///
/// ```
/// assert_eq!(zeroxide_patterns::clone::SetError::Key.to_string(), "a key has 1 to 255 octets, and is not the protocol's");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SetError {
    /// No key has this form.
    Key,
    /// The key is not of the client's subtree.
    OtherSubtree,
    /// Too many changes wait to be published.
    Full,
    /// The change has not been published in time. It is sent on, and may be yet.
    Unpublished,
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "a key has 1 to 255 octets, and is not the protocol's",
            Self::OtherSubtree => "the key is not of the client's subtree",
            Self::Full => "too many changes wait to be published",
            Self::Unpublished => "the change has not been published in time; it is sent on",
        })
    }
}

impl Error for SetError {}

/// A copy of a shared map, kept up to date by a thread of its own.
///
/// - [`get`](Self::get) answers from the copy, at once. While a new snapshot comes (another server, missed updates) it is
///   the old copy; then the new one takes its place whole.
/// - A change is sent again until a server has published it, to another server if need be; servers apply it once. It shows
///   in the copy when it is published, in the same order for all. If two clients change one key, the later number wins.
/// - A change that was published is not lost when its server dies, if this client lives to tell its successor.
///
/// Servers are tried in turn. Dropping the client ends its thread; changes that are not published yet are then lost.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct CloneClient {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) stops: AtomicBool,
    pub(super) options: ClientOptions,
    bell: Control,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) sync: Sync,
    pub(super) outbox: Outbox,
    watches: Vec<Weak<Queue>>,
    /// Those who wait for a change.
    waiting: Vec<Waker>,
    pub(super) session: Option<Uuid>,
    pub(super) ended: bool,
}

impl CloneClient {
    /// A client of these servers: one, or the primary and the backup of a pair. It connects in the background; see
    /// [`CloneClient::wait_synced`].
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] without servers, [`PatternError::Endpoint`] if one of the endpoints cannot be
    /// connected to at all, [`PatternError::Socket`] if the context has no room.
    pub fn new(
        context: &Context,
        servers: &[Endpoints],
        options: ClientOptions,
    ) -> Result<Self, PatternError> {
        let (bell, orders) = Control::new(context)?;
        let now = Instant::now();
        let patience = Patience { silence: options.silence, backlog: options.backlog };
        let sync = Sync::new(&options.subtree, patience, Store::default(), now);
        let state = State {
            sync,
            outbox: Outbox::default(),
            watches: Vec::new(),
            waiting: Vec::new(),
            session: None,
            ended: false,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), stops: AtomicBool::new(false), options, bell });
        let agent = Agent::new(context, servers, orders, shared.clone())?;
        let thread = std::thread::Builder::new().name("clone".into()).spawn(move || agent.run());
        let thread = thread.map_err(PatternError::Thread)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The value of a key.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Frame> {
        self.shared.lock().sync.store().get(key.as_ref()).map(|entry| entry.value.clone())
    }

    /// All keys and values, in the order of the keys: a copy of one moment.
    pub fn entries(&self) -> Vec<(Frame, Frame)> {
        let state = self.shared.lock();
        state.sync.store().iter().map(|(key, entry)| (Frame::from(key), entry.value.clone())).collect()
    }

    /// Sets a key, for ever or for so long; an empty value deletes it. Returns before it is published.
    ///
    /// # Errors
    /// [`SetError`] but for `Unpublished`; nothing was changed.
    pub fn set(
        &self,
        key: impl Into<Frame>,
        value: impl Into<Frame>,
        lifetime: Option<Duration>,
    ) -> Result<(), SetError> {
        self.put(key.into(), value.into(), lifetime).map(drop)
    }

    /// Sets a key as [`CloneClient::set`] does, and waits until a server has published it, or this client has set the key
    /// again.
    ///
    /// # Errors
    /// [`SetError`]; after `Unpublished` it is sent on.
    pub fn set_published(
        &self,
        key: impl Into<Frame>,
        value: impl Into<Frame>,
        lifetime: Option<Duration>,
        timeout: Duration,
    ) -> Result<(), SetError> {
        block_on(self.set_published_async(key, value, lifetime, timeout))
    }

    /// As [`CloneClient::set_published`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`CloneClient::set_published`].
    ///
    /// # Cancel safety
    /// If it is dropped the change is made all the same, and nobody waits for it.
    pub async fn set_published_async(
        &self,
        key: impl Into<Frame>,
        value: impl Into<Frame>,
        lifetime: Option<Duration>,
        timeout: Duration,
    ) -> Result<(), SetError> {
        let key = key.into();
        let uuid = self.put(key.clone(), value.into(), lifetime)?;
        let published = self.shared.wait(timeout, |state| state.outbox.is_done(&key, &uuid)).await;
        published.then_some(()).ok_or(SetError::Unpublished)
    }

    fn put(&self, key: Frame, value: Frame, lifetime: Option<Duration>) -> Result<Uuid, SetError> {
        let options = &self.shared.options;
        let mut change = KeyValue::new(key, value);
        if change.is_reserved() || change.key.len() > LONGEST_KEY {
            return Err(SetError::Key);
        }
        if !change.key.starts_with(&options.subtree) {
            return Err(SetError::OtherSubtree);
        }
        if let Some(lifetime) = lifetime {
            change = change.with_lifetime(lifetime);
        }
        let uuid = uuid();
        change.uuid = Some(uuid);
        if !self.shared.lock().outbox.put(change, options.unpublished) {
            return Err(SetError::Full);
        }
        self.shared.bell.stop();
        Ok(uuid)
    }

    /// Tells of every change from now on.
    pub fn watch(&self) -> Watch {
        let queue = Queue::new(self.shared.options.watched);
        let mut state = self.shared.lock();
        if state.ended {
            queue.end();
        }
        state.watches.retain(|watch| watch.strong_count() > 0);
        state.watches.push(Arc::downgrade(&queue));
        Watch(queue)
    }

    /// Waits until the copy is whole and follows a server; false if that was not so in time.
    pub fn wait_synced(&self, timeout: Duration) -> bool {
        block_on(self.wait_synced_async(timeout))
    }

    /// As [`CloneClient::wait_synced`], without blocking a thread, on any executor.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn wait_synced_async(&self, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.sync.is_live()).await
    }

    /// Waits until the copy is as this says; false if it was not in time.
    pub fn wait_until(
        &self,
        timeout: Duration,
        holds: impl FnMut(&dyn Fn(&[u8]) -> Option<Frame>) -> bool,
    ) -> bool {
        block_on(self.wait_until_async(timeout, holds))
    }

    /// As [`CloneClient::wait_until`], without blocking a thread, on any executor.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn wait_until_async(
        &self,
        timeout: Duration,
        mut holds: impl FnMut(&dyn Fn(&[u8]) -> Option<Frame>) -> bool,
    ) -> bool {
        let holds = |state: &State| {
            let get = |key: &[u8]| state.sync.store().get(key).map(|entry| entry.value.clone());
            holds(&get)
        };
        self.shared.wait(timeout, holds).await
    }

    /// What it has met.
    pub fn statistics(&self) -> ClientStatistics {
        let state = self.shared.lock();
        let counts = state.sync.counts();
        ClientStatistics {
            snapshots: counts.snapshots,
            gaps: counts.gaps,
            servers_lost: counts.servers_lost,
            malformed: counts.malformed,
            keys: state.sync.store().len(),
            unpublished: state.outbox.waiting(),
            sequence: state.sync.sequence(),
        }
    }
}

impl Drop for CloneClient {
    fn drop(&mut self) {
        self.shared.stops.store(true, Relaxed);
        self.shared.bell.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has been reported as such.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has everybody look who waits for a change.
    pub(super) fn tell_change(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self, timeout: Duration, mut holds: impl FnMut(&State) -> bool) -> bool {
        let look = poll_fn(|context| {
            let mut state = self.lock();
            if holds(&state) {
                return Poll::Ready(true);
            }
            if state.ended {
                return Poll::Ready(false);
            }
            if !state.waiting.iter().any(|known| known.will_wake(context.waker())) {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        });
        within(Instant::now().checked_add(timeout), look).await.unwrap_or(false)
    }
}

impl State {
    /// Passes on what has happened to the copy.
    pub(super) fn tell(&mut self, happenings: &mut Vec<Happening>, now: Instant) {
        for happening in happenings.drain(..) {
            match happening {
                Happening::Changed(change) => {
                    self.outbox.published(&change, now);
                    self.watches.iter().filter_map(Weak::upgrade).for_each(|watch| watch.push(&change));
                }
                Happening::Synced { session } => {
                    if self.session.is_some() && session != self.session {
                        self.outbox.new_session();
                    }
                    self.session = session;
                }
            }
        }
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
        self.watches.iter().filter_map(Weak::upgrade).for_each(|watch| watch.end());
    }
}
