//! ROUTER (RFC 28): talks to each peer by name. Puts the name before what it receives, sends to the name in frame one.
//!
//! Names are local. A peer is known by, in this order: what our application called the connection
//! (`connect_routing_id`), what the peer asked for, or a name that we generate. One name, one peer: a newcomer with a
//! taken name is refused, or with `router_handover` takes it and the former owner is disconnected.
//!
//! A connection may carry plain octets (`router_raw`): then `id ""` comes when it comes or goes, and closes it when sent,
//! as with [`Stream`](super::Stream). All else is as for other peers.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, behind, greeting::Greeting};
use crate::{
    Frame, Loss, Message, Options,
    options::RouterNotify,
    routing::{Names, PeerId, PeerTable, Peers},
};

/// The rules of a ROUTER socket.
#[derive(Debug)]
pub(super) struct Router {
    names: Names,
    peers: PeerTable<Named>,
    mandatory: bool,
    handover: bool,
    notify: RouterNotify,
    greeting: Greeting,
    /// What the application is told when a peer that came to us goes.
    disconnect: Option<Frame>,
}

#[derive(Debug)]
struct Named {
    /// None until the handshake of a connection without a name of ours. Stays when the peer is detached: what it sent is
    /// still delivered under it.
    name: Option<Frame>,
    origin: Origin,
    connected: bool,
    initiated: bool,
    raw: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Application,
    Peer,
    Generated,
}

impl Router {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        let mut names = Names::new(seed);
        names.lengthen(options.version_two);
        Self {
            names,
            peers: PeerTable::new(),
            mandatory: options.router_mandatory,
            handover: options.router_handover,
            notify: options.router_notify,
            greeting: Greeting::new(options),
            disconnect: options.disconnect_message.clone(),
        }
    }

    /// Finds the name of a new peer, or the new name of a known one.
    fn name(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<(Frame, Origin)>, Refused> {
        if let Some(name) = facts.connect_routing_id {
            if self.names.find(name).is_some_and(|owner| owner != peer) {
                return Err(Refused::NameTaken);
            }
            self.names.assign(name, peer);
            return Ok(Some((name.clone(), Origin::Application)));
        }
        if !facts.connected {
            return Ok(None);
        }
        if facts.routing_id.is_empty() {
            return Ok(Some((self.names.generate(peer), Origin::Generated)));
        }
        self.claim(facts.routing_id, peer, effects)?;
        Ok(Some((facts.routing_id.clone(), Origin::Peer)))
    }

    /// Gives a peer the name it asks for.
    fn claim(&mut self, name: &Frame, peer: PeerId, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match self.names.find(name) {
            Some(owner) if owner == peer => return Ok(()),
            Some(_) if !self.handover => return Err(Refused::NameTaken),
            Some(owner) => {
                // It keeps its entry, so that what it has sent still arrives, but no notice: its name lives on.
                if let Some(entry) = self.peers.get_mut(owner) {
                    entry.connected = false;
                }
                effects.push(Effect::Disconnect(owner));
            }
            None => {}
        }
        self.names.assign(name, peer);
        Ok(())
    }

    fn welcome(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        entry.connected = true;
        if self.notify.connect || entry.raw {
            effects.push(Effect::Deliver { peer, message: Message::new() });
        }
    }

    /// Reports a lost connection, once.
    fn farewell(&mut self, peer: PeerId, last: bool, effects: &mut Vec<Effect>) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        if !std::mem::take(&mut entry.connected) {
            return;
        }
        if self.notify.disconnect || entry.raw {
            effects.push(Effect::Deliver { peer, message: Message::new() });
        }
        if let Some(text) = &self.disconnect
            && last
            && !entry.initiated
        {
            effects.push(Effect::Deliver { peer, message: Message::from(text.clone()) });
        }
    }
}

