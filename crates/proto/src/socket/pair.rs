//! PAIR (RFC 31): one peer, both directions; a second one is refused.

use super::{Effect, Facts, Refusal, Refused, Route, Rules};
use crate::{
    Message,
    routing::{PeerId, Peers},
};

/// The rules of a PAIR socket.
#[derive(Debug, Default)]
pub struct Pair {
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
