//! The loop of an I/O thread: sleep until something is ready, then give everyone a turn.

use crate::{
    clock,
    context::Shutdown,
    io::{
        drive::{bursts::Bursts, pacing::Dialing},
        listener::{Listener, PAUSE, Turn},
        seats::Seats,
        session::{Linger, Session, Stage, make_room},
        shared::{Command, Gate, IoShared, SessionKey},
        timers::Timers,
        udp::UdpSession,
        waiting_room::{Entry, WaitingRoom},
    },
    monitor::{Event, descriptor},
    rest,
    socket::core::{Accepting, Core},
};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering::*},
    time::{Duration, Instant},
};
use zeroxide_net::{Event as ReadyEvent, Interest, Resolver, Stream};
use zeroxide_proto::Limit;

/// Everything one I/O thread owns.
pub(crate) struct Loop {
    pub(crate) shared: Arc<IoShared>,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) shutdown: Arc<Shutdown>,
    pub(crate) sessions: HashMap<SessionKey, Session>,
    pub(crate) listeners: HashMap<SessionKey, Listening>,
    pub(crate) udp: HashMap<SessionKey, UdpSession>,
    pub(crate) timers: Timers,
    pub(crate) dialing: Dialing,
    pub(crate) now: Instant,
    pub(crate) scratch: Vec<u8>,
    pub(crate) random: u64,
    /// Questions about peers so far.
    pub(crate) questions: u64,
    pub(crate) seats: Seats,
    pub(crate) bursts: Bursts,
    stopped: bool,
}

/// Octets that are read of a connection as soon as it is accepted.
const EARLY: usize = 256;

/// A listener and whom it listens for.
pub(crate) struct Listening {
    pub(crate) core: Arc<Core>,
    pub(crate) listener: Box<Listener>,
    pub(crate) room: WaitingRoom,
}

/// As they were made: what ends together ends in the same order each time.
fn in_order(keys: impl Iterator<Item = SessionKey>) -> Vec<SessionKey> {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys
}

