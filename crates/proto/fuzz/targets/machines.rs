//! The rules of every socket type, driven by any operations in any order that the contract of a machine allows: nothing
//! panics, a refusal changes nothing, messages go only to peers that are attached and have room, to each at most once, and
//! nobody is told anything who is not there. The first three octets choose the type and the options; then come operations.

use std::collections::BTreeMap;
use zeroxide_proto::{
    Frame, Machine, Message, Options, PeerId, Peers, RoutingId, SocketType,
    socket::{Effect, Facts, Refused, Route, Upstream},
};

const PEERS: u32 = 6;
/// Few and alike, so that they meet.
const WORDS: [&[u8]; 8] = [b"", b"a", b"ab", b"\x01a", b"\0a", b"\0", b"127.0.0.1:5555", &[b'g'; 256]];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting,
    Connected,
    /// Detached, and not forgotten yet.
    Draining,
}

/// A bit for each peer whose queue is full.
struct Full(u8);

impl Peers for Full {
    fn has_room(&self, peer: PeerId) -> bool {
        self.0 & 1 << (peer.0 % 8) == 0
    }
}

struct World {
    machine: Machine,
    peers: BTreeMap<u32, State>,
    full: Full,
    effects: Vec<Effect>,
}

fn options(first: u8, second: u8) -> Options {
    let bit = |at: u8| u16::from_le_bytes([first, second]) >> at & 1 == 1;
    let said = |at: u8, word: &'static str| bit(at).then(|| Frame::from(word));
    let mut options = Options::default();
    (options.router_mandatory, options.router_handover) = (bit(0), bit(1));
    (options.req_correlate, options.req_relaxed) = (bit(2), bit(3));
    (options.xpub_verbose, options.xpub_verboser) = (bit(4), bit(5));
    (options.xpub_manual, options.xpub_manual_last_value) = (bit(6), bit(7));
    (options.xpub_nodrop, options.invert_matching) = (bit(8), bit(9));
    (options.only_first_subscribe, options.probe_router) = (bit(10), bit(11));
    (options.version_two, options.xsub_verbose_unsubscribe) = (bit(12), bit(13));
    (options.hello_message, options.hiccup_message) = (said(14, "hello"), said(14, "again"));
    (options.disconnect_message, options.xpub_welcome_message) = (said(15, "gone"), said(15, "a"));
    options.max_subscriptions = bit(12).then_some(3);
    options
}

fn word(number: u8) -> &'static [u8] {
    WORDS[usize::from(number) % WORDS.len()]
}

/// A message of the kind that the number says, about this peer.
fn message(kind: u8, choice: u8, world: &World) -> Message {
    let peer = PeerId(u32::from(choice) % PEERS);
    let body = Frame::from(word(choice >> 3));
    match kind % 6 {
        0 => Message::from(body),
        1 => Message::from([Frame::from(word(choice)), body]),
        2 => Message::from([Frame::from(word(choice)), Frame::EMPTY, body]),
        3 => Message::from([world.machine.routing_id_of(peer).cloned().unwrap_or_default(), body]),
        4 => {
            let number = world.machine.number_of(peer).or_else(|| RoutingId::new(u32::from(choice)));
            number.map_or_else(|| Message::from("nobody"), |number| Message::routed(number, body))
        }
        _ => Message::grouped(Frame::from(word(choice)), body),
    }
}

impl World {
    fn state(&self, peer: u32) -> Option<State> {
        self.peers.get(&peer).copied()
    }

    fn is_attached(&self, peer: PeerId) -> bool {
        matches!(self.state(peer.0), Some(State::Waiting | State::Connected))
    }