impl Rules for Router {
    fn configure(&mut self, options: &Options) {
        (self.mandatory, self.handover) = (options.router_mandatory, options.router_handover);
        self.notify = options.router_notify;
        self.names.lengthen(options.version_two);
        self.greeting = Greeting::new(options);
        self.disconnect.clone_from(&options.disconnect_message);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let (name, origin) = self.name(peer, facts, effects)?.unzip();
        let origin = origin.unwrap_or(Origin::Generated);
        let Facts { initiated, raw, .. } = *facts;
        self.peers.insert(peer, Named { name, origin, connected: false, initiated, raw });
        if facts.connected {
            self.welcome(peer, effects);
        }
        self.greeting.attached(peer, facts, effects);
        Ok(())
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        let Some(entry) = self.peers.get(peer) else { return Ok(()) };
        let asks_anew = !facts.routing_id.is_empty() && entry.name.as_ref() != Some(facts.routing_id);
        let former = entry.name.clone();
        let named = match (&former, entry.origin) {
            (None, _) => self.name(peer, &Facts { connected: true, ..*facts }, effects)?,
            // Somebody else answers at the same address: what it is asked is addressed to its own name from now on.
            (Some(_), Origin::Peer | Origin::Generated) if asks_anew => {
                self.claim(facts.routing_id, peer, effects)?;
                Some((facts.routing_id.clone(), Origin::Peer))
            }
            _ => None,
        };
        if let Some((name, origin)) = named {
            if let Some(former) = former {
                self.names.release(&former, peer);
            }
            if let Some(entry) = self.peers.get_mut(peer) {
                (entry.name, entry.origin) = (Some(name), origin);
            }
        }
        self.welcome(peer, effects);
        self.greeting.reattached(peer, facts, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.farewell(peer, false, effects);
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.farewell(peer, true, effects);
        if let Some(name) = self.peers.get(peer).and_then(|entry| entry.name.as_ref()) {
            self.names.release(name, peer);
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.peers.remove(peer);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let Some(peer) = self.names.find(message.body()) else {
            return if self.mandatory {
                Err(Refusal::Unroutable)
            } else {
                Ok(Route::Dropped(Loss::Unroutable))
            };
        };
        if !message.is_multipart() {
            return Ok(Route::Dropped(Loss::BadEnvelope));
        }
        if let [name, data] = message.frames()
            && data.is_empty()
            && let Some(entry) = self.peers.get_mut(peer)
            && entry.raw
        {
            // Our own doing is not reported back, and nothing can follow the end.
            entry.connected = false;
            self.names.release(name, peer);
            return Ok(Route::Close { peer });
        }
        if !peers.has_room(peer) {
            return if self.mandatory {
                Err(Refusal::WouldBlock)
            } else {
                Ok(Route::Dropped(Loss::HighWaterMark))
            };
        }
        message.pop_front();
        Ok(Route::One { peer, envelope: &[] })
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(&mut self, from: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let name = self.peers.get(from).and_then(|entry| entry.name.as_ref()).ok_or(Loss::Unroutable)?;
        Ok(behind(name, message))
    }

    fn peer_named(&self, routing_id: &[u8]) -> Option<PeerId> {
        self.names.find(routing_id)
    }

    fn routing_id_of(&self, peer: PeerId) -> Option<&Frame> {
        self.peers.get(peer)?.name.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn peers_are_known_by_the_name_they_ask_for_or_a_generated_one() {
        let mut router = Rig::new(SocketType::Router);
        router.attach_named(0, "ann").unwrap();
        router.attach(1);
        router.attach(2);
        assert_eq!(router.receive(0, "a"), Ok(Message::from(["ann", "a"])));
        assert_eq!(router.receive(1, ["", "b"]), Ok(Message::from([id(SEED), "".into(), "b".into()])));
        assert_eq!(router.send(["ann", "", "x"]), Ok(Sent::To(0, Message::from(["", "x"]))));
        let to_second = Message::from([id(SEED + 1), "y".into()]);
        assert_eq!(router.send(to_second), Ok(Sent::To(2, "y".into())));
        assert_eq!(router.machine.peer_named(b"ann"), Some(PeerId(0)));
        assert_eq!(router.machine.routing_id_of(PeerId(2)), Some(&id(SEED + 1)));
    }

    #[test]
    fn by_default_what_cannot_be_sent_is_dropped_and_counted() {
        let mut router = Rig::new(SocketType::Router);
        router.attach_named(0, "ann").unwrap();
        assert_eq!(router.send(["bob", "a"]), Ok(Sent::Dropped(Loss::Unroutable)));
        assert_eq!(router.send("ann"), Ok(Sent::Dropped(Loss::BadEnvelope)));
        router.full.0 = vec![0];
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::Dropped(Loss::HighWaterMark)));
        router.detach(0);
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::Dropped(Loss::Unroutable)));
        assert_eq!(router.receive(0, "sent before"), Ok(Message::from(["ann", "sent before"])));
    }

    #[test]
    fn a_mandatory_router_says_what_it_cannot_send() {
        let mut router = Rig::with(SocketType::Router, |options| options.router_mandatory = true);
        router.attach_named(0, "ann").unwrap();
        router.full.0 = vec![0];
        assert_eq!(router.send(["bob", "a"]), Err(Refusal::Unroutable));
        assert_eq!(router.send(["ann", "a"]), Err(Refusal::WouldBlock));
    }

