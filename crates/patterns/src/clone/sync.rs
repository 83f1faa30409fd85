//! How a copy of the map follows a server: a snapshot, what was published meanwhile, then what is published. The rules of
//! clients, and of a server whose peer is active.
//!
//! ```text
//!              subscription acts       "KTHXBAI"              gap, or another session
//!  CONNECTING -------------------> SYNCING -------------> LIVE --------------------.
//!      |             "ICANHAZ?"       |                     |                      |
//!      '------------- silence --------+------- silence -----+----> next server <---'
//! ```
//!
//! The server sends a snapshot key by key while it goes on changing keys. So that the copy is right in the end, what is
//! published is kept from before the question on, and all of it that is younger than the *beginning* of the snapshot is
//! applied after it.

use super::{
    message::{HUGZ, KTHXBAI, KeyValue, Uuid, from_hex},
    store::Store,
};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use zeroxide::Message;

/// When a server is given up, and how much is held meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// A server that says nothing for so long is dead.
    pub(crate) silence: Duration,
    /// Changes that are kept while the snapshot comes.
    pub(crate) backlog: usize,
}

/// What has happened to the copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Happening {
    /// A key was set, or deleted if the value is empty.
    Changed(KeyValue),
    /// The copy is whole: it is that of this session.
    Synced { session: Option<Uuid> },
}

/// What is to be done for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// Ask for a snapshot.
    Ask,
    /// Connect anew: to the next server, or to the only one.
    NextServer,
}

#[derive(Debug)]
enum State {
    Connecting,
    Syncing { asked: u32, fresh: Store, backlog: VecDeque<KeyValue> },
    Live { moved: bool },
}

/// What was wrong with what a server said.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct SyncCounts {
    pub(crate) malformed: u64,
    pub(crate) gaps: u64,
    pub(crate) servers_lost: u64,
    pub(crate) snapshots: u64,
}

#[derive(Debug)]
pub(crate) struct Sync {
    subtree: Vec<u8>,
    patience: Patience,
    state: State,
    store: Store,
    sequence: u64,
    session: Option<Uuid>,
    expires: Instant,
    /// What was missed, or said by somebody else, makes it begin anew.
    broken: bool,
    counts: SyncCounts,
}

