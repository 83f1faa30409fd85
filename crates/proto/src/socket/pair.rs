//! PAIR (RFC 31): one peer, both directions; a second one is refused.

use super::{Effect, Facts, Refusal, Refused, Route, Rules};
use crate::{
    Message,
    routing::{PeerId, Peers},
};

/// The rules of a PAIR socket.
#[derive(Debug, Default)]
pub(super) struct Pair {
    peer: Option<PeerId>,
}

impl Rules for Pair {
    fn attach(&mut self, peer: PeerId, _: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        if self.peer.is_some_and(|other| other != peer) {
            return Err(Refused::Occupied);
        }
        self.peer = Some(peer);
        Ok(())
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        if self.peer == Some(peer) {
            self.peer = None;
        }
    }

    #[inline]
    fn route(
        &mut self,
        _: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        match self.peer {
            Some(peer) if peers.has_room(peer) => Ok(Route::One { peer, envelope: &[] }),
            _ => Err(Refusal::WouldBlock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn a_second_peer_is_refused_until_the_first_is_gone() {
        let mut pair = Rig::new(SocketType::Pair);
        assert_eq!(pair.send("early"), Err(Refusal::WouldBlock));
        pair.attach(0);
        assert_eq!(pair.attach_as(1, Facts::default()), Err(Refused::Occupied));
        assert_eq!(pair.send("a"), Ok(Sent::To(0, "a".into())));
        pair.full.0 = vec![0];
        assert_eq!(pair.send("b"), Err(Refusal::WouldBlock));
        pair.detach(1);
        pair.detach(0);
        pair.attach(1);
        assert_eq!(pair.send("c"), Ok(Sent::To(1, "c".into())));
    }
}
