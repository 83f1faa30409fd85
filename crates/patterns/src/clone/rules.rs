//! The server's rules: numbers changes, passes them on, and shows the map to who asks. Active, or a copy of an active one.
//!
//! ```text
//!             KVSET                       activate
//!  passive ----------> pending  ------------------------------> numbered, published, in the map
//!     ^                   '-- published by the active: gone           |
//!     '------------------------- deactivate --------------------------'
//! ```

use super::{
    message::{Format, KeyValue, LONGEST_KEY, Uuid, asked, farewell, hex, hug},
    recent::Recent,
    store::Store,
    sync::{Happening, Need, Patience, Sync},
    transfer::{Fed, Transfers},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// What a [`ServerRules`] waits for, and how much it holds.
///
/// ```
/// use zeroxide_patterns::clone::ServerOptions;
/// let options = ServerOptions { keys: 1_000_000, ..ServerOptions::default() };
/// assert_eq!(options.hug.as_secs(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How often subscribers are told that the server lives. 1 s.
    pub hug: Duration,
    /// How often keys whose time is over are looked for. 1 s.
    pub sweep: Duration,
    /// How long a passive server waits for a sign of its active peer before it connects anew. 5 s.
    pub silence: Duration,
    /// Frames a message. Clients of the other format understand neither.
    pub format: Format,
    /// How many keys there may be; a change that would add one more is refused. 10,000,000.
    pub keys: usize,
    /// How many octets a value may have; longer ones are refused. 1 MiB.
    pub value: usize,
    /// How many octets all keys and values may have together. 4 GiB.
    pub octets: usize,
    /// How many clients may wait for a snapshot; further ones are refused, and ask again. 100,000.
    pub snapshots: usize,
    /// How long a client may take nothing of its snapshot before it is given up. 30 s.
    pub snapshot_patience: Duration,
    /// How many names of changes are remembered, so that one that comes twice is applied once. 100,000.
    pub remembered: usize,
    /// How many changes a passive server keeps until its peer has published them; the oldest is dropped. 100,000.
    pub pending: usize,
    /// How long a passive server keeps them. 30 s.
    pub pending_lifetime: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            hug: Duration::from_secs(1),
            sweep: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            format: Format::Full,
            keys: 10_000_000,
            value: 1 << 20,
            octets: 4 << 30,
            snapshots: 100_000,
            snapshot_patience: Duration::from_secs(30),
            remembered: 100_000,
            pending: 100_000,
            pending_lifetime: Duration::from_secs(30),
        }
    }
}

/// What a [`ServerRules`] has done, and what it holds.
///
/// ```
/// let statistics = zeroxide_patterns::clone::ServerStatistics::default();
/// assert_eq!(statistics.lines().next(), Some(("changes", 0)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ServerStatistics {
    /// Changes that were numbered and published.
    pub changes: u64,
    /// Changes that came again.
    pub repeated: u64,
    /// Changes that were refused: too large, too many keys, or a key that is the protocol's.
    pub refused: u64,
    /// Keys that were deleted when their time was over.
    pub expired: u64,
    /// Snapshots that were sent whole.
    pub snapshots: u64,
    /// Snapshots that were given up: their client left, took nothing for too long, or too many waited.
    pub snapshots_lost: u64,
    /// Changes that a passive server kept and dropped unpublished: too many, or too old.
    pub pending_lost: u64,
    /// Messages that are none of the protocol.
    pub malformed: u64,
    /// Keys now.
    pub keys: usize,
    /// Octets of keys and values now.
    pub octets: usize,
    /// Snapshots that are being sent, or wait for it.
    pub sending: usize,
    /// Changes that a passive server keeps until its peer has published them.
    pub pending: usize,
    /// The number of the last change.
    pub sequence: u64,
}

impl ServerStatistics {
    crate::figures::figures!(
        changes,
        repeated,
        refused,
        expired,
        snapshots,
        snapshots_lost,
        pending_lost,
        malformed,
        keys,
        octets,
        sending,
        pending,
        sequence
    );
}

