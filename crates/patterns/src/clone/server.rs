//! The server's rules on sockets, alone or as one of a pair.

use super::{
    message::Uuid,
    rules::{ServerOptions, ServerRules, ServerStatistics},
    source::{Endpoints, Source, is_end, something},
    sync::Need,
    transfer::Fed,
};
use crate::{
    Control, PatternError,
    binary_star::{Change, Phase, StarLink},
    lookout::Lookout,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use zeroxide::{
    Context, Handle, Message, Poller, Pub, Pull, Router, SendError, SendErrorCause, Socket, Sub, block_on,
};

/// Messages of each kind that are taken in one turn, so that none starves the others.
const BURST: usize = 1_000;
/// Messages of snapshots that are sent in one turn.
const FED: usize = 2_000;
/// How long to wait for clients that do not take their snapshots.
const STUCK: Duration = Duration::from_millis(5);
/// How soon to look again whether a subscription acts.
const CONNECTING: Duration = Duration::from_millis(5);

/// How clients send their changes.
///
/// ```
/// use zeroxide_patterns::clone::Changes;
/// assert_eq!(Changes::default(), Changes::Published);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Changes {
    /// By PUB, to one server or two: the Guide's model 6. What [`CloneClient`](super::CloneClient) does.
    #[default]
    Published,
    /// By PUSH, to one server: the Guide's models 3 to 5.
    Pushed,
}

/// A shared map: clients ask for a snapshot of it, hear of every change, and send changes.
///
/// Sockets: a ROUTER for snapshots, a PUB for updates, a SUB (or PULL) for changes. A subscriber that does not keep up
/// loses updates ([`CloneServer::handles`] to change its queue, 100,000 messages at first), notices the gap and asks for a
/// new snapshot.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct CloneServer {
    context: Context,
    snapshots: Router,
    updates: Pub,
    changes: Socket,
    pair: Option<(Box<StarLink>, Endpoints)>,
    source: Option<Source>,
    orders: Pull,
    control: CloneControl,
    rules: ServerRules,
}

/// Ends a [`CloneServer`] from another thread, changes its map, and tells what it has done. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::clone::{Changes, CloneServer, KeyValue, ServerOptions};
/// let server = CloneServer::new(&Context::new(), Changes::default(), ServerOptions::default())?;
/// let control = server.control();
/// control.set(KeyValue::new("sky", "blue"));
/// let running = std::thread::spawn(move || server.run());
/// control.stop();
/// running.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CloneControl {
    control: Control,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<(Phase, ServerStatistics)>,
    own: Mutex<Vec<super::KeyValue>>,
    stops: AtomicBool,
    yields: AtomicBool,
}

