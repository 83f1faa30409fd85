//! Receiving: what links bring in, and what the application takes out.

use super::*;
use std::hint::cold_path;
use zeroxide_proto::batch::Taking;

impl Core {
    /// Receives a message if one is there.
    #[inline]
    pub(crate) fn try_recv(&self) -> Result<Message, RecvError> {
        match self.take_arrived() {
            Some(message) => Ok(message),
            None => self.receive(|_, _, _| (), |_| ()).map(|(message, ())| message),
        }
    }

    /// Takes a message that has arrived and that the rules do not ask to see. Nearly every receive ends here, so the
    /// message is moved as rarely as can be.
    #[inline(always)]
    pub(crate) fn take_arrived(&self) -> Option<Message> {
        if self.needs_accept.load(Relaxed) || self.recv_refusal().is_some() {
            return if self.filters {
                self.take_wanted(|incoming| incoming.take_front(|batch, _| batch.pop()))
            } else {
                None
            };
        }
        let mut incoming = self.lock_incoming();
        let Some(message) = incoming.pop(&mut PeerId(0)) else {
            unlock(incoming);
            return None;
        };
        unlock(incoming);
        Some(message)
    }

    /// Takes a message that has arrived and that passes the filter, as `take` [does](Incoming::take_front). The rules are
    /// asked about many messages at once: one lock for all of them, and where the way through a large index leads past far
    /// memory, a processor goes it for several messages at a time.
    fn take_wanted<R>(&self, take: impl FnOnce(&mut Incoming) -> Option<R>) -> Option<R> {
        if self.recv_refusal().is_some() {
            return None;
        }
        let mut unwanted = 0;
        let mut incoming = self.lock_incoming();
        let taken = loop {
            // A filter that was changed before this call counts.
            match incoming.seek_wanted(self.filter.load(Relaxed), &mut unwanted) {
                Next::Wanted => break take(&mut incoming),
                Next::Nothing => break None,
                Next::Unknown => {
                    let rules = self.rules.lock();
                    incoming.look_ahead(self.filter.load(Relaxed), |first| rules.machine.wants(first));
                }
            }
        };
        unlock(incoming);
        self.counters.lost(Loss::Unsubscribed, unwanted);
        taken
    }

    /// Takes a message that has arrived, that the rules do not ask to see but for their filter, and that
    /// [can be taken](Batch::pop_to) where it lies: `taking` may ask whom it is from, while `incoming` is locked.
    #[inline(always)]
    pub(crate) fn take_to<R, T>(&self, taking: T) -> Option<R>
    where
        T: for<'a> Taking<&'a mut Sender, Taken = R>,
    {
        if self.needs_accept.load(Relaxed) || self.recv_refusal().is_some() {
            cold_path();
            return if self.filters { self.take_wanted_to(taking) } else { None };
        }
        let mut incoming = self.lock_incoming();
        let taken = incoming.pop_to(taking);
        unlock(incoming);
        taken
    }

    #[inline(never)]
    fn take_wanted_to<R, T>(&self, taking: T) -> Option<R>
    where
        T: for<'a> Taking<&'a mut Sender, Taken = R>,
    {
        let take = |batch: &mut Batch, sender: &mut Sender| batch.pop_to(taking, sender);
        self.take_wanted(|incoming| incoming.take_front(take))
    }

    /// Receives a message if one is there, and says from whom.
    pub(crate) fn try_recv_from(&self) -> Result<(Message, Origin), RecvError> {
        let with_origin =
            |batch: &mut Batch, sender: &mut Sender| Some((batch.pop()?, sender.origin().clone()));
        if self.filters
            && let Some(received) = self.take_wanted(|incoming| incoming.take_front(with_origin))
        {
            return Ok(received);
        }
        let note = |incoming: &mut Incoming, from, _: &Message| incoming.origin(from);
        self.receive(note, |peer| peer.origin.lock().clone())
    }

    /// As [`Core::try_recv`]; of a message with several frames it also says from whom: whoever takes the first without
    /// asking may still ask for the others.
    #[inline]
    pub(crate) fn try_recv_parts(&self) -> Result<(Message, Origin), RecvError> {
        let with_origin = |batch: &mut Batch, sender: &mut Sender| {
            let message = batch.pop()?;
            let origin = if message.is_multipart() { sender.origin().clone() } else { Origin::default() };
            Some((message, origin))
        };
        if self.filters
            && let Some(received) = self.take_wanted(|incoming| incoming.take_front(with_origin))
        {
            return Ok(received);
        }
        let note = |incoming: &mut Incoming, from, message: &Message| match message.is_multipart() {
            true => incoming.origin(from),
            false => Origin::default(),
        };
        self.receive(note, |peer| peer.origin.lock().clone())
    }

