//! What a worker says to a load balancer.
//!
//! ```text
//!            simple (REQ, or DEALER that adds the "")    paranoid (RFC 6, DEALER)
//! READY      "" 01        or the text READY              01      or 01 VERSION CAPACITY(2 octets)
//! HEARTBEAT  -                                           02
//! reply      "" address.. "" body..                      address.. "" body..
//! ```

use super::Dialect;
use crate::Envelope;
use zeroxide::{Frame, Message};

pub(crate) const READY: u8 = 1;
pub(crate) const HEARTBEAT: u8 = 2;
/// Of the longer READY, which tells how many requests the worker takes at once.
pub(crate) const VERSION: u8 = 1;

/// Something a worker may say.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Word {
    Ready { capacity: u32 },
    Heartbeat,
    Reply { envelope: Envelope, body: Vec<Frame> },
}

/// What was said, or nothing that has a meaning. The address of the worker has been taken off.
pub(super) fn hear(dialect: Dialect, mut message: Message) -> Option<Word> {
    if dialect == Dialect::Simple {
        message.pop_front().filter(|delimiter| delimiter.is_empty())?;
    }
    match message.frames() {
        [] => None,
        [word] => match (&word[..], dialect) {
            ([READY], _) | (b"READY", Dialect::Simple) => Some(Word::Ready { capacity: 1 }),
            ([HEARTBEAT], Dialect::Paranoid) => Some(Word::Heartbeat),
            _ => None,
        },
        [word, version, capacity] if word[..] == [READY] && version[..] == [VERSION] => match capacity[..] {
            // An address and a delimiter would have an empty frame here.
            [high, low] if dialect == Dialect::Paranoid => {
                Some(Word::Ready { capacity: u32::from(u16::from_be_bytes([high, low])).max(1) })
            }
            _ => None,
        },
        _ => {
            let (envelope, body) = Envelope::split(message)?;
            (!envelope.addresses().is_empty()).then_some(Word::Reply { envelope, body })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<const N: usize>(dialect: Dialect, frames: [&str; N]) -> Option<Word> {
        hear(dialect, Message::from(frames))
    }

    #[test]
    fn each_dialect_has_its_words() {
        use Dialect::{Paranoid, Simple};
        assert_eq!(said(Paranoid, ["\x01"]), Some(Word::Ready { capacity: 1 }));
        assert_eq!(said(Paranoid, ["\x01", "\x01", "\x01\x02"]), Some(Word::Ready { capacity: 258 }));
        assert_eq!(said(Paranoid, ["\x02"]), Some(Word::Heartbeat));
        assert_eq!(said(Simple, ["", "\x01"]), Some(Word::Ready { capacity: 1 }));
        assert_eq!(said(Simple, ["", "READY"]), Some(Word::Ready { capacity: 1 }));
        let reply = Word::Reply { envelope: Envelope::from(vec!["c".into()]), body: vec!["OK".into()] };
        assert_eq!(said(Simple, ["", "c", "", "OK"]).as_ref(), Some(&reply));
        assert_eq!(said(Paranoid, ["c", "", "OK"]), Some(reply));
    }

    #[test]
    fn anything_else_has_no_meaning() {
        use Dialect::{Paranoid, Simple};
        assert_eq!(said(Paranoid, []), None);
        assert_eq!(said(Paranoid, ["READY"]), None);
        assert_eq!(said(Paranoid, ["\x03"]), None);
        assert_eq!(said(Paranoid, ["", "\x01"]), None, "nobody is addressed");
        assert_eq!(said(Paranoid, ["\x01", "\x02", "\x00\x01"]), None, "a version that is not known");
        assert_eq!(said(Paranoid, ["a", "b"]), None, "no delimiter");
        assert_eq!(said(Simple, ["\x01"]), None);
        assert_eq!(said(Simple, ["", "\x02"]), None);
        assert_eq!(said(Simple, ["", "", "x"]), None);
    }
}
