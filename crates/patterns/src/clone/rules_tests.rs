//! The server's rules at their very moments, and whole worlds of servers and copies in simulated time.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_nanos(1);
const PATIENCE: Patience = Patience { silence: Duration::from_secs(5), backlog: 100_000 };

fn options() -> ServerOptions {
    ServerOptions { keys: 4, value: 100, remembered: 1000, ..ServerOptions::default() }
}

fn active(options: ServerOptions, now: Instant) -> ServerRules {
    let mut rules = ServerRules::new([7; 16], options, now);
    rules.activate(now, &mut Vec::new());
    rules
}

fn change(name: u8, key: &str, value: &str) -> KeyValue {
    KeyValue { uuid: Some([name; 16]), ..KeyValue::new(key, value) }
}

fn give(rules: &mut ServerRules, change: &KeyValue, now: Instant) -> Vec<KeyValue> {
    let mut out = Vec::new();
    rules.change(&change.encode(Format::Full), now, &mut out);
    parsed(&out)
}

fn parsed(messages: &[Message]) -> Vec<KeyValue> {
    messages.iter().map(|message| KeyValue::parse(message).unwrap()).collect()
}

fn ticked(rules: &mut ServerRules, now: Instant) -> Vec<KeyValue> {
    let mut out = Vec::new();
    rules.tick(now, &mut out);
    parsed(&out)
}

/// All that a snapshot sends, without the client's name.
fn snapshot(rules: &mut ServerRules, subtree: &str, now: Instant) -> Vec<KeyValue> {
    rules.ask(Message::from(["client", "ICANHAZ?", subtree]), now);
    let mut sent = Vec::new();
    while rules.feed(1000, now, |mut message| {
        assert_eq!(message.pop_front().unwrap(), "client");
        sent.push(message);
        Fed::Sent
    }) {}
    parsed(&sent)
}

#[test]
fn changes_are_numbered_published_and_kept() {
    let now = Instant::now();
    let mut rules = active(options(), now);
    let published = give(&mut rules, &change(1, "a", "1"), now);
    assert_eq!(published, [KeyValue { sequence: 1, ..change(1, "a", "1") }]);
    assert_eq!(give(&mut rules, &change(2, "a", ""), now)[0].sequence, 2);
    assert_eq!(rules.get(b"a"), None, "an empty value deletes");
    assert_eq!((rules.statistics().changes, rules.statistics().keys, rules.statistics().octets), (2, 0, 0));
}

#[test]
fn a_change_that_comes_twice_is_done_once_and_said_to_be_done() {
    let now = Instant::now();
    let mut rules = active(options(), now);
    give(&mut rules, &change(1, "a", "first"), now);
    give(&mut rules, &change(2, "a", "second"), now);
    let again = give(&mut rules, &change(1, "a", "first"), now);
    assert_eq!((&again[0].value, again[0].sequence), (&"second".into(), 3), "what the key is now");
    assert_eq!(again[0].properties.get("also"), Some(&*hex([1; 16])));
    assert_eq!(rules.get(b"a").unwrap(), "second");
    give(&mut rules, &change(3, "a", ""), now);
    let again = give(&mut rules, &change(2, "a", "second"), now);
    assert!(again[0].value.is_empty(), "it is gone, and stays so");
    assert_eq!(rules.statistics().repeated, 2);
}

