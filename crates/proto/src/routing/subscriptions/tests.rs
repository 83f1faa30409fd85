use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What the tree must be equal to: a list of who has what how often.
#[derive(Default)]
struct Model(BTreeMap<(Vec<u8>, u32), u32>);

impl Model {
    fn others(&self, topic: &[u8], peer: u32) -> bool {
        self.0.keys().any(|(other, owner)| other == topic && *owner != peer)
    }

    fn add(&mut self, peer: u32, topic: &[u8]) -> Added {
        let others = self.others(topic, peer);
        let copies = self.0.entry((topic.to_vec(), peer)).or_default();
        *copies += 1;
        match (*copies, others) {
            (1, false) => Added::First,
            (1, true) => Added::Another,
            _ => Added::Copy,
        }
    }

    fn remove(&mut self, peer: u32, topic: &[u8], copies: Copies) -> Removed {
        let key = (topic.to_vec(), peer);
        match self.0.get_mut(&key) {
            None => return Removed::Unknown,
            Some(count) if *count > 1 && copies == Copies::One => {
                *count -= 1;
                return Removed::CopyRemains;
            }
            Some(_) => self.0.remove(&key),
        };
        if self.others(topic, peer) { Removed::OthersRemain } else { Removed::Last }
    }

    fn matches(&self, topic: &[u8]) -> Vec<u32> {
        let matching = self.0.keys().filter(|(prefix, _)| topic.starts_with(prefix));
        let mut peers: Vec<u32> = matching.map(|(_, peer)| *peer).collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    fn topics_of(&self, peer: u32) -> Vec<(Vec<u8>, u32, bool)> {
        let own = self.0.iter().filter(|((_, owner), _)| *owner == peer);
        own.map(|((topic, _), copies)| (topic.clone(), *copies, !self.others(topic, peer))).collect()
    }
}

fn matches(subscriptions: &mut Subscriptions, topic: &[u8]) -> Vec<u32> {
    let mut peers = vec![];
    subscriptions.matches(topic, |peer| peers.push(peer.0));
    let visits = peers.len();
    peers.sort_unstable();
    peers.dedup();
    assert_eq!(peers.len(), visits, "a peer was visited twice");
    peers
}

fn topics_of(subscriptions: &Subscriptions, peer: u32) -> Vec<(Vec<u8>, u32, bool)> {
    let mut topics = vec![];
    subscriptions.each_topic_of(PeerId(peer), |topic, copies, alone| {
        topics.push((topic.to_vec(), copies, alone));
    });
    topics.sort();
    topics
}

#[derive(Clone, Debug)]
enum Step {
    Add(u32, Vec<u8>),
    Remove(u32, Vec<u8>, Copies),
    RemovePeer(u32),
    Match(Vec<u8>),
}

/// Few letters, so that topics share prefixes, and now and then a long run, so that labels do too.
fn topic() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => (0u8..3).prop_map(|octet| vec![octet]),
        2 => any::<u8>().prop_map(|octet| vec![octet]),
        1 => Just(vec![7; 300]),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn step() -> impl Strategy<Value = Step> {
    let copies = prop_oneof![Just(Copies::One), Just(Copies::All)];
    prop_oneof![
        8 => (0u32..5, topic()).prop_map(|(peer, topic)| Step::Add(peer, topic)),
        6 => (0u32..5, topic(), copies).prop_map(|(peer, topic, copies)| Step::Remove(peer, topic, copies)),
        1 => (0u32..5).prop_map(Step::RemovePeer),
        4 => topic().prop_map(Step::Match),
    ]
}

proptest! {
    #[test]
    fn the_tree_behaves_like_a_list(steps in proptest::collection::vec(step(), 0..300)) {
        let (mut tree, mut model) = (Subscriptions::new(), Model::default());
        for step in steps {
            match step {
                Step::Add(peer, topic) => {
                    prop_assert_eq!(tree.add(PeerId(peer), &topic), model.add(peer, &topic));
                }
                Step::Remove(peer, topic, copies) => {
                    let expected = model.remove(peer, &topic, copies);
                    prop_assert_eq!(tree.remove(PeerId(peer), &topic, copies), expected);
                }
                Step::RemovePeer(peer) => {
                    prop_assert_eq!(topics_of(&tree, peer), model.topics_of(peer));
                    tree.remove_peer(PeerId(peer));
                    model.0.retain(|(_, owner), _| *owner != peer);
                }
                Step::Match(topic) => {
                    let expected = model.matches(&topic);
                    prop_assert_eq!(tree.any_match(&topic), !expected.is_empty());
                    prop_assert_eq!(tree.count_matches(&topic), expected.len());
                    prop_assert_eq!(matches(&mut tree, &topic), expected);
                }
            }
            tree.tree.check();
            let distinct: std::collections::BTreeSet<_> = model.0.keys().map(|(topic, _)| topic).collect();
            prop_assert_eq!(tree.topics(), distinct.len());
            for peer in 0..5 {
                let own = model.topics_of(peer);
                prop_assert_eq!(tree.topics_of(PeerId(peer)), own.len());
                let octets: usize = own.iter().map(|(topic, ..)| topic.len()).sum();
                prop_assert_eq!(tree.octets_of(PeerId(peer)), octets as u64);
            }
        }
    }
}

/// Topics of up to three octets out of a few or of all: nodes with any number of children, which come and go. One in eight
/// has another peer, whose number may be one that leaves no room for anything else in a word.
fn wide_steps() -> impl Strategy<Value = Vec<(bool, u32, Vec<u8>)>> {
    let alphabet = prop_oneof![Just(4u8), Just(15), Just(40), Just(255)];
    let others = prop_oneof![Just(1u32), Just(1024)];
    (alphabet, others).prop_flat_map(|(last, other)| {
        let topic = proptest::collection::vec(0..=last, 1..4);
        let peer = prop_oneof![7 => Just(0), 1 => Just(other)];
        proptest::collection::vec((any::<bool>(), peer, topic), 0..600)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn wide_nodes_grow_and_shrink_with_their_children(steps in wide_steps()) {
        let (mut tree, mut model) = (Subscriptions::new(), Model::default());
        for (step, (grows, peer, topic)) in steps.iter().enumerate() {
            // At first topics come, later they go.
            if *grows || step < steps.len() / 2 {
                prop_assert_eq!(tree.add(PeerId(*peer), topic), model.add(*peer, topic));
            } else {
                let held = model.0.keys().nth(step % model.0.len().max(1)).cloned();
                let (topic, peer) = held.unwrap_or((topic.clone(), *peer));
                let expected = model.remove(peer, &topic, Copies::All);
                prop_assert_eq!(tree.remove(PeerId(peer), &topic, Copies::All), expected);
            }
            if step % 16 == 0 {
                tree.tree.check();
                for (_, _, topic) in steps.iter().skip(step % 7).step_by(7) {
                    prop_assert_eq!(matches(&mut tree, topic), model.matches(topic));
                }
            }
        }
        tree.tree.check();
    }
}

#[test]
fn what_is_left_of_many_topics_is_found_after_the_memory_was_tidied_up() {
    let mut subscriptions = Subscriptions::new();
    let topic = |number: u32| format!("{}-a-label-of-some-length-{number}", number * 7919 % 20_011);
    for number in 0..20_000 {
        subscriptions.add(PeerId(number % 7), topic(number).as_bytes());
    }
    let all = subscriptions.memory();
    for number in (0..20_000).filter(|number| number % 100 != 0) {
        let removed = subscriptions.remove(PeerId(number % 7), topic(number).as_bytes(), Copies::One);
        assert_eq!(removed, Removed::Last);
    }
    subscriptions.tree.check();
    assert!(subscriptions.memory() < all / 3 * 2, "{all} and then {}", subscriptions.memory());
    for number in 0..20_000 {
        let expected: &[u32] = if number % 100 == 0 { &[number % 7] } else { &[] };
        assert_eq!(matches(&mut subscriptions, topic(number).as_bytes()), expected);
    }
}

#[test]
fn a_million_topics_cost_less_than_a_hundred_octets_each() {
    const TOPICS: u32 = 1_000_000;
    let mut subscriptions = Subscriptions::new();
    for number in 0..TOPICS {
        let added = subscriptions.add(PeerId(number % 1000), format!("{number:07}").as_bytes());
        assert_eq!(added, Added::First);
    }
    let each = subscriptions.memory() / TOPICS as usize;
    assert!(each < 100, "{each} octets for each subscription");
    for number in (0..TOPICS).step_by(997) {
        assert_eq!(matches(&mut subscriptions, format!("{number:07} text").as_bytes()), [number % 1000]);
    }
    for peer in 0..1000 {
        subscriptions.remove_peer(PeerId(peer));
    }
    assert_eq!((subscriptions.topics(), subscriptions.any_match(b"0000001")), (0, false));
    assert!(subscriptions.memory() < 100_000, "the memory is given back");
}

#[test]
fn a_topic_of_a_mebioctet_is_an_ordinary_topic() {
    let mut subscriptions = Subscriptions::new();
    let topic: Vec<u8> = (0..1 << 20).map(|at| (at % 251) as u8).collect();
    let half = &topic[..topic.len() / 2];
    subscriptions.add(PeerId(1), &topic);
    assert_eq!(matches(&mut subscriptions, half), []);
    subscriptions.add(PeerId(2), half);
    assert_eq!(matches(&mut subscriptions, half), [2]);
    assert_eq!(matches(&mut subscriptions, &topic), [1, 2]);
    assert_eq!(subscriptions.remove(PeerId(2), half, Copies::All), Removed::Last);
    assert_eq!(topics_of(&subscriptions, 1), [(topic.clone(), 1, true)]);
    assert_eq!(matches(&mut subscriptions, &topic), [1]);
}

#[test]
fn every_prefix_of_a_long_topic_is_deep_but_overflows_nothing() {
    const DEPTH: usize = 100_000;
    let mut subscriptions = Subscriptions::new();
    let topic = vec![b'a'; DEPTH];
    const STEP: usize = 50;
    for length in (0..DEPTH).step_by(STEP).rev() {
        subscriptions.add(PeerId(0), &topic[..length]);
    }
    assert_eq!(subscriptions.tree.check(), DEPTH / STEP);
    assert_eq!(matches(&mut subscriptions, &topic), [0]);
    subscriptions.remove_peer(PeerId(0));
    assert_eq!(subscriptions.topics(), 0);
}

#[test]
fn one_topic_of_many_peers_and_many_topics_of_one_peer_are_both_quick() {
    let mut subscriptions = Subscriptions::new();
    for peer in 0..100_000 {
        subscriptions.add(PeerId(peer), b"");
    }
    for number in 0..100_000u32 {
        subscriptions.add(PeerId(0), &number.to_be_bytes());
    }
    assert_eq!(subscriptions.count_matches(b"anything"), 100_000);
    for peer in 0..100_000 {
        subscriptions.remove_peer(PeerId(peer));
    }
    assert_eq!(subscriptions.topics(), 0);
}

#[test]
fn numbered_topics_need_no_blocks_for_their_last_digits_and_get_them_back_when_others_came_and_went() {
    let mut subscriptions = Subscriptions::new();
    let topic = |number: u32| format!("t{number:04}");
    for number in 0..10_000 {
        subscriptions.add(PeerId(1023), topic(number).as_bytes());
    }
    subscriptions.tree.check();
    let alone = subscriptions.tree.drawn();
    assert!(alone < 16_000, "{alone} octets for 10,000 topics");
    // A second subscriber, one whose number fits no word, a longer topic, and one in the middle: blocks, and then none again.
    for (peer, more) in [(0, ""), (1024, ""), (1023, "and more"), (1024, "x")] {
        for number in (0..10_000).step_by(10) {
            subscriptions.add(PeerId(peer), format!("{}{more}", topic(number)).as_bytes());
            subscriptions.add(PeerId(1024), &topic(number).as_bytes()[..4]);
        }
        subscriptions.tree.check();
        assert!(subscriptions.tree.drawn() > 40_000);
        assert_eq!(matches(&mut subscriptions, b"t1233!"), [1023, 1024]);
        for number in (0..10_000).step_by(10) {
            subscriptions.remove(PeerId(peer), format!("{}{more}", topic(number)).as_bytes(), Copies::All);
            subscriptions.remove(PeerId(1024), &topic(number).as_bytes()[..4], Copies::All);
        }
        subscriptions.tree.check();
        assert_eq!(subscriptions.tree.drawn(), alone);
        for number in 0..10_000 {
            assert_eq!(matches(&mut subscriptions, topic(number).as_bytes()), [1023]);
        }
    }
}

#[test]
fn stamps_survive_their_counter_running_over() {
    let mut subscriptions = Subscriptions::new();
    subscriptions.add(PeerId(0), b"a");
    subscriptions.add(PeerId(0), b"");
    for stamp in [u32::MAX - 1, u32::MAX, 0] {
        subscriptions.stamp = stamp;
        assert_eq!(matches(&mut subscriptions, b"ab"), [0]);
        assert_eq!(matches(&mut subscriptions, b"ab"), [0]);
    }
}

#[test]
fn topics_come_and_go_without_the_text_growing() {
    let mut subscriptions = Subscriptions::new();
    subscriptions.add(PeerId(0), b"stays");
    for round in 0..10_000u32 {
        let topic = format!("sta-{round}-{}", "x".repeat(100));
        subscriptions.add(PeerId(1), topic.as_bytes());
        subscriptions.add(PeerId(2), &topic.as_bytes()[..20.min(topic.len())]);
        subscriptions.remove_peer(PeerId(1));
        subscriptions.remove_peer(PeerId(2));
    }
    assert!(subscriptions.memory() < 40_000, "{}", subscriptions.memory());
    assert_eq!(subscriptions.tree.check(), 2);
}
