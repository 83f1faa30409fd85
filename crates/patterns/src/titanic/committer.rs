//! Group commit: one thread has the store, and does at once whatever has been asked while it wrote last.

use super::{Operation, Outcome, Store, StoreError, StoreUse};
use crate::PatternError;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

/// Operations that are made durable together at most.
const BATCH: usize = 4_096;

type Order = (Vec<Operation>, SyncSender<Result<Vec<Outcome>, StoreError>>);

/// Hands operations to the thread that has the store. Copies do the same; the thread ends with the last of them.
#[derive(Clone)]
pub(crate) struct Desk {
    orders: Sender<Order>,
    figures: Arc<Figures>,
}

#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// How often the store was asked.
    pub(crate) commits: AtomicU64,
    /// Writes that failed.
    pub(crate) failures: AtomicU64,
    /// What the store held after the last.
    held: Mutex<StoreUse>,
}

/// A desk, and the thread behind it.
pub(crate) fn open(store: impl Store) -> Result<(Desk, JoinHandle<()>), PatternError> {
    let (orders, inbox) = channel();
    let figures = Arc::new(Figures::default());
    figures.note(store.in_use());
    let desk = Desk { orders, figures: Arc::clone(&figures) };
    let thread = std::thread::Builder::new().name("zeroxide-titanic-store".to_owned());
    let thread = thread.spawn(move || work(store, &inbox, &figures)).map_err(PatternError::Thread)?;
    Ok((desk, thread))
}

impl Desk {
    /// Does it; returns when it is durable.
    pub(crate) fn apply(&self, operation: Operation) -> Result<Outcome, StoreError> {
        self.apply_all(vec![operation])?.pop().ok_or_else(silent)
    }

    /// Does all of it together.
    pub(crate) fn apply_all(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError> {
        let (sender, outcomes) = sync_channel(1);
        // Whoever waits here bounds the queue: each has one order in it.
        let sent = self.orders.send((operations, sender));
        let outcomes = sent.ok().and_then(|()| outcomes.recv().ok());
        outcomes.unwrap_or_else(|| Err(StoreError::new("its thread has ended")))
    }

    pub(crate) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }
}

impl Figures {
    pub(crate) fn held(&self) -> StoreUse {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, held: StoreUse) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("figures", &self.figures).finish_non_exhaustive()
    }
}

fn silent() -> StoreError {
    StoreError::new("it said nothing of an operation")
}

fn work(mut store: impl Store, inbox: &Receiver<Order>, figures: &Figures) {
    while let Ok(first) = next(&store, inbox) {
        let (mut operations, mut waiting) = (Vec::new(), Vec::new());
        for (ordered, sender) in first.into_iter().chain(inbox.try_iter().take(BATCH - 1)) {
            waiting.push((ordered.len(), sender));
            operations.extend(ordered);
        }
        let outcomes = store.apply(operations);
        figures.commits.fetch_add(1, Relaxed);
        figures.note(store.in_use());
        figures.failures.fetch_add(u64::from(outcomes.is_err()), Relaxed);
        // Nobody may be told of what is not durable.
        let mut outcomes = outcomes.map(Vec::into_iter);
        for (count, sender) in waiting {
            let own = match &mut outcomes {
                Ok(outcomes) => Ok(outcomes.take(count).collect()),
                Err(error) => Err(error.clone()),
            };
            let _ = sender.send(own);
        }
    }
}

/// The next order, or none if the store has to be called without; an error if there are no desks any more.
fn next(store: &impl Store, inbox: &Receiver<Order>) -> Result<Option<Order>, RecvTimeoutError> {
    let Some(beat) = store.beat() else {
        return inbox.recv().map(Some).map_err(|_| RecvTimeoutError::Disconnected);
    };
    match inbox.recv_timeout(beat) {
        Err(RecvTimeoutError::Timeout) => Ok(None),
        order => order.map(Some),
    }
}