    /// Receives a message if one is there, and notes something about its sender; `of_held` does so for one that was taken
    /// out ahead, whose sender may have left.
    fn receive<R>(
        &self,
        note: impl Fn(&mut Incoming, PeerId, &Message) -> R,
        of_held: impl Fn(&Arc<Peer>) -> R,
    ) -> Result<(Message, R), RecvError> {
        let mut from = PeerId(0);
        let from = &mut from;
        let failed = |cause| Err(RecvError { socket: self.kind, cause });
        if let Some(cause) = self.recv_refusal() {
            return failed(cause);
        }
        let mut incoming = self.lock_incoming();
        if let Some((peer, message)) = incoming.take_held() {
            return Ok((message, of_held(&peer)));
        }
        if self.lock_step
            && let Err(refusal) = self.rules.lock().machine.may_receive()
        {
            return failed(recv_cause(refusal));
        }
        let mut looked = false;
        loop {
            let Some(message) = incoming.pop(from) else {
                if let Some(gone) = incoming.take_gone() {
                    self.forget(gone);
                    continue;
                }
                unlock(incoming);
                // What is read in a nest may all be for others.
                if !(looked && self.is_nested()) && self.read_hot() {
                    looked = true;
                    incoming = self.lock_incoming();
                    continue;
                }
                return failed(RecvErrorCause::WouldBlock);
            };
            if !self.needs_accept.load(Relaxed) {
                let noted = note(&mut incoming, *from, &message);
                unlock(incoming);
                return Ok((message, noted));
            }
            let mut effects = Vec::new();
            let mut rules = self.rules.lock();
            let accepted = rules.machine.accept(*from, message, &mut effects);
            let booked = (!effects.is_empty()).then(|| self.book(&rules.peers, effects));
            drop(rules);
            let accepted = match accepted {
                Ok(message) => {
                    let noted = note(&mut incoming, *from, &message);
                    Some((message, noted))
                }
                Err(reason) => {
                    self.counters.lost(reason, 1);
                    None
                }
            };
            if booked.is_some() || accepted.is_some() {
                unlock(incoming);
                booked.into_iter().for_each(|booked| self.apply(booked));
                match accepted {
                    Some(done) => return Ok(done),
                    None => incoming = self.lock_incoming(),
                }
            }
        }
    }

    /// Whether a receive would find a message, or an error that waiting does not cure. SUB and DISH take their next
    /// message out ahead, because only a message that passes the filter counts.
    pub(crate) fn can_receive(&self) -> bool {
        if self.recv_refusal().is_some() {
            return true;
        }
        if self.lock_step && self.rules.lock().machine.may_receive().is_err() {
            return false;
        }
        if !matches!(self.kind, SocketType::Sub | SocketType::Dish) {
            let mut incoming = self.lock_incoming();
            let ready = incoming.is_ready();
            unlock(incoming);
            return ready;
        }
        let sender = |incoming: &mut Incoming, from, _: &Message| incoming.peer(from).cloned();
        match self.receive(sender, |peer| Some(peer.clone())) {
            Ok((message, Some(from))) => {
                self.lock_incoming().hold(from, message);
                true
            }
            Ok((_, None)) => false,
            Err(error) => error.cause != RecvErrorCause::WouldBlock,
        }
    }

    #[inline]
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
        if self.is_closed() { 0 } else { self.lock_incoming().unread_within() as u64 }
    }

    /// Drops what has arrived: nobody will receive it, however long somebody still has the closed socket's handle.
    pub(crate) fn forget_arrived(&self) {
        let arrived = std::mem::take(&mut *self.lock_incoming());
        drop(arrived.drain());
    }

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
        if self.kind.is_single_frame() && self.kind != SocketType::Dish {
            let dropped = batch.drop_multipart(); // R19
            self.counters.lost(Loss::BadEnvelope, dropped);
            if batch.is_empty() {
                return Ok(());
            }
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

    /// A datagram came, for DISH of this group or for DGRAM from this address. Says whether the peer is to be activated.
    pub(crate) fn datagram(&self, peer: &Peer, first: &[u8], body: &[u8]) -> bool {
        // Before it is queued: what others say on the same address must not crowd out what is wanted.
        if self.kind == SocketType::Dish && !self.rules.lock().machine.is_in(first) {
            self.counters.lost(Loss::Unsubscribed, 1);
            return false;
        }
        let pushed = peer.inbox.push_with(|cargo| {
            cargo.push_frame(first, true);
            cargo.push_frame(body, false);
        });
        match pushed {
            Ok(pushed) => pushed.dormant,
            Err(rejected) => {
                let full = matches!(rejected, zeroxide_pipe::Rejected::Full);
                self.counters.lost(if full { Loss::HighWaterMark } else { Loss::Disconnected }, 1);
                false
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
        let booked = self.book(&rules.peers, effects);
        drop(rules);
        self.apply(booked);
        self.changed.notify();
    }

    /// What has arrived. Whoever takes something out of it [unlocks](unlock) it, and leaves nobody untold; where nothing was
    /// taken there is nobody to tell.
    #[inline(always)]
    pub(super) fn lock_incoming(&self) -> Guard<'_, Incoming> {
        let incoming = self.incoming.lock();
        debug_assert!(!incoming.has_freed(), "somebody was not told of room");
        incoming
    }

    /// A peer's inbox has something again.
    pub(crate) fn activate(&self, peer: PeerId) {
        self.lock_incoming().activate(peer);
        self.readable.notify();
    }
}

/// Unlocks what has arrived, and tells of the room that was made there: others are woken when no lock is held, for they
/// may come back at once.
#[inline(always)]
pub(super) fn unlock(incoming: Guard<'_, Incoming>) {
    if incoming.has_freed() {
        cold_path();
        tell_of_room(incoming);
    }
}

#[cold]
fn tell_of_room(mut incoming: Guard<'_, Incoming>) {
    let freed = incoming.take_freed();
    drop(incoming);
    freed.iter().for_each(|peer| peer.tell_of_room());
}

fn recv_cause(refusal: Refusal) -> RecvErrorCause {
    match refusal {
        Refusal::IllegalState(advice) => RecvErrorCause::IllegalState(advice),
        Refusal::NotSupported => RecvErrorCause::NotSupported,
        _ => RecvErrorCause::WouldBlock,
    }
}