    #[test]
    fn a_newcomer_with_a_taken_name_is_ignored() {
        let mut router = Rig::new(SocketType::Router);
        router.attach_named(0, "ann").unwrap();
        assert_eq!(router.attach_named(1, "ann"), Err(Refused::NameTaken));
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::To(0, "a".into())));
        assert_eq!(router.receive(1, "a"), Err(Loss::Unroutable));
        router.detach(1);
        router.machine.forget(PeerId(1));
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::To(0, "a".into())));
    }

    #[test]
    fn with_handover_a_newcomer_takes_the_name_and_the_old_connection_is_closed() {
        let mut router = Rig::with(SocketType::Router, |options| {
            options.router_handover = true;
            options.router_notify = RouterNotify { connect: false, disconnect: true };
        });
        router.attach_named(0, "ann").unwrap();
        assert_eq!(router.attach_named(1, "ann"), Ok(vec![Effect::Disconnect(PeerId(0))]));
        assert_eq!(router.detach(0), [], "the name did not go");
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::To(1, "a".into())));
        assert_eq!(router.receive(0, "last words"), Ok(Message::from(["ann", "last words"])));
        assert_eq!(router.detach(1), [deliver(1, "")]);
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::Dropped(Loss::Unroutable)));
    }

    #[test]
    fn a_name_given_to_a_connection_holds_before_and_after_its_handshake() {
        let mut router = Rig::new(SocketType::Router);
        let (given, own) = (Frame::from("server"), Frame::from("its own"));
        let facts = Facts { connect_routing_id: Some(&given), ..dialled() };
        router.attach_as(0, facts).unwrap();
        assert_eq!(router.send(["server", "a"]), Ok(Sent::To(0, "a".into())));
        router.reattach_as(0, Facts { routing_id: &own, ..facts }).unwrap();
        assert_eq!(router.receive(0, "b"), Ok(Message::from(["server", "b"])));
        assert_eq!(router.attach_as(1, facts), Err(Refused::NameTaken));
    }

    #[test]
    fn a_dialled_peer_is_named_at_its_handshake_and_may_return_as_another() {
        let mut router = Rig::new(SocketType::Router);
        router.attach_as(0, dialled()).unwrap();
        assert_eq!(router.machine.routing_id_of(PeerId(0)), None);
        let (ann, bob) = (Frame::from("ann"), Frame::from("bob"));
        router.reattach_as(0, Facts { routing_id: &ann, ..Facts::default() }).unwrap();
        router.suspend(0);
        assert_eq!(router.send(["ann", "kept"]), Ok(Sent::To(0, "kept".into())));
        router.reattach_as(0, Facts { routing_id: &bob, ..Facts::default() }).unwrap();
        assert_eq!(router.send(["ann", "a"]), Ok(Sent::Dropped(Loss::Unroutable)));
        assert_eq!(router.send(["bob", "a"]), Ok(Sent::To(0, "a".into())));
        router.attach_named(1, "ann").unwrap();
        let facts = Facts { routing_id: &ann, ..Facts::default() };
        assert_eq!(router.reattach_as(0, facts), Err(Refused::NameTaken));
        assert_eq!(router.machine.peer_named(b"bob"), Some(PeerId(0)), "it is as it was");
    }

    #[test]
    fn a_connection_of_plain_octets_is_announced_and_closed_as_a_stream_is() {
        let mut router = Rig::with(SocketType::Router, |options| {
            options.hello_message = Some("hello".into());
            options.probe_router = true;
        });
        let raw = Facts { raw: true, ..Facts::default() };
        assert_eq!(router.attach_as(0, raw), Ok(vec![deliver(0, "")]), "and it is not greeted");
        assert_eq!(router.receive(0, "GET /"), Ok(Message::from([id(SEED), "GET /".into()])));
        assert_eq!(router.send([id(SEED), "200".into()]), Ok(Sent::To(0, "200".into())));
        assert_eq!(router.send([id(SEED), Frame::EMPTY]), Ok(Sent::Closed(0)));
        assert_eq!(router.send([id(SEED), "more".into()]), Ok(Sent::Dropped(Loss::Unroutable)));
        assert_eq!(router.detach(0), [], "what we did is not told to us");
        assert_eq!(router.attach_as(1, raw), Ok(vec![deliver(1, "")]));
        assert_eq!(router.detach(1), [deliver(1, "")]);
        router.attach_named(2, "ann").unwrap();
        assert_eq!(router.send(["ann", ""]), Ok(Sent::To(2, "".into())), "others get empty messages");
    }

    #[test]
    fn comings_and_goings_are_reported_once_each() {
        let mut router = Rig::with(SocketType::Router, |options| {
            options.router_notify = RouterNotify { connect: true, disconnect: true };
            options.disconnect_message = Some("gone".into());
            options.hello_message = Some("hello".into());
            options.probe_router = true;
        });
        let arrival = [deliver(0, ""), greet(0, "hello"), greet(0, "")];
        assert_eq!(router.attach_named(0, "ann"), Ok(arrival.to_vec()));
        assert_eq!(router.receive(0, ""), Ok(Message::from(["ann", ""])));
        assert_eq!(router.detach(0), [deliver(0, ""), deliver(0, "gone")]);
        assert_eq!(router.receive(0, "gone"), Ok(Message::from(["ann", "gone"])));
        assert_eq!(router.attach_as(1, dialled()), Ok(vec![]));
        assert_eq!(router.reattach(1)[0], deliver(1, ""));
        assert_eq!(router.suspend(1), [deliver(1, "")], "the disconnect message is for those who came to us");
        assert_eq!(router.detach(1), []);
    }
}
