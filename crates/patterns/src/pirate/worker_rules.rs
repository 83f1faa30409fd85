//! A paranoid worker's rules: when it beats, and when it gives its queue up. No sockets, no clock.
//!
//! ```text
//!            READY sent              silent for interval x liveness
//! (new) ----------------> connected ------------------------------> waiting for 1, 2, 4 .. 32 s
//!                             ^                                          |
//!                             '------------- READY on a new socket ------'
//! ```

use super::PirateOptions;
use crate::{
    Envelope,
    balance::{Dialect, HEARTBEAT, READY, VERSION},
    delay::Delay,
};
use std::time::Instant;
use zeroxide::{Frame, Message};

/// What is to be done next.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Wait for a message until then; for ever if there is no time.
    Listen(Option<Instant>),
    /// The queue is gone: throw the socket away.
    Leave,
    /// Open a new socket, then say READY.
    Connect,
}

#[derive(Debug)]
enum State {
    Connected { silent_from: Instant, beat_at: Instant },
    Waiting { until: Instant },
}

/// See the diagram above.
#[derive(Debug)]
pub(super) struct Rules {
    options: PirateOptions,
    delay: Delay,
    state: State,
}

impl Rules {
    pub(super) fn new(options: PirateOptions, now: Instant) -> Self {
        let delay = Delay::new(options.reconnect_first, options.reconnect_most);
        Self { options, delay, state: State::Waiting { until: now } }
    }

    /// A new socket is there; what to say on it.
    pub(super) fn connected(&mut self, now: Instant) -> Message {
        self.state = State::Connected {
            silent_from: now + self.options.heartbeat * self.options.liveness,
            beat_at: now + self.options.heartbeat,
        };
        match (self.options.dialect, self.options.capacity) {
            (Dialect::Simple, _) => Message::from([Frame::EMPTY, Frame::from(&[READY])]),
            (Dialect::Paranoid, 0 | 1) => Message::from(Frame::from(&[READY])),
            (Dialect::Paranoid, capacity) => Message::from([
                Frame::from(&[READY]),
                Frame::from(&[VERSION]),
                Frame::from(&capacity.to_be_bytes()),
            ]),
        }
    }

    /// What came is a request, or nothing to be looked at. Either way the queue lives.
    pub(super) fn hear(&mut self, mut message: Message, now: Instant) -> Option<(Envelope, Vec<Frame>)> {
        if let State::Connected { silent_from, .. } = &mut self.state {
            *silent_from = now + self.options.heartbeat * self.options.liveness;
        }
        self.delay.reset();
        if self.options.dialect == Dialect::Simple {
            message.pop_front().filter(|delimiter| delimiter.is_empty())?;
        }
        Envelope::split(message)
            .filter(|(envelope, body)| !envelope.addresses().is_empty() && !body.is_empty())
    }

    /// Work took this long: nobody could be heard, and silence proves nothing.
    pub(super) fn worked(&mut self, now: Instant) {
        if let State::Connected { silent_from, .. } = &mut self.state {
            *silent_from = (*silent_from).max(now + self.options.heartbeat * self.options.liveness);
        }
    }

