//! What source and consumers say to each other.
//!
//! ```text
//! consumer  "CREDIT" session done received window     how far it has come, and how many it takes at once
//!           "BYE"    session done                     it goes: what it has not done is for others
//! source    session number body..                     an item; numbers of a session are 1, 2, 3 ..
//!           session ""                                all items of all consumers are done
//! ```
//! Numbers have eight octets, the highest first. A consumer that has no session yet says an empty one.

use zeroxide::{Frame, Message};

const CREDIT: &[u8] = b"CREDIT";
const BYE: &[u8] = b"BYE";

/// Something a consumer may say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Word {
    Credit { session: Frame, done: u64, received: u64, window: u64 },
    Bye { session: Frame, done: u64 },
}

impl Word {
    /// What was said, or nothing that has a meaning. The address has been taken off.
    pub(super) fn hear(message: &Message) -> Option<Self> {
        match message.frames() {
            [word, session, done, received, window] if word[..] == *CREDIT => {
                let (done, received) = (number(done)?, number(received)?);
                (done <= received).then_some(())?;
                Some(Self::Credit { session: session.clone(), done, received, window: number(window)? })
            }
            [word, session, done] if word[..] == *BYE => {
                Some(Self::Bye { session: session.clone(), done: number(done)? })
            }
            _ => None,
        }
    }

    pub(super) fn message(&self) -> Message {
        let frame = |number: &u64| Frame::copy_from(&number.to_be_bytes());
        match self {
            Self::Credit { session, done, received, window } => {
                let numbers = [done, received, window].map(frame);
                [CREDIT.into(), session.clone()].into_iter().chain(numbers).collect()
            }
            Self::Bye { session, done } => [BYE.into(), session.clone(), frame(done)].into_iter().collect(),
        }
    }
}

/// The message of an item.
pub(super) fn item(session: &Frame, place: u64, body: &[Frame]) -> Message {
    let head = [session.clone(), Frame::copy_from(&place.to_be_bytes())];
    head.into_iter().chain(body.iter().cloned()).collect()
}

/// The message that says that all is done.
pub(super) fn end(session: &Frame) -> Message {
    [session.clone(), Frame::EMPTY].into_iter().collect()
}

pub(super) fn number(frame: &Frame) -> Option<u64> {
    <[u8; 8]>::try_from(&frame[..]).ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written_and_nothing_else_is() {
        let credit = Word::Credit { session: "s".into(), done: 1, received: 300, window: 10 };
        assert_eq!(Word::hear(&credit.message()), Some(credit.clone()));
        assert_eq!(credit.message()[3][..], [0, 0, 0, 0, 0, 0, 1, 44]);
        let bye = Word::Bye { session: Frame::EMPTY, done: 7 };
        assert_eq!(Word::hear(&bye.message()), Some(bye));
        let backwards = Word::Credit { session: "s".into(), done: 2, received: 1, window: 1 };
        assert_eq!(Word::hear(&backwards.message()), None, "done, but not received");
        for wrong in
            [&["CREDIT"][..], &[""], &["BYE", "", "1"], &["CREDIT", "", "1", "1", "1"], &["credit", "", ""]]
        {
            assert_eq!(Word::hear(&Message::from_frames(wrong.iter().copied())), None, "{wrong:?}");
        }
    }
}