impl CloneServer {
    /// A server that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, changes: Changes, options: ServerOptions) -> Result<Self, PatternError> {
        let (control, orders) = Control::new(context)?;
        let (snapshots, updates) = (Router::new(context)?, Pub::new(context)?);
        // A client that does not read its snapshot is noticed, and gets the rest when it does.
        snapshots.set_router_mandatory(true)?;
        snapshots.set_send_high_water_mark(Some(10_000))?;
        updates.set_send_high_water_mark(Some(100_000))?;
        updates.set_linger(Some(Duration::from_secs(1)));
        snapshots.set_linger(Some(Duration::ZERO));
        let changes = match changes {
            Changes::Pushed => Socket::from(Pull::new(context)?),
            Changes::Published => {
                let changes = Sub::new(context)?;
                changes.subscribe("")?;
                Socket::from(changes)
            }
        };
        changes.set_receive_high_water_mark(Some(100_000))?;
        let shared = Shared {
            seen: Mutex::new((Phase::Active, ServerStatistics::default())),
            own: Mutex::default(),
            stops: AtomicBool::new(false),
            yields: AtomicBool::new(false),
        };
        Ok(Self {
            context: context.clone(),
            snapshots,
            updates,
            changes,
            pair: None,
            source: None,
            orders,
            control: CloneControl { control, shared: Arc::new(shared) },
            rules: ServerRules::new(uuid(), options, Instant::now()),
        })
    }

    /// Binds the three sockets, and says where.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind); what was bound before stays.
    pub fn bind(&self, at: &Endpoints) -> Result<Endpoints, PatternError> {
        Ok(Endpoints {
            snapshots: self.snapshots.bind(&at.snapshots)?,
            updates: self.updates.bind(&at.updates)?,
            changes: self.changes.bind(&at.changes)?,
        })
    }

    /// Makes it one of a pair, of which the active one serves and the other keeps a copy. `link` is bound and connected;
    /// `peer` is where the other one serves.
    pub fn pair(&mut self, link: StarLink, peer: Endpoints) {
        self.control.seen().0 = link.star().phase();
        self.pair = Some((Box::new(link), peer));
    }

    /// Its sockets for snapshots, updates and changes: for options, and to make them secure.
    pub fn handles(&self) -> [&Handle; 3] {
        [&self.snapshots, &self.updates, &self.changes]
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> CloneControl {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Star`] if the two servers cannot be a pair, [`PatternError::Poll`] if the sockets cannot be waited
    /// for.
    pub fn run(self) -> Result<(), PatternError> {
        block_on(self.run_async())
    }

    /// As [`CloneServer::run`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`CloneServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the server is gone as if it had been killed: its endpoints are free, its map is forgotten, and
    /// changes that it had received and not published are sent again by their clients, to its successor.
    pub async fn run_async(mut self) -> Result<(), PatternError> {
        match self.serve().await {
            Err(error) if is_end(&error) => Ok(()),
            served => served,
        }
    }

    async fn serve(&mut self) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.orders, &self.snapshots, &self.changes]);
        if let Some((link, _)) = &self.pair {
            link.watch(lookout.poller(), 3);
        }
        let (mut out, mut more) = (Vec::new(), false);
        if self.pair.is_none() {
            self.rules.activate(Instant::now(), &mut out);
        }
        loop {
            lookout.wait(self.wakes_at(more)).await?;
            let poller = lookout.poller();
            while self.orders.try_recv().is_ok() {}
            if self.control.shared.stops.load(Relaxed) {
                // What came before the order is still done.
                self.take_changes(&mut out)?;
                self.publish(&mut out);
                return Ok(());
            }
            self.meet_peer(poller, &mut out)?;
            for change in std::mem::take(&mut *self.control.own()) {
                self.rules.set(change, Instant::now(), &mut out);
            }
            self.take_changes(&mut out)?;
            self.take_questions(poller, &mut out)?;
            self.follow(poller)?;
            let now = Instant::now();
            if self.rules.next_tick().is_none_or(|due| now >= due) {
                self.rules.tick(now, &mut out);
            }
            self.publish(&mut out);
            more = self.feed(now);
            let phase = self.pair.as_ref().map_or(Phase::Active, |(link, _)| link.star().phase());
            *self.control.seen() = (phase, self.rules.statistics());
        }
    }

    /// When it has something to do, whatever comes.
    fn wakes_at(&self, more: bool) -> Option<Instant> {
        let now = Instant::now();
        let link = self.pair.as_ref().map(|(link, _)| link.wakes_at());
        let feeding = self.rules.is_feeding().then_some(if more { now } else { now + STUCK });
        let connecting =
            self.source.as_ref().filter(|source| source.is_connecting()).map(|_| now + CONNECTING);
        [self.rules.next_tick(), link, feeding, connecting].into_iter().flatten().min()
    }

    fn take_changes(&mut self, out: &mut Vec<Message>) -> Result<(), PatternError> {
        let now = Instant::now();
        for _ in 0..BURST {
            let Some(change) = something(self.changes.try_recv())? else { break };
            self.rules.change(&change, now, out);
        }
        Ok(())
    }

    /// Requests for snapshots, each of which is a client's vote.
    fn take_questions(
        &mut self,
        poller: &mut Poller<'_>,
        out: &mut Vec<Message>,
    ) -> Result<(), PatternError> {
        for _ in 0..BURST {
            let Some(question) = something(self.snapshots.try_recv())? else { break };
            if let Some((link, _)) = &mut self.pair {
                let (accepted, change) = link.client_asks(|| true);
                self.turn_into(change, poller, out)?;
                if !accepted {
                    continue;
                }
            }
            self.rules.ask(question, Instant::now());
        }
        Ok(())
    }

    fn meet_peer(&mut self, poller: &mut Poller<'_>, out: &mut Vec<Message>) -> Result<(), PatternError> {
        let Some((link, _)) = &mut self.pair else { return Ok(()) };
        let mut change = link.turn()?;
        if self.control.shared.yields.swap(false, Relaxed) {
            change = link.yield_to_peer().or(change);
        }
        self.turn_into(change, poller, out)
    }

    fn turn_into(
        &mut self,
        change: Option<Change>,
        poller: &mut Poller<'_>,
        out: &mut Vec<Message>,
    ) -> Result<(), PatternError> {
        match change {
            Some(Change::Active) => {
                self.leave_source(poller);
                self.rules.activate(Instant::now(), out);
            }
            Some(Change::Passive) => {
                self.rules.deactivate(uuid(), Instant::now());
                self.connect_source(poller)?;
            }
            None => {}
        }
        Ok(())
    }

    /// As a passive server: hears what the active one says.
    fn follow(&mut self, poller: &mut Poller<'_>) -> Result<(), PatternError> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let now = Instant::now();
        if source.is_subscribed_now(now) {
            self.rules.peer_subscribed(now);
            source.ask(b"");
        }
        for _ in 0..BURST {
            // What was published before the end of the snapshot was read is read first, and kept.
            let Some(update) = source.update()? else { break };
            self.rules.peer_update(&update, now);
        }
        for _ in 0..BURST {
            let Some(message) = source.snapshot()? else { break };
            self.rules.peer_snapshot(&message, now);
        }
        match self.rules.peer_tick(now) {
            Need::Nothing => {}
            Need::Ask => source.ask(b""),
            Need::NextServer => self.connect_source(poller)?,
        }
        Ok(())
    }

    fn connect_source(&mut self, poller: &mut Poller<'_>) -> Result<(), PatternError> {
        self.leave_source(poller);
        if let Some((_, peer)) = &self.pair {
            let source = Source::connect(&self.context, peer, b"")?;
            source.watch(poller, [4, 5]);
            self.source = Some(source);
            self.rules.peer_connecting(Instant::now());
        }
        Ok(())
    }

    fn leave_source(&mut self, poller: &mut Poller<'_>) {
        poller.remove(4);
        poller.remove(5);
        self.source = None;
    }

    fn publish(&self, out: &mut Vec<Message>) {
        for message in out.drain(..) {
            // A subscriber without room loses it, notices the gap, and asks again.
            let _ = self.updates.try_send(message);
        }
    }

    fn feed(&mut self, now: Instant) -> bool {
        let router = &self.snapshots;
        self.rules.feed(FED, now, |message| match router.try_send(message) {
            Ok(()) => Fed::Sent,
            Err(SendError { cause: SendErrorCause::WouldBlock, .. }) => Fed::Full,
            Err(_) => Fed::Gone,
        })
    }
}

