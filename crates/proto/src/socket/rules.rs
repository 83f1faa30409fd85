//! What a socket type may decide; the types fill in what has a meaning for them.

use super::{Effect, Facts, GroupRefusal, Refusal, Refused, Route, Upstream, greeting::Greeting};
use crate::{
    Frame, Loss, Message, Options, RoutingId,
    routing::{PeerId, Peers},
};

/// What each socket type answers; what it leaves out has no meaning for it.
pub(super) trait Rules {
    fn configure(&mut self, _options: &Options) {}

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused>;

    /// What a peer is greeted with when its connection comes, or comes again, after it was attached.
    fn greets(&self) -> Option<&Greeting> {
        None
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        if let Some(greeting) = self.greets() {
            greeting.reattached(peer, facts, effects);
        }
        Ok(())
    }

    fn suspend(&mut self, _peer: PeerId, _effects: &mut Vec<Effect>) {}

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>);

    fn forget(&mut self, _peer: PeerId) {}

    fn route(
        &mut self,
        _message: &mut Message,
        _peers: &impl Peers,
        _targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        Err(Refusal::NotSupported)
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn needs_accept(&self) -> bool {
        false
    }

    fn accept(&mut self, _: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        Ok(message)
    }

    fn wants(&self, _first: &[u8]) -> bool {
        true
    }

    fn upstream(&mut self, _from: PeerId, _what: Upstream<'_>, _effects: &mut Vec<Effect>) {}

    fn subscribe(&mut self, _topic: &[u8], _effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        Err(Refusal::NotSupported)
    }

    fn unsubscribe(&mut self, _topic: &[u8], _effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        Err(Refusal::NotSupported)
    }

    fn join(&mut self, _group: &[u8], _effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        Err(GroupRefusal::NotSupported)
    }

    fn leave(&mut self, _group: &[u8], _effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        Err(GroupRefusal::NotSupported)
    }

    fn is_in(&self, _group: &[u8]) -> bool {
        false
    }

    fn subscribers(&self, _topic: &[u8]) -> usize {
        0
    }

    fn topics_count(&self) -> usize {
        0
    }

    fn peer_named(&self, _routing_id: &[u8]) -> Option<PeerId> {
        None
    }

    fn routing_id_of(&self, _peer: PeerId) -> Option<&Frame> {
        None
    }

    fn latest_name(&self) -> Option<&Frame> {
        None
    }

    fn peer_numbered(&self, _number: RoutingId) -> Option<PeerId> {
        None
    }

    fn number_of(&self, _peer: PeerId) -> Option<RoutingId> {
        None
    }
}
