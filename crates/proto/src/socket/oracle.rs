//! Machines driven by random operations beside a naive idea of the same rules.

use super::{rig::*, *};
use proptest::{collection::vec, prelude::*};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const PEERS: u32 = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    Attach(u32),
    Detach(u32),
    Suspend(u32),
    Reattach(u32),
    /// The queue of this peer fills or empties.
    Turn(u32),
    /// The application sends something about this peer.
    Send(u32),
    /// This peer sends something; the number chooses what.
    Receive(u32, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let peer = || 0..PEERS;
    vec(
        prop_oneof![
            2 => peer().prop_map(Step::Attach),
            1 => peer().prop_map(Step::Detach),
            1 => peer().prop_map(Step::Suspend),
            1 => peer().prop_map(Step::Reattach),
            2 => peer().prop_map(Step::Turn),
            6 => peer().prop_map(Step::Send),
            6 => (peer(), 0u8..8).prop_map(|(peer, what)| Step::Receive(peer, what)),
        ],
        0..120,
    )
}

/// A rig, and which of its peers are attached in what state.
struct World {
    rig: Rig,
    /// Attached peers; whether they are connected.
    attached: BTreeMap<u32, bool>,
}

impl World {
    fn new(kind: SocketType, set: impl FnOnce(&mut Options)) -> Self {
        Self { rig: Rig::with(kind, set), attached: BTreeMap::new() }
    }

    /// Does what every type has in common, if the order of calls allows it. A detached peer is forgotten at once.
    fn common(&mut self, step: Step) -> Option<Vec<Effect>> {
        let state = |peer| self.attached.get(&peer).copied();
        match step {
            Step::Attach(peer) if state(peer).is_none() => {
                self.attached.insert(peer, true);
                let name = Frame::from(format!("peer{peer}"));
                self.rig.attach_as(peer, Facts { routing_id: &name, ..Facts::default() }).ok()
            }
            Step::Detach(peer) if state(peer).is_some() => {
                self.attached.remove(&peer);
                let effects = self.rig.detach(peer);
                self.rig.machine.forget(PeerId(peer));
                Some(effects)
            }
            Step::Suspend(peer) if state(peer) == Some(true) => {
                self.attached.insert(peer, false);
                Some(self.rig.suspend(peer))
            }
            Step::Reattach(peer) if state(peer) == Some(false) => {
                self.attached.insert(peer, true);
                Some(self.rig.reattach(peer))
            }
            Step::Turn(peer) => {
                let full = &mut self.rig.full.0;
                match full.iter().position(|other| *other == peer) {
                    Some(at) => drop(full.remove(at)),
                    None => full.push(peer),
                }
                None
            }
            _ => None,
        }
    }

    fn full(&self, peer: u32) -> bool {
        self.rig.full.0.contains(&peer)
    }
}

/// Peers in the order they are to be served.
fn rotate(turn: &mut VecDeque<u32>, step: Step, world: &World) {
    match step {
        Step::Attach(peer) if !turn.contains(&peer) => turn.push_back(peer),
        Step::Detach(peer) => turn.retain(|other| *other != peer),
        _ => {}
    }
    debug_assert_eq!(turn.len(), world.attached.len());
}

fn next(turn: &mut VecDeque<u32>, world: &World) -> Option<u32> {
    let at = turn.iter().position(|peer| !world.full(*peer))?;
    turn.rotate_left(at + 1);
    turn.back().copied()
}

