//! DISH (RFC 48): joins groups at every RADIO, and receives their messages. Groups are state, not messages: a connection
//! that comes up is told all of them. What arrives is filtered again, for datagrams and late messages.

use super::{Effect, Facts, GroupRefusal, Refused, Rules};
use crate::{
    Frame, Loss, Message,
    routing::{PeerId, PeerTable},
    wire::command::is_group,
};
use std::collections::HashSet;

/// The rules of a DISH socket.
#[derive(Debug, Default)]
pub(super) struct Dish {
    groups: HashSet<Box<[u8]>>,
    /// Who must be told of groups: connected RADIOs, which are not UDP addresses.
    radios: PeerTable<bool>,
}

impl Dish {
    fn tell(&self, group: &[u8], join: bool, effects: &mut Vec<Effect>) {
        let group = Frame::from(group);
        let radios = self.radios.iter().filter(|(_, connected)| **connected);
        effects.extend(radios.map(|(peer, _)| Effect::Group { peer, group: group.clone(), join }));
    }

    fn tell_all(&self, peer: PeerId, effects: &mut Vec<Effect>) {
        let told = |group: &[u8]| Effect::Group { peer, group: Frame::from(group), join: true };
        effects.extend(self.groups.iter().map(|group| told(group)));
    }
}

impl Rules for Dish {
    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let listens = facts.connected && !facts.datagrams;
        self.radios.insert(peer, listens);
        if listens {
            self.tell_all(peer, effects);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, _: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.radios.insert(peer, true);
        self.tell_all(peer, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.radios.insert(peer, false);
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.radios.remove(peer);
    }

    fn needs_accept(&self) -> bool {
        true
    }

    fn accept(&mut self, _: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        let message = message.into_grouped().ok_or(Loss::BadEnvelope)?; // R13
        if message.group().is_some_and(|group| self.groups.contains(group)) {
            Ok(message)
        } else {
            Err(Loss::Unsubscribed)
        }
    }

    fn join(&mut self, group: &[u8], effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        if !is_group(group) {
            return Err(GroupRefusal::BadGroup);
        }
        if !self.groups.insert(group.into()) {
            return Err(GroupRefusal::AlreadyJoined);
        }
        self.tell(group, true, effects);
        Ok(())
    }

    fn leave(&mut self, group: &[u8], effects: &mut Vec<Effect>) -> Result<(), GroupRefusal> {
        if !is_group(group) {
            return Err(GroupRefusal::BadGroup);
        }
        if !self.groups.remove(group) {
            return Err(GroupRefusal::NotJoined);
        }
        self.tell(group, false, effects);
        Ok(())
    }

    fn is_in(&self, group: &[u8]) -> bool {
        self.groups.contains(group)
    }

    fn topics_count(&self) -> usize {
        self.groups.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;
    use crate::SocketType;

    fn heard(peer: u32, group: &str, join: bool) -> Effect {
        Effect::Group { peer: PeerId(peer), group: group.into(), join }
    }

    #[test]
    fn a_group_is_joined_once_and_left_once_and_radios_are_told() {
        let mut dish = Rig::new(SocketType::Dish);
        dish.attach(0);
        assert_eq!(dish.join("TV"), Ok(vec![heard(0, "TV", true)]));
        assert_eq!(dish.join("TV"), Err(GroupRefusal::AlreadyJoined));
        assert_eq!(dish.leave("radio"), Err(GroupRefusal::NotJoined));
        assert_eq!(dish.attach(1), [heard(1, "TV", true)]);
        dish.suspend(0);
        assert_eq!(dish.leave("TV"), Ok(vec![heard(1, "TV", false)]));
        assert_eq!(dish.reattach(0), []);
        assert_eq!(dish.attach_as(2, Facts { datagrams: true, ..Facts::default() }), Ok(vec![]));
        assert_eq!(dish.join("").map(|effects| effects.len()), Ok(2), "a datagram cannot be told");
    }

    #[test]
    fn t12_r13_a_group_has_at_most_255_octets_none_of_them_zero() {
        let mut dish = Rig::new(SocketType::Dish);
        assert_eq!(dish.join(&"g".repeat(255)), Ok(vec![]));
        for group in ["g".repeat(256), "a\0".to_owned()] {
            assert_eq!(dish.join(&group), Err(GroupRefusal::BadGroup));
            assert_eq!(dish.leave(&group), Err(GroupRefusal::BadGroup));
        }
        assert_eq!(Rig::new(SocketType::Sub).join("TV"), Err(GroupRefusal::NotSupported));
    }

    #[test]
    fn t12_a_message_is_group_and_body_and_of_a_joined_group() {
        let mut dish = Rig::new(SocketType::Dish);
        dish.attach(0);
        dish.join("TV").unwrap();
        assert_eq!(dish.receive(0, ["TV", "Facts"]), Ok(Message::grouped("TV", "Facts")));
        assert_eq!(dish.receive(0, ["TV2", "Facts"]), Err(Loss::Unsubscribed), "groups match exactly");
        assert_eq!(dish.receive(0, "TV"), Err(Loss::BadEnvelope));
        assert_eq!(dish.receive(0, ["TV", "a", "b"]), Err(Loss::BadEnvelope));
        dish.leave("TV").unwrap();
        assert_eq!(dish.receive(0, ["TV", "late"]), Err(Loss::Unsubscribed));
        assert_eq!(dish.send("no"), Err(super::super::Refusal::NotSupported));
    }
}
