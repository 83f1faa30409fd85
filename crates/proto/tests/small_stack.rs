//! Subscriptions on a thread with next to no stack: whatever topics there are, and however deep they lie in one another,
//! nothing calls itself for each octet or each topic. A stack that is used up ends this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::thread;
use zeroxide_proto::{
    Machine, Message, Options, PeerId, SocketType,
    routing::{Copies, Subscriptions},
    socket::{Effect, Facts, Upstream},
};

/// A call for each of [`DEEP`] octets, of a hundred octets each, would need more than twice as much.
const STACK: usize = 64 * 1024;
/// Topics in one another.
const DEEP: usize = 1500;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

/// Every prefix of a topic, each a topic too.
fn nested() -> impl DoubleEndedIterator<Item = Vec<u8>> {
    (0..=DEEP).map(|length| vec![b'a'; length])
}

/// As deep, with a branch beside each step.
fn branched() -> impl Iterator<Item = Vec<u8>> {
    (0..DEEP).map(|length| [&vec![b'a'; length][..], b"b"].concat())
}

fn add(index: &mut Subscriptions, topic: &[u8]) {
    let _ = index.add(PeerId(0), topic);
}

fn remove(index: &mut Subscriptions, topic: &[u8]) {
    let _ = index.remove(PeerId(0), topic, Copies::One);
}

#[test]
fn topics_in_one_another_are_added_found_and_removed() {
    on_a_small_stack(|| {
        let mut index = Subscriptions::new();
        nested().chain(branched()).for_each(|topic| add(&mut index, &topic));
        assert_eq!(index.topics(), 2 * DEEP + 1);
        let deepest = vec![b'a'; DEEP];
        assert!(index.any_match(&deepest));
        index.matches(&deepest, |peer| assert_eq!(peer, PeerId(0)));
        let mut shown = 0;
        index.each_topic_of(PeerId(0), |_, _, _| shown += 1);
        assert_eq!(shown, 2 * DEEP + 1);
        nested().step_by(2).for_each(|topic| remove(&mut index, &topic));
        nested().rev().step_by(2).for_each(|topic| remove(&mut index, &topic));
        index.remove_peer(PeerId(0));
        assert_eq!(index.topics(), 0);
        nested().for_each(|topic| add(&mut index, &topic));
        // And dropped as it is.
    });
}

#[test]
fn a_topic_of_megabytes_is_one_step() {
    on_a_small_stack(|| {
        let mut index = Subscriptions::new();
        let topic = vec![b'a'; 16 << 20];
        let _ = index.add(PeerId(0), &topic);
        let _ = index.add(PeerId(0), &topic[..topic.len() / 2]);
        assert!(index.any_match(&topic));
        let _ = index.remove(PeerId(0), &topic, Copies::One);
        assert_eq!(index.topics(), 1);
    });
}

#[test]
fn publishers_and_subscribers_hold_them() {
    on_a_small_stack(|| {
        for kind in [SocketType::Pub, SocketType::Xpub] {
            let mut machine = Machine::new(kind, &Options::default(), 0);
            let mut effects: Vec<Effect> = Vec::new();
            for life in 0..2 {
                machine.attach(PeerId(0), &Facts::default(), &mut effects).unwrap();
                nested()
                    .for_each(|topic| machine.upstream(PeerId(0), Upstream::Subscribe(&topic), &mut effects));
                if life == 0 {
                    let cancel =
                        |topic: Vec<u8>| machine.upstream(PeerId(0), Upstream::Cancel(&topic), &mut effects);
                    nested().for_each(cancel);
                }
                machine.detach(PeerId(0), &mut effects);
                machine.forget(PeerId(0));
                effects.clear();
            }
        }
        let mut machine = Machine::new(SocketType::Sub, &Options::default(), 0);
        let mut effects = Vec::new();
        nested().for_each(|topic| machine.subscribe(&topic, &mut effects).unwrap());
        machine.attach(PeerId(0), &Facts::default(), &mut effects).unwrap();
        assert!(machine.accept(PeerId(0), Message::from("any"), &mut effects).is_ok());
        nested().rev().for_each(|topic| machine.unsubscribe(&topic, &mut effects).unwrap());
        assert!(machine.accept(PeerId(0), Message::from("any"), &mut effects).is_err());
    });
}
