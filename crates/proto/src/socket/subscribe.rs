//! SUB and XSUB (RFC 29): subscribe to prefixes at every publisher, and filter again what arrives.
//!
//! Subscriptions are counted here: each is passed on, a cancellation only for the last copy. They are state, not
//! messages: a connection that comes up is told the whole set. An XSUB subscribes by sending `01 topic` and `00 topic`,
//! may send messages of its own to publishers, and does not filter.

use super::{Effect, Facts, Refusal, Refused, Route, Rules};
use crate::{
    Frame, Loss, Message, Options, SocketType,
    routing::{Added, Copies, PeerId, PeerTable, Peers, Removed, Subscriptions},
};

/// The one who subscribes in `topics`.
const SELF: PeerId = PeerId(0);

/// The rules of a SUB or XSUB socket.
#[derive(Debug)]
pub(super) struct Subscribe {
    by_messages: bool,
    topics: Subscriptions,
    /// Publishers; whether they are connected.
    publishers: PeerTable<bool>,
    verbose_unsubscribe: bool,
    invert: bool,
    only_first: bool,
}

impl Subscribe {
    pub(super) fn new(kind: SocketType, options: &Options) -> Self {
        Self {
            by_messages: kind == SocketType::Xsub,
            topics: Subscriptions::new(),
            publishers: PeerTable::new(),
            verbose_unsubscribe: options.xsub_verbose_unsubscribe,
            invert: options.invert_matching,
            only_first: options.only_first_subscribe,
        }
    }

    fn connected(&self) -> impl Iterator<Item = PeerId> {
        self.publishers.iter().filter(|(_, connected)| **connected).map(|(peer, _)| peer)
    }

    /// Changes the set. Returns whether publishers are to be told.
    fn change(&mut self, topic: &[u8], subscribe: bool) -> Result<bool, Refusal> {
        if !subscribe {
            let removed = self.topics.remove(SELF, topic, Copies::One);
            return Ok(removed == Removed::Last || self.verbose_unsubscribe);
        }
        match self.topics.add(SELF, topic) {
            Added::Full => Err(Refusal::Invalid),
            _ => Ok(true),
        }
    }

    fn change_and_tell(
        &mut self,
        topic: &[u8],
        subscribe: bool,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if self.by_messages {
            return Err(Refusal::NotSupported);
        }
        if self.change(topic, subscribe)? {
            let topic = Frame::from(topic);
            let told = |peer| Effect::Subscription { peer, topic: topic.clone(), subscribe };
            effects.extend(self.connected().map(told));
        }
        Ok(())
    }

    fn tell_all(&self, peer: PeerId, effects: &mut Vec<Effect>) {
        self.topics.each_topic_of(SELF, |topic, copies, _| {
            // With all cancellations passed on, a publisher that counts must know of every copy.
            let copies = if self.verbose_unsubscribe { copies } else { 1 };
            let topic = Frame::from(topic);
            let told = Effect::Subscription { peer, topic, subscribe: true };
            effects.extend(std::iter::repeat_n(told, copies as usize));
        });
    }
}

/// A frame as a change of subscriptions: `01 topic` or `00 topic`.
pub(super) fn as_subscription(frame: &[u8]) -> Option<(&[u8], bool)> {
    match frame {
        [1, topic @ ..] => Some((topic, true)),
        [0, topic @ ..] => Some((topic, false)),
        _ => None,
    }
}

impl Rules for Subscribe {
    fn configure(&mut self, options: &Options) {
        self.verbose_unsubscribe = options.xsub_verbose_unsubscribe;
        self.invert = options.invert_matching;
        self.only_first = options.only_first_subscribe;
    }

    fn attach(&mut self, peer: PeerId, facts: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.publishers.insert(peer, facts.connected);
        if facts.connected {
            self.tell_all(peer, effects);
        }
        Ok(())
    }

    fn reattach(&mut self, peer: PeerId, _: &Facts<'_>, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.publishers.insert(peer, true);
        self.tell_all(peer, effects);
        Ok(())
    }

    fn suspend(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.publishers.insert(peer, false);
    }

    fn detach(&mut self, peer: PeerId, _: &mut Vec<Effect>) {
        self.publishers.remove(peer);
    }

