//! The map: keys in order, when they expire, and pages of it for snapshots.

use super::message::{KeyValue, Properties, Uuid};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    time::Instant,
};
use zeroxide::Frame;

type Key = Box<[u8]>;

/// What is known of a key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Frame,
    pub(crate) sequence: u64,
    pub(crate) uuid: Option<Uuid>,
    properties: Properties,
    expires: Option<Instant>,
}

/// Keys and values. Changes cost the logarithm of the number of keys, whatever snapshot is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    entries: BTreeMap<Key, Entry>,
    expiring: BTreeSet<(Instant, Key)>,
    octets: usize,
}

impl Store {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Of keys and values together.
    pub(crate) fn octets(&self) -> usize {
        self.octets
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        self.entries.iter().map(|(key, entry)| (&key[..], entry))
    }

    /// Sets a key, or deletes it if the value is empty.
    pub(crate) fn apply(&mut self, change: &KeyValue, now: Instant) {
        self.remove(&change.key);
        if change.value.is_empty() {
            return;
        }
        let key = Key::from(&change.key[..]);
        let expires = change.lifetime().and_then(|lifetime| now.checked_add(lifetime));
        if let Some(expires) = expires {
            self.expiring.insert((expires, key.clone()));
        }
        self.octets += key.len() + change.value.len();
        let (value, properties) = (change.value.clone(), change.properties.lasting());
        let entry = Entry { value, sequence: change.sequence, uuid: change.uuid, properties, expires };
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &[u8]) {
        let Some((key, entry)) = self.entries.remove_entry(key) else { return };
        self.octets -= key.len() + entry.value.len();
        if let Some(expires) = entry.expires {
            self.expiring.remove(&(expires, key));
        }
    }

    /// A key whose time is over.
    pub(crate) fn expired(&self, now: Instant) -> Option<&[u8]> {
        self.expiring.first().filter(|(expires, _)| *expires <= now).map(|(_, key)| &key[..])
    }

    /// The entry of a key as it is sent: with what is left of its lifetime.
    pub(crate) fn show(&self, key: &[u8], now: Instant) -> Option<KeyValue> {
        self.entries.get(key).map(|entry| entry.show(key, now))
    }

    /// What begins with `subtree` and comes after `after`, in order.
    pub(crate) fn page<'a>(
        &'a self,
        subtree: &'a [u8],
        after: Option<&'a [u8]>,
        now: Instant,
    ) -> impl Iterator<Item = KeyValue> + 'a {
        let from = after.map_or(Bound::Included(subtree), Bound::Excluded);
        let rest = self.entries.range::<[u8], _>((from, Bound::Unbounded));
        rest.take_while(move |(key, _)| key.starts_with(subtree))
            .map(move |(key, entry)| entry.show(key, now))
    }
}

impl Entry {
    fn show(&self, key: &[u8], now: Instant) -> KeyValue {
        let left = self.expires.map(|expires| expires.saturating_duration_since(now).as_millis().to_string());
        let properties = left.and_then(|left| self.properties.with("rttl", &left));
        KeyValue {
            key: Frame::from(key),
            sequence: self.sequence,
            uuid: self.uuid,
            properties: properties.unwrap_or_else(|| self.properties.clone()),
            value: self.value.clone(),
        }
    }
}
