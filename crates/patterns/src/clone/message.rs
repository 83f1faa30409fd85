//! The frames of the Clone protocol (CHP, RFC 12), octet for octet.
//!
//! ```text
//!  command    direction                  frames
//!  ICANHAZ    DEALER -> ROUTER           "ICANHAZ?"  subtree
//!  KVSYNC     ROUTER -> DEALER           key        sequence  uuid      properties  value
//!  KTHXBAI    ROUTER -> DEALER           "KTHXBAI"  sequence  session   ""          subtree
//!  KVPUB      PUB -> SUB                 key        sequence  uuid      properties  value
//!  HUGZ       PUB -> SUB                 "HUGZ"     0         ""        properties  ""
//!  KVSET      PUB -> SUB (PUSH -> PULL)  key        0         uuid      properties  value
//! ```
//! A sequence has 8 octets, big endian, a uuid 16 or none; properties are lines `name=value`. An empty value deletes the
//! key. Models 1 to 4 of the Guide have three frames: key, sequence, value.
//!
//! What we add stands in properties, which others keep or ignore: `ttl` (seconds) is the Guide's; `rttl` is how many
//! milliseconds are left of it; HUGZ tells the session (`sess`) and the last sequence (`last`); `also` names a change that
//! the published one makes obsolete.

use std::{error::Error, fmt, sync::Arc, time::Duration};
use zeroxide::{Frame, Message};

/// What tells one change, or one server's history, from all others.
pub type Uuid = [u8; 16];

/// The first frame of a request for a snapshot.
pub(crate) const ICANHAZ: &[u8] = b"ICANHAZ?";
pub(crate) const KTHXBAI: &[u8] = b"KTHXBAI";
pub(crate) const HUGZ: &[u8] = b"HUGZ";

/// A key may be as long as this.
pub const LONGEST_KEY: usize = 255;

/// How many frames a server and its clients put into a message.
///
/// ```
/// use zeroxide_patterns::clone::{Format, KeyValue};
/// let update = KeyValue::new("key", "value");
/// assert_eq!((update.encode(Format::Full).len(), update.encode(Format::Simple).len()), (5, 3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// Five: the Guide's models 5 and 6, and CHP.
    #[default]
    Full,
    /// Three: the Guide's models 1 to 4. No lifetimes, and changes have no names.
    Simple,
}

/// Lines `name=value` that travel with a change.
///
/// ```
/// use zeroxide_patterns::clone::Properties;
/// let properties = Properties::parse(b"ttl=30\n").and_then(|lines| lines.with("by", "me")).unwrap_or_default();
/// assert_eq!(properties.as_str(), "ttl=30\nby=me\n");
/// assert_eq!((properties.get("ttl"), properties.get("by"), properties.get("to")), (Some("30"), Some("me"), None));
/// assert!(properties.with("a=b", "no name has an equals sign").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Properties(Option<Arc<str>>);

impl Properties {
    /// The lines; nothing if these octets are none.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        if octets.is_empty() {
            return Some(Self(None));
        }
        let text = str::from_utf8(octets).ok()?;
        let lines = text.strip_suffix('\n')?;
        lines.split('\n').all(|line| line.find('=').is_some_and(|at| at > 0)).then(|| Self(Some(text.into())))
    }

    /// The value of the first line of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.as_str().split('\n').find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// These lines, and this one instead of any of its name. Nothing if it would not be a line.
    pub fn with(&self, name: &str, value: &str) -> Option<Self> {
        if name.is_empty() || name.contains(['=', '\n']) || value.contains('\n') {
            return None;
        }
        let mut text = self.without(name);
        text.extend([name, "=", value, "\n"]);
        Some(Self(Some(text.into())))
    }

    /// As they are sent.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    fn without(&self, name: &str) -> String {
        let others = self.as_str().split_inclusive('\n');
        others.filter(|line| line.strip_prefix(name).is_none_or(|rest| !rest.starts_with('='))).collect()
    }

    /// These lines but for what says how long is left, which is true of one moment only.
    pub(crate) fn lasting(&self) -> Self {
        match self.get("rttl").or(self.get("also")) {
            None => self.clone(),
            Some(_) => {
                let text = Self(Some(self.without("rttl").into())).without("also");
                Self((!text.is_empty()).then(|| text.into()))
            }
        }
    }
}

/// A message of three or five frames that is none of the protocol.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::clone::KeyValue;
/// let malformed = KeyValue::parse(&Message::from("lonely")).unwrap_err();
/// assert_eq!(malformed.to_string(), "neither three nor five frames");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Malformed {}

