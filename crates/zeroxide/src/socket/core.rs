//! One socket, whatever its type: rules under one lock, what has arrived under another.
//!
//! ```text
//!   send: rules.lock { route -> peer.outbox.push } -> kick the link
//!   recv: incoming.lock { fair queue -> batch.pop -> (rules.lock { accept }) }
//!   I/O:  arrived -> inbox.push_batch -> incoming.lock { activate } -> readable.notify
//! ```
//! Lock order: `incoming`, then `rules`, then a lane or a link. No system call is made under `rules` or `incoming`.

use crate::{
    context::ContextInner,
    counters::Counters,
    error::{RecvError, RecvErrorCause, SendError, SendErrorCause},
    link::Control,
    monitor::{Event, Monitors},
    origin::Origin,
    peer::{Cargo, Link, Other, Peer},
    seat::Seat,
    socket::{endpoints::Endpoints, incoming::Incoming},
    sync::Mutex,
};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::*},
};
use zeroxide_pipe::{EventCount, Lane};
use zeroxide_proto::{
    Batch, Frame, Loss, Machine, Message, Options, PeerId, Peers, SocketType,
    socket::{Effect, Facts, Refusal, Refused, Route, Upstream},
};

const OPEN: u8 = 0;
const TERMINATED: u8 = 1;
const CLOSED: u8 = 2;

/// The shared state of a socket.
pub(crate) struct Core {
    pub(crate) kind: SocketType,
    pub(crate) context: Arc<ContextInner>,
    pub(crate) options: Mutex<Options>,
    pub(crate) endpoints: Mutex<Endpoints>,
    pub(crate) counters: Counters,
    pub(crate) monitors: Monitors,
    /// A message may be there, or the socket ended.
    pub(crate) readable: EventCount,
    /// A peer may have room, or the socket ended.
    pub(crate) writable: EventCount,
    /// Peers or subscriptions came or went.
    pub(crate) changed: EventCount,
    pub(crate) seat: Seat,
    /// Links that are up.
    pub(crate) connected: AtomicUsize,
    rules: Mutex<Rules>,
    incoming: Mutex<Incoming>,
    state: AtomicU8,
    conflate: AtomicBool,
    needs_accept: AtomicBool,
    lock_step: bool,
}

struct Rules {
    machine: Machine,
    peers: Directory,
    targets: Vec<PeerId>,
    free: Vec<PeerId>,
}

#[derive(Default)]
struct Directory(Vec<Option<Arc<Peer>>>);

impl Directory {
    #[inline]
    fn get(&self, peer: PeerId) -> Option<&Arc<Peer>> {
        self.0.get(peer.0 as usize)?.as_ref()
    }

    /// Whether this very peer is listed, and not another one under its number.
    fn lists(&self, peer: &Peer) -> bool {
        self.get(peer.id).is_some_and(|listed| std::ptr::eq(&**listed, peer))
    }
}

impl Peers for Directory {
    #[inline]
    fn has_room(&self, peer: PeerId) -> bool {
        self.get(peer).is_some_and(|peer| peer.outbox.has_room())
    }
}

impl Core {
    pub(crate) fn new(kind: SocketType, context: Arc<ContextInner>, options: Options, random: u64) -> Self {
        let machine = Machine::new(kind, &options, random as u32);
        Self {
            kind,
            context,
            endpoints: Mutex::default(),
            counters: Counters::default(),
            monitors: Monitors::default(),
            readable: EventCount::new(),
            writable: EventCount::new(),
            changed: EventCount::new(),
            seat: Seat::default(),
            connected: AtomicUsize::new(0),
            state: AtomicU8::new(OPEN),
            conflate: AtomicBool::new(options.conflate),
            needs_accept: AtomicBool::new(machine.needs_accept()),
            lock_step: matches!(kind, SocketType::Req | SocketType::Rep),
            rules: Mutex::new(Rules {
                machine,
                peers: Directory::default(),
                targets: Vec::new(),
                free: Vec::new(),
            }),
            incoming: Mutex::default(),
            options: Mutex::new(options),
        }
    }

