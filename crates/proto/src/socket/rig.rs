//! The one helper that all stories about machines go through.

use super::*;

/// A machine with its peers, and everything it said.
pub(super) struct Rig {
    pub(super) machine: Machine,
    pub(super) full: Full,
    effects: Vec<Effect>,
}

/// Peers whose queues are full.
#[derive(Default)]
pub(super) struct Full(pub(super) Vec<u32>);

impl Peers for Full {
    fn has_room(&self, peer: PeerId) -> bool {
        !self.0.contains(&peer.0)
    }
}

/// Where a message went, complete with its envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    To(u32, Message),
    Each(Vec<u32>, usize),
    Subscription(Vec<u32>, bool),
    Closed(u32),
    Dropped(Loss),
}

/// The routing id that is generated for this number.
pub(super) fn id(number: u32) -> Frame {
    let [a, b, c, d] = number.to_be_bytes();
    Frame::from(&[0, a, b, c, d])
}

pub(super) const SEED: u32 = 0x0102_0304;

impl Rig {
    pub(super) fn new(kind: SocketType) -> Self {
        Self::with(kind, |_| {})
    }

    pub(super) fn with(kind: SocketType, set: impl FnOnce(&mut Options)) -> Self {
        let machine = Machine::new(kind, &options(set), SEED);
        Self { machine, full: Full::default(), effects: vec![] }
    }

    pub(super) fn configure(&mut self, set: impl FnOnce(&mut Options)) {
        self.machine.configure(&options(set));
    }

    /// Attaches an accepted, anonymous peer.
    pub(super) fn attach(&mut self, peer: u32) -> Vec<Effect> {
        self.attach_as(peer, Facts::default()).unwrap()
    }

    pub(super) fn attach_named(&mut self, peer: u32, name: &str) -> Result<Vec<Effect>, Refused> {
        self.attach_as(peer, Facts { routing_id: &Frame::from(name), ..Facts::default() })
    }

    pub(super) fn attach_as(&mut self, peer: u32, facts: Facts<'_>) -> Result<Vec<Effect>, Refused> {
        let result = self.machine.attach(PeerId(peer), &facts, &mut self.effects);
        if result.is_err() {
            assert_eq!(self.effects, [], "a refused peer has no effect");
        }
        result.map(|()| self.effects())
    }

    pub(super) fn reattach(&mut self, peer: u32) -> Vec<Effect> {
        self.reattach_as(peer, Facts::default()).unwrap()
    }

    pub(super) fn reattach_as(&mut self, peer: u32, facts: Facts<'_>) -> Result<Vec<Effect>, Refused> {
        self.machine.reattach(PeerId(peer), &facts, &mut self.effects).map(|()| self.effects())
    }

    pub(super) fn suspend(&mut self, peer: u32) -> Vec<Effect> {
        self.machine.suspend(PeerId(peer), &mut self.effects);
        self.effects()
    }

    pub(super) fn detach(&mut self, peer: u32) -> Vec<Effect> {
        self.machine.detach(PeerId(peer), &mut self.effects);
        self.effects()
    }

    pub(super) fn send(&mut self, message: impl Into<Message>) -> Result<Sent, Refusal> {
        let original = message.into();
        let (mut message, mut targets) = (original.clone(), vec![]);
        let sent = match self.machine.route(&mut message, &self.full, &mut targets) {
            Err(refusal) => {
                assert_eq!(message, original, "a refused message is as it was");
                return Err(refusal);
            }
            Ok(Route::One { peer, envelope }) => {
                assert!(self.full.has_room(peer), "routed to a full peer");
                Sent::To(peer.0, envelope.iter().cloned().chain(message).collect())
            }
            Ok(Route::Each { missed }) => Sent::Each(numbers(targets), missed),
            Ok(Route::Subscription { subscribe }) => Sent::Subscription(numbers(targets), subscribe),
            Ok(Route::Close { peer }) => Sent::Closed(peer.0),
            Ok(Route::Dropped(loss)) => Sent::Dropped(loss),
        };
        Ok(sent)
    }

    /// A message from a peer, as the application gets it.
    pub(super) fn receive(&mut self, peer: u32, message: impl Into<Message>) -> Result<Message, Loss> {
        if !self.machine.needs_accept() {
            return Ok(message.into());
        }
        self.machine.accept(PeerId(peer), message.into(), &mut self.effects)
    }

    pub(super) fn upstream(&mut self, peer: u32, what: Upstream<'_>) -> Vec<Effect> {
        self.machine.upstream(PeerId(peer), what, &mut self.effects);
        self.effects()
    }

    pub(super) fn subscribe(&mut self, topic: &str) -> Vec<Effect> {
        self.machine.subscribe(topic.as_bytes(), &mut self.effects).unwrap();
        self.effects()
    }

    pub(super) fn unsubscribe(&mut self, topic: &str) -> Vec<Effect> {
        self.machine.unsubscribe(topic.as_bytes(), &mut self.effects).unwrap();
        self.effects()
    }

    pub(super) fn join(&mut self, group: &str) -> Result<Vec<Effect>, GroupRefusal> {
        self.machine.join(group.as_bytes(), &mut self.effects).map(|()| self.effects())
    }

    pub(super) fn leave(&mut self, group: &str) -> Result<Vec<Effect>, GroupRefusal> {
        self.machine.leave(group.as_bytes(), &mut self.effects).map(|()| self.effects())
    }

    pub(super) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

fn options(set: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    set(&mut options);
    options
}

fn numbers(targets: Vec<PeerId>) -> Vec<u32> {
    let mut numbers: Vec<u32> = targets.into_iter().map(|peer| peer.0).collect();
    numbers.sort_unstable();
    numbers
}

pub(super) fn deliver(peer: u32, message: impl Into<Message>) -> Effect {
    Effect::Deliver { peer: PeerId(peer), message: message.into() }
}

pub(super) fn greet(peer: u32, message: impl Into<Message>) -> Effect {
    Effect::Send { peer: PeerId(peer), message: message.into() }
}

pub(super) fn told(peer: u32, topic: &str, subscribe: bool) -> Effect {
    Effect::Subscription { peer: PeerId(peer), topic: Frame::from(topic), subscribe }
}

/// An attachment by a connecting side, before its handshake.
pub(super) fn dialled() -> Facts<'static> {
    Facts { connected: false, initiated: true, ..Facts::default() }
}