/// The rules of a Clone server. No sockets, no clock: it is given messages and times, and says what is to be published.
///
/// - Changes get numbers without gaps in the order in which they come, and are published with them.
/// - A change that comes twice (its name says so) is applied once.
/// - A snapshot is sent in pieces between which the map goes on changing. It ends with the number that the map had at the
///   beginning: what is published with a higher one comes on top of it. So no snapshot ever stops a change.
/// - Keys whose time is over are deleted by the active server, as any other change.
///
/// [`CloneServer`](super::CloneServer) runs it on sockets.
///
/// ```
/// use std::time::Instant;
/// use zeroxide::Message;
/// use zeroxide_patterns::clone::{Fed, Format, KeyValue, ServerOptions, ServerRules};
///
/// let now = Instant::now();
/// let (mut rules, mut published) = (ServerRules::new([7; 16], ServerOptions::default(), now), vec![]);
/// rules.activate(now, &mut published);
/// rules.change(&KeyValue::new("sky", "blue").encode(Format::Full), now, &mut published);
/// assert_eq!(KeyValue::parse(&published[0])?.sequence, 1);
///
/// rules.ask(Message::from(["client", "ICANHAZ?", ""]), now);
/// let mut sent = vec![];
/// rules.feed(100, now, |message| { sent.push(message); Fed::Sent });
/// assert_eq!((&sent[0][1], &sent[1][1]), (&"sky".into(), &"KTHXBAI".into()));
/// # Ok::<(), zeroxide_patterns::clone::Malformed>(())
/// ```
#[derive(Debug)]
pub struct ServerRules {
    options: ServerOptions,
    session: Uuid,
    state: State,
    sequence: u64,
    recent: Recent,
    transfers: Transfers,
    next_hug: Option<Instant>,
    next_sweep: Option<Instant>,
    happenings: Vec<Happening>,
    counts: ServerStatistics,
}

#[derive(Debug)]
enum State {
    Active(Store),
    Passive { sync: Box<Sync>, pending: Pending },
}

/// Changes that the active server has not published yet, in the order in which they came.
#[derive(Debug, Default)]
struct Pending {
    changes: BTreeMap<u64, (Instant, KeyValue)>,
    named: HashMap<Uuid, u64>,
    next: u64,
}

impl ServerRules {
    /// A server with an empty map, passive until [`ServerRules::activate`]. `session` tells its history from all others.
    pub fn new(session: Uuid, options: ServerOptions, now: Instant) -> Self {
        let (remembered, lifetime) = (options.remembered, options.pending_lifetime * 2);
        let transfers = Transfers::new(options.snapshots, options.snapshot_patience);
        let patience = Patience { silence: options.silence, backlog: options.pending };
        let sync = Sync::new(b"", patience, Store::default(), now);
        Self {
            options,
            session,
            state: State::Passive { sync: Box::new(sync), pending: Pending::default() },
            sequence: 0,
            recent: Recent::new(remembered, lifetime),
            transfers,
            next_hug: None,
            next_sweep: None,
            happenings: Vec::new(),
            counts: ServerStatistics::default(),
        }
    }