#[test]
fn what_is_too_much_is_refused() {
    let now = Instant::now();
    let mut rules = active(ServerOptions { octets: 120, ..options() }, now);
    for key in ["HUGZ", "KTHXBAI", "ICANHAZ?", ""] {
        assert!(give(&mut rules, &change(1, key, "x"), now).is_empty());
    }
    assert!(give(&mut rules, &change(1, "a", &"x".repeat(101)), now).is_empty(), "a long value");
    assert_eq!(give(&mut rules, &change(2, "a", &"x".repeat(100)), now).len(), 1);
    assert!(give(&mut rules, &change(3, "b", &"x".repeat(50)), now).is_empty(), "too many octets");
    assert_eq!(give(&mut rules, &change(4, "a", "x"), now).len(), 1, "less is always allowed");
    for (name, key) in [(5, "b"), (6, "c"), (7, "d")] {
        assert_eq!(give(&mut rules, &change(name, key, "x"), now).len(), 1);
    }
    assert!(give(&mut rules, &change(8, "e", "x"), now).is_empty(), "a fifth key");
    assert_eq!(give(&mut rules, &change(9, "d", "y"), now).len(), 1);
    assert_eq!(rules.statistics().refused, 7);
    let mut out = Vec::new();
    rules.change(&Message::from("nonsense"), now, &mut out);
    rules.ask(Message::from(["client", "nonsense"]), now);
    rules.ask(Message::from("client"), now);
    assert_eq!((rules.statistics().malformed, out.len()), (3, 0));
}

#[test]
fn a_key_is_deleted_at_the_first_sweep_after_its_time() {
    let now = Instant::now();
    let mut rules = active(options(), now);
    give(&mut rules, &change(1, "a", "1").with_lifetime(2 * SECOND), now);
    give(&mut rules, &change(2, "b", "1").with_lifetime(2 * SECOND), now);
    give(&mut rules, &change(3, "b", "for ever"), now + SECOND);
    assert_eq!(
        ticked(&mut rules, now + 2 * SECOND - MOMENT).iter().filter(|said| said.key == "a").count(),
        0
    );
    let said = ticked(&mut rules, now + 3 * SECOND - MOMENT);
    let gone: Vec<_> = said.iter().filter(|said| said.key != "HUGZ").collect();
    assert_eq!(gone.len(), 1);
    assert_eq!((&gone[0].key, gone[0].sequence, gone[0].value.len()), (&"a".into(), 4, 0));
    assert_eq!((rules.get(b"a"), rules.get(b"b").is_some()), (None, true));
    assert_eq!(rules.statistics().expired, 1);
}

#[test]
fn a_sign_of_life_is_said_every_beat_and_tells_session_and_number() {
    let now = Instant::now();
    let mut rules = active(options(), now);
    give(&mut rules, &change(1, "a", "1"), now);
    let said = ticked(&mut rules, now);
    assert_eq!((&said[0].key, said[0].sequence), (&"HUGZ".into(), 0));
    assert_eq!(
        (said[0].properties.get("last"), said[0].properties.get("sess")),
        (Some("1"), Some(&*hex([7; 16])))
    );
    assert!(ticked(&mut rules, now + SECOND - MOMENT).is_empty());
    assert_eq!(ticked(&mut rules, now + SECOND).len(), 1);
}

#[test]
fn a_snapshot_has_what_is_left_of_a_lifetime_and_only_its_subtree() {
    let now = Instant::now();
    let mut rules = active(options(), now);
    for (name, key) in [(1, "/a"), (2, "/a/x"), (3, "/a/y"), (4, "/b/x")] {
        give(&mut rules, &change(name, key, key).with_lifetime(10 * SECOND), now);
    }
    let sent = snapshot(&mut rules, "/a/", now + 4 * SECOND);
    let keys: Vec<_> = sent.iter().map(|entry| entry.key.as_str().unwrap()).collect();
    assert_eq!(keys, ["/a/x", "/a/y", "KTHXBAI"]);
    assert_eq!(sent[0].lifetime(), Some(6 * SECOND));
    assert_eq!((sent[0].sequence, sent[0].uuid), (2, Some([2; 16])));
    assert_eq!((sent[2].sequence, &sent[2].value, sent[2].uuid), (4, &"/a/".into(), Some([7; 16])));
    assert_eq!(rules.statistics().snapshots, 1);
}