impl Sync {
    /// A copy that begins with what is known from before.
    pub(crate) fn new(subtree: &[u8], patience: Patience, store: Store, now: Instant) -> Self {
        Self {
            subtree: subtree.to_vec(),
            patience,
            state: State::Connecting,
            store,
            sequence: 0,
            session: None,
            expires: now + patience.silence,
            broken: false,
            counts: SyncCounts::default(),
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn into_store(self) -> (Store, u64) {
        (self.store, self.sequence)
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, State::Live { .. })
    }

    pub(crate) fn subtree(&self) -> &[u8] {
        &self.subtree
    }

    pub(crate) fn counts(&self) -> SyncCounts {
        self.counts
    }

    /// A connection to a server is being made. The copy stays as it was until it is replaced.
    pub(crate) fn connecting(&mut self, now: Instant) {
        self.state = State::Connecting;
        self.broken = false;
        self.expires = now + self.patience.silence;
    }

    /// What is published from now on will be heard: time to ask.
    pub(crate) fn subscribed(&mut self, now: Instant) {
        self.state = State::Syncing { asked: 1, fresh: Store::default(), backlog: VecDeque::new() };
        self.expires = now + self.patience.silence / 2;
    }

    pub(crate) fn next_tick(&self) -> Instant {
        self.expires
    }

    /// Whether the server has been silent for too long, or has been heard to be another one.
    pub(crate) fn tick(&mut self, now: Instant) -> Need {
        if self.broken {
            self.connecting(now);
            return Need::NextServer;
        }
        if now < self.expires {
            return Need::Nothing;
        }
        if let State::Syncing { asked: asked @ 1, .. } = &mut self.state {
            *asked = 2;
            self.expires = now + self.patience.silence / 2;
            return Need::Ask;
        }
        self.counts.servers_lost += 1;
        self.connecting(now);
        Need::NextServer
    }

    /// A message of the snapshot.
    pub(crate) fn snapshot(&mut self, message: &Message, now: Instant, out: &mut Vec<Happening>) {
        let State::Syncing { fresh, .. } = &mut self.state else { return };
        let Ok(entry) = KeyValue::parse(message) else {
            self.counts.malformed += 1;
            return;
        };
        self.expires = now + self.patience.silence;
        if entry.key[..] == *KTHXBAI {
            return self.complete(&entry, now, out);
        }
        if entry.key.starts_with(&self.subtree) {
            fresh.apply(&entry, now);
        }
    }

    /// What was collected becomes the copy, with what was published since on top of it.
    fn complete(&mut self, end: &KeyValue, now: Instant, out: &mut Vec<Happening>) {
        let State::Syncing { fresh, backlog, .. } =
            std::mem::replace(&mut self.state, State::Live { moved: false })
        else {
            return;
        };
        let old = std::mem::replace(&mut self.store, fresh);
        for (key, _) in old.iter().filter(|(key, _)| self.store.get(key).is_none()) {
            out.push(Happening::Changed(KeyValue::new(key, "")));
        }
        let differs = |key: &[u8], value: &[u8], uuid| {
            old.get(key).is_none_or(|known| known.value[..] != *value || known.uuid != uuid)
        };
        let changed = self.store.iter().filter(|(key, entry)| differs(key, &entry.value, entry.uuid));
        out.extend(changed.filter_map(|(key, _)| self.store.show(key, now)).map(Happening::Changed));
        (self.sequence, self.session) = (end.sequence, end.uuid);
        self.counts.snapshots += 1;
        for change in backlog {
            self.live(change, now, out);
        }
        out.push(Happening::Synced { session: self.session });
    }

    /// A message that was published.
    pub(crate) fn update(&mut self, message: &Message, now: Instant, out: &mut Vec<Happening>) {
        let Ok(change) = KeyValue::parse(message) else {
            self.counts.malformed += 1;
            return;
        };
        match &mut self.state {
            State::Connecting => {}
            // A server that is alive and does not answer has rejected the question: only snapshots count.
            State::Syncing { backlog, .. } => {
                if change.key[..] != *HUGZ {
                    backlog.push_back(change);
                }
                if backlog.len() > self.patience.backlog {
                    self.counts.gaps += 1;
                    self.broken = true;
                }
            }
            State::Live { .. } => {
                self.expires = now + self.patience.silence;
                self.live(change, now, out);
            }
        }
    }

    fn live(&mut self, change: KeyValue, now: Instant, out: &mut Vec<Happening>) {
        let State::Live { moved } = &mut self.state else { return };
        if change.key[..] == *HUGZ {
            return self.hugged(&change);
        }
        if change.sequence <= self.sequence {
            // What the snapshot had already; or a server that begins to count anew.
            self.broken |= *moved;
            return;
        }
        // With a subtree there are gaps in the numbers of what concerns it.
        if self.subtree.is_empty() && change.sequence != self.sequence + 1 {
            self.counts.gaps += 1;
            self.broken = true;
            return;
        }
        if !change.key.starts_with(&self.subtree) {
            return;
        }
        *moved = true;
        self.sequence = change.sequence;
        self.store.apply(&change, now);
        out.push(Happening::Changed(change));
    }

    fn hugged(&mut self, hug: &KeyValue) {
        let session = hug.properties.get("sess").and_then(from_hex);
        if session.is_some() && self.session.is_some() && session != self.session {
            self.broken = true;
        }
        let last = hug.properties.get("last").and_then(|last| last.parse::<u64>().ok());
        if self.subtree.is_empty() && last.is_some_and(|last| last > self.sequence) {
            self.counts.gaps += 1;
            self.broken = true;
        }
    }
}

#[cfg(test)]
#[path = "sync_tests.rs"]
mod tests;
