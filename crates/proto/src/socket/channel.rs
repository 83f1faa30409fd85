//! CHANNEL (RFC 52): one peer, both directions, messages of one frame; else as PAIR. A second peer is refused.

use super::{Effect, Facts, Pair, Refusal, Refused, Route, Rules, one_frame};
use crate::{
    Message,
    routing::{PeerId, Peers},
};

/// The rules of a CHANNEL socket.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pair: Pair,
}

impl Rules for Channel {
    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.pair.attach(peer, facts, effects)
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.pair.detach(peer, effects);
    }

    #[inline]
    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
        self.pair.route(message, peers, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn a_channel_has_one_peer_and_messages_of_one_frame() {
        let mut channel = Rig::new(SocketType::Channel);
        assert_eq!(channel.send("early"), Err(Refusal::WouldBlock));
        channel.attach(0);
        assert_eq!(channel.attach_as(1, Facts::default()), Err(Refused::Occupied));
        assert_eq!(channel.send("a"), Ok(Sent::To(0, "a".into())));
        assert_eq!(channel.send(["a", "b"]), Err(Refusal::Multipart));
        channel.detach(0);
        channel.attach(1);
        assert_eq!(channel.send("c"), Ok(Sent::To(1, "c".into())));
    }
}
