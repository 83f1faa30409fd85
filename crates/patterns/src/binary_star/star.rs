//! Which of two servers is active: the rules, without sockets or clocks.
//!
//! ```text
//!              peer is a waiting backup;             peer is active
//!              a client asks, nobody is heard   +---------------------> PASSIVE
//!  PRIMARY  ------------------------------------|--> ACTIVE             |    ^
//!  (waits)                                      |     ^  |              |    | peer is active since later,
//!                                               |     |  '--------------|----' or we are told to yield
//!  BACKUP   ------------------------------------'     |                 |
//!  (waits)                                            '-----------------'
//!                          peer begins anew, or yields; a client asks and the peer has been silent for the timeout
//! ```
//!
//! Source: the Guide, chapter 4, "High-Availability Pair". What differs is said at [`BinaryStar`].

use super::report::{NodeId, Phase, Report, Role};
use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};

/// When a peer is told of, and when it is taken for dead.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::binary_star::StarOptions;
/// let options = StarOptions { heartbeat: Duration::from_millis(200), ..StarOptions::default() };
/// assert_eq!(options.peer_timeout, Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StarOptions {
    /// How often the peer is told of this server. 1 s.
    pub heartbeat: Duration,
    /// A peer that is silent for so long is dead, if a client says so too. 2 s; longer than an automatic restart takes.
    pub peer_timeout: Duration,
}

impl Default for StarOptions {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(1), peer_timeout: Duration::from_secs(2) }
    }
}

/// What a server has become.
///
/// ```
/// use std::time::Instant;
/// use zeroxide_patterns::binary_star::{BinaryStar, Change, Phase, Report, Role, StarOptions};
/// let mut star = BinaryStar::new(Role::Primary, [1; 16], StarOptions::default(), Instant::now());
/// let backup = Report::new(Role::Backup, Phase::Backup, [2; 16], 0);
/// assert_eq!(star.hear(&backup, Instant::now())?, Some(Change::Active));
/// # Ok::<(), zeroxide_patterns::binary_star::StarFault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It serves from now on.
    Active,
    /// It serves no longer; the other one does.
    Passive,
}

/// A pair that cannot work: it must not be run, since both might serve.
///
/// ```
/// use std::time::Instant;
/// use zeroxide_patterns::binary_star::{BinaryStar, Phase, Report, Role, StarFault, StarOptions};
/// let mut star = BinaryStar::new(Role::Primary, [1; 16], StarOptions::default(), Instant::now());
/// let twin = Report::new(Role::Primary, Phase::Primary, [2; 16], 0);
/// assert_eq!(star.hear(&twin, Instant::now()), Err(StarFault::SameRole(Role::Primary)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StarFault {
    /// Both servers were started as this.
    SameRole(Role),
    /// The server hears its own reports: it was connected to itself.
    Itself,
}

impl fmt::Display for StarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameRole(role) => write!(f, "both servers of the pair were started as {role}"),
            Self::Itself => f.write_str("the server was given its own endpoint as that of its peer"),
        }
    }
}

impl Error for StarFault {}

/// Which of two servers is active: at most one, as long as the network does not lie to both.
///
/// A passive server becomes active if **both** hold: a client asks it, and its peer has been silent for
/// [`StarOptions::peer_timeout`]. A cut between the servers alone changes nothing, since clients stay where they are
/// served. Only a cut that puts a server and a part of the clients on each side makes both active; then the later one
/// wins as soon as they hear each other.
///
/// | state \ event | peer PRIMARY | peer BACKUP | peer ACTIVE | peer PASSIVE | client asks |
/// |---|---|---|---|---|---|
/// | PRIMARY | fault | ACTIVE | PASSIVE | waits | ACTIVE if nobody was heard for the timeout, else rejects |
/// | BACKUP | waits | fault | PASSIVE | waits | rejects |
/// | ACTIVE | serves on | serves on | the higher epoch serves on, then the primary | serves on | accepts |
/// | PASSIVE | ACTIVE | ACTIVE | waits | ACTIVE if the peer yielded, or neither did and this is the primary | ACTIVE if the peer is silent, else rejects |
///
/// What the Guide's has not:
/// - two active servers do not both stop: each promotion has an epoch, the higher one stays;
/// - two primaries, or two backups, are a [`StarFault`];
/// - a server that was itself away (stopped, or starved) for the timeout neither takes its own deafness for the peer's
///   death nor serves on as if nothing had happened: it listens for one timeout first;
/// - [`BinaryStar::yield_to_peer`] hands over without killing anybody.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_patterns::binary_star::{BinaryStar, Change, Phase, Report, Role, StarOptions};
///
/// let start = Instant::now();
/// let mut backup = BinaryStar::new(Role::Backup, [2; 16], StarOptions::default(), start);
/// backup.hear(&Report::new(Role::Primary, Phase::Active, [1; 16], 1), start)?;
/// assert_eq!(backup.phase(), Phase::Passive);
///
/// let early = start + Duration::from_secs(1);
/// backup.tick(early);
/// assert_eq!(backup.client_asks(early, || true), (false, None), "the primary has just been heard");
/// let late = start + Duration::from_secs(2);
/// backup.tick(late);
/// assert_eq!(backup.client_asks(late, || true), (true, Some(Change::Active)));
/// # Ok::<(), zeroxide_patterns::binary_star::StarFault>(())
/// ```
#[derive(Clone, Debug)]
pub struct BinaryStar {
    role: Role,
    phase: Phase,
    node: NodeId,
    options: StarOptions,
    /// That of the last promotion, ours or the peer's.
    epoch: u64,
    /// It has handed over by order.
    yielded: bool,
    /// From then on the peer counts as dead.
    peer_expires: Instant,
    /// It was away; until then it cannot know whether the peer took over.
    doubt_until: Option<Instant>,
    next_report: Instant,
    last_tick: Instant,
}

