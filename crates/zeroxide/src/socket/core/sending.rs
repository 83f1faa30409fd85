//! Sending: from a message to the outboxes of the peers it goes to.

use super::*;
use crate::{
    link::MOMENT,
    payload::{Fill, Kind, Load, Payload, Unseen},
};
use std::{hint::cold_path, time::Duration};
use zeroxide_pipe::Rejected;
use zeroxide_proto::{batch::SHARED_FROM, reuse};

/// So many full batches are queued for a connection that takes no more before a sender waits a moment for it.
const AHEAD: usize = 2;

impl Core {
    /// Sends the message if that needs no waiting.
    #[inline]
    pub(crate) fn try_send(&self, message: Message) -> Result<(), SendError> {
        let failed = |(cause, message)| SendError { socket: self.kind, cause, message };
        self.try_send_load(message).map_err(failed)
    }

    /// Sends a payload if that needs no waiting; of [lent octets](Core::try_send_octets) the call `may_wait` for the kernel.
    #[inline(always)]
    pub(crate) fn try_send_payload(&self, payload: Payload<'_>, may_wait: bool) -> Result<(), SendError> {
        match payload.0 {
            Kind::Borrowed(octets) => self.try_send_octets(octets, may_wait),
            Kind::Message(message) => self.try_send(message),
        }
    }

    /// Sends borrowed octets as a message of one frame if that needs no waiting. They are not made a message first where
    /// a message would take memory of its own, and the rules do not ask to see it. If it `may_wait`, the call stays with a
    /// large body while the kernel takes it; it never waits for room.
    #[inline(always)]
    pub(crate) fn try_send_octets(&self, octets: &[u8], may_wait: bool) -> Result<(), SendError> {
        if self.send_short(octets) { Ok(()) } else { self.try_send_octets_by_rules(octets, may_wait) }
    }

    /// Sends borrowed octets if they are few enough to be copied, and there is one peer that gets all and has room for them.
    /// Nearly every send of a PUSH or DEALER ends here. False: nothing was done.
    #[inline(always)]
    pub(crate) fn send_short(&self, octets: &[u8]) -> bool {
        if !self.sole.load(Acquire) || octets.len() >= SHARED_FROM {
            cold_path();
            return false;
        }
        self.push_to_sole(|batch| batch.push_frame(octets, false))
    }

    #[inline(never)]
    fn try_send_octets_by_rules(&self, octets: &[u8], may_wait: bool) -> Result<(), SendError> {
        let failed = |cause| SendError { socket: self.kind, cause, message: Message::from(octets) };
        if matches!(self.kind, SocketType::Pub | SocketType::Xpub) && octets.len() < SHARED_FROM {
            return self.try_publish(octets).map_err(failed);
        }
        if !self.kind.sends_unseen() || self.conflate.load(Relaxed) {
            return self.try_send(Message::from(octets));
        }
        self.try_send_load(Unseen::new(octets, may_wait)).map_err(|(cause, _)| failed(cause))?;
        if may_wait {
            self.keep_up();
        }
        Ok(())
    }

    /// Stays with large messages while their only connection takes them, rather than queue more of them than a cache holds.
    fn keep_up(&self) {
        if self.sole.load(Acquire)
            && let Some(peer) = self.first.get()
            && let Link::Wire(wire) = &peer.link
            && wire.is_looked_after(true)
            && peer.outbox.full_batches() >= AHEAD
            && self.options.lock().send_timeout.is_none_or(|patience| patience >= MOMENT)
        {
            wire.keep_up(peer);
        }
    }

    /// Sends borrowed octets, few enough to be copied, to all who subscribed to them. No message is made of them on the way.
    fn try_publish(&self, octets: &[u8]) -> Result<(), SendErrorCause> {
        let mut kicks = Vec::new();
        let mut guard = self.rules.lock();
        if let Some(cause) = self.send_refusal() {
            return Err(cause);
        }
        let Rules { machine, stage, targets, peers, .. } = &mut *guard;
        match machine.route_octets(octets, peers, targets).map_err(send_cause)? {
            Route::Each { missed } => {
                self.counters.lost(Loss::HighWaterMark, missed);
                if !self.stage(stage, peers, targets, &octets, &mut kicks) {
                    self.push_to_each(targets, peers, &octets, &mut kicks);
                }
            }
            Route::Dropped(reason) => self.counters.lost(reason, 1),
            Route::One { .. } | Route::Subscription { .. } | Route::Close { .. } => {}
        }
        drop(guard);
        tell(&kicks);
        Ok(())
    }

