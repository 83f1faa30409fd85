//! Signs of life of a 3.1 connection (zmtp.md section 13): when to send a PING, and when a silent peer is dead.
//!
//! Any octet received counts as life, so the answer to a PING is only needed from a peer with nothing to say. Silence is
//! seen by comparing how many octets were received in all, so the path of messages keeps no time.

use super::Version;
use crate::Options;
use std::time::{Duration, Instant};

/// PONGs that may wait to be sent before a peer that keeps asking and does not read is closed.
pub const PONGS_QUEUED_MAX: usize = 8;

/// What is to be done now.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_proto::{Beat, Heartbeat, Options, Version};
/// let options = Options { heartbeat_interval: Some(Duration::from_secs(2)), ..Options::default() };
/// let now = Instant::now();
/// let mut heartbeat = Heartbeat::new(&options, Version::V3_1, now);
/// match heartbeat.tick(now, 0) {
///     Beat::Nothing => println!("look again at {:?}", heartbeat.deadline()),
///     Beat::SendPing => println!("ask for a sign of life"),
///     Beat::Dead => println!("close, and connect again"),
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beat {
    /// Nothing, until [`Heartbeat::deadline`].
    Nothing,
    /// Send a PING with [`Heartbeat::ttl`].
    SendPing,
    /// The peer was silent for too long: close, and connect again as usual.
    Dead,
}

/// The heartbeat of one connection.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide_proto::{Beat, Heartbeat, Options, Version};
/// let second = Duration::from_secs(1);
/// let options = Options { heartbeat_interval: Some(second), ..Options::default() };
/// let start = Instant::now();
/// let mut heartbeat = Heartbeat::new(&options, Version::V3_1, start);
/// assert_eq!(heartbeat.tick(start + second, 100), Beat::SendPing);
/// assert_eq!(heartbeat.tick(start + second * 2, 107), Beat::SendPing, "7 octets came: it lives");
/// assert_eq!(heartbeat.tick(start + second * 3, 107), Beat::Dead);
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat {
    interval: Option<Duration>,
    timeout: Duration,
    ttl: u16,
    next_ping: Option<Instant>,
    /// Since a PING went out and until anything comes in.
    answer: Option<Silence>,
    /// Since a PING with a time to live came in and until anything else does.
    peer: Option<Silence>,
}

/// A wait for octets: over when more were received than at its beginning.
#[derive(Clone, Copy, Debug)]
struct Silence {
    until: Instant,
    lasts: Duration,
    received: u64,
}

impl Silence {
    fn new(now: Instant, lasts: Duration, received: u64) -> Option<Self> {
        now.checked_add(lasts).map(|until| Self { until, lasts, received })
    }

    fn broken(&self, received: u64) -> bool {
        received != self.received
    }
}

impl Heartbeat {
    /// The heartbeat of a connection that was established at `now`. Peers older than 3.0 are sent no PINGs. RFC 23,
    /// of 3.0, has none either, but libzmq knew them while it still said 3.0, and sends them to all that say so.
    pub fn new(options: &Options, version: Version, now: Instant) -> Self {
        let interval = options.heartbeat_interval.filter(|_| version.has_commands());
        Self {
            interval,
            timeout: options.heartbeat_timeout.or(interval).unwrap_or_default(),
            ttl: tenths(options.heartbeat_ttl.unwrap_or_default()),
            next_ping: interval.and_then(|interval| now.checked_add(interval)),
            answer: None,
            peer: None,
        }
    }

    /// The time to live that PINGs carry, in tenths of a second.
    pub fn ttl(&self) -> u16 {
        self.ttl
    }

    /// When [`Heartbeat::tick`] must be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let silences = [self.answer, self.peer].into_iter().flatten().map(|silence| silence.until);
        silences.chain(self.next_ping).min()
    }

    /// Says what time it is, and how many octets were received over the whole life of the connection.
    pub fn tick(&mut self, now: Instant, octets_received: u64) -> Beat {
        for silence in [&mut self.answer, &mut self.peer] {
            match silence {
                Some(wait) if wait.broken(octets_received) => *silence = None,
                Some(wait) if wait.until <= now => return Beat::Dead,
                _ => {}
            }
        }
        let Some(interval) = self.interval else { return Beat::Nothing };
        if self.next_ping.is_none_or(|at| now < at) {
            return Beat::Nothing;
        }
        self.next_ping = now.checked_add(interval);
        if self.answer.is_some() {
            return Beat::Nothing; // unanswered PINGs do not pile up
        }
        self.answer = Silence::new(now, self.timeout, octets_received);
        Beat::SendPing
    }

    /// A PING came in; `octets_received` with it counted. Its time to live, in tenths of a second, starts anew.
    pub fn ping_received(&mut self, ttl: u16, now: Instant, octets_received: u64) {
        // 32 bits of milliseconds, so that no time to live wraps round (X16).
        let ttl = Duration::from_millis(u64::from(ttl) * 100);
        self.peer = Silence::new(now, ttl, octets_received).filter(|_| !ttl.is_zero());
    }

    /// This side has not been reading, so the silence is not the peer's: its time starts anew, and PINGs go on, for they
    /// are what tells the peer that this side lives.
    pub fn excuse(&mut self, now: Instant) {
        self.answer = None;
        if let Some(silence) = &mut self.peer {
            silence.until = now.checked_add(silence.lasts).unwrap_or(silence.until);
        }
    }
}

