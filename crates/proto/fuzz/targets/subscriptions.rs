//! Subscriptions of a few peers, added, taken back and asked for in any order, beside a plain map that says the same. Three
//! octets of the input are an operation, and the topic follows.

use std::collections::{BTreeMap, BTreeSet};
use zeroxide_proto::routing::{Added, Copies, PeerId, Removed, Subscriptions};

/// Copies by topic and peer.
type Model = BTreeMap<Vec<u8>, BTreeMap<usize, u32>>;

pub(crate) fn run(octets: &[u8]) {
    // The last has a number that leaves no room for octets beside it in a word.
    let peers = [0, 1, 2, 1024].map(PeerId);
    let (mut index, mut model) = (Subscriptions::new(), Model::new());
    let mut rest = octets;
    while let [what, who, size, behind @ ..] = rest {
        let who = usize::from(who % 4);
        let (topic, behind) = behind.split_at(usize::from(size % 24).min(behind.len()));
        rest = behind;
        match what % 8 {
            0..=2 => {
                let held = model.entry(topic.to_vec()).or_default();
                let expected = match (held.is_empty(), held.contains_key(&who)) {
                    (true, _) => Added::First,
                    (_, true) => Added::Copy,
                    _ => Added::Another,
                };
                *held.entry(who).or_default() += 1;
                assert_eq!(index.add(peers[who], topic), expected);
            }
            3..=5 => {
                let copies = if what % 8 == 5 { Copies::All } else { Copies::One };
                let expected = remove(&mut model, who, topic, copies);
                assert_eq!(index.remove(peers[who], topic, copies), expected);
            }
            6 => {
                index.remove_peer(peers[who]);
                for held in model.values_mut() {
                    held.remove(&who);
                }
                model.retain(|_, held| !held.is_empty());
            }
            _ => {
                let mut found = vec![];
                index.matches(topic, |peer| {
                    found.push(peers.iter().position(|known| *known == peer).unwrap())
                });
                let prefixes = model.iter().filter(|(known, _)| topic.starts_with(known));
                let expected: BTreeSet<usize> = prefixes.flat_map(|(_, held)| held.keys().copied()).collect();
                assert_eq!(found.len(), expected.len(), "each once");
                assert_eq!(BTreeSet::from_iter(found), expected);
                assert_eq!(index.any_match(topic), !expected.is_empty());
            }
        }
        assert_eq!(index.topics(), model.len());
    }
    for (at, peer) in peers.iter().enumerate() {
        let mut shown = BTreeMap::new();
        index.each_topic_of(*peer, |topic, copies, alone| {
            shown.insert(topic.to_vec(), (copies, alone));
        });
        let held = model.iter().filter_map(|(topic, held)| {
            held.get(&at).map(|copies| (topic.clone(), (*copies, held.len() == 1)))
        });
        assert_eq!(shown, held.collect());
        assert_eq!(index.topics_of(*peer), shown.len());
    }
}

fn remove(model: &mut Model, who: usize, topic: &[u8], copies: Copies) -> Removed {
    let Some(held) = model.get_mut(topic) else { return Removed::Unknown };
    let Some(count) = held.get_mut(&who) else { return Removed::Unknown };
    *count -= 1;
    if *count > 0 && copies == Copies::One {
        return Removed::CopyRemains;
    }
    held.remove(&who);
    if !held.is_empty() {
        return Removed::OthersRemain;
    }
    model.remove(topic);
    Removed::Last
}