    // -- sending

    /// Sends the message if that needs no waiting.
    #[inline]
    pub(crate) fn try_send(&self, mut message: Message) -> Result<(), SendError> {
        let incoming = (self.kind == SocketType::Req).then(|| self.incoming.lock());
        let mut guard = self.rules.lock();
        let rules = &mut *guard;
        // A relaxed REQ asks again before it has the reply: it may have come this moment, and nobody has been told yet.
        let unanswered = incoming.is_some() && rules.machine.may_receive().is_ok();
        if let Some(cause) = self.send_refusal() {
            return Err(SendError { socket: self.kind, cause, message });
        }
        match rules.machine.route(&mut message, &rules.peers, &mut rules.targets) {
            Ok(Route::One { peer, envelope }) => {
                if let Some(mut incoming) = incoming {
                    if unanswered {
                        incoming.activate_all();
                    }
                    // A late reply to an earlier request must not answer this one.
                    self.counters.lost(Loss::Stale, incoming.discard_all());
                }
                let Some(peer) = rules.peers.get(peer) else {
                    self.counters.lost(Loss::Unroutable, 1);
                    return Ok(());
                };
                if self.push(peer, envelope, &message) {
                    let peer = peer.clone();
                    drop(guard);
                    kick(&peer);
                }
                Ok(())
            }
            Ok(route) => {
                let todo = self.send_to_many(route, &message, &rules.targets, &rules.peers);
                drop(guard);
                todo.finish(self);
                Ok(())
            }
            Err(refusal) => Err(SendError { socket: self.kind, cause: send_cause(refusal), message }),
        }
    }

    /// Queues a message for several peers, or does what else a route asks for. System calls and other sockets are left
    /// for when the rules are unlocked.
    fn send_to_many(
        &self,
        route: Route<'_>,
        message: &Message,
        targets: &[PeerId],
        peers: &Directory,
    ) -> Todo {
        let mut todo = Todo::default();
        let targets = || targets.iter().filter_map(|target| peers.get(*target));
        match route {
            Route::One { .. } => {}
            Route::Each { missed } => {
                self.counters.lost(Loss::HighWaterMark, missed);
                for peer in targets() {
                    if self.kind == SocketType::Xsub && peer.wire().is_none() {
                        // A publisher in this process takes it straight into its rules.
                        todo.upstream
                            .extend(peer.other_end().map(|(core, end)| (core, end, message.clone())));
                    } else if self.push(peer, &[], message) {
                        todo.kicks.push(peer.clone());
                    }
                }
            }
            Route::Subscription { subscribe } => {
                let topic = Frame::from(message.body().get(1..).unwrap_or_default());
                let told = |peer: &Arc<Peer>| Effect::Subscription {
                    peer: peer.id,
                    topic: topic.clone(),
                    subscribe,
                };
                todo.effects.extend(targets().map(told));
            }
            Route::Close { peer } => todo.close = peers.get(peer).cloned(),
            Route::Dropped(reason) => self.counters.lost(reason, 1),
        }
        todo
    }

    /// Appends a message to a peer's outbox; says whether its link must be told.
    #[inline]
    fn push(&self, peer: &Arc<Peer>, envelope: &[Frame], message: &Message) -> bool {
        let fill = |cargo: &mut Cargo| cargo.push_message(envelope, message);
        let pushed = if self.conflate.load(Relaxed) {
            peer.outbox.replace_with(fill).map(|done| {
                self.counters.lost(Loss::Conflated, done.replaced);
                (done.dormant, false)
            })
        } else {
            peer.outbox.push_with(fill).map(|pushed| (pushed.dormant, pushed.sealed))
        };
        match (pushed, &peer.link) {
            (Ok((_, sealed)), Link::Wire(wire)) => sealed || !wire.is_scheduled(),
            (Ok((dormant, _)), Link::Inproc(_)) => dormant,
            (Err(_), _) => {
                self.counters.lost(Loss::Disconnected, 1);
                false
            }
        }
    }

