use super::*;
use crate::clone::message::{Format, farewell, hug};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Patience = Patience { silence: Duration::from_secs(5), backlog: 10 };
const SESSION: Uuid = [1; 16];

struct Copy {
    sync: Sync,
    now: Instant,
    out: Vec<Happening>,
}

impl Copy {
    fn of(subtree: &str) -> Self {
        let now = Instant::now();
        let mut sync = Sync::new(subtree.as_bytes(), PATIENCE, Store::default(), now);
        sync.subscribed(now);
        Self { sync, now, out: Vec::new() }
    }

    fn entry(&mut self, sequence: u64, key: &str, value: &str) {
        let entry = KeyValue { sequence, ..KeyValue::new(key, value) }.encode(Format::Full);
        self.sync.snapshot(&entry, self.now, &mut self.out);
    }

    fn end(&mut self, sequence: u64) {
        self.sync.snapshot(&farewell(sequence, SESSION, b"").encode(Format::Full), self.now, &mut self.out);
    }

    fn update(&mut self, sequence: u64, key: &str, value: &str) {
        let change = KeyValue { sequence, ..KeyValue::new(key, value) }.encode(Format::Full);
        self.sync.update(&change, self.now, &mut self.out);
    }

    fn hug(&mut self, session: Uuid, last: u64) {
        self.sync.update(&hug(session, last).encode(Format::Full), self.now, &mut self.out);
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.sync.store().get(key.as_bytes()).and_then(|entry| entry.value.as_str())
    }

    fn changed(&mut self) -> Vec<String> {
        let said = |happening| match happening {
            Happening::Changed(change) => {
                format!("{}={}", change.key.as_str().unwrap(), change.value.as_str().unwrap())
            }
            Happening::Synced { .. } => "synced".to_owned(),
        };
        self.out.drain(..).map(said).collect()
    }
}

#[test]
fn what_was_published_during_the_snapshot_comes_on_top_of_it() {
    let mut copy = Copy::of("");
    copy.update(1, "old", "before the snapshot began");
    copy.entry(4, "a", "4"); // was sent after it was changed
    copy.update(3, "a", "3");
    copy.update(4, "a", "4");
    copy.update(5, "b", ""); // was sent before it was deleted
    copy.entry(1, "b", "1");
    assert_eq!(copy.value("a"), None, "not before it is whole");
    copy.end(2);
    assert_eq!((copy.value("a"), copy.value("b"), copy.value("old")), (Some("4"), None, None));
    assert_eq!(copy.sync.sequence(), 5);
    assert!(copy.sync.is_live());
    assert_eq!(copy.changed().last().unwrap(), "synced");
}

#[test]
fn a_fresh_snapshot_replaces_the_old_copy_and_tells_the_difference() {
    let mut copy = Copy::of("");
    copy.entry(1, "stays", "1");
    copy.entry(2, "goes", "2");
    copy.end(2);
    assert_eq!(copy.changed(), ["goes=2", "stays=1", "synced"]);
    copy.sync.connecting(copy.now);
    assert_eq!(copy.value("goes"), Some("2"), "the old one serves meanwhile");
    copy.sync.subscribed(copy.now);
    copy.entry(1, "stays", "1");
    copy.entry(3, "comes", "3");
    copy.end(3);
    assert_eq!(copy.changed(), ["goes=", "comes=3", "synced"]);
    assert_eq!((copy.value("goes"), copy.value("stays"), copy.value("comes")), (None, Some("1"), Some("3")));
}

#[test]
fn a_gap_begins_anew_but_not_in_a_subtree() {
    let mut copy = Copy::of("");
    copy.end(7);
    copy.update(8, "a", "1");
    assert_eq!(copy.sync.tick(copy.now), Need::Nothing);
    copy.update(10, "a", "2");
    assert_eq!(copy.value("a"), Some("1"), "what comes after the gap is not believed");
    assert_eq!(copy.sync.tick(copy.now), Need::NextServer);
    assert_eq!(copy.sync.counts().gaps, 1);

    let mut copy = Copy::of("/a/");
    copy.end(7);
    copy.update(10, "/a/x", "1");
    copy.update(11, "/b/x", "not asked for");
    assert_eq!((copy.value("/a/x"), copy.value("/b/x")), (Some("1"), None));
    assert_eq!(copy.sync.tick(copy.now), Need::Nothing);
}

#[test]
fn what_was_lost_last_is_noticed_at_the_next_sign_of_life() {
    let mut copy = Copy::of("");
    copy.end(7);
    copy.hug(SESSION, 7);
    assert_eq!(copy.sync.tick(copy.now), Need::Nothing);
    copy.hug(SESSION, 8);
    assert_eq!(copy.sync.tick(copy.now), Need::NextServer);
}

#[test]
fn a_server_that_began_anew_is_noticed_by_its_session_and_by_its_numbers() {
    let mut copy = Copy::of("/a/");
    copy.end(7);
    copy.hug([2; 16], 0);
    assert_eq!(copy.sync.tick(copy.now), Need::NextServer);

    let mut copy = Copy::of("/a/");
    copy.end(7);
    copy.update(7, "/a/x", "in the snapshot");
    assert_eq!(copy.sync.tick(copy.now), Need::Nothing);
    copy.update(8, "/a/x", "1");
    copy.update(1, "/a/x", "of another history");
    assert_eq!(copy.value("/a/x"), Some("1"));
    assert_eq!(copy.sync.tick(copy.now), Need::NextServer);
}

#[test]
fn a_silent_server_is_asked_twice_and_left_at_the_very_moment() {
    let mut copy = Copy::of("");
    let half = SECOND * 5 / 2;
    let moment = Duration::from_nanos(1);
    assert_eq!(copy.sync.tick(copy.now + half - moment), Need::Nothing);
    assert_eq!(copy.sync.tick(copy.now + half), Need::Ask);
    copy.now += SECOND;
    copy.hug(SESSION, 0);
    assert_eq!(copy.sync.tick(copy.now - SECOND + 5 * SECOND - moment), Need::Nothing);
    assert_eq!(
        copy.sync.tick(copy.now - SECOND + 5 * SECOND),
        Need::NextServer,
        "alive, but it does not answer"
    );
    assert_eq!(copy.sync.counts().servers_lost, 1);

    let mut copy = Copy::of("");
    copy.end(0);
    assert_eq!(copy.sync.tick(copy.now + 5 * SECOND - moment), Need::Nothing);
    copy.now += 4 * SECOND;
    copy.hug(SESSION, 0);
    assert_eq!(copy.sync.tick(copy.now + 5 * SECOND - moment), Need::Nothing);
    assert_eq!(copy.sync.tick(copy.now + 5 * SECOND), Need::NextServer);
}

#[test]
fn more_changes_than_are_kept_during_a_snapshot_begin_anew() {
    let mut copy = Copy::of("");
    for sequence in 1..=10 {
        copy.update(sequence, "k", "v");
    }
    assert_eq!(copy.sync.tick(copy.now), Need::Nothing);
    copy.update(11, "k", "v");
    assert_eq!(copy.sync.tick(copy.now), Need::NextServer);
}

#[test]
fn nonsense_is_counted() {
    let mut copy = Copy::of("");
    copy.sync.snapshot(&Message::from("x"), copy.now, &mut copy.out);
    copy.sync.update(&Message::from("x"), copy.now, &mut copy.out);
    assert_eq!(copy.sync.counts().malformed, 2);
    assert!(copy.out.is_empty());
}