proptest! {
    #[test]
    fn who_hands_out_serves_strictly_in_turn(steps in steps(), which in 0..4usize) {
        let kind = [SocketType::Push, SocketType::Dealer, SocketType::Client, SocketType::Scatter][which];
        let mut world = World::new(kind, |_| {});
        let mut turn = VecDeque::new();
        for step in steps {
            world.common(step);
            rotate(&mut turn, step, &world);
            if let Step::Send(_) = step {
                let expected = next(&mut turn, &world);
                let sent = world.rig.send("work").ok();
                prop_assert_eq!(sent, expected.map(|peer| Sent::To(peer, "work".into())));
            }
        }
    }

    #[test]
    fn a_request_waits_for_its_peer_and_nobody_else(steps in steps(), relaxed in any::<bool>()) {
        let mut world = World::new(SocketType::Req, |options| options.req_relaxed = relaxed);
        let (mut turn, mut asked) = (VecDeque::new(), None);
        for step in steps {
            world.common(step);
            rotate(&mut turn, step, &world);
            match step {
                // The number of a forgotten peer may be used again: whoever has it then was not asked.
                Step::Detach(peer) if asked == Some(peer) => asked = Some(PEERS),
                Step::Send(_) if asked.is_some() && !relaxed => {
                    prop_assert!(matches!(world.rig.send("a"), Err(Refusal::IllegalState(_))));
                }
                Step::Send(_) => {
                    let expected = next(&mut turn, &world);
                    let sent = world.rig.send("a").ok();
                    prop_assert_eq!(sent, expected.map(|peer| Sent::To(peer, Message::from(["", "a"]))));
                    asked = expected.or(asked);
                }
                Step::Receive(peer, what) if world.attached.contains_key(&peer) => {
                    let may = world.rig.machine.may_receive().is_ok();
                    prop_assert_eq!(may, asked.is_some());
                    let malformed = what == 0;
                    let reply = Message::from([if malformed { "x" } else { "" }, "b"]);
                    let expected = match asked {
                        _ if malformed => Err(Loss::BadEnvelope),
                        Some(other) if other == peer => Ok("b".into()),
                        _ => Err(Loss::Stale),
                    };
                    prop_assert_eq!(world.rig.receive(peer, reply), expected.clone());
                    if expected.is_ok() { asked = None }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_reply_goes_to_the_asker_or_nowhere(steps in steps()) {
        let mut world = World::new(SocketType::Rep, |_| {});
        let mut asker: Option<Option<(u32, Vec<Frame>)>> = None;
        for step in steps {
            world.common(step);
            match step {
                Step::Detach(peer) if asker.as_ref().is_some_and(|asker| asker.as_ref().is_some_and(|(other, _)| *other == peer)) => {
                    asker = Some(None);
                }
                Step::Send(_) => {
                    let expected = match asker.take() {
                        None => None,
                        Some(None) => Some(Sent::Dropped(Loss::Unroutable)),
                        Some(Some((peer, _))) if world.full(peer) => Some(Sent::Dropped(Loss::HighWaterMark)),
                        Some(Some((peer, envelope))) => {
                            Some(Sent::To(peer, envelope.into_iter().chain([Frame::from("x")]).collect()))
                        }
                    };
                    prop_assert_eq!(world.rig.send("x").ok(), expected);
                }
                Step::Receive(peer, hops) if world.attached.contains_key(&peer) && world.rig.machine.may_receive().is_ok() => {
                    prop_assert!(asker.is_none());
                    let mut envelope = vec![Frame::from("hop"); usize::from(hops)];
                    envelope.push(Frame::EMPTY);
                    let request = envelope.iter().cloned().chain([Frame::from("a")]).collect::<Message>();
                    prop_assert_eq!(world.rig.receive(peer, request), Ok("a".into()));
                    asker = Some(Some((peer, envelope)));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_router_reaches_exactly_who_is_attached(steps in steps(), mandatory in any::<bool>()) {
        let mut world = World::new(SocketType::Router, |options| options.router_mandatory = mandatory);
        for step in steps {
            world.common(step);
            match step {
                Step::Send(peer) => {
                    let name = format!("peer{peer}");
                    let (known, full) = (world.attached.contains_key(&peer), world.full(peer));
                    let expected = match (known, full) {
                        (true, false) => Ok(Sent::To(peer, "a".into())),
                        (false, _) if mandatory => Err(Refusal::Unroutable),
                        (false, _) => Ok(Sent::Dropped(Loss::Unroutable)),
                        (true, true) if mandatory => Err(Refusal::WouldBlock),
                        (true, true) => Ok(Sent::Dropped(Loss::HighWaterMark)),
                    };
                    prop_assert_eq!(world.rig.send([name.as_str(), "a"]), expected);
                }
                Step::Receive(peer, _) => {
                    let expected = match world.attached.contains_key(&peer) {
                        true => Ok(Message::from([format!("peer{peer}").as_str(), "b"])),
                        false => Err(Loss::Unroutable),
                    };
                    prop_assert_eq!(world.rig.receive(peer, "b"), expected);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_publisher_knows_who_wants_what_and_its_reports_add_up(steps in steps(), no_drop in any::<bool>()) {
        const TOPICS: [&str; 4] = ["", "a", "ab", "b"];
        let mut world = World::new(SocketType::Xpub, |options| options.xpub_nodrop = no_drop);
        let mut wanted: BTreeSet<(u32, &str)> = BTreeSet::new();
        // What somebody who believes the reports thinks is subscribed to.
        let mut reported: BTreeSet<String> = BTreeSet::new();
        for step in steps {
            let mut effects = world.common(step).unwrap_or_default();
            match step {
                Step::Detach(peer) => wanted.retain(|(other, _)| *other != peer),
                Step::Suspend(peer) => wanted.retain(|(other, _)| *other != peer),
                Step::Receive(peer, what) => {
                    let topic = TOPICS[usize::from(what / 2)];
                    let known = world.attached.get(&peer) == Some(&true);
                    if what % 2 == 0 {
                        effects = world.rig.upstream(peer, Upstream::Subscribe(topic.as_bytes()));
                        if known { wanted.insert((peer, topic)); }
                    } else {
                        effects = world.rig.upstream(peer, Upstream::Cancel(topic.as_bytes()));
                        wanted.remove(&(peer, topic));
                    }
                }
                Step::Send(number) => {
                    let topic = TOPICS[number as usize % 4];
                    let audience: BTreeSet<u32> = wanted.iter().filter(|(_, prefix)| topic.starts_with(prefix)).map(|(peer, _)| *peer).collect();
                    let (missed, targets): (Vec<u32>, Vec<u32>) = audience.iter().partition(|peer| world.full(**peer));
                    let expected = match () {
                        () if no_drop && !missed.is_empty() => Err(Refusal::WouldBlock),
                        () if world.attached.is_empty() => Ok(Sent::Dropped(Loss::NoPeer)),
                        () if audience.is_empty() => Ok(Sent::Dropped(Loss::Unsubscribed)),
                        () => Ok(Sent::Each(targets, missed.len())),
                    };
                    prop_assert_eq!(world.rig.send(topic), expected);
                }
                _ => {}
            }
            for effect in effects {
                let Effect::Deliver { message, .. } = effect else { panic!("{effect:?}") };
                let topic = String::from_utf8(message.body()[1..].to_vec()).unwrap();
                let news = if message.body()[0] == 1 { reported.insert(topic) } else { reported.remove(&topic) };
                prop_assert!(news, "a report that changes nothing");
            }
            let topics: BTreeSet<String> = wanted.iter().map(|(_, topic)| (*topic).to_owned()).collect();
            prop_assert_eq!(&reported, &topics);
            prop_assert_eq!(world.rig.machine.topics_count(), topics.len());
        }
    }

    #[test]
    fn what_a_subscriber_tells_a_publisher_is_always_what_it_wants(steps in steps()) {
        const TOPICS: [&str; 4] = ["", "a", "ab", "b"];
        let mut world = World::new(SocketType::Sub, |_| {});
        let mut wanted: Vec<&str> = vec![];
        // What each publisher holds: a set, forgotten with the connection.
        let mut told: BTreeMap<u32, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for step in steps {
            let mut effects = world.common(step).unwrap_or_default();
            match step {
                Step::Detach(peer) | Step::Suspend(peer) => drop(told.remove(&peer)),
                Step::Receive(_, what) => {
                    let topic = TOPICS[usize::from(what / 2)];
                    if what % 2 == 0 {
                        effects = world.rig.subscribe(topic);
                        wanted.push(topic);
                    } else {
                        effects = world.rig.unsubscribe(topic);
                        if let Some(at) = wanted.iter().position(|other| *other == topic) { wanted.remove(at); }
                    }
                }
                Step::Send(number) => {
                    let text = ["", "abc", "b", "c"][number as usize % 4];
                    let expected = wanted.iter().any(|topic| text.starts_with(topic));
                    prop_assert_eq!(world.rig.receive(0, text).is_ok(), expected);
                }
                _ => {}
            }
            for effect in effects {
                let Effect::Subscription { peer, topic, subscribe } = effect else { panic!("{effect:?}") };
                let held = told.entry(peer.0).or_default();
                if subscribe { held.insert(topic.to_vec()); } else { prop_assert!(held.remove(&topic.to_vec())); }
            }
            let set: BTreeSet<Vec<u8>> = wanted.iter().map(|topic| topic.as_bytes().to_vec()).collect();
            for (peer, _) in world.attached.iter().filter(|(_, connected)| **connected) {
                prop_assert_eq!(told.get(peer).cloned().unwrap_or_default(), set.clone());
            }
        }
    }
    #[test]
    fn a_server_reaches_exactly_who_is_attached_and_drops_nothing(steps in steps(), peer_type in any::<bool>()) {
        let mut world = World::new(if peer_type { SocketType::Peer } else { SocketType::Server }, |_| {});
        // Every attachment gets the next number; one that comes again is somebody new.
        let (mut given, mut last) = (0, BTreeMap::new());
        for step in steps {
            let newcomer = matches!(step, Step::Attach(peer) if !world.attached.contains_key(&peer));
            world.common(step);
            let number = |count: u32| RoutingId::new(SEED + count).unwrap();
            match step {
                Step::Attach(peer) if newcomer => {
                    last.insert(peer, given);
                    given += 1;
                }
                Step::Send(peer) => {
                    let count = last.get(&peer).copied().unwrap_or(given);
                    let expected = match (world.attached.contains_key(&peer), world.full(peer)) {
                        (true, false) => Ok(Sent::To(peer, "a".into())),
                        (true, true) => Err(Refusal::WouldBlock),
                        (false, _) => Err(Refusal::Unroutable),
                    };
                    prop_assert_eq!(world.rig.send(Message::routed(number(count), "a")), expected);
                }
                Step::Receive(peer, _) => {
                    let expected = match world.attached.contains_key(&peer) {
                        true => Ok(Message::routed(number(last[&peer]), "b")),
                        false => Err(Loss::Unroutable),
                    };
                    prop_assert_eq!(world.rig.receive(peer, "b"), expected);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_radio_knows_who_is_in_which_group(steps in steps(), no_drop in any::<bool>()) {
        const GROUPS: [&str; 4] = ["", "a", "ab", "b"];
        let mut world = World::new(SocketType::Radio, |options| options.xpub_nodrop = no_drop);
        let mut joined: Vec<(u32, &str)> = vec![];
        for step in steps {
            world.common(step);
            match step {
                Step::Detach(peer) | Step::Suspend(peer) => joined.retain(|(other, _)| *other != peer),
                Step::Receive(peer, what) => {
                    let member = (peer, GROUPS[usize::from(what / 2)]);
                    if what % 2 == 0 {
                        world.rig.upstream(peer, Upstream::Join(member.1.as_bytes()));
                        if world.attached.get(&peer) == Some(&true) { joined.push(member) }
                    } else {
                        world.rig.upstream(peer, Upstream::Leave(member.1.as_bytes()));
                        if let Some(at) = joined.iter().position(|other| *other == member) { joined.remove(at); }
                    }
                }
                Step::Send(number) => {
                    let group = GROUPS[number as usize % 4];
                    let members: BTreeSet<u32> = joined.iter().filter(|(_, other)| *other == group).map(|(peer, _)| *peer).collect();
                    prop_assert_eq!(world.rig.machine.subscribers(group.as_bytes()), members.len());
                    let (missed, targets): (Vec<u32>, Vec<u32>) = members.iter().partition(|peer| world.full(**peer));
                    let expected = match () {
                        () if no_drop && !missed.is_empty() => Err(Refusal::WouldBlock),
                        () if world.attached.is_empty() => Ok(Sent::Dropped(Loss::NoPeer)),
                        () if members.is_empty() => Ok(Sent::Dropped(Loss::Unsubscribed)),
                        () => Ok(Sent::Each(targets, missed.len())),
                    };
                    prop_assert_eq!(world.rig.send(Message::grouped(group, "x")), expected);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn what_a_dish_tells_a_radio_is_always_where_it_is(steps in steps()) {
        const GROUPS: [&str; 4] = ["", "a", "ab", "b"];
        let mut world = World::new(SocketType::Dish, |_| {});
        let mut joined: BTreeSet<&str> = BTreeSet::new();
        let mut told: BTreeMap<u32, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for step in steps {
            let mut effects = world.common(step).unwrap_or_default();
            match step {
                Step::Detach(peer) | Step::Suspend(peer) => drop(told.remove(&peer)),
                Step::Receive(_, what) => {
                    let group = GROUPS[usize::from(what / 2)];
                    let (changed, result) = match what % 2 {
                        0 => (joined.insert(group), world.rig.join(group)),
                        _ => (joined.remove(group), world.rig.leave(group)),
                    };
                    prop_assert_eq!(result.is_ok(), changed);
                    effects = result.unwrap_or_default();
                }
                Step::Send(number) => {
                    let group = GROUPS[number as usize % 4];
                    let expected = if joined.contains(group) { Ok(Message::grouped(group, "x")) } else { Err(Loss::Unsubscribed) };
                    prop_assert_eq!(world.rig.receive(0, [group, "x"]), expected);
                }
                _ => {}
            }
            for effect in effects {
                let Effect::Group { peer, group, join } = effect else { panic!("{effect:?}") };
                let held = told.entry(peer.0).or_default();
                let news = if join { held.insert(group.to_vec()) } else { held.remove(&group.to_vec()) };
                prop_assert!(news, "said twice");
            }
            let set: BTreeSet<Vec<u8>> = joined.iter().map(|group| group.as_bytes().to_vec()).collect();
            for (peer, _) in world.attached.iter().filter(|(_, connected)| **connected) {
                prop_assert_eq!(told.get(peer).cloned().unwrap_or_default(), set.clone());
            }
        }
    }
}
