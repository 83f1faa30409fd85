//! Connections within the process: each side's outbox is the other side's inbox, and no octet is framed twice.
//!
//! Bind and connect may come in any order: a connect before its bind waits in the registry, and what is sent meanwhile
//! waits in the lane. It waits there after a close, too, as long as the socket lingers: then whoever binds the name finds
//! what was left for it.

use crate::{
    clock,
    error::EndpointCause,
    origin::Origin,
    peer::{Cargo, Peer},
    socket::core::{Booked, Core, inproc_link, join},
    sync::Mutex,
};
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use zeroxide_pipe::Lane;
use zeroxide_proto::{Loss, Options, SocketType, socket::Facts};

/// The names of a context.
#[derive(Default)]
pub(crate) struct Registry(Mutex<Names>);

#[derive(Default)]
struct Names {
    bound: HashMap<String, Weak<Core>>,
    waiting: Vec<Waiting>,
    legacies: Vec<Legacy>,
    /// Messages whose time to wait for a bind was over.
    expired: u64,
}

/// A connect that came before its bind.
struct Waiting {
    name: String,
    core: Weak<Core>,
    options: Options,
    /// Made at once for types that can send before the other side is there.
    peer: Option<Arc<Peer>>,
}

/// What a socket that is closed has sent to a name that nobody has bound.
struct Legacy {
    name: String,
    kind: SocketType,
    options: Options,
    messages: Arc<Lane<Cargo>>,
    until: Option<Instant>,
}

impl Names {
    /// Takes out what was left for a name and may still be delivered.
    fn take_legacies(&mut self, name: &str) -> Vec<Legacy> {
        self.expire();
        self.legacies.extract_if(.., |legacy| legacy.name == name).collect()
    }

    fn expire(&mut self) {
        let now = clock::now();
        let over = self.legacies.extract_if(.., |legacy| legacy.until.is_some_and(|until| until <= now));
        self.expired += over.map(|legacy| legacy.messages.len() as u64).sum::<u64>();
    }

    fn holder(&self, name: &str) -> Option<Arc<Core>> {
        self.bound.get(name).and_then(Weak::upgrade).filter(|holder| holder.is_open())
    }
}

impl Registry {
    /// Gives a name to a socket, and joins it with those that waited for it.
    pub(crate) fn bind(&self, name: &str, core: &Arc<Core>) -> Result<(), EndpointCause> {
        let mut names = self.0.lock();
        if names.holder(name).is_some() {
            return Err(EndpointCause::InUse);
        }
        names.bound.insert(name.to_owned(), Arc::downgrade(core));
        let (ours, others) =
            std::mem::take(&mut names.waiting).into_iter().partition(|waiting| waiting.name == name);
        names.waiting = others;
        let ours: Vec<Waiting> = ours;
        // Still locked: a disconnect finds a connect either waiting or joined. But others hear of it later, for they may
        // come back here at once.
        let met = ours.into_iter().filter_map(|waiting| {
            let connecting = waiting.core.upgrade()?;
            Some(pair_up(name, &connecting, &waiting.options, waiting.peer, core))
        });
        let met: Vec<Meeting> = met.collect();
        let legacies = names.take_legacies(name);
        drop(names);
        legacies.into_iter().for_each(|legacy| legacy.deliver(core));
        met.into_iter().for_each(Meeting::announce);
        Ok(())
    }