    /// What to do at this time; a beat that is due is given to `beat`.
    pub(super) fn turn(&mut self, now: Instant, mut beat: impl FnMut(Message)) -> Turn {
        match &mut self.state {
            State::Connected { .. } if self.options.dialect == Dialect::Simple => Turn::Listen(None),
            State::Connected { silent_from, .. } if *silent_from <= now => {
                self.state = State::Waiting { until: now + self.delay.take() };
                Turn::Leave
            }
            State::Connected { silent_from, beat_at } => {
                if *beat_at <= now {
                    *beat_at = now + self.options.heartbeat;
                    beat(Message::from(Frame::from(&[HEARTBEAT])));
                }
                Turn::Listen(Some((*silent_from).min(*beat_at)))
            }
            State::Waiting { until } if *until <= now => Turn::Connect,
            State::Waiting { until } => Turn::Listen(Some(*until)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    /// A rule table and the time, in milliseconds since the beginning.
    struct World(Rules, Instant);

    impl World {
        fn new() -> Self {
            let begin = Instant::now();
            Self(Rules::new(PirateOptions::default(), begin), begin)
        }

        fn turn(&mut self, at: u64) -> (Turn, usize) {
            let mut beats = 0;
            let turn = self.0.turn(self.1 + Duration::from_millis(at), |beat| {
                assert_eq!(beat, Message::from("\x02"));
                beats += 1;
            });
            (turn, beats)
        }

        fn at(&self, at: u64) -> Instant {
            self.1 + Duration::from_millis(at)
        }
    }

    #[test]
    fn it_says_ready_beats_each_second_and_gives_up_after_three_of_silence() {
        let mut world = World::new();
        assert_eq!(world.turn(0), (Turn::Connect, 0));
        let begin = world.1;
        assert_eq!(world.0.connected(begin), Message::from("\x01"));
        assert_eq!(world.turn(0), (Turn::Listen(Some(begin + SECOND)), 0));
        assert_eq!(world.turn(999), (Turn::Listen(Some(begin + SECOND)), 0));
        assert_eq!(world.turn(1000), (Turn::Listen(Some(begin + 2 * SECOND)), 1));
        assert_eq!(world.turn(2000), (Turn::Listen(Some(begin + 3 * SECOND)), 1));
        assert_eq!(world.turn(2999).0, Turn::Listen(Some(begin + 3 * SECOND)));
        assert_eq!(world.turn(3000).0, Turn::Leave);
    }

    #[test]
    fn anything_that_comes_is_a_sign_of_life() {
        let mut world = World::new();
        world.0.connected(world.1);
        let at = world.at(2999);
        assert_eq!(world.0.hear(Message::from("\x02"), at), None);
        assert!(matches!(world.turn(5998).0, Turn::Listen(_)));
        assert_eq!(world.turn(5999).0, Turn::Leave);
    }

    #[test]
    fn silence_while_it_worked_does_not_count() {
        let mut world = World::new();
        world.0.connected(world.1);
        world.0.worked(world.at(60_000));
        assert!(matches!(world.turn(62_999).0, Turn::Listen(_)));
        assert_eq!(world.turn(63_000).0, Turn::Leave);
    }

    #[test]
    fn it_waits_longer_each_time_up_to_32_seconds_until_something_is_heard() {
        let (mut world, mut now) = (World::new(), 0);
        for expected in [1, 2, 4, 8, 16, 32, 32_u64] {
            let (begin, expected) = (world.at(now), expected * 1000);
            world.0.connected(begin);
            now += 3000;
            assert_eq!(world.turn(now).0, Turn::Leave);
            let Turn::Listen(Some(until)) = world.turn(now).0 else { panic!("it waits") };
            let waited = u64::try_from((until - world.at(now)).as_millis()).unwrap();
            assert!(waited >= expected * 3 / 4 && waited <= expected * 5 / 4, "{waited} for {expected}");
            now += waited + 1;
            assert_eq!(world.turn(now).0, Turn::Connect);
        }
        let at = world.at(now);
        world.0.connected(at);
        world.0.hear(Message::from("\x02"), at);
        assert_eq!(world.turn(now + 3000).0, Turn::Leave);
        let Turn::Listen(Some(until)) = world.turn(now + 3000).0 else { panic!("it waits") };
        assert!(until <= world.at(now + 3000 + 1250), "it begins anew");
    }

    #[test]
    fn requests_are_told_from_beats_and_nonsense() {
        let mut world = World::new();
        let now = world.1;
        let (envelope, body) = world.0.hear(Message::from(["c", "", "x", "", "y"]), now).unwrap();
        assert_eq!(
            (envelope.addresses(), &body[..]),
            (&[Frame::from("c")][..], &["x", "", "y"].map(Frame::from)[..])
        );
        for nonsense in [vec![], vec!["\x05"], vec!["", "x"], vec!["c", ""], vec!["a", "b"]] {
            assert_eq!(world.0.hear(Message::from_frames(nonsense), now), None);
        }
    }

    #[test]
    fn capacity_is_told_in_three_frames() {
        let options = PirateOptions { capacity: 258, ..PirateOptions::default() };
        let now = Instant::now();
        assert_eq!(Rules::new(options, now).connected(now), Message::from(["\x01", "\x01", "\x01\x02"]));
    }
}
