//! Suicidal Snail: a subscriber that is too slow notices, and stops rather than work on what is long past.
//!
//! A publisher stamps what it sends; a [`LatencyGuard`] compares the stamps with the time of arrival and says when it is
//! time to give up. What follows (end, connect anew, unsubscribe from something) is for the caller to do.
//!
//! ```text
//!   Zeroxide's stamp:  topic, stamp, body..    stamp: 8 octets, big endian, microseconds since 1970
//!   the Guide's:       one frame, decimal digits, milliseconds since 1970
//! ```
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Message, Pub, Sub};
//! use zeroxide_patterns::snail::{GuardOptions, LatencyGuard, Verdict, read_stamp, stamp};
//!
//! let context = Context::new();
//! let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
//! subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
//! assert!(subscriber.subscribe_confirmed("news", Duration::from_secs(30))?);
//!
//! publisher.send(stamp("news", "it rains"))?;
//! let mut guard = LatencyGuard::new(GuardOptions { max_delay: Duration::from_secs(30), ..GuardOptions::default() });
//! let news = subscriber.recv()?;
//! if let Some(stamped) = read_stamp(&news) {
//!     match guard.arrived(stamped) {
//!         Verdict::TooLate(_) => println!("too slow: better to stop"),
//!         Verdict::InTime(_) | Verdict::Late(_) => assert_eq!(news[2], "it rains"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::{Duration, Instant, SystemTime};
use zeroxide::{Frame, Message};

/// When a subscriber is too slow.
///
/// ```
/// use zeroxide_patterns::snail::GuardOptions;
/// assert_eq!(GuardOptions::default().max_delay.as_secs(), 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuardOptions {
    /// A message that is older than this is late. 1 s.
    pub max_delay: Duration,
    /// How long messages may be late before it is too much. 0: the first late one is.
    pub grace: Duration,
    /// Clocks of publisher and subscriber may differ: the fastest message that ever came counts as in time, and a stamp
    /// that goes back begins anew. Without it the clocks have to agree. True.
    pub forgive_skew: bool,
}

impl Default for GuardOptions {
    fn default() -> Self {
        Self { max_delay: Duration::from_secs(1), grace: Duration::ZERO, forgive_skew: true }
    }
}

/// What a message's age says of its subscriber.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::snail::Verdict;
/// assert_ne!(Verdict::InTime(Duration::ZERO), Verdict::TooLate(Duration::ZERO));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is so old, which is fine.
    InTime(Duration),
    /// It is so old, which may yet pass.
    Late(Duration),
    /// It is so old, and it has been so for longer than the grace.
    TooLate(Duration),
}

/// Microseconds since 1970, by the publisher's clock.
pub type Stamp = u64;

/// Judges how far a subscriber is behind one publisher.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_patterns::snail::{GuardOptions, LatencyGuard, Verdict};
/// let start = Instant::now();
/// let mut guard = LatencyGuard::at(GuardOptions::default(), start, 5_000_000);
/// assert_eq!(guard.judge(5_000_000, start), Verdict::InTime(Duration::ZERO));
/// let late = start + Duration::from_secs(3);
/// assert_eq!(guard.judge(6_000_000, late), Verdict::TooLate(Duration::from_secs(2)));
/// ```
#[derive(Clone, Debug)]
pub struct LatencyGuard {
    options: GuardOptions,
    /// The two clocks at the beginning: after that only the one that does not jump is read.
    start: (Instant, Stamp),
    /// By how much the fastest message seemed to be late; it may seem to come before it was sent.
    fastest: Option<i128>,
    last: Stamp,
    late_since: Option<Instant>,
}

impl LatencyGuard {
    /// A guard that begins now.
    pub fn new(options: GuardOptions) -> Self {
        Self::at(options, Instant::now(), now())
    }

    /// A guard that begins at a moment of both clocks.
    pub fn at(options: GuardOptions, start: Instant, stamp: Stamp) -> Self {
        Self { options, start: (start, stamp), fastest: None, last: 0, late_since: None }
    }

    /// A message with this stamp has arrived now.
    pub fn arrived(&mut self, stamp: Stamp) -> Verdict {
        self.judge(stamp, Instant::now())
    }

    /// A message with this stamp has arrived at that time.
    pub fn judge(&mut self, stamp: Stamp, arrived: Instant) -> Verdict {
        let (start, began) = self.start;
        let since =
            i128::try_from(arrived.saturating_duration_since(start).as_micros()).unwrap_or(i128::MAX / 2);
        let raw = since + i128::from(began) - i128::from(stamp);
        let fastest = match self.fastest {
            // The publisher's clock went back, or another publisher took its place.
            _ if stamp < self.last => raw,
            Some(fastest) => fastest.min(raw),
            // What waits from before is not forgiven if the clocks agree; how far they differ is not known yet.
            None => raw,
        };
        (self.fastest, self.last) = (Some(fastest), stamp);
        let age = if self.options.forgive_skew { raw - fastest } else { raw.max(0) };
        let age = Duration::from_micros(u64::try_from(age).unwrap_or(u64::MAX));
        if age <= self.options.max_delay {
            self.late_since = None;
            return Verdict::InTime(age);
        }
        let since = *self.late_since.get_or_insert(arrived);
        match arrived.saturating_duration_since(since) >= self.options.grace {
            true => Verdict::TooLate(age),
            false => Verdict::Late(age),
        }
    }
}