    /// Connects to a name, now or when it is bound. The answer is the peer, where there is one already.
    pub(crate) fn connect(&self, name: &str, core: &Arc<Core>) -> Result<Option<Arc<Peer>>, EndpointCause> {
        let options = core.take_connect_options();
        let mut names = self.0.lock();
        match names.holder(name) {
            Some(binder) => {
                drop(names);
                if !may_meet(core.kind, &options, binder.kind) {
                    return Err(EndpointCause::Incompatible(binder.kind));
                }
                let meeting = pair_up(name, core, &options, None, &binder);
                let peer = meeting.connecting().cloned();
                meeting.announce();
                Ok(peer)
            }
            None => {
                let (peer, booked) = if core.attaches_early(&options) {
                    let lanes =
                        (Lane::new(options.send_high_water_mark), Lane::new(options.receive_high_water_mark));
                    let facts = Facts {
                        connect_routing_id: options.connect_routing_id.as_ref(),
                        connected: false,
                        initiated: true,
                        local: true,
                        ..Facts::default()
                    };
                    match core.attach(inproc_link(), &facts, Arc::new(lanes.0), Arc::new(lanes.1)) {
                        Ok((peer, booked)) => (Some(peer), booked),
                        Err(_) => return Err(EndpointCause::Option("the socket takes no further peer")),
                    }
                } else {
                    (None, Booked::default())
                };
                names.waiting.push(Waiting {
                    name: name.to_owned(),
                    core: Arc::downgrade(core),
                    options,
                    peer: peer.clone(),
                });
                drop(names);
                core.apply(booked);
                // A sender that waits for a first peer can queue now.
                core.writable.notify_fenced();
                Ok(peer)
            }
        }
    }

    /// Whether somebody has this name.
    pub(crate) fn is_bound(&self, name: &str) -> bool {
        self.0
            .lock()
            .bound
            .get(name)
            .is_some_and(|holder| holder.upgrade().is_some_and(|holder| holder.is_open()))
    }

    /// Takes a name away, if this socket holds it. What is connected stays so.
    pub(crate) fn unbind(&self, name: &str, core: &Arc<Core>) {
        let mut names = self.0.lock();
        if names.bound.get(name).is_some_and(|holder| std::ptr::eq(holder.as_ptr(), Arc::as_ptr(core))) {
            names.bound.remove(name);
        }
    }

    /// Forgets a connect that still waits for its bind; false if there is none.
    pub(crate) fn stop_waiting(&self, name: &str, core: &Arc<Core>) -> bool {
        let mut names = self.0.lock();
        let waits = |waiting: &Waiting| {
            waiting.name == name && std::ptr::eq(waiting.core.as_ptr(), Arc::as_ptr(core))
        };
        let Some(at) = names.waiting.iter().position(waits) else { return false };
        let waiting = names.waiting.swap_remove(at);
        drop(names);
        if let Some(peer) = waiting.peer {
            core.counters.lost(Loss::Linger, peer.outbox.drain().messages);
            core.detach(&peer, Loss::Linger);
        }
        true
    }

    /// Forgets everything of a socket that is closed. What it has sent to names that nobody has bound yet stays as long as
    /// it lingers; once the context ends, nobody can come for it.
    pub(crate) fn remove(&self, core: &Arc<Core>) {
        let mut names = self.0.lock();
        names.bound.retain(|_, holder| !std::ptr::eq(holder.as_ptr(), Arc::as_ptr(core)));
        let (ours, others) = std::mem::take(&mut names.waiting)
            .into_iter()
            .partition(|waiting: &Waiting| std::ptr::eq(waiting.core.as_ptr(), Arc::as_ptr(core)));
        names.waiting = others;
        drop(names);
        let ours: Vec<Waiting> = ours;
        let linger = core.options.lock().linger;
        let stays = linger != Some(Duration::ZERO) && !core.context.is_terminated();
        for Waiting { name, options, peer, .. } in ours {
            let Some(peer) = peer else { continue };
            if !stays {
                core.counters.lost(Loss::Linger, peer.outbox.drain().messages);
            }
            core.detach(&peer, Loss::Linger);
            if stays && !peer.outbox.is_empty() {
                let until = linger.and_then(|linger| clock::now().checked_add(linger));
                self.leave(Legacy { name, kind: core.kind, options, messages: peer.outbox.clone(), until });
            }
        }
    }

    fn leave(&self, legacy: Legacy) {
        let mut names = self.0.lock();
        names.expire();
        let binder = names.holder(&legacy.name);
        match binder {
            // It has come just now.
            Some(binder) => {
                drop(names);
                legacy.deliver(&binder);
            }
            None => names.legacies.push(legacy),
        }
    }

