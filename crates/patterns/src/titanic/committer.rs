//! Group commit: one thread has the store, and does at once whatever has been asked while it wrote last.

use super::{Operation, Outcome, Store, StoreError, StoreUse};
use crate::PatternError;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

/// Operations that are made durable together at most.
const BATCH: usize = 4_096;

type Order = (Operation, SyncSender<Option<Outcome>>);

/// Hands operations to the thread that has the store. Copies do the same; the thread ends with the last of them.
#[derive(Clone)]
pub(super) struct Desk {
    orders: Sender<Order>,
    figures: Arc<Figures>,
}

#[derive(Debug, Default)]
pub(super) struct Figures {
    /// How often the store was asked.
    pub(super) commits: AtomicU64,
    /// Writes that failed.
    pub(super) failures: AtomicU64,
    /// What the store held after the last.
    held: Mutex<StoreUse>,
}

/// A desk, and the thread behind it.
pub(super) fn open(store: impl Store) -> Result<(Desk, JoinHandle<()>), PatternError> {
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
    pub(super) fn apply(&self, operation: Operation) -> Result<Outcome, StoreError> {
        let (sender, outcome) = sync_channel(1);
        // Whoever waits here bounds the queue: each has one operation in it.
        let sent = self.orders.send((operation, sender));
        let outcome = sent.ok().and_then(|()| outcome.recv().ok()).flatten();
        outcome.ok_or_else(|| StoreError::new("the last write failed"))
    }

    pub(super) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }
}

impl Figures {
    pub(super) fn held(&self) -> StoreUse {
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

fn work(mut store: impl Store, inbox: &Receiver<Order>, figures: &Figures) {
    while let Ok(first) = inbox.recv() {
        let (operations, waiting): (Vec<_>, Vec<_>) =
            std::iter::once(first).chain(inbox.try_iter().take(BATCH - 1)).unzip();
        let outcomes = store.apply(operations);
        figures.commits.fetch_add(1, Relaxed);
        figures.note(store.in_use());
        // Nobody may be told of what is not durable.
        let mut outcomes = match outcomes {
            Ok(outcomes) => outcomes.into_iter(),
            Err(_) => {
                figures.failures.fetch_add(1, Relaxed);
                Vec::new().into_iter()
            }
        };
        for sender in waiting {
            let _ = sender.send(outcomes.next());
        }
    }
}