/// A message with the time in its second frame.
pub fn stamp(topic: impl Into<Frame>, body: impl Into<Message>) -> Message {
    let mut message = body.into();
    message.push_front(&now().to_be_bytes());
    message.push_front(topic);
    message
}

/// The stamp of a message: ours, or the Guide's.
pub fn read_stamp(message: &Message) -> Option<Stamp> {
    match message.frames() {
        [only] => only.as_str()?.trim_end_matches('\0').parse::<u64>().ok()?.checked_mul(1000),
        [_, stamp, ..] => Some(u64::from_be_bytes(stamp[..].try_into().ok()?)),
        [] => None,
    }
}

fn now() -> Stamp {
    #[expect(clippy::disallowed_methods, reason = "it is compared with the clock of another machine")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);
    const BEGAN: Stamp = 1_000_000_000;

    /// A message that is sent and arrives so many milliseconds after the beginning, by the clocks of each side.
    fn judge(guard: &mut LatencyGuard, sent: u64, arrived: u32) -> Verdict {
        let start = guard.start.0;
        guard.judge(BEGAN + sent * 1000, start + arrived * MS)
    }

    fn guard(options: GuardOptions) -> LatencyGuard {
        LatencyGuard::at(options, Instant::now(), BEGAN)
    }

    #[test]
    fn a_subscriber_that_falls_behind_stops_at_the_very_moment() {
        let mut guard = guard(GuardOptions::default());
        assert_eq!(judge(&mut guard, 0, 0), Verdict::InTime(Duration::ZERO));
        assert_eq!(judge(&mut guard, 100, 1000), Verdict::InTime(900 * MS), "a stall of 0.9 s passes");
        assert_eq!(judge(&mut guard, 1000, 2000), Verdict::InTime(1000 * MS));
        assert_eq!(judge(&mut guard, 1000, 2001), Verdict::TooLate(1001 * MS));
    }

    #[test]
    fn with_grace_it_may_catch_up() {
        let mut guard = guard(GuardOptions { grace: 500 * MS, ..GuardOptions::default() });
        judge(&mut guard, 0, 0);
        assert_eq!(judge(&mut guard, 500, 2000), Verdict::Late(1500 * MS));
        assert_eq!(judge(&mut guard, 1000, 2499), Verdict::Late(1499 * MS));
        assert_eq!(judge(&mut guard, 2000, 2499), Verdict::InTime(499 * MS));
        assert_eq!(judge(&mut guard, 2500, 5000), Verdict::Late(2500 * MS));
        assert_eq!(judge(&mut guard, 3000, 5500), Verdict::TooLate(2500 * MS));
    }

    #[test]
    fn clocks_that_differ_or_jump_are_forgiven() {
        let mut guard = guard(GuardOptions::default());
        // Its clock is ten seconds ahead, then jumps another ten ahead, then twenty back.
        for (sent, arrived) in [(10_000, 0), (10_500, 500), (21_000, 1000), (1500, 1500), (2000, 2000)] {
            assert_eq!(judge(&mut guard, sent, arrived), Verdict::InTime(Duration::ZERO), "{sent}");
        }
        assert_eq!(judge(&mut guard, 2500, 3501), Verdict::TooLate(1001 * MS), "it is still noticed");
        let strict = GuardOptions { forgive_skew: false, ..GuardOptions::default() };
        let mut guard = LatencyGuard::at(strict, Instant::now(), BEGAN);
        assert_eq!(judge(&mut guard, 0, 1001), Verdict::TooLate(1001 * MS), "the very first");
        assert_eq!(judge(&mut guard, 9000, 1001), Verdict::InTime(Duration::ZERO));
    }

    #[test]
    fn both_stamps_are_read() {
        assert_eq!(read_stamp(&Message::from("1234")), Some(1_234_000));
        let ours = stamp("topic", ["a", "b"]);
        assert_eq!((ours.len(), &ours[0], &ours[3]), (4, &"topic".into(), &"b".into()));
        assert!(read_stamp(&ours).is_some());
        for nonsense in [Message::from("soon"), Message::from(["topic", "short"])] {
            assert_eq!(read_stamp(&nonsense), None);
        }
    }

    proptest! {
        #[test]
        fn no_stamp_does_harm(stamps: Vec<u64>, frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..4)) {
            let mut guard = guard(GuardOptions::default());
            let now = Instant::now();
            for stamp in stamps {
                guard.judge(stamp, now);
            }
            let _ = read_stamp(&frames.into_iter().collect());
        }
    }
}
