//! SERVER (RFC 41): answers clients, which it knows by number: the number comes with each message and goes with the
//! answer. What cannot be delivered is an error, never dropped.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, greeting::Greeting, one_frame};
use crate::{
    Frame, Loss, Message, Options, RoutingId,
    routing::{Numbers, PeerId, PeerTable, Peers},
};

/// The rules of a SERVER socket.
#[derive(Debug)]
pub(super) struct Server {
    numbers: Numbers,
    peers: PeerTable<Numbered>,
    greeting: Greeting,
    /// What the application is told when a peer that came to us goes.
    disconnect: Option<Frame>,
}

#[derive(Debug)]
struct Numbered {
    /// Stays when the peer is detached: what it sent is still delivered with it.
    number: RoutingId,
    connected: bool,
    initiated: bool,
}

impl Server {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        Self {
            numbers: Numbers::new(seed),
            peers: PeerTable::new(),
            greeting: Greeting::without_probe(options),
            disconnect: options.disconnect_message.clone(),
        }
    }
}

impl Rules for Server {
    fn configure(&mut self, options: &Options) {
        self.greeting = Greeting::without_probe(options);
        self.disconnect.clone_from(&options.disconnect_message);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let Facts { connected, initiated, .. } = *facts;
        let number = self.numbers.generate(peer);
        self.peers.insert(peer, Numbered { number, connected, initiated });
        self.greeting.attached(peer, facts, effects);
        Ok(())
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        if let Some(entry) = self.peers.get_mut(peer) {
            entry.connected = true;
            self.greeting.reattached(peer, facts, effects);
        }
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        if let Some(entry) = self.peers.get_mut(peer) {
            entry.connected = false;
        }
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        self.numbers.release(entry.number);
        let leaves = std::mem::take(&mut entry.connected) && !entry.initiated;
        if let Some(text) = &self.disconnect
            && leaves
        {
            effects.push(Effect::Deliver { peer, message: Message::from(text.clone()) });
        }
    }

    fn forget(&mut self, peer: PeerId) {
        self.peers.remove(peer);
    }

    #[inline]
    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
        let number = message.routing_id().ok_or(Refusal::Unroutable)?;
        let peer = self.numbers.find(number).ok_or(Refusal::Unroutable)?;
        if !peers.has_room(peer) {
            return Err(Refusal::WouldBlock);
        }
        Ok(Route::One { peer, envelope: &[] })
    }

    fn needs_accept(&self) -> bool {
        true
    }

    #[inline]
    fn accept(&mut self, from: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let entry = self.peers.get(from).ok_or(Loss::Unroutable)?;
        Ok(Message::routed(entry.number, message.into_first()))
    }

    fn peer_numbered(&self, number: RoutingId) -> Option<PeerId> {
        self.numbers.find(number)
    }

    fn number_of(&self, peer: PeerId) -> Option<RoutingId> {
        self.peers.get(peer).map(|entry| entry.number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    fn number(count: u32) -> RoutingId {
        RoutingId::new(SEED + count).unwrap()
    }

    #[test]
    fn an_answer_goes_to_the_number_that_came_with_the_question() {
        let mut server = Rig::new(SocketType::Server);
        server.attach(0);
        server.attach(1);
        let question = server.receive(1, "how much?").unwrap();
        assert_eq!(question, Message::routed(number(1), "how much?"));
        let asker = question.routing_id().unwrap();
        assert_eq!(server.send(Message::routed(asker, "42")), Ok(Sent::To(1, "42".into())));
        assert_eq!(server.machine.peer_numbered(number(0)), Some(PeerId(0)));
        assert_eq!(server.machine.number_of(PeerId(0)), Some(number(0)));
    }

    #[test]
    fn what_cannot_be_delivered_is_an_error_and_nothing_is_dropped() {
        let mut server = Rig::new(SocketType::Server);
        server.attach(0);
        assert_eq!(server.send("to nobody"), Err(Refusal::Unroutable));
        assert_eq!(server.send(Message::routed(number(1), "to a stranger")), Err(Refusal::Unroutable));
        assert_eq!(server.send(["two", "frames"]), Err(Refusal::Multipart));
        server.full.0 = vec![0];
        assert_eq!(server.send(Message::routed(number(0), "full")), Err(Refusal::WouldBlock));
        server.detach(0);
        assert_eq!(server.send(Message::routed(number(0), "gone")), Err(Refusal::Unroutable));
        assert_eq!(server.receive(0, "sent before"), Ok(Message::routed(number(0), "sent before")));
    }

    #[test]
    fn a_dialled_peer_has_its_number_at_once_and_keeps_it() {
        let mut server = Rig::with(SocketType::Server, |options| {
            options.hello_message = Some("hello".into());
            options.disconnect_message = Some("gone".into());
        });
        assert_eq!(server.attach_as(0, dialled()), Ok(vec![]));
        assert_eq!(server.send(Message::routed(number(0), "early")), Ok(Sent::To(0, "early".into())));
        assert_eq!(server.reattach(0), [greet(0, "hello")]);
        assert_eq!(server.suspend(0), []);
        assert_eq!(server.machine.peer_numbered(number(0)), Some(PeerId(0)));
        assert_eq!(server.detach(0), [], "the disconnect message is for those who came to us");
        assert_eq!(server.attach(1), [greet(1, "hello")]);
        assert_eq!(server.detach(1), [deliver(1, "gone")]);
    }
}