    #[inline]
    fn try_send_load<L: Load>(&self, mut load: L) -> Result<(), (SendErrorCause, L)> {
        if self.sole.load(Acquire)
            && self.first.get().is_some_and(|peer| load.large(peer).is_none())
            && self.push_to_sole(|cargo| load.fill(&[], cargo))
        {
            return Ok(());
        }
        let mut incoming = (self.kind == SocketType::Req).then(|| self.lock_incoming());
        let mut guard = self.rules.lock();
        let rules = &mut *guard;
        // A relaxed REQ asks again before it has the reply: it may have come this moment, and nobody has been told yet.
        let unanswered = incoming.is_some() && rules.machine.may_receive().is_ok();
        if let Some(cause) = self.send_refusal() {
            return Err((cause, load));
        }
        match rules.machine.route(load.routed(), &rules.peers, &mut rules.targets) {
            Ok(Route::One { peer, envelope }) => {
                if let Some(incoming) = &mut incoming {
                    if unanswered {
                        incoming.activate_all();
                    }
                    // A late reply to an earlier request must not answer this one.
                    self.counters.lost(Loss::Stale, incoming.discard_all());
                }
                let mut apart = None;
                let told = match rules.peers.get(peer) {
                    Some(peer) if load.large(peer).is_some() => {
                        apart = Some((peer.clone(), envelope.to_vec()));
                        None
                    }
                    Some(peer) => match self.try_push(peer, envelope, &load) {
                        // Senders that do not ask the rules were quicker; these have done nothing but choose the peer.
                        Err(Rejected::Full) => return Err((SendErrorCause::WouldBlock, load)),
                        pushed => self.pushed(peer, pushed).then(|| peer.clone()),
                    },
                    None => {
                        self.counters.lost(Loss::Unroutable, 1);
                        None
                    }
                };
                drop(guard);
                if let Some(incoming) = incoming {
                    unlock(incoming);
                }
                if let Some(peer) = told {
                    kick(&peer);
                } else if let Some((peer, envelope)) = apart {
                    return self.send_large(&peer, &envelope, load);
                }
                Ok(())
            }
            Ok(route) => {
                let mut todo = Todo::default();
                let Rules { stage, targets, peers, .. } = rules;
                if let Route::Each { missed } = route {
                    self.counters.lost(Loss::HighWaterMark, missed);
                }
                let each = matches!(route, Route::Each { .. }) && self.kind != SocketType::Xsub;
                if !each || !self.stage(stage, peers, targets, &*load.routed(), &mut todo.kicks) {
                    self.send_to_many(route, load.routed(), targets, peers, &mut todo);
                }
                drop(guard);
                todo.finish(self);
                Ok(())
            }
            Err(refusal) => Err((send_cause(refusal), load)),
        }
    }

    /// Queues a message for the only peer, if there is room and nothing else to be said. The lane's own lock is all it
    /// takes: it orders this with other senders, with the limit, and with the end of the peer.
    #[inline(always)]
    fn push_to_sole(&self, fill: impl FnOnce(&mut Batch)) -> bool {
        let Some(peer) = self.first.get() else {
            cold_path();
            return false;
        };
        // Those that never send have no such peer.
        if !self.is_open() {
            cold_path();
            return false;
        }
        let Ok(pushed) = peer.outbox.push_with(|cargo| fill(cargo)) else {
            cold_path();
            return false;
        };
        if self.needs_kick(peer, pushed.dormant, pushed.sealed) {
            kick(peer);
        }
        true
    }

    /// Sends borrowed octets that are too many to be copied under a lock, and perhaps need not be copied at all.
    #[cold]
    fn send_large<L: Load>(
        &self,
        peer: &Arc<Peer>,
        envelope: &[Frame],
        load: L,
    ) -> Result<(), (SendErrorCause, L)> {
        let body = load.large(peer).unwrap_or_default();
        let patience = if load.may_wait() { self.options.lock().send_timeout } else { Some(Duration::ZERO) };
        if let Link::Wire(wire) = &peer.link
            && wire.write_through(peer, envelope, body, patience)
        {
            return Ok(());
        }
        let message = Message::from(reuse::copy(body));
        let fill = |cargo: &mut Cargo| cargo.push_message(envelope, &message);
        let pushed = match self.asks_nothing {
            true => peer.outbox.push_with(fill),
            // The rules found room for it a moment ago, and could not take back what they decided.
            false => peer.outbox.push_beyond_limit(fill),
        };
        if pushed == Err(Rejected::Full) {
            return Err((SendErrorCause::WouldBlock, load));
        }
        if self.pushed(peer, pushed.map(|pushed| (pushed.dormant, pushed.sealed))) {
            kick(peer);
        }
        Ok(())
    }

