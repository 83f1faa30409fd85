//! A consumer's rules: what has come, what is done, and what the source is told. No sockets, no clock.

use super::words::{Word, number};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// What came of a message of the source.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a source says nothing else")]
pub enum Taken {
    /// Something to do, under a number by which it is told that it is done.
    Item {
        /// Of the session: it changes when the source takes this consumer for a new one.
        life: u64,
        /// Of the item.
        number: u64,
        /// What is to be done.
        body: Message,
    },
    /// All is done.
    End,
    /// It came before, or too early, or had no meaning.
    Nothing,
}

/// The rules of a consumer; [the module](super) says what they promise.
///
/// [`Consumer`](super::Consumer) runs them on a DEALER.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide::Message;
/// use zeroxide_patterns::credit::{Taken, Taking};
///
/// let now = Instant::now();
/// let mut consumer = Taking::new(10, Duration::from_secs(1), now);
/// assert_eq!(consumer.credit(now).ok_or("no credit")?[0], "CREDIT");
/// let item = [b"session".to_vec(), 1u64.to_be_bytes().to_vec(), b"task".to_vec()];
/// let Taken::Item { life, number, body } = consumer.from_source(Message::from_frames(item.clone())) else {
///     return Err("no item");
/// };
/// assert_eq!(body, Message::from("task"));
/// assert_eq!(consumer.from_source(Message::from_frames(item)), Taken::Nothing, "it came before");
/// consumer.finish(life, number);
/// assert!(consumer.credit(now).is_some(), "there is nothing left to do here");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug)]
pub struct Taking {
    session: Frame,
    /// The session before: what is still on its way from it is for others now.
    past: Option<Frame>,
    /// How many sessions there were.
    life: u64,
    window: u64,
    beat: Duration,
    next_beat: Instant,
    received: u64,
    /// All up to here is done; and those behind it that are.
    done: u64,
    ahead: BTreeSet<u64>,
    told: u64,
    duplicates: u64,
    malformed: u64,
}

impl Taking {
    /// A consumer that takes so many items at once, and beats so often.
    pub fn new(window: u64, beat: Duration, now: Instant) -> Self {
        Self {
            session: Frame::EMPTY,
            past: None,
            life: 0,
            window: window.max(1),
            beat,
            next_beat: now,
            received: 0,
            done: 0,
            ahead: BTreeSet::new(),
            told: 0,
            duplicates: 0,
            malformed: 0,
        }
    }

    /// A message as the DEALER receives it.
    pub fn from_source(&mut self, message: Message) -> Taken {
        let mut frames = message.into_frames().into_iter();
        let (Some(session), Some(place)) = (frames.next(), frames.next()) else {
            self.malformed += 1;
            return Taken::Nothing;
        };
        if place.is_empty() && frames.len() == 0 {
            return Taken::End;
        }
        let Some(place) = number(&place).filter(|_| !session.is_empty()) else {
            self.malformed += 1;
            return Taken::Nothing;
        };
        if session != self.session {
            if self.past.as_ref() == Some(&session) {
                self.duplicates += 1;
                return Taken::Nothing;
            }
            self.begin(session);
        }
        // Behind a gap comes nothing: the source sends again what is missing, and all behind it.
        if place != self.received + 1 {
            self.duplicates += 1;
            return Taken::Nothing;
        }
        self.received = place;
        Taken::Item { life: self.life, number: place, body: frames.collect() }
    }

    fn begin(&mut self, session: Frame) {
        let past = std::mem::replace(&mut self.session, session);
        self.past = Some(past).filter(|past| !past.is_empty());
        self.life += 1;
        (self.received, self.done, self.told) = (0, 0, 0);
        self.ahead.clear();
    }

    /// An item is done. What is of an earlier session is for others now, and means nothing here.
    pub fn finish(&mut self, life: u64, number: u64) {
        if life == self.life && number > self.done && number <= self.received {
            self.ahead.insert(number);
            while self.ahead.remove(&(self.done + 1)) {
                self.done += 1;
            }
        }
    }

    /// Which session items have to be of to count.
    pub fn life(&self) -> u64 {
        self.life
    }

    /// How many items came again, or too early.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// How many messages had no meaning.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// What the source is to be told now, if anything: at each beat, and when half of a window is done, or all.
    pub fn credit(&mut self, now: Instant) -> Option<Message> {
        let news = self.done - self.told;
        let much = news > 0 && (news * 2 >= self.window || self.done == self.received);
        if !much && now < self.next_beat {
            return None;
        }
        self.next_beat = now + self.beat;
        self.told = self.done;
        let (done, received, window) = (self.done, self.received, self.window);
        Some(Word::Credit { session: self.session.clone(), done, received, window }.message())
    }

    /// When the next beat is due.
    pub fn next_beat(&self) -> Instant {
        self.next_beat
    }

    /// It has failed at something, or ends: what it has not done is for others. It may go on with a new session.
    pub fn leave(&mut self, now: Instant) -> Option<Message> {
        if self.session.is_empty() {
            return None;
        }
        let bye = Word::Bye { session: self.session.clone(), done: self.done };
        self.begin(Frame::EMPTY);
        self.next_beat = now;
        Some(bye.message())
    }
}

#[cfg(test)]
#[path = "taking_tests.rs"]
mod tests;