#[test]
fn clients_that_do_not_read_or_are_gone_hold_nobody_up() {
    let now = Instant::now();
    let mut rules = active(ServerOptions { snapshots: 3, ..options() }, now);
    give(&mut rules, &change(1, "a", "1"), now);
    for client in ["stuck", "gone", "reads", "one too many"] {
        rules.ask(Message::from([client, "ICANHAZ?", ""]), now);
    }
    let mut served = 0;
    let mut feed = |rules: &mut ServerRules, now| {
        rules.feed(100, now, |message| match message[0].as_str().unwrap() {
            "stuck" => Fed::Full,
            "gone" => Fed::Gone,
            _ => {
                served += 1;
                Fed::Sent
            }
        })
    };
    assert!(!feed(&mut rules, now), "only the stuck one is left");
    assert_eq!(
        (rules.statistics().snapshots, rules.statistics().snapshots_lost, rules.statistics().sending),
        (1, 2, 1)
    );
    feed(&mut rules, now + 30 * SECOND - MOMENT);
    assert_eq!(rules.statistics().sending, 1);
    feed(&mut rules, now + 30 * SECOND);
    assert_eq!((rules.statistics().sending, rules.statistics().snapshots_lost, served), (0, 3, 2));
}

#[test]
fn a_passive_server_keeps_what_its_peer_has_not_published() {
    let now = Instant::now();
    let mut backup = ServerRules::new([8; 16], ServerOptions { pending: 3, ..options() }, now);
    backup.peer_subscribed(now);
    backup.peer_snapshot(&farewell(0, [7; 16], b"").encode(Format::Full), now);
    assert!(give(&mut backup, &change(1, "a", "1"), now).is_empty());
    give(&mut backup, &change(2, "b", "2"), now);
    give(&mut backup, &change(2, "b", "2"), now);
    backup.peer_update(&KeyValue { sequence: 1, ..change(1, "a", "1") }.encode(Format::Full), now);
    backup.peer_update(&KeyValue { sequence: 2, ..change(3, "c", "3") }.encode(Format::Full), now);
    give(&mut backup, &change(3, "c", "3"), now); // came after it was published
    assert_eq!(backup.statistics().pending, 1);
    let mut out = Vec::new();
    backup.activate(now, &mut out);
    let published = parsed(&out);
    assert_eq!(published, [KeyValue { sequence: 3, ..change(2, "b", "2") }], "what the other had not done");
    assert_eq!(backup.statistics().keys, 3);
}

#[test]
fn what_waits_at_a_passive_server_is_bounded_by_number_and_by_age() {
    let now = Instant::now();
    let mut backup = ServerRules::new([8; 16], ServerOptions { pending: 2, ..options() }, now);
    for (name, key) in [(1, "a"), (2, "b"), (3, "c")] {
        give(&mut backup, &change(name, key, "x"), now + u32::from(name) * SECOND);
    }
    assert_eq!((backup.statistics().pending, backup.statistics().pending_lost), (2, 1));
    backup.tick(now + 32 * SECOND - MOMENT, &mut Vec::new());
    assert_eq!(backup.statistics().pending, 2);
    backup.tick(now + 32 * SECOND, &mut Vec::new());
    assert_eq!((backup.statistics().pending, backup.statistics().pending_lost), (1, 2));
}

#[test]
fn lifetimes_go_on_at_the_successor_and_are_swept_by_the_active_only() {
    let now = Instant::now();
    let mut primary = active(options(), now);
    let mut backup = ServerRules::new([8; 16], options(), now);
    give(&mut primary, &change(1, "a", "1").with_lifetime(10 * SECOND), now);
    backup.peer_subscribed(now + 4 * SECOND);
    for entry in snapshot(&mut primary, "", now + 4 * SECOND) {
        backup.peer_snapshot(&entry.encode(Format::Full), now + 4 * SECOND);
    }
    assert!(ticked(&mut backup, now + 100 * SECOND).is_empty(), "passive servers delete nothing");
    assert!(backup.get(b"a").is_some());
    backup.activate(now + 9 * SECOND, &mut Vec::new());
    assert_eq!(
        ticked(&mut backup, now + 10 * SECOND - MOMENT).iter().filter(|said| said.key == "a").count(),
        0
    );
    let said = ticked(&mut backup, now + 11 * SECOND);
    assert_eq!(said.iter().filter(|said| said.key == "a" && said.value.is_empty()).count(), 1);
}

