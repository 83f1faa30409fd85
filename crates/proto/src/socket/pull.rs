//! PULL (RFC 30): takes work, fairly from all who have some. All of that is the fair queue's, which the caller keeps.

use super::{Effect, Facts, Refused, Rules};
use crate::routing::PeerId;

/// The rules of a PULL socket: everybody is let in, everything is accepted, nothing is sent.
#[derive(Debug, Default)]
pub(super) struct Pull;

impl Rules for Pull {
    fn attach(&mut self, _: PeerId, _: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        Ok(())
    }

    fn detach(&mut self, _: PeerId, _: &mut Vec<Effect>) {}
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;

    use crate::SocketType;

    use crate::Message;

    #[test]
    fn what_comes_is_taken_as_it_is_and_nothing_can_be_sent() {
        let mut pull = Rig::new(SocketType::Pull);
        pull.attach(0);
        assert!(!pull.machine.needs_accept());
        assert_eq!(pull.machine.may_receive(), Ok(()));
        assert_eq!(pull.receive(0, ["a", ""]), Ok(Message::from(["a", ""])));
        assert_eq!(pull.send("no"), Err(super::super::Refusal::NotSupported));
    }
}
