//! RADIO (RFC 48): a message goes to each DISH that joined its group, and to each UDP address, which filters for itself.
//! As PUB it never waits: a full DISH loses the message, counted, unless `xpub_nodrop` asks for all or none.

use super::{Effect, Facts, Refusal, Refused, Route, Rules, Upstream, one_frame};
use crate::{
    Limit, Loss, Message, Options,
    routing::{PeerId, PeerTable, Peers},
    wire::{command::is_group, datagram::DATAGRAM_MAX},
};
use std::collections::HashMap;

/// Octets of all the groups that a remote peer may join, where their number is bounded (zmtp.md R21).
const OCTETS_PER_PEER: usize = 64 * 1024 * 1024;

/// The rules of a RADIO socket.
#[derive(Debug)]
pub(super) struct Radio {
    /// Members by number, so that who leaves is found.
    groups: HashMap<Box<[u8]>, Vec<PeerId>>,
    dishes: PeerTable<Listener>,
    /// UDP addresses: they get everything.
    datagrams: Vec<PeerId>,
    no_drop: bool,
    /// The most groups of a remote peer; `None` is without bound.
    groups_of_peer: Option<usize>,
}

#[derive(Debug, Default)]
struct Listener {
    connected: bool,
    local: bool,
    /// How often it joined which group: RFC 48 does not say, libzmq counts.
    joined: HashMap<Box<[u8]>, u32>,
    octets: usize,
}

impl Radio {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            groups: HashMap::new(),
            dishes: PeerTable::new(),
            datagrams: Vec::new(),
            no_drop: options.xpub_nodrop,
            groups_of_peer: options.max_subscriptions,
        }
    }

    fn connect(&mut self, peer: PeerId, facts: &Facts<'_>) {
        let Facts { connected, local, .. } = *facts;
        self.dishes.insert(peer, Listener { connected, local, ..Listener::default() });
    }

    fn disconnect(&mut self, peer: PeerId) {
        let Some(dish) = self.dishes.get_mut(peer) else { return };
        dish.connected = false;
        dish.octets = 0;
        for (group, _) in std::mem::take(&mut dish.joined) {
            self.drop_member(&group, peer);
        }
    }

    fn drop_member(&mut self, group: &[u8], peer: PeerId) {
        let Some(members) = self.groups.get_mut(group) else { return };
        if let Ok(at) = members.binary_search(&peer) {
            members.remove(at);
        }
        if members.is_empty() {
            self.groups.remove(group);
        }
    }

    fn join(&mut self, peer: PeerId, group: &[u8], effects: &mut Vec<Effect>) {
        // What is read from a connection after its loss was noticed belongs to no group any more.
        let Some(dish) = self.dishes.get_mut(peer).filter(|dish| dish.connected) else { return };
        if let Some(copies) = dish.joined.get_mut(group) {
            *copies = copies.saturating_add(1);
            return;
        }
        let over = self
            .groups_of_peer
            .is_some_and(|most| dish.joined.len() >= most || dish.octets + group.len() > OCTETS_PER_PEER);
        if over && !dish.local {
            return effects.extend([Effect::Limit(peer, Limit::Subscriptions), Effect::Disconnect(peer)]);
        }
        dish.octets += group.len();
        dish.joined.insert(group.into(), 1);
        let members = self.groups.entry(group.into()).or_default();
        if let Err(at) = members.binary_search(&peer) {
            members.insert(at, peer);
        }
    }

    fn leave(&mut self, peer: PeerId, group: &[u8]) {
        let Some(dish) = self.dishes.get_mut(peer) else { return };
        let Some(copies) = dish.joined.get_mut(group) else { return };
        *copies -= 1;
        if *copies == 0 {
            dish.joined.remove(group);
            dish.octets -= group.len();
            self.drop_member(group, peer);
        }
    }
}

