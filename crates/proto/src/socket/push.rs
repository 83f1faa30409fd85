//! PUSH (RFC 30): hands work out in turn to whoever has room, and never drops.

use super::{Effect, Facts, Refusal, Refused, Route, Rules};
use crate::{
    Message,
    routing::{LoadBalance, PeerId, Peers},
};

/// The rules of a PUSH socket.
#[derive(Debug, Default)]
pub struct Push {
    balance: LoadBalance,
}

impl Rules for Push {
    fn attach(&mut self, peer: PeerId, _: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        self.balance.insert(peer);
        Ok(())
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.balance.remove(peer);
    }

    #[inline]
    fn route(
        &mut self,
        _: &mut Message,
        peers: &impl Peers,
        _: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        let peer = self.balance.pick(peers).ok_or(Refusal::WouldBlock)?;
        Ok(Route::One { peer, envelope: &[] })
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        Err(Refusal::NotSupported)
    }
}