    /// Nobody can bind any more: drops what is left, and says how many messages that are, with those for which nobody
    /// came in time.
    pub(crate) fn abandon(&self) -> u64 {
        let mut names = self.0.lock();
        let left = std::mem::take(&mut names.legacies);
        let expired = std::mem::take(&mut names.expired);
        drop(names);
        left.iter().map(|legacy| legacy.messages.drain().messages as u64).sum::<u64>() + expired
    }
}

impl Legacy {
    /// Gives the messages to the socket that has bound the name: as from a peer that has come and gone.
    fn deliver(self, binder: &Arc<Core>) {
        if !may_meet(self.kind, &self.options, binder.kind) {
            return binder.counters.lost(Loss::Unroutable, self.messages.drain().messages);
        }
        let facts = Facts {
            socket_type: Some(self.kind),
            routing_id: &self.options.routing_id,
            local: true,
            ..Facts::default()
        };
        let (nobody, inbox) = (Arc::new(Lane::new(None)), Arc::new(Lane::new(None)));
        nobody.close();
        match binder.attach(inproc_link(), &facts, nobody, inbox.clone()) {
            Ok((peer, booked)) => {
                *peer.origin.lock() =
                    Origin::within(self.kind, &self.options.routing_id, &self.options.metadata);
                binder.apply(booked);
                // Behind the notice of its coming, where there is one.
                while let Some(batch) = self.messages.take(Cargo::default()) {
                    let _ = inbox.push_batch(batch);
                }
                binder.activate(peer.id);
                binder.retire(&peer);
            }
            Err(_) => binder.counters.lost(Loss::Unroutable, self.messages.drain().messages),
        }
    }
}

/// What came of a bind and a connect of the same name. Nobody has been told of it yet.
enum Meeting {
    /// A pair, the connecting side first, with what the rules of each booked.
    Pair([(Arc<Core>, Arc<Peer>, Booked); 2]),
    /// A peer that finds nobody it may talk to.
    Alone(Arc<Core>, Arc<Peer>),
    Nothing,
}

/// Whether a socket that connects with these options is joined with one of this type.
fn may_meet(connecting: SocketType, options: &Options, binding: SocketType) -> bool {
    let raw = |kind| matches!(kind, SocketType::Stream | SocketType::Dgram);
    connecting.may_talk_to(binding) || (options.as_in_libzmq && !raw(connecting) && !raw(binding))
}

/// Joins two sockets. `early` is the connecting side's peer if it was made before the bind.
fn pair_up(
    name: &str,
    connecting: &Arc<Core>,
    options: &Options,
    early: Option<Arc<Peer>>,
    binding: &Arc<Core>,
) -> Meeting {
    if !may_meet(connecting.kind, options, binding.kind) {
        return early.map_or(Meeting::Nothing, |peer| Meeting::Alone(connecting.clone(), peer));
    }
    let their = binding.options.lock().clone();
    let out_limit = add(options.send_high_water_mark, their.receive_high_water_mark);
    let in_limit = add(their.send_high_water_mark, options.receive_high_water_mark);
    let (outbox, inbox) = match &early {
        Some(peer) => (peer.outbox.clone(), peer.inbox.clone()),
        None => (Arc::new(Lane::<Cargo>::new(None)), Arc::new(Lane::<Cargo>::new(None))),
    };
    if options.as_in_libzmq {
        outbox.give_credit_in_lots();
        inbox.give_credit_in_lots();
    }
    let _ = outbox.set_limit(out_limit);
    let _ = inbox.set_limit(in_limit);
    let about_binder = Facts {
        socket_type: Some(binding.kind),
        routing_id: &their.routing_id,
        connect_routing_id: options.connect_routing_id.as_ref(),
        initiated: true,
        local: true,
        ..Facts::default()
    };
    let about_connecter = Facts {
        socket_type: Some(connecting.kind),
        routing_id: &options.routing_id,
        local: true,
        ..Facts::default()
    };
    let Ok((theirs, their_words)) =
        binding.attach(inproc_link(), &about_connecter, inbox.clone(), outbox.clone())
    else {
        // As with a refused connection over a wire: nobody is told, and nothing more happens.
        return Meeting::Nothing;
    };
    let ours = match early {
        Some(peer) => connecting.reattach(&peer, &about_binder).map(|booked| (peer, booked)),
        None => connecting.attach(inproc_link(), &about_binder, outbox, inbox),
    };
    let Ok((ours, our_words)) = ours else { return Meeting::Alone(binding.clone(), theirs) };
    // Before the two are joined: what is sent then may be received at once.
    *ours.origin.lock() = Origin::within(binding.kind, &their.routing_id, &their.metadata);
    *theirs.origin.lock() = Origin::within(connecting.kind, &options.routing_id, &options.metadata);
    join(&ours, binding, &theirs, Some(name));
    join(&theirs, connecting, &ours, None);
    Meeting::Pair([(connecting.clone(), ours, our_words), (binding.clone(), theirs, their_words)])
}

