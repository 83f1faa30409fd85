//! SCATTER (RFC 49): hands messages of one frame out in turn to whoever has room, and never drops; else as PUSH.

use super::{Effect, Facts, Push, Refusal, Refused, Route, Rules, one_frame};
use crate::{
    Message,
    routing::{PeerId, Peers},
};

/// The rules of a SCATTER socket: a PUSH's for messages of one frame.
#[derive(Debug, Default)]
pub(super) struct Scatter(Push);

impl Rules for Scatter {
    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.0.attach(peer, facts, effects)
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.0.detach(peer, effects);
    }

    #[inline]
    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
        self.0.route(message, peers, targets)
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        self.0.may_receive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    #[test]
    fn messages_of_one_frame_go_round_and_nothing_is_dropped() {
        let mut scatter = Rig::new(SocketType::Scatter);
        assert_eq!(scatter.send("early"), Err(Refusal::WouldBlock));
        (0..3).for_each(|peer| drop(scatter.attach(peer)));
        scatter.full.0 = vec![1];
        let to: Vec<_> = (0..3).map(|_| scatter.send("work").unwrap()).collect();
        assert_eq!(to, [0, 2, 0].map(|peer| Sent::To(peer, "work".into())));
        assert_eq!(scatter.send(["a", "b"]), Err(Refusal::Multipart));
        scatter.full.0 = vec![0, 1, 2];
        assert_eq!(scatter.send("work"), Err(Refusal::WouldBlock));
        assert_eq!(scatter.machine.may_receive(), Err(Refusal::NotSupported));
    }
}
