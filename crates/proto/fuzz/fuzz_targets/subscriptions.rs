//! Subscriptions come, go and are asked for as the octets say; a list of all of them must agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use zeroxide_proto::{
    PeerId,
    routing::{Copies, Removed, Subscriptions},
};

fuzz_target!(|octets: &[u8]| {
    let mut list: BTreeMap<(Vec<u8>, u32), u32> = BTreeMap::new();
    let mut index = Subscriptions::new();
    let mut rest = octets;
    // An octet says what, one how often the next is repeated in the topic's middle, one how long the topic is.
    while let [what, repeat, length, behind @ ..] = rest {
        let (topic, behind) = behind.split_at(usize::from(length % 16).min(behind.len()));
        rest = behind;
        let mut topic = topic.to_vec();
        if let Some(octet) = topic.get(topic.len() / 2).copied() {
            let at = topic.len() / 2;
            topic.splice(at..at, std::iter::repeat_n(octet, usize::from(repeat % 4) * 20));
        }
        let peer = u32::from(what >> 4 & 3);
        match what & 7 {
            0..=2 => {
                index.add(PeerId(peer), &topic);
                *list.entry((topic.clone(), peer)).or_default() += 1;
            }
            3 | 4 => {
                let key = (topic.clone(), peer);
                let had = list.get(&key).copied().unwrap_or_default();
                let copies = if what & 8 == 0 { Copies::One } else { Copies::All };
                let removed = index.remove(PeerId(peer), &topic, copies);
                assert_eq!(removed == Removed::Unknown, had == 0);
                if had > 1 && copies == Copies::One {
                    list.insert(key, had - 1);
                } else {
                    list.remove(&key);
                }
            }
            5 if *repeat == 0 => {
                index.remove_peer(PeerId(peer));
                list.retain(|(_, owner), _| *owner != peer);
            }
            _ => {}
        }
        let matching = list.keys().filter(|(prefix, _)| topic.starts_with(prefix));
        let mut expected: Vec<u32> = matching.map(|(_, peer)| *peer).collect();
        expected.sort_unstable();
        expected.dedup();
        let mut found = vec![];
        index.matches(&topic, |peer| found.push(peer.0));
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(index.any_match(&topic), !expected.is_empty());
        assert_eq!(index.count_matches(&topic), expected.len());
    }
});
