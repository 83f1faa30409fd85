//! Snapshots on their way: a few at a time, page by page, each as fast as its client takes it.

use super::{message::Format, store::Store};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// Messages of one snapshot before the next one has its turn.
const PAGE: usize = 256;

/// Snapshots that are sent at the same time.
const AT_ONCE: usize = 64;

/// What became of a message of a snapshot.
///
/// ```
/// use zeroxide_patterns::clone::Fed;
/// assert_ne!(Fed::Full, Fed::Gone);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fed {
    /// It is on its way.
    Sent,
    /// Its client has not read what was sent before: it is to be sent again later.
    Full,
    /// Its client is gone.
    Gone,
}

/// What a turn has brought.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) whole: u64,
    pub(crate) lost: u64,
    pub(crate) more: bool,
}

#[derive(Debug)]
struct Transfer {
    client: Frame,
    subtree: Frame,
    /// The last key that was sent.
    after: Option<Frame>,
    /// The number of the map when the first key was sent.
    since: Option<u64>,
    progress: Instant,
}

#[derive(Debug)]
pub(crate) struct Transfers {
    queue: VecDeque<Transfer>,
    most: usize,
    patience: Duration,
}

enum Paged {
    Whole,
    Lost,
    Full,
    More,
}

impl Transfers {
    pub(crate) fn new(most: usize, patience: Duration) -> Self {
        Self { queue: VecDeque::new(), most, patience }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Forgets all; how many there were.
    pub(crate) fn clear(&mut self) -> u64 {
        let all = self.queue.len() as u64;
        self.queue.clear();
        all
    }

    /// A client asks; one that asks again begins again. False if too many wait.
    pub(crate) fn add(&mut self, client: Frame, subtree: &Frame, now: Instant) -> bool {
        let transfer = Transfer { client, subtree: subtree.clone(), after: None, since: None, progress: now };
        let room = self.queue.len() < self.most;
        match self.queue.iter_mut().find(|known| known.client == transfer.client) {
            Some(known) => *known = transfer,
            None if room => self.queue.push_back(transfer),
            None => return false,
        }
        true
    }

    #[expect(clippy::too_many_arguments, reason = "what the server knows, and where to put it")]
    pub(crate) fn feed(
        &mut self,
        store: &Store,
        sequence: u64,
        budget: usize,
        now: Instant,
        format: Format,
        end: impl Fn(u64, &[u8]) -> Message,
        mut send: impl FnMut(Message) -> Fed,
    ) -> Turn {
        let (mut turn, mut budget) = (Turn::default(), budget);
        let mut stuck = 0;
        // Only the first few have their turn; those that are whole make room for others.
        while budget > 0 && stuck < self.queue.len().min(AT_ONCE) {
            let Some(mut transfer) = self.queue.pop_front() else { break };
            let page = budget.min(PAGE);
            let before = page;
            let (paged, sent) = transfer.page(store, sequence, before, now, format, &end, &mut send);
            budget -= sent;
            if sent > 0 {
                transfer.progress = now;
            }
            match paged {
                Paged::Whole => turn.whole += 1,
                Paged::Lost => turn.lost += 1,
                Paged::Full if now >= transfer.progress + self.patience => turn.lost += 1,
                Paged::Full => {
                    stuck += 1;
                    self.keep_near(transfer);
                }
                Paged::More => {
                    stuck = 0;
                    self.keep_near(transfer);
                }
            }
        }
        turn.more = stuck < self.queue.len().min(AT_ONCE);
        turn
    }

    /// Behind the others that have begun, before those that wait.
    fn keep_near(&mut self, transfer: Transfer) {
        let at = self.queue.len().min(AT_ONCE - 1);
        self.queue.insert(at, transfer);
    }
}

impl Transfer {
    #[expect(clippy::too_many_arguments, reason = "what the server knows, and where to put it")]
    fn page(
        &mut self,
        store: &Store,
        sequence: u64,
        most: usize,
        now: Instant,
        format: Format,
        end: &impl Fn(u64, &[u8]) -> Message,
        send: &mut impl FnMut(Message) -> Fed,
    ) -> (Paged, usize) {
        let since = *self.since.get_or_insert(sequence);
        let (mut sent, after) = (0, self.after.clone());
        let mut to_client = |mut message: Message| {
            message.push_front(self.client.clone());
            send(message)
        };
        for entry in store.page(&self.subtree, after.as_deref(), now).take(most) {
            match to_client(entry.encode(format)) {
                Fed::Sent => self.after = Some(entry.key),
                Fed::Full => return (Paged::Full, sent),
                Fed::Gone => return (Paged::Lost, sent),
            }
            sent += 1;
        }
        if sent == most {
            return (Paged::More, sent);
        }
        match to_client(end(since, &self.subtree)) {
            Fed::Sent => (Paged::Whole, sent + 1),
            Fed::Full => (Paged::Full, sent),
            Fed::Gone => (Paged::Lost, sent),
        }
    }
}