impl CloneControl {
    /// Ends the server: what it has received is numbered and published.
    pub fn stop(&self) {
        self.shared.stops.store(true, Relaxed);
        self.control.stop();
    }

    /// Changes the map by the server's own hand, as in the Guide's models 1 and 2; refused by a passive one of a pair.
    pub fn set(&self, change: super::KeyValue) {
        self.own().push(change);
        self.control.stop();
    }

    /// Has the active server of a pair hand over to its peer, if that is alive.
    pub fn yield_to_peer(&self) {
        self.shared.yields.store(true, Relaxed);
        self.control.stop();
    }

    /// What the server was when it last waited; always active if it is alone.
    pub fn phase(&self) -> Phase {
        self.seen().0
    }

    /// What the server had done when it last waited.
    pub fn statistics(&self) -> ServerStatistics {
        self.seen().1
    }

    fn own(&self) -> MutexGuard<'_, Vec<super::KeyValue>> {
        self.shared.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, (Phase, ServerStatistics)> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CloneControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, statistics) = *self.seen();
        f.debug_struct("CloneControl")
            .field("phase", &phase)
            .field("statistics", &statistics)
            .finish_non_exhaustive()
    }
}

/// A name that nobody else has.
pub(crate) fn uuid() -> Uuid {
    crate::binary_star::new_node()
}