/// One key and what it is set to: a change on its way, or an entry of a snapshot.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::Message;
/// use zeroxide_patterns::clone::{Format, KeyValue};
/// let change = KeyValue::new("/colours/sky", "blue").with_lifetime(Duration::from_secs(30));
/// let message = change.encode(Format::Full);
/// assert_eq!(message, Message::from([&b"/colours/sky"[..], &[0; 8], b"", b"ttl=30\n", b"blue"]));
/// assert_eq!(KeyValue::parse(&message), Ok(change));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyValue {
    /// The key, at most 255 octets.
    pub key: Frame,
    /// The number of the change; 0 before a server gave it one.
    pub sequence: u64,
    /// The name of the change.
    pub uuid: Option<Uuid>,
    /// What else is said of it.
    pub properties: Properties,
    /// What the key is set to; empty if it is deleted.
    pub value: Frame,
}

impl KeyValue {
    /// A change without number, name and properties.
    pub fn new(key: impl Into<Frame>, value: impl Into<Frame>) -> Self {
        Self {
            key: key.into(),
            sequence: 0,
            uuid: None,
            properties: Properties::default(),
            value: value.into(),
        }
    }

    /// The same, to be deleted after so long. The protocol knows whole seconds; a part of one counts as one.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        let seconds = lifetime.as_secs() + u64::from(lifetime.subsec_nanos() > 0);
        self.properties = self.properties.with("ttl", &seconds.to_string()).unwrap_or(self.properties);
        self
    }

    /// How long it is to stay from now on, if not for ever.
    pub fn lifetime(&self) -> Option<Duration> {
        let number = |name| self.properties.get(name).and_then(|text| text.trim().parse::<u64>().ok());
        match number("rttl") {
            Some(left) => Some(Duration::from_millis(left)),
            // The Guide's servers turn seconds into the time of expiry, in milliseconds since 1970, when they store an
            // entry: who gets it by a snapshot cannot say how much is left of it, and waits for its deletion.
            None => {
                number("ttl").filter(|seconds| (1..1_000_000_000).contains(seconds)).map(Duration::from_secs)
            }
        }
    }

    /// As it is sent.
    pub fn encode(&self, format: Format) -> Message {
        let sequence = Frame::from(&self.sequence.to_be_bytes());
        match format {
            Format::Simple => Message::from([self.key.clone(), sequence, self.value.clone()]),
            Format::Full => Message::from([
                self.key.clone(),
                sequence,
                self.uuid.as_ref().map_or_else(Frame::default, Frame::from),
                Frame::from(self.properties.as_str()),
                self.value.clone(),
            ]),
        }
    }

    /// What was received, of either format.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong with it.
    pub fn parse(message: &Message) -> Result<Self, Malformed> {
        let (key, sequence, uuid, properties, value) = match message.frames() {
            [key, sequence, value] => (key, sequence, &[][..], &[][..], value),
            [key, sequence, uuid, properties, value] => (key, sequence, &uuid[..], &properties[..], value),
            _ => return Err(Malformed("neither three nor five frames")),
        };
        if key.len() > LONGEST_KEY {
            return Err(Malformed("a key of more than 255 octets"));
        }
        let sequence =
            sequence[..].try_into().map_err(|_| Malformed("a sequence that is not of 8 octets"))?;
        let uuid = match uuid {
            [] => None,
            octets => Some(octets.try_into().map_err(|_| Malformed("a uuid that is not of 16 octets"))?),
        };
        let properties = Properties::parse(properties).ok_or(Malformed("properties that are not lines"))?;
        Ok(Self {
            key: key.clone(),
            sequence: u64::from_be_bytes(sequence),
            uuid,
            properties,
            value: value.clone(),
        })
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.key.is_empty() || [HUGZ, KTHXBAI, ICANHAZ].contains(&&self.key[..])
    }
}

/// `ICANHAZ?` as a client's DEALER sends it.
pub(crate) fn ask(subtree: &[u8]) -> Message {
    Message::from([ICANHAZ, subtree])
}

/// The subtree that is asked for; models 2 and 3 have none.
pub(crate) fn asked(frames: &[Frame]) -> Option<Frame> {
    match frames {
        [command] if command[..] == *ICANHAZ => Some(Frame::default()),
        [command, subtree] if command[..] == *ICANHAZ => Some(subtree.clone()),
        _ => None,
    }
}

/// The end of a snapshot: what is published with a higher number comes on top of it.
pub(crate) fn farewell(sequence: u64, session: Uuid, subtree: &[u8]) -> KeyValue {
    KeyValue { sequence, uuid: Some(session), ..KeyValue::new(KTHXBAI, subtree) }
}

/// A sign of life, and of what would have been heard by now.
pub(crate) fn hug(session: Uuid, last: u64) -> KeyValue {
    let session = hex(session);
    let lines = format!("sess={session}\nlast={last}\n");
    KeyValue { properties: Properties(Some(lines.into())), ..KeyValue::new(HUGZ, "") }
}

pub(crate) fn hex(uuid: Uuid) -> String {
    uuid.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Uuid> {
    let mut uuid = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (at, octet) in uuid.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(uuid)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