    fn route(
        &mut self,
        message: &mut Message,
        peers: &impl Peers,
        targets: &mut Vec<PeerId>,
    ) -> Result<Route<'_>, Refusal> {
        if !self.by_messages {
            return Err(Refusal::NotSupported);
        }
        targets.clear();
        if let [only] = message.frames()
            && let Some((topic, subscribe)) = as_subscription(only)
        {
            if self.change(topic, subscribe)? {
                targets.extend(self.connected());
            }
            return Ok(Route::Subscription { subscribe });
        }
        if self.publishers.is_empty() {
            return Ok(Route::Dropped(Loss::NoPeer));
        }
        // Subscriptions among other frames travel with them; the publisher looks for them as we do here.
        let looked_at = if self.only_first { 1 } else { usize::MAX };
        for frame in message.frames().iter().take(looked_at) {
            if let Some((topic, subscribe)) = as_subscription(frame) {
                // A set that is full takes no more, but the message still goes.
                let _ = self.change(topic, subscribe);
            }
        }
        targets.extend(self.publishers.iter().map(|(peer, _)| peer).filter(|peer| peers.has_room(*peer)));
        Ok(Route::Each { missed: self.publishers.len() - targets.len() })
    }

    fn needs_accept(&self) -> bool {
        !self.by_messages
    }

    #[inline]
    fn accept(&mut self, _: PeerId, message: Message, _: &mut Vec<Effect>) -> Result<Message, Loss> {
        if self.wants(message.body()) { Ok(message) } else { Err(Loss::Unsubscribed) }
    }

    #[inline]
    fn wants(&self, first: &[u8]) -> bool {
        self.by_messages || self.topics.any_match(first) != self.invert
    }

    fn subscribe(&mut self, topic: &[u8], effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        self.change_and_tell(topic, true, effects)
    }

    fn unsubscribe(&mut self, topic: &[u8], effects: &mut Vec<Effect>) -> Result<(), Refusal> {
        self.change_and_tell(topic, false, effects)
    }

    fn topics_count(&self) -> usize {
        self.topics.topics()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::*;
    use super::*;

    #[test]
    fn publishers_are_told_each_subscription_and_only_the_last_cancellation() {
        let mut sub = Rig::new(SocketType::Sub);
        sub.attach(0);
        sub.attach(1);
        assert_eq!(sub.subscribe("a"), [told(0, "a", true), told(1, "a", true)]);
        assert_eq!(sub.subscribe("a"), [told(0, "a", true), told(1, "a", true)]);
        assert_eq!(sub.machine.topics_count(), 1);
        assert_eq!(sub.unsubscribe("a"), []);
        assert_eq!(sub.unsubscribe("unknown"), []);
        assert_eq!(sub.unsubscribe("a"), [told(0, "a", false), told(1, "a", false)]);
        assert_eq!(sub.machine.topics_count(), 0);
    }

    #[test]
    fn each_new_connection_is_told_the_whole_set_as_it_is_then() {
        let mut sub = Rig::new(SocketType::Sub);
        sub.subscribe("b");
        sub.subscribe("a");
        sub.subscribe("a");
        assert_eq!(sub.attach_as(0, dialled()), Ok(vec![]));
        assert_eq!(sub.subscribe("while away"), []);
        let whole = [told(0, "b", true), told(0, "a", true), told(0, "while away", true)];
        assert_eq!(sub.reattach(0), whole);
        assert_eq!(sub.suspend(0), []);
        assert_eq!(sub.unsubscribe("b"), []);
        assert_eq!(sub.reattach(0), whole[1..]);
        sub.detach(0);
        assert_eq!(sub.unsubscribe("while away"), []);
    }

    #[test]
    fn what_matches_no_prefix_is_dropped_on_arrival() {
        let mut sub = Rig::new(SocketType::Sub);
        sub.attach(0);
        assert_eq!(sub.receive(0, "anything"), Err(Loss::Unsubscribed));
        sub.subscribe("wea");
        assert_eq!(sub.receive(0, ["weather", "sunny"]), Ok(Message::from(["weather", "sunny"])));
        assert_eq!(sub.receive(0, ["we", "weather"]), Err(Loss::Unsubscribed));
        sub.subscribe("");
        assert_eq!(sub.receive(0, ""), Ok("".into()));
        assert_eq!(sub.send("no"), Err(Refusal::NotSupported));
    }

    #[test]
    fn inverted_matching_lets_through_what_does_not_match() {
        let mut sub = Rig::with(SocketType::Sub, |options| options.invert_matching = true);
        sub.subscribe("a");
        assert_eq!(sub.receive(0, "ab"), Err(Loss::Unsubscribed));
        assert_eq!(sub.receive(0, "b"), Ok("b".into()));
    }

    #[test]
    fn an_xsub_subscribes_by_messages_and_does_not_filter() {
        let mut xsub = Rig::new(SocketType::Xsub);
        xsub.attach(0);
        assert_eq!(xsub.send("\x01a"), Ok(Sent::Subscription(vec![0], true)));
        assert_eq!(xsub.send("\x01a"), Ok(Sent::Subscription(vec![0], true)));
        assert_eq!(xsub.send("\x00a"), Ok(Sent::Subscription(vec![], false)));
        assert_eq!(xsub.send("\x00a"), Ok(Sent::Subscription(vec![0], false)));
        assert_eq!(xsub.receive(0, "unasked"), Ok("unasked".into()));
        assert_eq!(xsub.machine.subscribe(b"a", &mut vec![]), Err(Refusal::NotSupported));
        xsub.send("\x01b").unwrap();
        assert_eq!(xsub.attach(1), [told(1, "b", true)]);
    }

    #[test]
    fn an_xsub_sends_its_own_messages_to_every_publisher_with_room() {
        let mut xsub = Rig::new(SocketType::Xsub);
        assert_eq!(xsub.send("early"), Ok(Sent::Dropped(Loss::NoPeer)));
        (0..3).for_each(|peer| drop(xsub.attach(peer)));
        xsub.full.0 = vec![1];
        assert_eq!(xsub.send("hello"), Ok(Sent::Each(vec![0, 2], 1)));
        assert_eq!(xsub.send(["\x01a", "\x01b", "text"]), Ok(Sent::Each(vec![0, 2], 1)));
        assert_eq!(xsub.machine.topics_count(), 2);
        xsub.configure(|options| options.only_first_subscribe = true);
        xsub.send(["\x01c", "\x01d"]).unwrap();
        assert_eq!(xsub.machine.topics_count(), 3);
    }

    #[test]
    fn a_verbose_xsub_passes_every_cancellation_on() {
        let mut xsub = Rig::with(SocketType::Xsub, |options| options.xsub_verbose_unsubscribe = true);
        xsub.attach(0);
        xsub.send("\x01a").unwrap();
        xsub.send("\x01a").unwrap();
        assert_eq!(xsub.attach(1), [told(1, "a", true), told(1, "a", true)]);
        assert_eq!(xsub.send("\x00a"), Ok(Sent::Subscription(vec![0, 1], false)));
        assert_eq!(xsub.send("\x00a"), Ok(Sent::Subscription(vec![0, 1], false)));
    }
}