impl Loop {
    pub(crate) fn new(
        shared: Arc<IoShared>,
        resolver: Arc<Resolver>,
        shutdown: Arc<Shutdown>,
        random: u64,
    ) -> Self {
        Self {
            shared,
            resolver,
            shutdown,
            sessions: HashMap::new(),
            listeners: HashMap::new(),
            udp: HashMap::new(),
            timers: Timers::default(),
            dialing: Dialing::default(),
            now: clock::now(),
            scratch: Vec::new(),
            random: random | 1,
            questions: 0,
            seats: Seats::default(),
            bursts: Bursts::default(),
            stopped: false,
        }
    }

    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        self.go_round();
        drop(self);
        rest::rest();
    }

    fn go_round(&mut self) {
        let mut events = Vec::new();
        let mut commands = Vec::new();
        loop {
            self.obey_all(&mut commands);
            if self.stopped {
                return;
            }
            rest::rest();
            let timeout = self.next_timeout();
            let waited = self.shared.poller.wait(&mut events, timeout);
            self.shared.wake_up();
            self.now = clock::now();
            if waited.is_err() {
                // Only a broken descriptor could cause this; sleep rather than spin, commands and timers go on.
                std::thread::sleep(Duration::from_millis(1));
            }
            self.work(&mut events);
        }
    }

    /// One turn without waiting; says how much there was to do.
    #[cfg(feature = "simulation")]
    pub(crate) fn turn_at_once(&mut self) -> usize {
        let (mut events, mut commands) = (Vec::new(), Vec::new());
        self.now = clock::now();
        let obeyed = self.obey_all(&mut commands);
        if self.stopped {
            return 0;
        }
        let _ = self.shared.poller.wait(&mut events, Some(Duration::ZERO));
        // A bell that nobody sleeps beside is no work.
        events.sort_unstable_by_key(|event| event.token);
        obeyed + self.work(&mut events)
    }

    /// When there is something to do though nothing happens.
    #[cfg(feature = "simulation")]
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let nap = self.bursts.nap().map(|nap| clock::now() + nap);
        let tick = self.shared.ticking.load(Relaxed).then(|| clock::now() + self.seats.tick());
        [nap, tick, self.timers.next()].into_iter().flatten().min()
    }

    fn obey_all(&mut self, commands: &mut Vec<Command>) -> usize {
        self.shared.take_commands(commands);
        let count = commands.len();
        for command in commands.drain(..) {
            self.obey(command);
        }
        count + self.begin_waiting()
    }

    /// What a turn does once it is known what is ready; says how many things that were.
    fn work(&mut self, events: &mut Vec<ReadyEvent>) -> usize {
        let mut count = events.len();
        let mut knocked = Vec::new();
        for event in events.drain(..) {
            let key = SessionKey(event.token);
            if key == SessionKey::BELL {
                self.shared.ring.hush();
            } else if self.sessions.contains_key(&key) {
                self.session_ready(key, event.readable || event.hangup || event.error, event.writable);
            } else if self.listeners.contains_key(&key) {
                knocked.push(key);
            } else if self.seats.has_nest(key) {
                self.nest_ready(key);
            } else {
                self.udp_ready(key, event.readable || event.error, event.writable);
            }
        }
        // Those who are through their handshake make room first for those who knock.
        knocked.into_iter().for_each(|key| self.listener_ready(key));
        while let Some(key) = self.timers.pop_due(self.now) {
            self.time_is_up(key);
            count += 1;
        }
        self.look_after_bursts();
        self.seats.look_after(self.now, &self.shared);
        count + self.begin_waiting()
    }

    /// How long to sleep. While bursts go on the thread naps without saying that it sleeps: nobody has to ring, and what
    /// senders pile up meanwhile goes out together.
    fn next_timeout(&mut self) -> Option<Duration> {
        if let Some(nap) = self.bursts.nap() {
            return Some(nap);
        }
        if self.shared.fall_asleep() { self.time_left() } else { Some(Duration::ZERO) }
    }

    fn time_left(&self) -> Option<Duration> {
        let tick = self.shared.ticking.load(Relaxed).then_some(self.seats.tick());
        let timer = self.timers.next().map(|at| at.saturating_duration_since(clock::now()));
        match (tick, timer) {
            (Some(tick), Some(timer)) => Some(tick.min(timer)),
            (tick, timer) => tick.or(timer),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Flush(key) => self.flush(key),
            Command::HandOver(core) => core.upgrade().iter().for_each(|core| core.clear_stage()),
            Command::Read(key) => self.session_ready(key, true, false),
            Command::Broken(key) => self.session_ready(key, true, true),
            Command::Pinged(key, ttl) => self.pinged(key, ttl),
            Command::LimitMet(key, limit) => self.tell_of_limit(key, limit),
            Command::HangUp(key) => self.hang_up(key),
            // As a STREAM asks for by an empty message: for good, and behind all that was sent.
            Command::Finish(key) => self.begin_close(key),
            Command::Dial { key, core, dialer, peer } => {
                let keeps_peer = peer.is_some();
                let endpoint = dialer.endpoint.clone();
                make_room(self.sessions.len());
                self.sessions.insert(
                    key,
                    Session {
                        key,
                        core,
                        dialer: Some(dialer),
                        parent: None,
                        endpoint,
                        stage: Stage::Waiting { until: None },
                        queued: false,
                        watched: Interest::NONE,
                        peer,
                        keeps_peer,
                        linger_until: None,
                        last_flush: self.now,
                        heat: 0,
                        is_guest: false,
                    },
                );
                self.begin_try(key);
            }
            Command::Listen { key, core, listener } => {
                self.listeners.insert(key, Listening { core, listener, room: WaitingRoom::default() });
                self.begin_accepting(key);
            }
            Command::Udp { key, session } => self.udp_begins(key, *session),
            Command::Release { key, done } => self.release(key, &done),
            Command::Settled(done) => done.open(),
            Command::CloseSocket(core) => self.close_socket(&core),
            Command::Abandon => self.abandon(),
            Command::Resolved(key, result) => self.resolved(key, result),
            Command::Verdict { session, number, verdict, grant } => {
                self.verdict(session, number, verdict, grant);
            }
            Command::Claimed(core) => self.seats.add(core, &self.shared),
            Command::Nested(nest) => self.seats.add_nest(nest, &self.shared),
            Command::Stop => self.stopped = true,
        }
    }

    fn listener_ready(&mut self, key: SessionKey) {
        let Some(listening) = self.listeners.get_mut(&key) else { return };
        let core = listening.core.clone();
        let endpoint = listening.listener.endpoint.clone();
        let accepting = core.accepting();
        let mut entered = Vec::new();
        let security = &accepting.settings.security;
        let entering = |stream| entered.push(stream);
        if let Turn::Pause(until) = listening.listener.accept(&core, security, self.now, entering) {
            listening.listener.paused_until = Some(until);
            let _ = self.shared.poller.modify(&listening.listener.door, key.0, Interest::NONE);
            self.timers.set(key, Some(until));
        }
        for stream in entered {
            self.arrived(key, &core, &accepting, &endpoint, stream);
        }
    }

    /// Hears of who knocks from now on; the poller knows the listener already.
    fn begin_accepting(&mut self, key: SessionKey) {
        let Some(Listening { listener, .. }) = self.listeners.get_mut(&key) else { return };
        let asked = self.shared.poller.modify(&listener.door, key.0, Interest::READ);
        listener.paused_until = asked.err().map(|_| self.now + PAUSE);
        self.timers.set(key, listener.paused_until);
    }

    /// Somebody knocks: there must be room for it.
    fn arrived(
        &mut self,
        parent: SessionKey,
        core: &Arc<Core>,
        accepting: &Accepting,
        endpoint: &str,
        stream: Stream,
    ) {
        let key = self.shared.new_key();
        let refused = if core.guests.load(Relaxed) >= accepting.max_peers {
            Some(Limit::Peers)
        } else {
            let Some(listening) = self.listeners.get_mut(&parent) else { return };
            match listening.room.enter(key, stream.peer_ip(), accepting.bounds, self.now) {
                Entry::Free => None,
                Entry::Refused(limit) => Some(limit),
                Entry::InsteadOf(oldest, limit) => {
                    self.make_room(oldest, limit);
                    None
                }
            }
        };
        let Some(limit) = refused else {
            return self.accepted(key, parent, core, endpoint, Arc::new(stream));
        };
        core.limit_met(limit, endpoint, &stream.peer_address());
        let reason = format!("there are as many as {limit} allows");
        core.emit(|| Event::AcceptFailed { endpoint: endpoint.to_owned(), reason, paused: false });
    }

    fn accepted(
        &mut self,
        key: SessionKey,
        parent: SessionKey,
        core: &Arc<Core>,
        endpoint: &str,
        stream: Arc<Stream>,
    ) {
        if let Err(error) = self.shared.poller.add(&*stream, key.0, Interest::READ) {
            self.leave_waiting_room(key, Some(parent));
            let (endpoint, reason) = (endpoint.to_owned(), error.to_string());
            return core.emit(|| Event::AcceptFailed { endpoint, reason, paused: false });
        }
        let peer = stream.peer_address();
        core.emit_with(descriptor(&*stream), || Event::Accepted { endpoint: endpoint.to_owned(), peer });
        self.shared.load.fetch_add(1, Relaxed);
        self.shutdown.session_begins();
        make_room(self.sessions.len());
        self.sessions.insert(
            key,
            Session {
                key,
                core: core.clone(),
                dialer: None,
                parent: Some(parent),
                endpoint: endpoint.to_owned(),
                stage: Stage::Waiting { until: None },
                queued: false,
                watched: Interest::READ,
                peer: None,
                keeps_peer: false,
                linger_until: None,
                last_flush: self.now,
                heat: 0,
                is_guest: false,
            },
        );
        // Whoever connects speaks at once, and has spoken by now where it is near: then all that is to be answered goes out
        // in one write. Whatever else a read may say, it says again later.
        let mut early = Vec::with_capacity(EARLY);
        let _ = stream.read(&mut early);
        self.begin_handshake(key, stream, &early);
    }

    /// A deadline has come.
    fn time_is_up(&mut self, key: SessionKey) {
        if self.listeners.contains_key(&key) {
            self.begin_accepting(key);
        } else if self.udp.contains_key(&key) {
            self.udp_over(key);
        } else {
            self.session_time_is_up(key);
        }
    }

    /// Closes a listener and what it accepted, or an outgoing connection.
    fn release(&mut self, key: SessionKey, done: &Arc<Gate>) {
        if self.listeners.contains_key(&key) {
            self.close_listener(key);
            let children = self.sessions.values().filter(|session| session.parent == Some(key));
            let children = in_order(children.map(|session| session.key));
            for child in children {
                self.begin_close(child);
            }
        } else {
            self.begin_close(key);
            self.udp_close(key);
        }
        done.open();
    }

    fn close_listener(&mut self, key: SessionKey) {
        if let Some(Listening { core, listener, .. }) = self.listeners.remove(&key) {
            let _ = self.shared.poller.remove(&listener.door);
            self.timers.set(key, None);
            let endpoint = listener.endpoint.clone();
            let number = descriptor(&listener.door);
            drop(listener);
            core.emit_with(number, || Event::Closed { endpoint });
            self.shared.load.fetch_sub(1, Relaxed);
            self.shutdown.session_over();
        }
    }

    fn close_socket(&mut self, core: &Arc<Core>) {
        let owned = |other: &Arc<Core>| Arc::ptr_eq(other, core);
        let listeners = in_order(self.listeners.iter().filter(|(_, l)| owned(&l.core)).map(|(key, _)| *key));
        for key in listeners {
            self.close_listener(key);
        }
        let sessions = in_order(self.sessions.values().filter(|s| owned(&s.core)).map(|s| s.key));
        for key in sessions {
            self.begin_close(key);
        }
        self.udp_close_all_of(core);
    }

    /// Ends everything, whatever still waits to be written.
    fn abandon(&mut self) {
        let listeners = in_order(self.listeners.keys().copied());
        for key in listeners {
            self.close_listener(key);
        }
        let now = self.now;
        for session in self.sessions.values_mut() {
            session.linger_until = Some(Linger::For(now));
        }
        let sessions = in_order(self.sessions.keys().copied());
        for key in sessions {
            self.over(key);
        }
        self.udp_abandon();
    }

    /// How long unsent messages of this socket may take from now on.
    pub(crate) fn linger(&self, core: &Core) -> Linger {
        let linger = core.options.lock().linger;
        linger.and_then(|linger| self.now.checked_add(linger)).map_or(Linger::Ever, Linger::For)
    }

    /// Another random number, good enough to spread retries.
    pub(crate) fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
