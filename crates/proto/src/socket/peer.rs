//! PEER (RFC 51): talks to its likes, which it knows by number; as SERVER, and a connect answers with the number.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, Server};
use crate::{
    Frame, Loss, Message, Options, RoutingId,
    routing::{PeerId, Peers},
};

/// The rules of a PEER socket.
#[derive(Debug)]
pub(super) struct Peer {
    server: Server,
    hiccup: Option<Frame>,
}

impl Peer {
    pub(super) fn new(options: &Options, seed: u32) -> Self {
        Self { server: Server::new(options, seed), hiccup: options.hiccup_message.clone() }
    }
}

impl Rules for Peer {
    fn configure(&mut self, options: &Options) {
        self.server.configure(options);
        self.hiccup.clone_from(&options.hiccup_message);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.server.attach(peer, facts, effects)
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.server.reattach(peer, facts, effects)
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.server.suspend(peer, effects);
        if let Some(hiccup) = &self.hiccup {
            effects.push(Effect::Deliver { peer, message: Message::from(hiccup.clone()) });
        }
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.server.detach(peer, effects);
    }

    fn forget(&mut self, peer: PeerId) {
        self.server.forget(peer);
    }

    #[inline]
    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        self.server.route(message, peers, targets)
    }

    fn needs_accept(&self) -> bool {
        true
    }

    #[inline]
    fn accept(&mut self, from: PeerId, message: Message, effects: &mut Vec<Effect>) -> Result<Message, Loss> {
        self.server.accept(from, message, effects)
    }

    fn peer_numbered(&self, number: RoutingId) -> Option<PeerId> {
        self.server.peer_numbered(number)
    }

    fn number_of(&self, peer: PeerId) -> Option<RoutingId> {
        self.server.number_of(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn who_connected_can_speak_first_and_hears_of_each_loss() {
        let mut peer = Rig::with(SocketType::Peer, |options| options.hiccup_message = Some("hiccup".into()));
        peer.attach_as(0, dialled()).unwrap();
        let other = peer.machine.number_of(PeerId(0)).unwrap();
        assert_eq!(peer.send(Message::routed(other, "first")), Ok(Sent::To(0, "first".into())));
        assert_eq!(peer.reattach(0), []);
        assert_eq!(peer.receive(0, "second"), Ok(Message::routed(other, "second")));
        assert_eq!(peer.suspend(0), [deliver(0, "hiccup")]);
        assert_eq!(peer.send(Message::routed(other, "kept")), Ok(Sent::To(0, "kept".into())));
        peer.detach(0);
        assert_eq!(peer.send(Message::routed(other, "gone")), Err(Refusal::Unroutable));
        assert_eq!(peer.send(["a", "b"]), Err(Refusal::Multipart));
    }
}