    /// Whether a send would find room; errors count as ready, since a call would not wait.
    pub(crate) fn can_send(&self) -> bool {
        if self.send_refusal().is_some() {
            return true;
        }
        let keeps_all =
            matches!(self.kind, SocketType::Pub | SocketType::Xpub) && self.options.lock().xpub_nodrop;
        let relaxed = self.kind == SocketType::Req && self.options.lock().req_relaxed;
        let rules = self.rules.lock();
        let mut peers = rules.peers.0.iter().flatten();
        let mut any_room = || peers.any(|peer| peer.outbox.has_room());
        match self.kind {
            SocketType::Rep => rules.machine.may_receive().is_err(),
            SocketType::Req => (relaxed || rules.machine.may_receive().is_err()) && any_room(),
            SocketType::Pub | SocketType::Xpub if keeps_all => peers.all(|peer| peer.outbox.has_room()),
            SocketType::Push | SocketType::Dealer | SocketType::Pair => any_room(),
            _ => true,
        }
    }

    fn send_refusal(&self) -> Option<SendErrorCause> {
        match self.state.load(Relaxed) {
            OPEN if self.kind.sends() => None,
            OPEN => Some(SendErrorCause::NotSupported),
            TERMINATED => Some(SendErrorCause::Terminated),
            _ => Some(SendErrorCause::Closed),
        }
    }

    // -- receiving

