//! Peers: how they come, wait for their connection, leave, and are forgotten.

use super::*;

impl Core {
    /// Takes a new peer in. Its lanes are fresh, or for inproc the other side's. What is booked goes out before anything
    /// that is sent to it.
    pub(crate) fn attach(
        self: &Arc<Self>,
        link: Link,
        facts: &Facts<'_>,
        outbox: Arc<Lane<Cargo>>,
        inbox: Arc<Lane<Cargo>>,
    ) -> Result<(Arc<Peer>, Booked), Refused> {
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
            let booked = self.book(&rules.peers, effects);
            drop(guard);
            self.apply(booked);
            return Err(refused);
        }
        if matches!(link, Link::Inproc(_)) {
            self.has_within.store(true, Relaxed);
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
        let booked = self.book(&rules.peers, effects);
        self.note_sole(rules);
        drop(guard);
        self.lock_incoming().add(peer.clone());
        Ok((peer, booked))
    }

    /// A peer that waited for its connection has it. What is booked goes out before anything that is sent to it.
    pub(crate) fn reattach(&self, peer: &Peer, facts: &Facts<'_>) -> Result<Booked, Refused> {
        let mut effects = Vec::new();
        let mut rules = self.rules.lock();
        if !rules.peers.lists(peer) {
            // It has left, and only its last messages still go out.
            return Ok(Booked::default());
        }
        let answer = rules.machine.reattach(peer.id, facts, &mut effects);
        let booked = self.book(&rules.peers, effects);
        drop(rules);
        match answer {
            Ok(()) => Ok(booked),
            Err(refused) => {
                self.apply(booked);
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

    /// A link went down; `keep` says that the peer waits for the next one, otherwise it leaves. Whoever sees that a peer is
    /// not connected any more can rely on it that nothing is sent to it either.
    pub(crate) fn link_down(&self, peer: &Peer, keep: bool) {
        if keep {
            self.clear_stage();
            let mut effects = Vec::new();
            let mut rules = self.rules.lock();
            if rules.peers.lists(peer) {
                rules.machine.suspend(peer.id, &mut effects);
            }
            let booked = self.book(&rules.peers, effects);
            drop(rules);
            self.apply(booked);
        } else {
            self.retire(peer);
        }
        if peer.up.swap(false, SeqCst) {
            self.connected.fetch_sub(1, SeqCst);
        }
        self.seat.links_changed();
        // Who waits for an answer looks whether there is still somebody to give it.
        self.readable.notify_fenced();
        self.changed.notify_fenced();
    }

    /// The peer is gone for good. What it sent can still be received; what waits for it is lost, except in this process,
    /// where the other socket still reads what was sent before.
    pub(crate) fn detach(&self, peer: &Peer, reason: Loss) {
        self.retire(peer);
        if !peer.is_within() {
            self.counters.lost(reason, peer.outbox.drain().messages);
        }
    }

    /// The peer leaves this socket: nothing more is routed to it or taken from it. What is queued for it may still go
    /// out, and what it sent can still be received.
    pub(crate) fn retire(&self, peer: &Peer) {
        let (mut effects, mut last) = (Vec::new(), Vec::new());
        let mut todo = sending::Todo::default();
        let booked = {
            let mut guard = self.rules.lock();
            let rules = &mut *guard;
            if !rules.peers.lists(peer) {
                return;
            }
            self.hand_over(&mut rules.stage, &rules.peers, &mut todo.kicks);
            rules.machine.detach(peer.id, &mut effects);
            if self.kind != SocketType::Xpub {
                // Its lane may have been closed from the other side.
                let of_peer = |effect: &mut Effect| matches!(effect, Effect::Deliver { peer: of, .. } if *of == peer.id);
                last.extend(effects.extract_if(.., of_peer));
            }
            let booked = self.book(&rules.peers, effects);
            if let Some(slot) = rules.peers.0.get_mut(peer.id.0 as usize) {
                *slot = None;
            }
            self.note_sole(rules);
            booked
        };
        todo.finish(self);
        self.apply(booked);
        peer.outbox.close();
        peer.inbox.close();
        let gone = {
            let mut incoming = self.lock_incoming();
            for effect in &last {
                if let Effect::Deliver { message, .. } = effect {
                    incoming.add_last(peer.id, message);
                }
            }
            incoming.fetch(&self.reports);
            incoming.leave(peer.id)
        };
        if gone {
            self.forget(peer.id);
        }
        self.readable.notify();
        self.writable.notify_fenced();
        self.changed.notify_fenced();
    }

    pub(super) fn forget(&self, peer: PeerId) {
        let mut rules = self.rules.lock();
        rules.machine.forget(peer);
        rules.free.push(peer);
    }

    /// Ends the connection of a peer once what is queued for it is written.
    pub(crate) fn close_peer(&self, peer: &Arc<Peer>) {
        match &peer.link {
            Link::Udp(_) => {}
            Link::Wire(wire) => wire.finish(),
            Link::Inproc(_) => self.hang_up(peer),
        }
    }

    /// Ends the connection of a peer.
    pub(crate) fn hang_up(&self, peer: &Arc<Peer>) {
        match &peer.link {
            Link::Udp(_) => {}
            Link::Wire(wire) => wire.hang_up(),
            Link::Inproc(_) => {
                if let Some(core) = peer.core.upgrade() {
                    crate::inproc::part(&core, peer);
                }
            }
        }
    }

    /// Notes whether there is one peer that gets all that is sent, as it is: then a send need not ask the rules. Called with
    /// the rules locked, behind what greets a peer. Whoever finds it noted a moment too long finds the outbox closed.
    fn note_sole(&self, rules: &Rules) {
        if !self.asks_nothing {
            return;
        }
        let mut peers = rules.peers.0.iter().flatten();
        let only = match (peers.next(), peers.next()) {
            (Some(only), None) => Arc::ptr_eq(self.first.get_or_init(|| only.clone()), only),
            _ => false,
        };
        self.sole.store(only && !self.conflate.load(Relaxed), Release);
    }

    /// Every peer, in no order.
    pub(crate) fn peers(&self) -> Vec<Arc<Peer>> {
        self.rules.lock().peers.0.iter().flatten().cloned().collect()
    }

    /// The peer, if it is the only one.
    pub(crate) fn sole_peer(&self) -> Option<Arc<Peer>> {
        let rules = self.rules.lock();
        let mut peers = rules.peers.0.iter().flatten();
        let first = peers.next()?;
        peers.next().is_none().then(|| first.clone())
    }

    /// Runs something on the rules of this socket and carries out what comes of it.
    pub(crate) fn with_machine<R>(&self, run: impl FnOnce(&mut Machine, &mut Vec<Effect>) -> R) -> R {
        let mut effects = Vec::new();
        let mut rules = self.rules.lock();
        let result = run(&mut rules.machine, &mut effects);
        self.filter.fetch_add(1, Relaxed);
        let booked = self.book(&rules.peers, effects);
        drop(rules);
        self.apply(booked);
        result
    }

    /// Takes changed options over where they act at once. What comes of it is to be told when the options are unlocked.
    pub(crate) fn configure(&self, options: &Options) -> Configured {
        self.forget_settings();
        let mut todo = sending::Todo::default();
        let mut guard = self.rules.lock();
        let rules = &mut *guard;
        // What was sent before goes out by the options of before.
        self.hand_over(&mut rules.stage, &rules.peers, &mut todo.kicks);
        rules.machine.configure(options);
        self.filter.fetch_add(1, Relaxed);
        self.needs_accept.store(rules.machine.needs_accept(), Relaxed);
        self.conflate.store(options.conflate, Relaxed);
        self.set_busy_wait(options.busy_wait);
        self.note_sole(rules);
        let over_wires = rules.peers.0.iter().flatten().filter(|peer| !peer.is_within());
        let freed = over_wires.filter(|peer| {
            let _ = peer.outbox.set_limit(options.send_high_water_mark);
            peer.inbox.set_limit(options.receive_high_water_mark).resume
        });
        Configured { freed: freed.cloned().collect(), todo }
    }
}

/// What changed options leave to do when they are unlocked.
#[must_use]
pub(crate) struct Configured {
    /// Whose queues have room now.
    freed: Vec<Arc<Peer>>,
    todo: sending::Todo,
}

impl Configured {
    /// Tells all whom the change concerns.
    pub(crate) fn tell(self, core: &Core) {
        self.todo.finish(core);
        self.freed.iter().for_each(|peer| peer.tell_of_room());
        core.writable.notify_fenced();
    }
}