    /// Queues a message for several peers, or does what else a route asks for. System calls and other sockets are left
    /// for when the rules are unlocked.
    pub(super) fn send_to_many(
        &self,
        route: Route<'_>,
        message: &Message,
        targets: &[PeerId],
        peers: &Directory,
        todo: &mut Todo,
    ) {
        let to_each = targets;
        let targets = || targets.iter().filter_map(|target| peers.get(*target));
        match route {
            Route::One { .. } => {}
            Route::Each { .. } if self.kind != SocketType::Xsub => {
                self.push_to_each(to_each, peers, message, &mut todo.kicks);
            }
            Route::Each { .. } => {
                for peer in targets() {
                    if peer.is_within() {
                        // A publisher in this process takes it straight into its rules.
                        todo.booked.say(peer, Word::Message(message.clone()));
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
                todo.booked = self.book(peers, targets().map(told).collect());
            }
            Route::Close { peer } => todo.close = peers.get(peer).cloned(),
            Route::Dropped(reason) => self.counters.lost(reason, 1),
        }
    }

    /// Appends a message to the outboxes of these peers; `kicks` are those whose links must be told.
    fn push_to_each(
        &self,
        targets: &[PeerId],
        peers: &Directory,
        load: &impl Fill,
        kicks: &mut Vec<Arc<Peer>>,
    ) {
        for peer in targets.iter().filter_map(|target| peers.get(*target)) {
            if self.push(peer, &[], load) {
                kicks.push(peer.clone());
            }
        }
    }

    /// Appends a message to a peer's outbox; says whether its link must be told.
    #[inline]
    fn push(&self, peer: &Peer, envelope: &[Frame], load: &impl Fill) -> bool {
        self.pushed(peer, self.try_push(peer, envelope, load))
    }

    /// Appends a message to a peer's outbox; says whether that made a sleeping reader or a full batch.
    #[inline]
    pub(super) fn try_push(
        &self,
        peer: &Peer,
        envelope: &[Frame],
        load: &impl Fill,
    ) -> Result<(bool, bool), Rejected> {
        let fill = |cargo: &mut Cargo| load.fill(envelope, cargo);
        if self.conflate.load(Relaxed) {
            peer.outbox.replace_with(fill).map(|done| {
                self.counters.lost(Loss::Conflated, done.replaced);
                (done.dormant, false)
            })
        } else {
            peer.outbox.push_with(fill).map(|pushed| (pushed.dormant, pushed.sealed))
        }
    }

    /// Whether the link of a peer must be told of a push, which made a sleeping reader or a full batch.
    #[inline]
    pub(super) fn pushed(&self, peer: &Peer, pushed: Result<(bool, bool), Rejected>) -> bool {
        match pushed {
            Ok((dormant, sealed)) => self.needs_kick(peer, dormant, sealed),
            Err(_) => {
                self.counters.lost(Loss::Disconnected, 1);
                false
            }
        }
    }

    /// Whether the link of a peer must be told of a push that succeeded.
    #[inline]
    pub(super) fn needs_kick(&self, peer: &Peer, dormant: bool, sealed: bool) -> bool {
        match &peer.link {
            Link::Wire(wire) => !wire.is_looked_after(sealed),
            Link::Inproc(_) => dormant,
            Link::Udp(_) => true,
        }
    }

    /// Whether a send would find room; errors count as ready, since a call would not wait.
    pub(crate) fn can_send(&self) -> bool {
        if self.send_refusal().is_some() {
            return true;
        }
        let keeps_all = matches!(self.kind, SocketType::Pub | SocketType::Xpub | SocketType::Radio)
            && self.options.lock().xpub_nodrop;
        let relaxed = self.kind == SocketType::Req && self.options.lock().req_relaxed;
        // Others drop what nobody can take, and are always ready to do that.
        let particular = self.kind == SocketType::Router && self.options.lock().router_mandatory;
        let rules = self.rules.lock();
        let mut peers = rules.peers.0.iter().flatten();
        let mut any_room = || peers.any(|peer| peer.outbox.has_room());
        match self.kind {
            SocketType::Rep => rules.machine.may_receive().is_err(),
            SocketType::Req => (relaxed || rules.machine.may_receive().is_err()) && any_room(),
            SocketType::Pub | SocketType::Xpub | SocketType::Radio if keeps_all => {
                peers.all(|peer| peer.outbox.has_room())
            }
            SocketType::Router if particular => any_room(),
            SocketType::Push | SocketType::Dealer | SocketType::Pair => any_room(),
            SocketType::Client | SocketType::Scatter | SocketType::Channel | SocketType::Dgram => any_room(),
            _ => true,
        }
    }

    /// Whether a send without a time of its own waits for room. A ROUTER does not (RFC 28): one full peer would hold up
    /// what is for all others.
    pub(crate) fn may_wait_to_send(&self) -> bool {
        self.kind != SocketType::Router
    }

    /// Whether a message that begins with this frame could be sent now: for callers that hand it over frame by frame and
    /// are to hear of a refusal at the first.
    pub(crate) fn may_begin(&self, first: &[u8]) -> Result<(), SendErrorCause> {
        if let Some(cause) = self.send_refusal() {
            return Err(cause);
        }
        let (mandatory, relaxed) = {
            let options = self.options.lock();
            (
                options.router_mandatory || self.kind == SocketType::Stream,
                options.req_relaxed && self.kind == SocketType::Req,
            )
        };
        if matches!(self.kind, SocketType::Router | SocketType::Stream) {
            if !mandatory {
                return Ok(());
            }
            let room = self.has_room_for(first).ok_or(SendErrorCause::Unroutable)?;
            return if room { Ok(()) } else { Err(SendErrorCause::WouldBlock) };
        }
        if self.lock_step && !relaxed && self.rules.lock().machine.may_receive().is_ok() {
            let advice = match self.kind {
                SocketType::Req => "the reply has to be received first",
                _ => "a request has to be received first",
            };
            return Err(SendErrorCause::IllegalState(advice));
        }
        if self.can_send() { Ok(()) } else { Err(SendErrorCause::WouldBlock) }
    }

    /// Whether the peer of this name has room, if there is one.
    pub(crate) fn has_room_for(&self, name: &[u8]) -> Option<bool> {
        let rules = self.rules.lock();
        rules.machine.peer_named(name).map(|peer| rules.peers.has_room(peer))
    }

    #[inline]
    pub(super) fn send_refusal(&self) -> Option<SendErrorCause> {
        match self.state.load(Relaxed) {
            OPEN if self.kind.sends() => None,
            OPEN => Some(SendErrorCause::NotSupported),
            TERMINATED => Some(SendErrorCause::Terminated),
            _ => Some(SendErrorCause::Closed),
        }
    }
}

/// Peers that a sender of one message writes to itself.
pub(super) const FEW: usize = 2;

/// What is left to do after a send, when the rules are unlocked.
#[derive(Default)]
pub(super) struct Todo {
    pub(super) kicks: Vec<Arc<Peer>>,
    booked: Booked,
    close: Option<Arc<Peer>>,
}

impl Todo {
    pub(super) fn finish(self, core: &Core) {
        tell(&self.kicks);
        core.apply(self.booked);
        if let Some(peer) = self.close {
            core.close_peer(&peer);
        }
    }
}

/// Tells the links of peers that their outboxes have something.
fn tell(kicks: &[Arc<Peer>]) {
    if kicks.len() <= FEW {
        return kicks.iter().for_each(kick);
    }
    // A write for each of many peers would hold the sender up; the I/O thread gathers what comes meanwhile.
    for peer in kicks {
        match &peer.link {
            Link::Wire(wire) if !wire.is_scheduled() => wire.schedule(),
            _ => kick(peer),
        }
    }
}

/// Tells the link of a peer that its outbox has something.
pub(super) fn kick(peer: &Arc<Peer>) {
    match &peer.link {
        Link::Wire(wire) => wire.kick(peer),
        Link::Udp(link) => link.kick(peer),
        Link::Inproc(_) => {
            if let Some((core, id)) = peer.other() {
                core.activate(id);
            }
        }
    }
}

pub(super) fn send_cause(refusal: Refusal) -> SendErrorCause {
    match refusal {
        Refusal::WouldBlock => SendErrorCause::WouldBlock,
        Refusal::IllegalState(advice) => SendErrorCause::IllegalState(advice),
        Refusal::Unroutable => SendErrorCause::Unroutable,
        Refusal::NotSupported => SendErrorCause::NotSupported,
        Refusal::Invalid => {
            SendErrorCause::Invalid("the message lacks frames that this socket type asks for")
        }
        Refusal::Multipart => SendErrorCause::Multipart,
        Refusal::BadGroup => SendErrorCause::Invalid("a group has at most 255 octets, none of them zero"),
        Refusal::BadAddress => SendErrorCause::Invalid("the first frame is no address, as 127.0.0.1:5555 is"),
        Refusal::Oversized(limit) => SendErrorCause::Oversized(limit),
    }
}