fn tenths(ttl: Duration) -> u16 {
    u16::try_from(ttl.as_millis() / 100).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn beating(interval: u64, timeout: Option<u64>, ttl: u64) -> (Heartbeat, Instant) {
        let options = Options {
            heartbeat_interval: (interval > 0).then(|| Duration::from_secs(interval)),
            heartbeat_timeout: timeout.map(Duration::from_secs),
            heartbeat_ttl: Some(Duration::from_millis(ttl)),
            ..Options::default()
        };
        let start = Instant::now();
        (Heartbeat::new(&options, Version::V3_1, start), start)
    }

    #[test]
    fn a_silent_peer_is_pinged_and_then_dead() {
        let (mut beat, start) = beating(1, Some(3), 0);
        assert_eq!(beat.deadline(), Some(start + SECOND));
        assert_eq!(beat.tick(start, 5), Beat::Nothing);
        assert_eq!(beat.tick(start + SECOND, 5), Beat::SendPing);
        assert_eq!(beat.tick(start + 2 * SECOND, 5), Beat::Nothing, "a second PING would pile up");
        assert_eq!(beat.tick(start + 3 * SECOND, 5), Beat::Nothing);
        assert_eq!(beat.deadline(), Some(start + 4 * SECOND));
        assert_eq!(beat.tick(start + 4 * SECOND, 5), Beat::Dead);
    }

    #[test]
    fn any_octet_is_a_sign_of_life() {
        let (mut beat, start) = beating(1, None, 0);
        for round in 1..20 {
            assert_eq!(beat.tick(start + round * SECOND, u64::from(round)), Beat::SendPing);
        }
    }

    #[test]
    fn without_a_timeout_the_interval_is_one() {
        let (mut beat, start) = beating(1, None, 0);
        assert_eq!(beat.tick(start + SECOND, 0), Beat::SendPing);
        assert_eq!(beat.tick(start + 2 * SECOND, 0), Beat::Dead);
    }

    #[test]
    fn a_peer_that_announced_a_time_to_live_must_keep_talking() {
        let (mut beat, start) = beating(0, None, 0);
        assert_eq!(beat.deadline(), None);
        beat.ping_received(65_535, start, 9);
        let end = start + Duration::from_millis(6_553_500);
        assert_eq!(beat.deadline(), Some(end), "X16: no wrap at 65.5 s");
        beat.ping_received(10, start, 18);
        assert_eq!(beat.tick(start + SECOND, 19), Beat::Nothing);
        assert_eq!(beat.deadline(), None);
        beat.ping_received(10, start, 18);
        assert_eq!(beat.tick(start + SECOND, 18), Beat::Dead);
        beat.ping_received(0, start, 18);
        assert_eq!(beat.tick(start + 9 * SECOND, 18), Beat::Nothing);
    }

    #[test]
    fn a_peer_that_was_not_read_has_all_its_time_again() {
        let (mut beat, start) = beating(1, Some(3), 0);
        assert_eq!(beat.tick(start + SECOND, 5), Beat::SendPing);
        beat.ping_received(20, start + SECOND, 5);
        beat.excuse(start + 3 * SECOND);
        assert_eq!(beat.tick(start + 4 * SECOND, 5), Beat::SendPing);
        assert_eq!(beat.tick(start + 5 * SECOND, 5), Beat::Dead, "the time to live of two seconds");
        beat.ping_received(0, start + 5 * SECOND, 5);
        assert_eq!(beat.tick(start + 5 * SECOND, 5), Beat::Nothing);
        assert_eq!(beat.tick(start + 6 * SECOND, 5), Beat::Nothing);
        assert_eq!(beat.tick(start + 7 * SECOND, 5), Beat::Dead, "the answer after three");
    }

    #[test]
    fn the_time_to_live_is_in_tenths_and_ends_at_sixteen_bits() {
        for (millis, ttl) in
            [(0, 0), (100, 1), (1_000, 10), (65_500, 655), (65_600, 656), (6_553_599, 65_535)]
        {
            assert_eq!(beating(1, None, millis).0.ttl(), ttl);
        }
        assert_eq!(beating(1, None, 9_000_000).0.ttl(), 65_535);
    }

    #[test]
    fn peers_older_than_3_0_are_sent_no_ping() {
        let options = Options { heartbeat_interval: Some(SECOND), ..Options::default() };
        let pinged = |version| Heartbeat::new(&options, version, Instant::now()).deadline().is_some();
        let versions = [Version::V1, Version::V2, Version::V3_0, Version::V3_1];
        assert_eq!(versions.map(pinged), [false, false, true, true]);
    }
}