impl Rules for Radio {
    fn configure(&mut self, options: &Options) {
        self.no_drop = options.xpub_nodrop;
        self.groups_of_peer = options.max_subscriptions;
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        if facts.datagrams {
            self.datagrams.push(peer);
        } else {
            self.connect(peer, facts);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, facts: &Facts<'_>, _: &mut Vec<Effect>) -> Result<(), Refused> {
        self.connect(peer, &Facts { connected: true, ..*facts });
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.disconnect(peer);
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.disconnect(peer);
        self.dishes.remove(peer);
        self.datagrams.retain(|other| *other != peer);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        one_frame(message)?;
        let group = message.group().unwrap_or_default();
        if !is_group(group) {
            return Err(Refusal::BadGroup); // R13
        }
        let room = DATAGRAM_MAX - 1 - group.len();
        if message.octets() > room && !self.datagrams.is_empty() {
            return Err(Refusal::Oversized(room));
        }
        targets.clear();
        let members = self.groups.get(group).map_or(&[][..], Vec::as_slice);
        targets.extend(members.iter().chain(&self.datagrams).filter(|peer| peers.has_room(**peer)));
        let missed = members.len() + self.datagrams.len() - targets.len();
        if missed > 0 && self.no_drop {
            targets.clear();
            return Err(Refusal::WouldBlock);
        }
        message.expose_group();
        Ok(match targets.is_empty() && missed == 0 {
            false => Route::Each { missed },
            true if self.dishes.is_empty() => Route::Dropped(Loss::NoPeer),
            true => Route::Dropped(Loss::Unsubscribed),
        })
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        Err(Refusal::NotSupported)
    }

    fn upstream(&mut self, from: PeerId, what: Upstream<'_>, effects: &mut Vec<Effect>) {
        match what {
            Upstream::Join(group) => self.join(from, group, effects),
            Upstream::Leave(group) => self.leave(from, group),
            Upstream::Message(_) => effects.push(Effect::Lost(Loss::BadEnvelope, 1)),
            // Commands of another pattern, as unknown as any.
            Upstream::Subscribe(_) | Upstream::Cancel(_) => {}
        }
    }

    fn subscribers(&self, group: &[u8]) -> usize {
        self.groups.get(group).map_or(0, Vec::len) + self.datagrams.len()
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

    fn tv(body: &str) -> Message {
        Message::grouped("TV", body)
    }

    #[test]
    fn a_message_goes_to_the_members_of_its_very_group() {
        let mut radio = Rig::new(SocketType::Radio);
        assert_eq!(radio.send(tv("a")), Ok(Sent::Dropped(Loss::NoPeer)));
        (0..3).for_each(|peer| drop(radio.attach(peer)));
        assert_eq!(radio.send(tv("b")), Ok(Sent::Dropped(Loss::Unsubscribed)));
        for (peer, group) in [(0, &b"TV"[..]), (1, b"T"), (2, b"TV"), (1, b"")] {
            assert_eq!(radio.upstream(peer, Upstream::Join(group)), []);
        }
        assert_eq!(radio.send(tv("c")), Ok(Sent::Each(vec![0, 2], 0)));
        assert_eq!(radio.send("of no group"), Ok(Sent::Each(vec![1], 0)));
        radio.upstream(0, Upstream::Leave(b"TV"));
        radio.upstream(0, Upstream::Leave(b"TV"));
        assert_eq!(radio.send(tv("d")), Ok(Sent::Each(vec![2], 0)));
        assert_eq!((radio.machine.subscribers(b"TV"), radio.machine.topics_count()), (1, 3));
    }

    #[test]
    fn joins_are_counted_and_end_with_the_connection() {
        let mut radio = Rig::new(SocketType::Radio);
        radio.attach(0);
        radio.upstream(0, Upstream::Join(b"TV"));
        radio.upstream(0, Upstream::Join(b"TV"));
        radio.upstream(0, Upstream::Leave(b"TV"));
        assert_eq!(radio.machine.subscribers(b"TV"), 1);
        radio.suspend(0);
        assert_eq!((radio.machine.subscribers(b"TV"), radio.machine.topics_count()), (0, 0));
        radio.upstream(0, Upstream::Join(b"TV"));
        assert_eq!(radio.machine.subscribers(b"TV"), 0, "too late");
        radio.reattach(0);
        radio.upstream(0, Upstream::Join(b"TV"));
        assert_eq!(radio.machine.subscribers(b"TV"), 1);
    }

    #[test]
    fn a_full_dish_misses_the_message_unless_all_or_none_is_asked_for() {
        let mut radio = Rig::new(SocketType::Radio);
        for peer in 0..2 {
            radio.attach(peer);
            radio.upstream(peer, Upstream::Join(b"TV"));
        }
        radio.full.0 = vec![0];
        assert_eq!(radio.send(tv("a")), Ok(Sent::Each(vec![1], 1)));
        radio.configure(|options| options.xpub_nodrop = true);
        assert_eq!(radio.send(tv("b")), Err(Refusal::WouldBlock));
    }

    #[test]
    fn an_address_gets_every_group_but_nothing_that_no_datagram_holds() {
        let mut radio = Rig::new(SocketType::Radio);
        let large = |octets| Message::grouped("TV", vec![7; octets]);
        assert_eq!(radio.send(large(1 << 20)), Ok(Sent::Dropped(Loss::NoPeer)));
        radio.attach_as(3, Facts { datagrams: true, ..Facts::default() }).unwrap();
        assert_eq!(radio.send(tv("a")), Ok(Sent::Each(vec![3], 0)));
        assert_eq!(radio.send(large(DATAGRAM_MAX - 3)), Ok(Sent::Each(vec![3], 0)));
        assert_eq!(radio.send(large(DATAGRAM_MAX - 2)), Err(Refusal::Oversized(DATAGRAM_MAX - 3)));
        radio.detach(3);
        assert_eq!(radio.send(tv("b")), Ok(Sent::Dropped(Loss::NoPeer)));
    }

    #[test]
    fn what_is_no_group_is_refused() {
        let mut radio = Rig::new(SocketType::Radio);
        radio.attach(0);
        let group = |group: &[u8]| Message::grouped(group, "x");
        assert_eq!(radio.send(group(&[7; 256])), Err(Refusal::BadGroup));
        assert_eq!(radio.send(group(b"a\0")), Err(Refusal::BadGroup));
        assert_eq!(radio.send(["a", "b"]), Err(Refusal::Multipart));
        assert_eq!(radio.machine.may_receive(), Err(Refusal::NotSupported));
    }

    #[test]
    fn r21_a_peer_that_joins_without_end_is_cut_off() {
        let mut radio = Rig::with(SocketType::Radio, |options| options.max_subscriptions = Some(1_000_000));
        radio.attach(0);
        let mut group = [b'g'; 255];
        let join = |number: usize| {
            group[..8].copy_from_slice(format!("{number:08}").as_bytes());
            radio.upstream(0, Upstream::Join(&group)) == cut_off(0)
        };
        let cut = (0..).position(join);
        assert_eq!(cut, Some(OCTETS_PER_PEER / 255));
    }

    #[test]
    fn r21_as_many_groups_as_allowed_are_joined_and_one_more_is_not() {
        let mut radio = Rig::with(SocketType::Radio, |options| options.max_subscriptions = Some(2));
        radio.attach(0);
        let mut join = |group: &str| radio.upstream(0, Upstream::Join(group.as_bytes()));
        assert_eq!([join("a"), join("b"), join("b")], [const { Vec::new() }; 3]);
        assert_eq!(join("c"), cut_off(0));
        radio.configure(|options| options.max_subscriptions = None);
        assert_eq!(radio.upstream(0, Upstream::Join(b"c")), [], "without bound");
    }

    fn cut_off(peer: u32) -> [Effect; 2] {
        [Effect::Limit(PeerId(peer), Limit::Subscriptions), Effect::Disconnect(PeerId(peer))]
    }
}