    fn facts<T>(choice: u8, with: impl FnOnce(&Facts<'_>) -> T) -> T {
        let name = Frame::from(word(choice >> 5));
        let ours = Frame::from(word(choice));
        let bit = |at: u8| choice >> at & 1 == 1;
        with(&Facts {
            routing_id: &name,
            connect_routing_id: (choice % 7 == 6).then_some(&ours),
            initiated: bit(0),
            speaks_subscriptions: !bit(1) || bit(2),
            cancels_each_copy: bit(3),
            ..Facts::default()
        })
    }

    /// A peer comes, or one that waits is connected, or one that is connected is lost.
    fn come(&mut self, peer: u32, choice: u8) {
        let id = PeerId(peer);
        match self.state(peer) {
            None => {
                let connected = choice % 4 != 3;
                let before = self.effects.len();
                let let_in = Self::facts(choice, |facts| {
                    let facts = Facts { connected, ..*facts };
                    self.machine.attach(id, &facts, &mut self.effects)
                });
                match let_in {
                    Ok(()) => {
                        let state = if connected { State::Connected } else { State::Waiting };
                        self.peers.insert(peer, state);
                    }
                    Err(Refused::Occupied | Refused::NameTaken) => {
                        assert_eq!(self.effects.len(), before, "a refused peer has no effect");
                    }
                }
            }
            Some(State::Waiting) => {
                let again = Self::facts(choice, |facts| self.machine.reattach(id, facts, &mut self.effects));
                if again.is_ok() {
                    self.peers.insert(peer, State::Connected);
                }
            }
            Some(State::Connected) => {
                self.machine.suspend(id, &mut self.effects);
                self.peers.insert(peer, State::Waiting);
            }
            Some(State::Draining) => {}
        }
    }

    fn go(&mut self, peer: u32) {
        match self.state(peer) {
            Some(State::Draining) => {
                self.machine.forget(PeerId(peer));
                self.peers.remove(&peer);
            }
            Some(_) => {
                self.machine.detach(PeerId(peer), &mut self.effects);
                self.peers.insert(peer, State::Draining);
            }
            None => {}
        }
    }

    fn send(&mut self, original: &Message) {
        let (mut message, mut targets) = (original.clone(), vec![]);
        let to = match self.machine.route(&mut message, &self.full, &mut targets) {
            Err(_) => {
                assert_eq!(message, *original, "a refused message is as it was");
                return;
            }
            Ok(Route::One { peer, .. }) => vec![peer],
            Ok(Route::Each { .. }) => targets,
            Ok(Route::Close { peer }) => {
                assert!(self.is_attached(peer), "{peer:?} is closed and not there");
                return;
            }
            // Subscriptions are not bound by a high-water mark.
            Ok(Route::Subscription { .. }) => {
                assert!(targets.iter().all(|peer| self.is_attached(*peer)), "{targets:?}");
                return;
            }
            Ok(Route::Dropped(_)) => return,
        };
        for (at, peer) in to.iter().enumerate() {
            assert!(self.is_attached(*peer), "{peer:?} gets a message and is not there");
            assert!(self.full.has_room(*peer), "{peer:?} gets a message and has no room");
            assert!(!to[..at].contains(peer), "{peer:?} gets a message twice");
        }
    }

    fn receive(&mut self, peer: u32, message: Message) {
        if self.state(peer).is_some() && self.machine.may_receive().is_ok() && self.machine.needs_accept() {
            let _ = self.machine.accept(PeerId(peer), message, &mut self.effects);
        }
    }

    fn hear(&mut self, peer: u32, kind: u8, topic: &'static [u8]) {
        if self.state(peer) != Some(State::Connected) {
            return;
        }
        let what = match kind % 5 {
            0 => Upstream::Subscribe(topic),
            1 => Upstream::Cancel(topic),
            2 => Upstream::Join(topic),
            3 => Upstream::Leave(topic),
            _ => Upstream::Message(Message::from(Frame::from(topic))),
        };
        self.machine.upstream(PeerId(peer), what, &mut self.effects);
    }

    fn want(&mut self, kind: u8, topic: &[u8]) {
        let effects = &mut self.effects;
        match kind % 4 {
            0 => drop(self.machine.subscribe(topic, effects)),
            1 => drop(self.machine.unsubscribe(topic, effects)),
            2 => drop(self.machine.join(topic, effects)),
            _ => drop(self.machine.leave(topic, effects)),
        }
    }

    /// Who is told something is there; what is delivered for a peer, is taken.
    fn settle(&mut self) {
        let effects = std::mem::take(&mut self.effects);
        for effect in effects {
            match effect {
                Effect::Send { peer, .. }
                | Effect::Subscription { peer, .. }
                | Effect::Group { peer, .. } => {
                    assert!(self.is_attached(peer), "{peer:?} is told something and is not there");
                }
                Effect::Deliver { peer, message } => {
                    assert!(self.state(peer.0).is_some(), "something came from {peer:?}, who was forgotten");
                    self.receive(peer.0, message);
                }
                Effect::Limit(peer, _) | Effect::Disconnect(peer) => {
                    if self.is_attached(peer) {
                        self.go(peer.0);
                    }
                }
                Effect::Lost(..) => {}
            }
        }
    }
}

pub(crate) fn run(octets: &[u8]) {
    let Some(([kind, first, second], operations)) = octets.split_first_chunk() else { return };
    let kind = SocketType::ALL[usize::from(*kind) % SocketType::ALL.len()];
    let machine = Machine::new(kind, &options(*first, *second), 0x0102_0304);
    let mut world = World { machine, peers: BTreeMap::new(), full: Full(0), effects: vec![] };
    for operation in operations.as_chunks::<3>().0 {
        let [what, who, choice] = *operation;
        let peer = u32::from(who) % PEERS;
        match what % 10 {
            0 | 1 => world.come(peer, choice),
            2 => world.go(peer),
            3 => world.full.0 ^= 1 << peer,
            4 | 5 => {
                let message = message(who, choice, &world);
                world.send(&message);
            }
            6 => {
                let message = message(choice, what / 10 + choice / 6, &world);
                world.receive(peer, message);
            }
            7 => world.hear(peer, choice, word(choice / 5)),
            8 => world.want(who, word(choice)),
            _ => world.machine.configure(&options(who, choice)),
        }
        // An effect may have effects of its own; they end, because each closes a connection or hands on one message.
        while !world.effects.is_empty() {
            world.settle();
        }
    }
    for peer in 0..PEERS {
        while world.state(peer).is_some() {
            world.go(peer);
        }
    }
    assert_eq!(world.machine.subscribers(b"a"), 0, "nobody is left");
}