    /// Receives a message if one is there.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<Message, RecvError> {
        self.receive(|_| ()).map(|(message, ())| message)
    }

    /// Receives a message if one is there, and says from whom.
    pub(crate) fn try_recv_from(&self) -> Result<(Message, Origin), RecvError> {
        self.receive(|peer| peer.origin.lock().clone())
    }

    /// Receives a message if one is there, and notes something about its sender.
    #[inline]
    fn receive<R: Default>(&self, note: impl FnOnce(&Arc<Peer>) -> R) -> Result<(Message, R), RecvError> {
        let mut from = PeerId(0);
        let from = &mut from;
        let failed = |cause| Err(RecvError { socket: self.kind, cause });
        if let Some(cause) = self.recv_refusal() {
            return failed(cause);
        }
        let mut incoming = self.incoming.lock();
        if !self.needs_accept.load(Relaxed)
            && let Some(message) = incoming.pop(from)
        {
            return Ok((message, incoming.peer(*from).map(note).unwrap_or_default()));
        }
        if let Some((peer, message)) = incoming.take_held() {
            return Ok((message, note(&peer)));
        }
        if self.lock_step
            && let Err(refusal) = self.rules.lock().machine.may_receive()
        {
            return failed(recv_cause(refusal));
        }
        loop {
            let Some(message) = incoming.pop(from) else {
                if let Some(gone) = incoming.take_gone() {
                    self.forget(gone);
                    continue;
                }
                return failed(RecvErrorCause::WouldBlock);
            };
            let mut effects = Vec::new();
            let accepted = self.rules.lock().machine.accept(*from, message, &mut effects);
            if !effects.is_empty() {
                // Deliveries would need the lock that is held here; they are none of what accepting causes.
                self.apply(effects);
            }
            match accepted {
                Ok(message) => return Ok((message, incoming.peer(*from).map(note).unwrap_or_default())),
                Err(reason) => self.counters.lost(reason, 1),
            }
        }
    }

    /// Whether a receive would find a message, or an error that waiting does not cure. SUB takes its next message out
    /// ahead, because only a message that passes the filter counts.
    pub(crate) fn can_receive(&self) -> bool {
        if self.recv_refusal().is_some() {
            return true;
        }
        if self.lock_step && self.rules.lock().machine.may_receive().is_err() {
            return false;
        }
        if self.kind != SocketType::Sub {
            return self.incoming.lock().is_ready();
        }
        match self.receive(|peer| Some(peer.clone())) {
            Ok((message, Some(from))) => {
                self.incoming.lock().hold(from, message);
                true
            }
            Ok((_, None)) => false,
            Err(error) => error.cause != RecvErrorCause::WouldBlock,
        }
    }

    fn recv_refusal(&self) -> Option<RecvErrorCause> {
        match self.state.load(Relaxed) {
            OPEN if self.kind.receives() => None,
            OPEN => Some(RecvErrorCause::NotSupported),
            TERMINATED => Some(RecvErrorCause::Terminated),
            _ => Some(RecvErrorCause::Closed),
        }
    }

    /// Messages from peers in this process that were sent and not received yet; none if nobody could receive them.
    pub(crate) fn unread_within(&self) -> u64 {
        if self.is_closed() { 0 } else { self.incoming.lock().unread_within() as u64 }
    }

    // -- what links bring

    /// Messages came from a peer. Gives the batch back if there is no room for it.
    pub(crate) fn arrived(&self, peer: &Peer, mut batch: Batch) -> Result<(), Batch> {
        if matches!(self.kind, SocketType::Pub | SocketType::Xpub) {
            while let Some(message) = batch.pop() {
                self.upstream(peer, Upstream::Message(message));
            }
            return Ok(());
        }
        if !self.kind.receives() {
            // Nobody will ever take it: kept, it would stop the reading before the peer's end is seen.
            self.counters.lost(Loss::BadEnvelope, batch.messages());
            return Ok(());
        }
        if self.conflate.load(Relaxed) {
            while let Some(message) = batch.pop() {
                if let Ok(done) = peer.inbox.replace_with(|cargo| cargo.push_message(&[], &message)) {
                    self.counters.lost(Loss::Conflated, done.replaced);
                }
            }
            self.activate(peer.id);
            return Ok(());
        }
        match peer.inbox.push_batch(Cargo(batch)) {
            Ok(pushed) => {
                if pushed.dormant {
                    self.activate(peer.id);
                }
                Ok(())
            }
            Err((Cargo(batch), zeroxide_pipe::Rejected::Full)) => Err(batch),
            Err((Cargo(batch), zeroxide_pipe::Rejected::Closed)) => {
                self.counters.lost(Loss::Disconnected, batch.messages());
                Ok(())
            }
        }
    }

    /// A subscription or its cancellation came as a command, or over inproc.
    pub(crate) fn subscription(&self, peer: &Peer, topic: &[u8], subscribe: bool) {
        self.upstream(peer, if subscribe { Upstream::Subscribe(topic) } else { Upstream::Cancel(topic) });
    }

    pub(crate) fn upstream(&self, peer: &Peer, what: Upstream<'_>) {
        let mut effects = Vec::new();
        let mut rules = self.rules.lock();
        if !rules.peers.lists(peer) {
            // It has left; its number may be somebody else's by now.
            return;
        }
        rules.machine.upstream(peer.id, what, &mut effects);
        drop(rules);
        self.apply(effects);
        self.changed.notify();
    }

    /// A peer's inbox has something again.
    pub(crate) fn activate(&self, peer: PeerId) {
        self.incoming.lock().activate(peer);
        self.readable.notify();
    }

    // -- peers

    /// Takes a new peer in. Its lanes are fresh, or for inproc the other side's. The effects are to be applied when the
    /// link can carry them.
    pub(crate) fn attach(
        self: &Arc<Self>,
        link: Link,
        facts: &Facts<'_>,
        outbox: Arc<Lane<Cargo>>,
        inbox: Arc<Lane<Cargo>>,
    ) -> Result<(Arc<Peer>, Vec<Effect>), Refused> {
        let mut effects = Vec::new();
        let mut guard = self.rules.lock();
        let rules = &mut *guard;
        let id = rules.free.pop().unwrap_or(PeerId(rules.peers.0.len() as u32));
        let refused = rules.machine.attach(id, facts, &mut effects).err();
        if id.0 as usize == rules.peers.0.len() {
            rules.peers.0.push(None);
        }
        if let Some(refused) = refused {
            rules.free.push(id);
            drop(guard);
            self.apply(effects);
            return Err(refused);
        }
        let peer = Arc::new(Peer {
            id,
            core: Arc::downgrade(self),
            outbox,
            inbox,
            link,
            up: AtomicBool::new(false),
            origin: Mutex::default(),
        });
        if let Some(slot) = rules.peers.0.get_mut(id.0 as usize) {
            *slot = Some(peer.clone());
        }
        drop(guard);
        self.incoming.lock().add(peer.clone());
        Ok((peer, effects))
    }

    /// A peer that waited for its connection has it. The effects are to be applied when the link can carry them.
    pub(crate) fn reattach(&self, peer: &Peer, facts: &Facts<'_>) -> Result<Vec<Effect>, Refused> {
        let mut effects = Vec::new();
        let mut rules = self.rules.lock();
        if !rules.peers.lists(peer) {
            // It has left, and only its last messages still go out.
            return Ok(effects);
        }
        let answer = rules.machine.reattach(peer.id, facts, &mut effects);
        drop(rules);
        match answer {
            Ok(()) => Ok(effects),
            Err(refused) => {
                self.apply(effects);
                Err(refused)
            }
        }
    }

    /// Fresh lanes for a new peer over a wire.
    pub(crate) fn new_lanes(&self) -> (Arc<Lane<Cargo>>, Arc<Lane<Cargo>>) {
        let options = self.options.lock();
        (
            Arc::new(Lane::new(options.send_high_water_mark)),
            Arc::new(Lane::new(options.receive_high_water_mark)),
        )
    }

    /// A link is up: who waited for a peer hears of it.
    pub(crate) fn link_up(&self, peer: &Peer) {
        if !peer.up.swap(true, SeqCst) {
            self.connected.fetch_add(1, SeqCst);
        }
        self.seat.links_changed();
        self.writable.notify_fenced();
        self.changed.notify_fenced();
    }

    /// A link went down; `keep` says that the peer waits for the next one.
    pub(crate) fn link_down(&self, peer: &Peer, keep: bool) {
        if keep {
            let mut effects = Vec::new();
            let mut rules = self.rules.lock();
            if rules.peers.lists(peer) {
                rules.machine.suspend(peer.id, &mut effects);
            }
            drop(rules);
            self.apply(effects);
        }
        if peer.up.swap(false, SeqCst) {
            self.connected.fetch_sub(1, SeqCst);
        }
        self.seat.links_changed();
        self.changed.notify_fenced();
    }

    /// The peer is gone for good. What it sent can still be received; what waits for it is lost, except in this process,
    /// where the other socket still reads what was sent before.
    pub(crate) fn detach(&self, peer: &Peer, reason: Loss) {
        self.retire(peer);
        if peer.wire().is_some() {
            self.counters.lost(reason, peer.outbox.drain().messages);
        }
    }

    /// The peer leaves this socket: nothing more is routed to it or taken from it. What is queued for it may still go
    /// out, and what it sent can still be received.
    pub(crate) fn retire(&self, peer: &Peer) {
        let mut effects = Vec::new();
        {
            let mut rules = self.rules.lock();
            if !rules.peers.lists(peer) {
                return;
            }
            rules.machine.detach(peer.id, &mut effects);
            if let Some(slot) = rules.peers.0.get_mut(peer.id.0 as usize) {
                *slot = None;
            }
        }
        self.apply_for(effects, Some(peer));
        peer.outbox.close();
        peer.inbox.close();
        let gone = self.incoming.lock().leave(peer.id);
        if gone {
            self.forget(peer.id);
        }
        self.readable.notify();
        self.writable.notify_fenced();
        self.changed.notify_fenced();
    }

    fn forget(&self, peer: PeerId) {
        let mut rules = self.rules.lock();
        rules.machine.forget(peer);
        rules.free.push(peer);
    }

    /// Ends the connection of a peer once what is queued for it is written.
    pub(crate) fn close_peer(&self, peer: &Arc<Peer>) {
        match &peer.link {
            Link::Wire(wire) => wire.finish(),
            Link::Inproc(_) => self.hang_up(peer),
        }
    }

    /// Ends the connection of a peer.
    pub(crate) fn hang_up(&self, peer: &Arc<Peer>) {
        match &peer.link {
            Link::Wire(wire) => wire.hang_up(),
            Link::Inproc(_) => {
                if let Some(core) = peer.core.upgrade() {
                    crate::inproc::part(&core, peer);
                }
            }
        }
    }

    /// Every peer, in no order.
    pub(crate) fn peers(&self) -> Vec<Arc<Peer>> {
        self.rules.lock().peers.0.iter().flatten().cloned().collect()
    }

    /// Runs something on the rules of this socket and carries out what comes of it.
    pub(crate) fn with_machine<R>(&self, run: impl FnOnce(&mut Machine, &mut Vec<Effect>) -> R) -> R {
        let mut effects = Vec::new();
        let result = run(&mut self.rules.lock().machine, &mut effects);
        self.apply(effects);
        result
    }

    /// Takes changed options over where they act at once.
    pub(crate) fn configure(&self, options: &Options) {
        let mut rules = self.rules.lock();
        rules.machine.configure(options);
        self.needs_accept.store(rules.machine.needs_accept(), Relaxed);
        self.conflate.store(options.conflate, Relaxed);
        for peer in rules.peers.0.iter().flatten().filter(|peer| peer.wire().is_some()) {
            let _ = peer.outbox.set_limit(options.send_high_water_mark);
            if peer.inbox.set_limit(options.receive_high_water_mark).resume
                && let Some(wire) = peer.wire()
            {
                wire.resume();
            }
        }
        drop(rules);
        self.writable.notify_fenced();
    }

    // -- effects

    /// Carries out what the machine asked for. No lock of this socket may be held.
    pub(crate) fn apply(&self, effects: Vec<Effect>) {
        self.apply_for(effects, None);
    }

    /// As [`Core::apply`]; `leaving` is a peer that is no longer listed.
    fn apply_for(&self, effects: Vec<Effect>, leaving: Option<&Peer>) {
        for effect in effects {
            match effect {
                Effect::Deliver { peer, message } if leaving.is_some_and(|leaving| leaving.id == peer) => {
                    // Its lane may have been closed from the other side.
                    self.incoming.lock().add_last(peer, &message);
                }
                Effect::Deliver { peer, message } => {
                    if let Some(peer) = self.peer(peer) {
                        let _ = peer.inbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                        self.activate(peer.id);
                    }
                }
                Effect::Send { peer, message } => {
                    if let Some(peer) = self.peer(peer) {
                        match &peer.link {
                            Link::Wire(wire) => wire.control(Control::Message(message)),
                            Link::Inproc(_) => {
                                let _ =
                                    peer.outbox.push_beyond_limit(|cargo| cargo.push_message(&[], &message));
                                kick(&peer);
                            }
                        }
                    }
                }
                Effect::Subscription { peer, topic, subscribe } => {
                    if let Some(peer) = self.peer(peer) {
                        match &peer.link {
                            Link::Wire(wire) => wire.control(Control::Subscription { topic, subscribe }),
                            Link::Inproc(_) => {
                                if let Some((core, end)) = peer.other_end() {
                                    let what = if subscribe { Upstream::Subscribe } else { Upstream::Cancel };
                                    core.upstream(&end, what(&topic));
                                }
                            }
                        }
                    }
                }
                Effect::Disconnect(peer) => {
                    if let Some(peer) = self.peer(peer) {
                        self.hang_up(&peer);
                    }
                }
                Effect::Lost(reason, count) => self.counters.lost(reason, count),
            }
        }
    }

    /// Whether this very peer is still one of this socket's.
    pub(crate) fn lists(&self, peer: &Peer) -> bool {
        self.rules.lock().peers.lists(peer)
    }

    pub(crate) fn peer(&self, peer: PeerId) -> Option<Arc<Peer>> {
        self.rules.lock().peers.get(peer).cloned()
    }

    // -- end

    /// The context is shut down: every call fails from now on.
    pub(crate) fn terminate(&self) {
        let _ = self.state.compare_exchange(OPEN, TERMINATED, SeqCst, SeqCst);
        self.wake_all();
    }

    /// The socket is closed; returns false if it was before.
    pub(crate) fn close(&self) -> bool {
        let first = self.state.swap(CLOSED, SeqCst) != CLOSED;
        self.wake_all();
        first
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Relaxed) == OPEN
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Relaxed) == CLOSED
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.state.load(Relaxed) == TERMINATED
    }

    fn wake_all(&self) {
        self.readable.notify_fenced();
        self.writable.notify_fenced();
        self.changed.notify_fenced();
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        self.monitors.emit(event);
    }
}

