//! The rules of a pair on its two sockets: a PUB that tells the peer, a SUB that hears it.

use super::{BinaryStar, Change, NodeId, Phase, Report, Role, StarOptions};
use crate::PatternError;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime},
};
use zeroxide::{Context, Interest, Poller, Pub, RecvError, RecvErrorCause, Sub};

/// Reports that are heard in one turn; a peer sends one a second.
const BURST: usize = 1_000;

/// [`BinaryStar`] on sockets, for servers with a loop of their own; [`StarServer`](super::StarServer) has one.
///
/// The loop waits with a [`Poller`], in a thread ([`wait`](Poller::wait)) or in a task ([`wait_async`](Poller::wait_async), as
/// long as [`StarLink::wait`] says). In each turn it calls [`StarLink::turn`] **before** it reads a request, and [`StarLink::client_asks`] for each
/// request: so that a server that was stopped for a while hears of its successor before it answers anybody.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Poller};
/// use zeroxide_patterns::binary_star::{Change, Role, StarLink, StarOptions};
///
/// let context = Context::new();
/// let mut primary = StarLink::new(&context, Role::Primary, StarOptions::default())?;
/// let mut backup = StarLink::new(&context, Role::Backup, StarOptions::default())?;
/// primary.connect(&backup.bind("inproc://backup")?)?;
/// backup.connect(&primary.bind("inproc://primary")?)?;
///
/// let mut poller = Poller::new();
/// primary.watch(&mut poller, 0);
/// backup.watch(&mut poller, 1);
/// loop {
///     let wait = primary.wait().min(backup.wait());
///     poller.wait(Some(wait))?;
///     backup.turn()?;
///     if primary.turn()? == Some(Change::Active) {
///         break; // it has heard the backup
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StarLink {
    star: BinaryStar,
    publisher: Pub,
    subscriber: Sub,
    malformed: u64,
}

impl StarLink {
    /// A server of a pair that is neither bound nor connected yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, role: Role, options: StarOptions) -> Result<Self, PatternError> {
        let (publisher, subscriber) = (Pub::new(context)?, Sub::new(context)?);
        publisher.set_linger(Some(Duration::ZERO));
        subscriber.subscribe("")?;
        Ok(Self {
            star: BinaryStar::new(role, new_node(), options, Instant::now()),
            publisher,
            subscriber,
            malformed: 0,
        })
    }

    /// Binds where the peer hears of this server, and says where that is.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.publisher.bind(endpoint)?)
    }

    /// Connects to where the peer tells of itself. Several links to one peer are better than one.
    ///
    /// # Errors
    /// As [`Handle::connect`](zeroxide::Handle::connect).
    pub fn connect(&self, endpoint: &str) -> Result<(), PatternError> {
        Ok(self.subscriber.connect(endpoint)?)
    }

    /// The sockets of the peering: to make them secure, which they should be. Whoever can publish here decides who serves.
    pub fn sockets(&self) -> (&Pub, &Sub) {
        (&self.publisher, &self.subscriber)
    }

    /// The rules, to look at.
    pub fn star(&self) -> &BinaryStar {
        &self.star
    }

    /// Messages of the peer that were no reports.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Has a poller look at what has to be looked at.
    pub fn watch(&self, poller: &mut Poller<'_>, token: usize) {
        poller.add(&self.subscriber, token, Interest::READABLE);
    }

    /// How long the loop may wait.
    pub fn wait(&self) -> Duration {
        self.wakes_at().saturating_duration_since(Instant::now())
    }

    /// Until when.
    pub(crate) fn wakes_at(&self) -> Instant {
        self.star.next_tick()
    }

    /// Hears the peer, and tells it what there is to tell. What this server is at the end is returned if it has changed.
    ///
    /// # Errors
    /// [`PatternError::Star`] if the two cannot be a pair, [`PatternError::Receive`] if the context has ended.
    pub fn turn(&mut self) -> Result<Option<Change>, PatternError> {
        let before = self.star.phase();
        // What it missed while it was away is forgiven before it judges.
        let mut due = self.star.tick(Instant::now());
        for _ in 0..BURST {
            match self.subscriber.try_recv() {
                Ok(message) => match Report::parse(&message) {
                    Some(report) => drop(self.star.hear(&report, Instant::now())?),
                    None => self.malformed += 1,
                },
                Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
        due |= self.star.tick(Instant::now());
        if due {
            self.tell();
        }
        Ok(change(before, self.star.phase()))
    }

    /// A client asks; see [`BinaryStar::client_asks`].
    pub fn client_asks(&mut self, permission: impl FnOnce() -> bool) -> (bool, Option<Change>) {
        let (accepted, change) = self.star.client_asks(Instant::now(), permission);
        if change.is_some() {
            self.tell();
        }
        (accepted, change)
    }

    /// Hands over; see [`BinaryStar::yield_to_peer`].
    pub fn yield_to_peer(&mut self) -> Option<Change> {
        let change = self.star.yield_to_peer(Instant::now());
        if change.is_some() {
            self.tell();
        }
        change
    }

    fn tell(&self) {
        // To nobody, or to a peer that does not read: it will notice.
        let _ = self.publisher.try_send(self.star.report().encode());
    }
}

/// The outcome of several reports at once.
fn change(before: Phase, after: Phase) -> Option<Change> {
    match after {
        Phase::Active if before != Phase::Active => Some(Change::Active),
        Phase::Passive if before != Phase::Passive => Some(Change::Passive),
        _ => None,
    }
}

/// Sixteen octets that nobody else has.
pub(crate) fn new_node() -> NodeId {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut node = [0; 16];
    if getrandom::fill(&mut node).is_err() {
        // Without chance: the time, which two machines do not start at, and a number within the process.
        #[expect(clippy::disallowed_methods, reason = "only a number that others do not have")]
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let number = u128::from(NUMBER.fetch_add(1, Relaxed));
        node = (since.as_nanos() << 32 ^ u128::from(std::process::id()) << 96 ^ number).to_be_bytes();
    }
    node
}