    /// Whether it numbers changes and answers clients.
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Active(_))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&Frame> {
        self.store().get(key).map(|entry| &entry.value)
    }

    /// It is the server now: what it kept and nobody has published yet is published, in order, and appended to `out`.
    pub fn activate(&mut self, now: Instant, out: &mut Vec<Message>) {
        let passive = std::mem::replace(&mut self.state, State::Active(Store::default()));
        let State::Passive { sync, pending } = passive else {
            self.state = passive;
            return;
        };
        let (store, sequence) = sync.into_store();
        self.state = State::Active(store);
        self.sequence = self.sequence.max(sequence);
        (self.next_hug, self.next_sweep) = (Some(now), Some(now + self.options.sweep));
        for (_, (_, change)) in pending.changes {
            self.set(change, now, out);
        }
    }

    /// It is a copy from now on, of a server that it has to hear of: its map is kept until that of the other has come.
    /// `session` is the one it will have when it is active again.
    pub fn deactivate(&mut self, session: Uuid, now: Instant) {
        if let State::Active(store) = &mut self.state {
            let patience = Patience { silence: self.options.silence, backlog: self.options.pending };
            let sync = Sync::new(b"", patience, std::mem::take(store), now);
            self.state = State::Passive { sync: Box::new(sync), pending: Pending::default() };
            self.session = session;
            self.counts.snapshots_lost += self.transfers.clear();
            (self.next_hug, self.next_sweep) = (None, None);
        }
    }

    /// A change, as a client sends it. What is to be published is appended to `out`.
    pub fn change(&mut self, message: &Message, now: Instant, out: &mut Vec<Message>) {
        let Ok(change) = KeyValue::parse(message) else {
            self.counts.malformed += 1;
            return;
        };
        if change.is_reserved() || change.value.len() > self.options.value {
            self.counts.refused += 1;
            return;
        }
        let most = self.options.pending;
        match &mut self.state {
            State::Active(_) => self.set(change, now, out),
            State::Passive { pending, .. } => {
                let known = change.uuid.is_some_and(|uuid| self.recent.contains(&uuid));
                if known || !pending.keep(change, now) {
                    self.counts.repeated += 1;
                } else if pending.changes.len() > most {
                    pending.drop_first();
                    self.counts.pending_lost += 1;
                }
            }
        }
    }

    /// A change made by the server's own hand.
    pub fn set(&mut self, change: KeyValue, now: Instant, out: &mut Vec<Message>) {
        let (known, format) =
            (change.uuid.is_some_and(|uuid| self.recent.contains(&uuid)), self.options.format);
        let State::Active(store) = &mut self.state else {
            self.counts.refused += 1;
            return;
        };
        let published = if known {
            // Who repeats it has not heard of it: what the key is now says that it has been done.
            self.counts.repeated += 1;
            let current =
                store.show(&change.key, now).unwrap_or_else(|| KeyValue::new(change.key.clone(), ""));
            let also = change.uuid.and_then(|uuid| current.properties.with("also", &hex(uuid)));
            KeyValue { properties: also.unwrap_or_default(), ..current }
        } else {
            let old = store.get(&change.key);
            let grows = old.is_none() && !change.value.is_empty();
            let octets = store.octets() + change.key.len() + change.value.len();
            if change.key.len() > LONGEST_KEY
                || grows && store.len() >= self.options.keys
                || octets > self.options.octets && old.is_none_or(|old| old.value.len() < change.value.len())
            {
                self.counts.refused += 1;
                return;
            }
            self.counts.changes += 1;
            change
        };
        self.sequence += 1;
        let published = KeyValue { sequence: self.sequence, ..published };
        if let Some(uuid) = published.uuid {
            self.recent.insert(uuid, now);
        }
        store.apply(&published, now);
        out.push(published.encode(format));
    }

    /// A client asks for a snapshot, as a ROUTER receives it. Nothing is said of it unless this server is active.
    pub fn ask(&mut self, mut message: Message, now: Instant) {
        let client = message.pop_front();
        let (Some(client), Some(subtree)) = (client, asked(message.frames())) else {
            self.counts.malformed += 1;
            return;
        };
        if self.is_active() && !self.transfers.add(client, &subtree, now) {
            self.counts.snapshots_lost += 1;
        }
    }

    /// Sends up to `budget` messages of snapshots; true if there are more that could be sent at once.
    pub fn feed(&mut self, budget: usize, now: Instant, send: impl FnMut(Message) -> Fed) -> bool {
        let State::Active(store) = &self.state else { return false };
        let (sequence, session, format) = (self.sequence, self.session, self.options.format);
        let end = |since, subtree: &[u8]| farewell(since, session, subtree).encode(format);
        let fed = self.transfers.feed(store, sequence, budget, now, format, end, send);
        self.counts.snapshots += fed.whole;
        self.counts.snapshots_lost += fed.lost;
        fed.more
    }

    /// Whether there are snapshots to send.
    pub fn is_feeding(&self) -> bool {
        self.transfers.len() > 0
    }

    /// When [`ServerRules::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        match &self.state {
            State::Active(_) => self.next_hug.into_iter().chain(self.next_sweep).min(),
            State::Passive { .. } => self.next_sweep,
        }
    }

    /// Time has passed: signs of life, and keys whose time is over.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Message>) {
        match &mut self.state {
            State::Active(_) => {
                if self.next_sweep.is_none_or(|due| now >= due) {
                    self.next_sweep = Some(now + self.options.sweep);
                    self.sweep(now, out);
                }
                if self.next_hug.is_none_or(|due| now >= due) {
                    self.next_hug = Some(now + self.options.hug);
                    let hug = hug(self.session, self.sequence);
                    out.push(hug.encode(self.options.format));
                }
            }
            State::Passive { pending, .. } => {
                self.next_sweep = Some(now + self.options.sweep);
                while pending
                    .changes
                    .first_key_value()
                    .is_some_and(|(_, (since, _))| now >= *since + self.options.pending_lifetime)
                {
                    pending.drop_first();
                    self.counts.pending_lost += 1;
                }
            }
        }
        self.recent.forget(now);
    }

    fn sweep(&mut self, now: Instant, out: &mut Vec<Message>) {
        while let State::Active(store) = &self.state
            && let Some(key) = store.expired(now)
        {
            let deletion = KeyValue::new(key, "");
            self.counts.expired += 1;
            self.set(deletion, now, out);
        }
    }

    /// What it has done, and what it holds now.
    pub fn statistics(&self) -> ServerStatistics {
        let (pending, sequence, malformed) = match &self.state {
            State::Active(_) => (0, self.sequence, 0),
            State::Passive { sync, pending } => {
                (pending.changes.len(), sync.sequence(), sync.counts().malformed)
            }
        };
        ServerStatistics {
            keys: self.store().len(),
            octets: self.store().octets(),
            sending: self.transfers.len(),
            pending,
            sequence,
            malformed: self.counts.malformed + malformed,
            ..self.counts
        }
    }

    pub(crate) fn store(&self) -> &Store {
        match &self.state {
            State::Active(store) => store,
            State::Passive { sync, .. } => sync.store(),
        }
    }

    /// What a passive server is to do about its peer.
    pub(crate) fn peer_tick(&mut self, now: Instant) -> Need {
        match &mut self.state {
            State::Active(_) => Need::Nothing,
            State::Passive { sync, .. } => sync.tick(now),
        }
    }

    pub(crate) fn peer_connecting(&mut self, now: Instant) {
        if let State::Passive { sync, .. } = &mut self.state {
            sync.connecting(now);
        }
    }

    pub(crate) fn peer_subscribed(&mut self, now: Instant) {
        if let State::Passive { sync, .. } = &mut self.state {
            sync.subscribed(now);
        }
    }

    /// A message of the active peer's snapshot.
    pub(crate) fn peer_snapshot(&mut self, message: &Message, now: Instant) {
        if let State::Passive { sync, .. } = &mut self.state {
            sync.snapshot(message, now, &mut self.happenings);
            self.heard(now);
        }
    }

    /// What the active peer has published.
    pub(crate) fn peer_update(&mut self, message: &Message, now: Instant) {
        if let State::Passive { sync, .. } = &mut self.state {
            sync.update(message, now, &mut self.happenings);
            self.heard(now);
        }
    }

    /// What the active has done need not be done here.
    fn heard(&mut self, now: Instant) {
        let State::Passive { pending, .. } = &mut self.state else { return };
        for happening in self.happenings.drain(..) {
            if let Happening::Changed(KeyValue { uuid: Some(uuid), .. }) = happening {
                self.recent.insert(uuid, now);
                pending.done(&uuid);
            }
        }
    }
}

impl Pending {
    /// False if it is there already.
    fn keep(&mut self, change: KeyValue, now: Instant) -> bool {
        if let Some(uuid) = change.uuid {
            if self.named.contains_key(&uuid) {
                return false;
            }
            self.named.insert(uuid, self.next);
        }
        self.changes.insert(self.next, (now, change));
        self.next += 1;
        true
    }

    fn done(&mut self, uuid: &Uuid) {
        if let Some(number) = self.named.remove(uuid) {
            self.changes.remove(&number);
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, (_, KeyValue { uuid: Some(uuid), .. }))) = self.changes.pop_first() {
            self.named.remove(&uuid);
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