/// One copy in the simulated world, and what is on its way to it.
struct Copy {
    sync: Sync,
    asks: bool,
}

impl Copy {
    fn new(subtree: &str, now: Instant) -> Self {
        let mut sync = Sync::new(subtree.as_bytes(), PATIENCE, Store::default(), now);
        sync.subscribed(now);
        Self { sync, asks: true }
    }
}

fn same(server: &ServerRules, copy: &Copy) -> bool {
    let ours = server.store().iter().filter(|(key, _)| key.starts_with(copy.sync.subtree()));
    ours.map(|(key, entry)| (key, &entry.value)).eq(copy
        .sync
        .store()
        .iter()
        .map(|(key, entry)| (key, &entry.value)))
}

#[test]
fn ten_thousand_clients_have_the_same_map_after_losses_and_a_new_server() {
    let mut now = Instant::now();
    let mut server = active(ServerOptions::default(), now);
    let mut copies: Vec<Copy> =
        (0..10_000).map(|number| Copy::new(["", "/1/", "/2/"][number % 3], now)).collect();
    let (mut happenings, mut out) = (Vec::new(), Vec::new());
    for turn in 0_u32..60 {
        now += SECOND / 10;
        if turn == 30 {
            // Another server with another history takes the place of the first.
            let (store, mut successor) =
                (server.store().clone(), ServerRules::new([8; 16], ServerOptions::default(), now));
            successor.activate(now, &mut Vec::new());
            for (key, entry) in store.iter() {
                successor.set(KeyValue::new(key, entry.value.clone()), now, &mut Vec::new());
            }
            server = successor;
        }
        if turn < 50 {
            let key = format!("/{}/{}", turn % 3, turn % 7);
            let value = if turn % 5 == 4 { String::new() } else { turn.to_string() };
            server.set(KeyValue::new(key, value), now, &mut out);
        }
        server.tick(now, &mut out);
        for (number, copy) in copies.iter_mut().enumerate() {
            for message in &out {
                // One in fifty loses something each turn; the last turns are without loss.
                if turn >= 50 || !(number + turn as usize).is_multiple_of(50) {
                    copy.sync.update(message, now, &mut happenings);
                }
            }
            if copy.sync.tick(now) == Need::NextServer {
                copy.sync.subscribed(now);
                copy.asks = true;
            }
            if std::mem::take(&mut copy.asks) {
                let client = (number as u32).to_be_bytes();
                let asked = Message::from([&client[..], b"ICANHAZ?", copy.sync.subtree()]);
                server.ask(asked, now);
            }
            happenings.clear();
        }
        out.clear();
        while server.feed(1_000_000, now, |mut message| {
            let client = message.pop_front().unwrap();
            let number = u32::from_be_bytes(client[..].try_into().unwrap());
            copies[number as usize].sync.snapshot(&message, now, &mut Vec::new());
            Fed::Sent
        }) {}
    }
    // Who has a subtree only cannot see that something was lost in between; all others are equal.
    let differ = copies.iter().filter(|copy| copy.sync.subtree().is_empty() && !same(&server, copy)).count();
    assert_eq!(differ, 0);
    assert!(copies.iter().all(|copy| copy.sync.is_live()));
    assert!(server.statistics().snapshots >= 10_000, "all came to the new server");
}