impl Meeting {
    /// The peer of the side that connected.
    fn connecting(&self) -> Option<&Arc<Peer>> {
        match self {
            Self::Pair([(_, peer, _), _]) => Some(peer),
            Self::Alone(..) | Self::Nothing => None,
        }
    }

    /// Tells both sides. No lock may be held: who is woken may come back here.
    fn announce(self) {
        let pair = match self {
            Self::Nothing => return,
            Self::Alone(core, peer) => return core.detach(&peer, Loss::Unroutable),
            Self::Pair(pair) => pair,
        };
        let pair = pair.map(|(core, peer, booked)| {
            core.apply(booked);
            // Nor could what others booked since be told before the two were joined.
            core.pass_on(&peer);
            (core, peer)
        });
        for (core, peer) in &pair {
            core.link_up(peer);
        }
        // What either side sent before the pair existed was pushed into a lane that nobody watched.
        for (core, peer) in &pair {
            if !peer.inbox.is_empty() {
                core.activate(peer.id);
            }
        }
        // A side that was closed meanwhile has not seen its half of the pair, or has parted from it before there was
        // another.
        if pair.iter().any(|(core, peer)| !core.is_open() || !core.lists(peer)) {
            let [(core, peer), _] = &pair;
            part(core, peer);
        }
    }
}

/// Ends a pair. Both sides can still receive what was sent before. Both may do this at once.
pub(crate) fn part(core: &Arc<Core>, peer: &Arc<Peer>) {
    core.link_down(peer, false);
    if let Some((other, theirs)) = peer.other_end() {
        other.link_down(&theirs, false);
    }
}

/// Takes changed high-water marks over. A pair's queue holds what both its sides allow together.
pub(crate) fn limit(core: &Arc<Core>) {
    for peer in core.peers().iter().filter(|peer| peer.is_within()) {
        let Some((other, _)) = peer.other() else {
            let options = core.options.lock();
            let _ = peer.outbox.set_limit(options.send_high_water_mark);
            continue;
        };
        if Arc::ptr_eq(&other, core) {
            continue;
        }
        // Both sides may be changed at once: always in the same order.
        let (first, second) =
            if Arc::as_ptr(core) < Arc::as_ptr(&other) { (core, &other) } else { (&other, core) };
        let (first, second) = (first.options.lock(), second.options.lock());
        let (own, their) =
            if Arc::as_ptr(core) < Arc::as_ptr(&other) { (first, second) } else { (second, first) };
        let _ = peer.outbox.set_limit(add(own.send_high_water_mark, their.receive_high_water_mark));
        let _ = peer.inbox.set_limit(add(their.send_high_water_mark, own.receive_high_water_mark));
        drop((own, their));
        other.writable.notify_fenced();
    }
    core.writable.notify_fenced();
}

/// A limit over two limits: without bound if either is.
fn add(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    Some(one?.saturating_add(other?))
}
