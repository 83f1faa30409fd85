//! PUB and XPUB (RFC 29): a message goes to each peer that subscribed to a prefix of its first frame.
//!
//! Publishing never waits: a full subscriber loses the message, counted, unless `xpub_nodrop` asks for all or none.
//! XPUB also tells its application of subscriptions, as messages `01 topic` and `00 topic` from the subscriber:
//!
//! | mode | reports a subscription | reports a cancellation | subscribes the peer |
//! |---|---|---|---|
//! | - | the first of a topic | the last of a topic | at once |
//! | verbose | each | the last of a topic | at once |
//! | verboser | each | each | at once |
//! | manual | each | each | when the application says so, to what it says |

#[cfg(test)]
mod tests;

use super::{Effect, Facts, Refusal, Refused, Route, Rules, Upstream, subscribe::as_subscription};
use crate::{
    Frame, Limit, Loss, Message, Options, SocketType,
    routing::{Added, Copies, PeerId, PeerTable, Peers, Removed, Subscriptions},
};

/// Octets of all the topics that a remote peer may subscribe to, where their number is bounded (zmtp.md R21).
const OCTETS_PER_PEER: u64 = 64 * 1024 * 1024;

/// The rules of a PUB or XPUB socket.
#[derive(Debug)]
pub(super) struct Publish {
    /// What messages are matched against.
    topics: Subscriptions,
    /// In manual mode, what the peers asked for: reported as cancelled when they go.
    asked: Subscriptions,
    peers: PeerTable<Subscriber>,
    /// In manual mode, the connected peer whose subscription or cancellation was received last.
    last: Option<PeerId>,
    reports: bool,
    policy: Policy,
}

#[derive(Clone, Copy, Debug)]
struct Subscriber {
    connected: bool,
    local: bool,
    speaks_subscriptions: bool,
    copies: Copies,
}

/// The options in force.
#[derive(Debug)]
struct Policy {
    every_subscription: bool,
    every_cancellation: bool,
    unknown_cancellations: bool,
    manual: bool,
    last_value: bool,
    /// As `last_value`, until it is taken back.
    to_last: bool,
    no_drop: bool,
    invert: bool,
    only_first: bool,
    welcome: Option<Frame>,
    /// The longest topic, and the most topics, of a remote peer.
    topic_length: usize,
    topics: usize,
    topics_octets: u64,
}

impl Policy {
    fn new(options: &Options) -> Self {
        Self {
            every_subscription: options.xpub_verbose || options.xpub_verboser,
            every_cancellation: options.xpub_verboser,
            unknown_cancellations: options.as_in_libzmq,
            manual: options.xpub_manual || options.xpub_manual_last_value,
            last_value: options.xpub_manual_last_value,
            to_last: options.xpub_to_last_subscriber,
            no_drop: options.xpub_nodrop,
            invert: options.invert_matching,
            only_first: options.only_first_subscribe,
            welcome: options.xpub_welcome_message.clone(),
            topic_length: options.max_topic_length.unwrap_or(usize::MAX),
            topics: options.max_subscriptions.unwrap_or(usize::MAX),
            topics_octets: options.max_subscriptions.map_or(u64::MAX, |_| OCTETS_PER_PEER),
        }
    }

    /// What a remote peer meets that holds so many topics, and wants one of this length besides.
    fn met(&self, held: &Subscriptions, from: PeerId, length: usize) -> Option<Limit> {
        let over = held.topics_of(from) >= self.topics
            || held.octets_of(from).saturating_add(length as u64) > self.topics_octets;
        match length > self.topic_length {
            true => Some(Limit::TopicLength),
            false => over.then_some(Limit::Subscriptions),
        }
    }
}

impl Publish {
    pub(super) fn new(kind: SocketType, options: &Options) -> Self {
        Self {
            topics: Subscriptions::new(),
            asked: Subscriptions::new(),
            peers: PeerTable::new(),
            last: None,
            reports: kind == SocketType::Xpub,
            policy: Policy::new(options),
        }
    }

    fn connect(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) {
        let copies = if facts.cancels_each_copy { Copies::One } else { Copies::All };
        let Facts { connected, local, speaks_subscriptions, .. } = *facts;
        self.peers.insert(peer, Subscriber { connected, local, speaks_subscriptions, copies });
        if !connected {
            return;
        }
        if !speaks_subscriptions {
            self.topics.add(peer, b"");
        }
        if let Some(welcome) = &self.policy.welcome {
            effects.push(Effect::Send { peer, message: Message::from(welcome.clone()) });
        }
    }

    /// Drops all that a peer subscribed to, and reports it.
    fn disconnect(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        let Some(subscriber) = self.peers.get_mut(peer) else { return };
        subscriber.connected = false;
        if self.last == Some(peer) {
            self.last = None;
        }
        if self.reports && subscriber.speaks_subscriptions {
            let manual = self.policy.manual;
            let every = manual || self.policy.every_cancellation;
            let held = if manual { &self.asked } else { &self.topics };
            held.each_topic_of(peer, |topic, _, alone| {
                if alone || every {
                    effects.push(Effect::Deliver { peer, message: report(topic, false) });
                }
            });
        }
        self.topics.remove_peer(peer);
        self.asked.remove_peer(peer);
    }