#[test]
fn a_snapshot_of_many_keys_goes_on_while_they_change() {
    let now = Instant::now();
    let mut server = active(ServerOptions::default(), now);
    let mut out = Vec::new();
    for number in 0..20_000_u32 {
        server.set(KeyValue::new(format!("/{number:07}"), number.to_string()), now, &mut out);
    }
    out.clear();
    let mut copy = Copy::new("", now);
    server.ask(Message::from(["client", "ICANHAZ?", ""]), now);
    let (mut turns, mut number) = (0, 0_u32);
    let mut on_their_way = VecDeque::new();
    while server.is_feeding() || !on_their_way.is_empty() {
        // A change, somewhere before or behind what is being sent, for every ten keys of the snapshot.
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = format!("/{:07}", number % 21_000);
        let value = if number.is_multiple_of(3) { String::new() } else { number.to_string() };
        server.set(KeyValue::new(key, value), now, &mut out);
        out.drain(..).for_each(|update| copy.sync.update(&update, now, &mut Vec::new()));
        server.feed(10, now, |mut message| {
            message.pop_front();
            on_their_way.push_back(message);
            Fed::Sent
        });
        // The snapshot is slower than what is published.
        if turns > 100
            && let Some(message) = on_their_way.pop_front()
        {
            copy.sync.snapshot(&message, now, &mut Vec::new());
        }
        if !server.is_feeding() {
            on_their_way.drain(..).for_each(|message| copy.sync.snapshot(&message, now, &mut Vec::new()));
        }
        turns += 1;
    }
    assert!(turns >= 1_000, "{turns} turns: the snapshot was sent piece by piece");
    assert!(same(&server, &copy));
    assert_eq!(copy.sync.sequence(), server.statistics().sequence);
}

#[derive(Clone, Debug)]
enum Step {
    Set(u8, u8),
    Deliver(u8),
    Feed(u8),
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..6, 0_u8..4).prop_map(|(key, value)| Step::Set(key, value)),
        2 => (1_u8..5).prop_map(Step::Deliver),
        3 => (1_u8..4).prop_map(Step::Feed),
        1 => Just(Step::Ask),
    ]
}

proptest! {
    /// Updates and the snapshot come in any order between them, each in its own order.
    #[test]
    fn the_copy_is_right_however_snapshot_and_updates_interleave(steps in prop::collection::vec(step(), 0..100)) {
        let now = Instant::now();
        let mut server = active(ServerOptions::default(), now);
        let mut copy = Copy::new("", now);
        let (mut updates, mut out) = (VecDeque::new(), Vec::new());
        let mut asked = false;
        let update = |copy: &mut Copy, updates: &mut VecDeque<Message>| {
            if let Some(update) = updates.pop_front() {
                copy.sync.update(&update, now, &mut Vec::new());
            }
        };
        let feed = |server: &mut ServerRules, copy: &mut Copy, budget| {
            server.feed(budget, now, |mut message| {
                message.pop_front();
                copy.sync.snapshot(&message, now, &mut Vec::new());
                Fed::Sent
            })
        };
        for step in steps {
            match step {
                Step::Set(key, value) => {
                    let value = if value == 0 { String::new() } else { value.to_string() };
                    server.set(KeyValue::new([b'k', key].as_slice(), value), now, &mut out);
                    updates.extend(out.drain(..));
                }
                Step::Deliver(many) => (0..many).for_each(|_| update(&mut copy, &mut updates)),
                Step::Feed(budget) => drop(feed(&mut server, &mut copy, usize::from(budget))),
                Step::Ask if !asked => {
                    asked = true;
                    server.ask(Message::from(["client", "ICANHAZ?", ""]), now);
                }
                Step::Ask => {}
            }
        }
        if !asked {
            server.ask(Message::from(["client", "ICANHAZ?", ""]), now);
        }
        while feed(&mut server, &mut copy, 100) {}
        while !updates.is_empty() {
            update(&mut copy, &mut updates);
        }
        prop_assert!(copy.sync.is_live());
        prop_assert!(same(&server, &copy));
    }

    #[test]
    fn no_message_does_harm(messages in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..18), 1..7), 0..20)) {
        let now = Instant::now();
        let mut rules = active(ServerOptions::default(), now);
        let mut passive = ServerRules::new([8; 16], ServerOptions::default(), now);
        passive.peer_subscribed(now);
        let mut out = Vec::new();
        for frames in messages {
            let message: Message = frames.into_iter().collect();
            rules.change(&message, now, &mut out);
            passive.change(&message, now, &mut out);
            passive.peer_snapshot(&message, now);
            passive.peer_update(&message, now);
            rules.ask(message, now);
            rules.tick(now, &mut out);
        }
        rules.feed(1000, now, |_| Fed::Sent);
        passive.activate(now, &mut out);
    }
}