/// What is left to do after a send, when the rules are unlocked.
#[derive(Default)]
struct Todo {
    kicks: Vec<Arc<Peer>>,
    upstream: Vec<(Arc<Core>, Arc<Peer>, Message)>,
    effects: Vec<Effect>,
    close: Option<Arc<Peer>>,
}

impl Todo {
    fn finish(self, core: &Core) {
        self.kicks.iter().for_each(kick);
        for (other, peer, message) in self.upstream {
            other.upstream(&peer, Upstream::Message(message));
        }
        core.apply(self.effects);
        if let Some(peer) = self.close {
            core.close_peer(&peer);
        }
    }
}

/// Tells the link of a peer that its outbox has something.
fn kick(peer: &Arc<Peer>) {
    match &peer.link {
        Link::Wire(wire) => wire.kick(peer),
        Link::Inproc(_) => {
            if let Some((core, id)) = peer.other() {
                core.activate(id);
            }
        }
    }
}

/// Links an inproc peer to its other end; does nothing the second time. `name` is what this side connected to.
pub(crate) fn join(peer: &Peer, core: &Arc<Core>, other: &Arc<Peer>, name: Option<&str>) {
    if let Link::Inproc(slot) = &peer.link {
        let _ = slot.set(Other {
            core: Arc::downgrade(core),
            peer: other.id,
            end: Arc::downgrade(other),
            name: name.map(str::to_owned),
        });
    }
}

/// A link within the process, not joined yet.
pub(crate) fn inproc_link() -> Link {
    Link::Inproc(OnceLock::new())
}

fn send_cause(refusal: Refusal) -> SendErrorCause {
    match refusal {
        Refusal::WouldBlock => SendErrorCause::WouldBlock,
        Refusal::IllegalState(advice) => SendErrorCause::IllegalState(advice),
        Refusal::Unroutable => SendErrorCause::Unroutable,
        Refusal::NotSupported => SendErrorCause::NotSupported,
        Refusal::Invalid => {
            SendErrorCause::Invalid("the message lacks frames that this socket type asks for")
        }
    }
}

fn recv_cause(refusal: Refusal) -> RecvErrorCause {
    match refusal {
        Refusal::IllegalState(advice) => RecvErrorCause::IllegalState(advice),
        Refusal::NotSupported => RecvErrorCause::NotSupported,
        _ => RecvErrorCause::WouldBlock,
    }
}
