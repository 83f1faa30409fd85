//! PUSH (RFC 30): hands work out in turn to whoever has room, and never drops.

use super::{Effect, Facts, Refusal, Refused, Route, Rules};
use crate::{
    Message,
    routing::{LoadBalance, PeerId, Peers},
};

/// The rules of a PUSH socket.
#[derive(Debug, Default)]
pub(super) struct Push {
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

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn work_goes_round_full_peers_are_passed_over_and_nothing_is_dropped() {
        let mut push = Rig::new(SocketType::Push);
        assert_eq!(push.send("early"), Err(Refusal::WouldBlock));
        (0..3).for_each(|peer| drop(push.attach(peer)));
        push.full.0 = vec![1];
        let to: Vec<_> = (0..4).map(|_| push.send("work").unwrap()).collect();
        assert_eq!(to, [0, 2, 0, 2].map(|peer| Sent::To(peer, "work".into())));
        push.full.0 = vec![0, 1, 2];
        assert_eq!(push.send("work"), Err(Refusal::WouldBlock));
        push.full.0.clear();
        push.detach(0);
        assert_eq!(push.send(["a", "b"]), Ok(Sent::To(1, Message::from(["a", "b"]))));
    }

    #[test]
    fn a_peer_that_is_dialled_is_queued_for_while_it_is_away() {
        let mut push = Rig::new(SocketType::Push);
        push.attach_as(0, dialled()).unwrap();
        assert_eq!(push.send("a"), Ok(Sent::To(0, "a".into())));
        push.reattach(0);
        push.suspend(0);
        assert_eq!(push.send("b"), Ok(Sent::To(0, "b".into())));
    }

    #[test]
    fn nothing_can_be_received() {
        assert_eq!(Rig::new(SocketType::Push).machine.may_receive(), Err(Refusal::NotSupported));
    }
}
