//! A client's own changes: sent until a server has published them.

use super::message::{KeyValue, Uuid, from_hex};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long a change that was published is remembered: if the server dies before its successor has it, it is sent again.
const REMEMBERED: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Own {
    change: KeyValue,
    order: u64,
    sent: Option<Instant>,
    published: Option<Instant>,
}

/// The newest change of each key, by key: an older one that was sent again would undo it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    own: HashMap<Vec<u8>, Own>,
    next: u64,
}

impl Outbox {
    /// A change to send; false if too many wait already.
    pub(crate) fn put(&mut self, change: KeyValue, most: usize) -> bool {
        let key = change.key.to_vec();
        if self.own.len() >= most && !self.own.contains_key(&key) {
            return false;
        }
        self.own.insert(key, Own { change, order: self.next, sent: None, published: None });
        self.next += 1;
        true
    }

    /// Changes that have not been sent yet, or not been published for so long, in the order in which they were made.
    pub(crate) fn due(&mut self, now: Instant, again: Duration) -> Vec<KeyValue> {
        let mut due: Vec<&mut Own> = self
            .own
            .values_mut()
            .filter(|own| own.published.is_none() && own.sent.is_none_or(|sent| now >= sent + again))
            .collect();
        due.sort_unstable_by_key(|own| own.order);
        due.into_iter()
            .map(|own| {
                own.sent = Some(now);
                own.change.clone()
            })
            .collect()
    }

    /// A change was published: ours is, if it is this one or the one that it makes obsolete.
    pub(crate) fn published(&mut self, change: &KeyValue, now: Instant) {
        if let Some(own) = self.own.get_mut(&change.key[..]) {
            let ours = own.change.uuid;
            let also = change.properties.get("also").and_then(from_hex);
            if ours.is_some() && (ours == change.uuid || ours == also) {
                own.published.get_or_insert(now);
            }
        }
    }

    /// Whether this change of the key was published, or a newer one of ours took its place.
    pub(crate) fn is_done(&self, key: &[u8], uuid: &Uuid) -> bool {
        self.own.get(key).is_none_or(|own| own.change.uuid != Some(*uuid) || own.published.is_some())
    }

    /// Another server, which may not have all that its predecessor had published: all is sent again.
    pub(crate) fn new_session(&mut self) {
        for own in self.own.values_mut() {
            (own.sent, own.published) = (None, None);
        }
    }

    pub(crate) fn forget(&mut self, now: Instant) {
        self.own.retain(|_, own| own.published.is_none_or(|since| now < since + REMEMBERED));
    }

    /// Changes that are not published yet.
    pub(crate) fn waiting(&self) -> usize {
        self.own.values().filter(|own| own.published.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn change(name: u8, key: &str) -> KeyValue {
        KeyValue { uuid: Some([name; 16]), ..KeyValue::new(key, "value") }
    }

    fn due(outbox: &mut Outbox, now: Instant) -> Vec<u8> {
        outbox.due(now, SECOND).iter().map(|change| change.uuid.unwrap()[0]).collect()
    }

    #[test]
    fn a_change_is_sent_again_until_it_is_published() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        assert!(outbox.put(change(1, "a"), 2) && outbox.put(change(2, "b"), 2));
        assert!(!outbox.put(change(3, "c"), 2), "no room");
        assert_eq!(due(&mut outbox, now), [1, 2]);
        assert!(due(&mut outbox, now + SECOND - Duration::from_nanos(1)).is_empty());
        outbox.published(&change(1, "a"), now);
        outbox.published(&change(9, "b"), now);
        assert_eq!(due(&mut outbox, now + SECOND), [2]);
        assert!(outbox.is_done(b"a", &[1; 16]) && !outbox.is_done(b"b", &[2; 16]));
        assert_eq!(outbox.waiting(), 1);
    }

    #[test]
    fn what_a_server_says_to_be_obsolete_is_done() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        outbox.put(change(1, "a"), 2);
        let mut obsolete = change(9, "a");
        obsolete.properties = obsolete.properties.with("also", &"01".repeat(16)).unwrap();
        outbox.published(&obsolete, now);
        assert!(outbox.is_done(b"a", &[1; 16]));
    }

    #[test]
    fn a_new_session_gets_what_was_published_lately_too() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        outbox.put(change(1, "a"), 9);
        outbox.put(change(2, "b"), 9);
        assert_eq!(due(&mut outbox, now), [1, 2]);
        outbox.published(&change(1, "a"), now);
        outbox.published(&change(2, "b"), now + SECOND);
        outbox.forget(now + REMEMBERED);
        outbox.new_session();
        assert_eq!(due(&mut outbox, now + REMEMBERED), [2], "the other one is too old");
    }

    #[test]
    fn a_newer_change_takes_the_place_of_an_older_one() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        outbox.put(change(1, "a"), 9);
        outbox.put(change(2, "b"), 9);
        outbox.put(change(3, "a"), 9);
        assert!(outbox.is_done(b"a", &[1; 16]), "nobody waits for it any more");
        assert_eq!(due(&mut outbox, now), [2, 3]);
    }
}