    fn change(&mut self, from: PeerId, topic: &[u8], subscribe: bool, effects: &mut Vec<Effect>) {
        // What is read from a connection after its loss was noticed belongs to no set any more.
        let connected = |subscriber: &&Subscriber| subscriber.connected;
        let Some(subscriber) = self.peers.get(from).filter(connected).copied() else { return };
        let manual = self.policy.manual;
        let held = if manual { &mut self.asked } else { &mut self.topics };
        let notable = if subscribe {
            let met = if subscriber.local { None } else { self.policy.met(held, from, topic.len()) };
            let (met, added) = match met {
                Some(limit) => (limit, Added::Full),
                None => (Limit::Subscriptions, held.add(from, topic)),
            };
            if added == Added::Full {
                return effects.extend([Effect::Limit(from, met), Effect::Disconnect(from)]);
            }
            added == Added::First || self.policy.every_subscription
        } else {
            match held.remove(from, topic, subscriber.copies) {
                Removed::Last => true,
                Removed::CopyRemains | Removed::OthersRemain => self.policy.every_cancellation,
                Removed::Unknown => self.policy.unknown_cancellations,
            }
        };
        if self.reports && (notable || manual) {
            effects.push(Effect::Deliver { peer: from, message: report(topic, subscribe) });
        }
    }

    /// The peers that a message of this topic is for, without regard to room.
    fn audience(&mut self, topic: &[u8], mut visit: impl FnMut(PeerId)) {
        let only = if self.policy.last_value { self.last } else { None };
        let (to_last, last) = (self.policy.to_last, self.last);
        let wanted = |peer| if to_last { last == Some(peer) } else { only.is_none_or(|only| only == peer) };
        if !self.policy.invert {
            return self.topics.matches(topic, |peer| {
                if wanted(peer) {
                    visit(peer);
                }
            });
        }
        let mut matched = Vec::new();
        self.topics.matches(topic, |peer| {
            if wanted(peer) {
                matched.push(peer);
            }
        });
        matched.sort_unstable();
        let others = self.peers.iter().map(|(peer, _)| peer);
        others.filter(|peer| matched.binary_search(peer).is_err()).for_each(visit);
    }

    /// As `route`, of a message that begins with this frame.
    pub(super) fn route_octets(
        &mut self,
        first: &[u8],
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        targets.clear();
        let mut missed = 0;
        self.audience(first, |peer| {
            if peers.has_room(peer) {
                targets.push(peer);
            } else {
                missed += 1;
            }
        });
        if missed > 0 && self.policy.no_drop {
            targets.clear();
            return Err(Refusal::WouldBlock);
        }
        if self.policy.last_value && !self.policy.to_last {
            self.last = None;
        }
        Ok(match targets.is_empty() && missed == 0 {
            false => Route::Each { missed },
            true if self.peers.is_empty() => Route::Dropped(Loss::NoPeer),
            true => Route::Dropped(Loss::Unsubscribed),
        })
    }
}

/// A subscription or cancellation as XPUB shows it to its application.
fn report(topic: &[u8], subscribe: bool) -> Message {
    let mut octets = Vec::with_capacity(1 + topic.len());
    octets.push(u8::from(subscribe));
    octets.extend_from_slice(topic);
    Message::from(octets)
}

impl Rules for Publish {
    fn configure(&mut self, options: &Options) {
        self.policy = Policy::new(options);
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.connect(peer, facts, effects);
        Ok(())
    }

    fn reattach(
        &mut self,
        peer: PeerId,
        facts: &Facts<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.connect(peer, &Facts { connected: true, ..*facts }, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.disconnect(peer, effects);
    }

    fn detach(&mut self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.disconnect(peer, effects);
        self.peers.remove(peer);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        self.route_octets(message.body(), peers, targets)
    }

    fn may_receive(&self) -> Result<(), Refusal> {
        if self.reports { Ok(()) } else { Err(Refusal::NotSupported) }
    }

    fn needs_accept(&self) -> bool {
        self.policy.manual
    }

    fn accept(&mut self, from: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        if self.policy.manual && !message.is_multipart() && as_subscription(message.body()).is_some() {
            let connected = self.peers.get(from).is_some_and(|subscriber| subscriber.connected);
            self.last = connected.then_some(from);
        }
        Ok(message)
    }

    fn upstream(&mut self, from: PeerId, what: Upstream<'_>, effects: &mut Vec<Effect>) {
        let message = match what {
            Upstream::Subscribe(topic) => return self.change(from, topic, true, effects),
            Upstream::Cancel(topic) => return self.change(from, topic, false, effects),
            Upstream::Message(message) => message,
            // Commands of another pattern, as unknown as any.
            Upstream::Join(_) | Upstream::Leave(_) => return,
        };
        let mut own = Vec::new();
        for (at, frame) in message.into_iter().enumerate() {
            match as_subscription(&frame) {
                Some((topic, subscribe)) if at == 0 || !self.policy.only_first => {
                    self.change(from, topic, subscribe, effects);
                }
                _ => own.push(frame),
            }
        }
        if own.is_empty() {
            return;
        }
        effects.push(match self.reports {
            true => Effect::Deliver { peer: from, message: Message::from(own) },
            false => Effect::Lost(Loss::BadEnvelope, 1),
        });
    }

    fn subscribe(&mut self, topic: &[u8], _: &mut Vec<Effect>) -> Result<(), Refusal> {
        if !self.policy.manual {
            return Err(Refusal::NotSupported);
        }
        match self.last.map(|peer| self.topics.add(peer, topic)) {
            Some(Added::Full) => Err(Refusal::Invalid),
            _ => Ok(()),
        }
    }

    fn unsubscribe(&mut self, topic: &[u8], _: &mut Vec<Effect>) -> Result<(), Refusal> {
        if !self.policy.manual {
            return Err(Refusal::NotSupported);
        }
        if let Some(peer) = self.last {
            self.topics.remove(peer, topic, Copies::All);
        }
        Ok(())
    }

    fn subscribers(&self, topic: &[u8]) -> usize {
        let matching = self.topics.count_matches(topic);
        if self.policy.invert { self.peers.len() - matching } else { matching }
    }

    fn topics_count(&self) -> usize {
        self.topics.topics()
    }
}