impl BinaryStar {
    /// A server that has heard nothing of its peer yet. `node` tells it from others, and from itself.
    pub fn new(role: Role, node: NodeId, options: StarOptions, now: Instant) -> Self {
        let phase = match role {
            Role::Primary => Phase::Primary,
            Role::Backup => Phase::Backup,
        };
        Self {
            role,
            phase,
            node,
            options,
            epoch: 0,
            yielded: false,
            peer_expires: now + options.peer_timeout,
            doubt_until: None,
            next_report: now,
            last_tick: now,
        }
    }

    /// What it is now.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What it was started as.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The number of the last promotion that it knows of.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the peer has been silent for its timeout.
    pub fn peer_is_silent(&self, now: Instant) -> bool {
        now >= self.peer_expires
    }

    /// When [`BinaryStar::tick`] has something to do.
    pub fn next_tick(&self) -> Instant {
        self.next_report
    }

    /// Time has passed: true if the peer is to be told of this server ([`BinaryStar::report`]). To be called whenever the
    /// caller looks at its sockets, and at [`BinaryStar::next_tick`] at the latest: what it does not hear meanwhile is not
    /// held against the peer.
    pub fn tick(&mut self, now: Instant) -> bool {
        let away = now.saturating_duration_since(self.last_tick);
        self.last_tick = now;
        if away >= self.options.peer_timeout.max(self.options.heartbeat * 2) {
            self.peer_expires = self.peer_expires.max(now + self.options.peer_timeout);
            self.doubt_until = Some(now + self.options.peer_timeout);
        }
        self.doubt_until = self.doubt_until.filter(|until| now < *until);
        let due = now >= self.next_report;
        if due {
            self.next_report = now + self.options.heartbeat;
        }
        due
    }

    /// What the peer is to be told.
    pub fn report(&self) -> Report {
        let yielded = self.yielded;
        Report { yielded, ..Report::new(self.role, self.phase, self.node, self.epoch) }
    }

    /// The peer has told of itself.
    ///
    /// # Errors
    /// The two cannot be a pair. This server must not go on.
    pub fn hear(&mut self, peer: &Report, now: Instant) -> Result<Option<Change>, StarFault> {
        if peer.node == Some(self.node) {
            return Err(StarFault::Itself);
        }
        if peer.role == Some(self.role) {
            return Err(StarFault::SameRole(self.role));
        }
        self.peer_expires = now + self.options.peer_timeout;
        self.doubt_until = None;
        // Who does not count is taken for as old as this one.
        let epoch = peer.epoch.unwrap_or(self.epoch);
        let (newer, same) = (epoch > self.epoch, epoch == self.epoch);
        self.epoch = self.epoch.max(epoch);
        Ok(match (self.phase, peer.phase) {
            (Phase::Primary, Phase::Backup) | (Phase::Passive, Phase::Primary | Phase::Backup) => {
                self.activate()
            }
            (Phase::Primary | Phase::Backup, Phase::Active) => self.step_back(),
            (Phase::Active, Phase::Active) if newer || same && self.role == Role::Backup => self.step_back(),
            (Phase::Passive, Phase::Active) => {
                self.yielded = false;
                None
            }
            (Phase::Passive, Phase::Passive) if self.takes_over_from_passive(peer) => self.activate(),
            _ => None,
        })
    }

    /// A client asks this server: whether it may be served, and what that makes of the server. `permission` is asked
    /// before a promotion that rests on the peer's silence; it is the place for a third vote, or for cutting the peer off.
    pub fn client_asks(&mut self, now: Instant, permission: impl FnOnce() -> bool) -> (bool, Option<Change>) {
        match self.phase {
            Phase::Active => (self.doubt_until.is_none_or(|until| now >= until), None),
            Phase::Backup => (false, None),
            Phase::Primary | Phase::Passive => match self.peer_is_silent(now) && permission() {
                true => (true, self.activate()),
                false => (false, None),
            },
        }
    }

    /// Hands over to a peer that is alive: it becomes active when it hears of it. Does nothing unless this server is active
    /// and hears its peer.
    pub fn yield_to_peer(&mut self, now: Instant) -> Option<Change> {
        if self.phase != Phase::Active || self.peer_is_silent(now) {
            return None;
        }
        self.yielded = true;
        self.next_report = now;
        self.phase = Phase::Passive;
        Some(Change::Passive)
    }

    fn takes_over_from_passive(&self, peer: &Report) -> bool {
        match (self.yielded, peer.yielded) {
            (true, false) => false,
            (false, true) => true,
            (true, true) | (false, false) => self.role == Role::Primary,
        }
    }

    fn activate(&mut self) -> Option<Change> {
        self.epoch += 1;
        self.yielded = false;
        self.turn(Phase::Active, Change::Active)
    }

    fn step_back(&mut self) -> Option<Change> {
        self.yielded = false;
        self.turn(Phase::Passive, Change::Passive)
    }

    /// The peer is told at once, not at the next beat.
    fn turn(&mut self, phase: Phase, change: Change) -> Option<Change> {
        self.phase = phase;
        self.next_report = self.last_tick;
        Some(change)
    }
}

#[cfg(test)]
#[path = "star_tests.rs"]
mod tests;
