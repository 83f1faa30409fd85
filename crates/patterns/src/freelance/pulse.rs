//! Whether a server lives: when it is pinged, and when it counts as dead. No sockets, no clock.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    ping: Duration,
    lifetime: Duration,
    ping_at: Instant,
    /// Nothing once it is dead.
    dies_at: Option<Instant>,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) ping: bool,
    pub(super) died: bool,
}

impl Pulse {
    /// Of a server that is pinged at once.
    pub(super) fn new(ping: Duration, lifetime: Duration, now: Instant) -> Self {
        Self { ping, lifetime, ping_at: now, dies_at: Some(now + lifetime) }
    }

    /// It has said something: whatever it was, it lives.
    pub(super) fn heard(&mut self, now: Instant) {
        self.ping_at = now + self.ping;
        self.dies_at = Some(now + self.lifetime);
    }

    pub(super) fn tick(&mut self, now: Instant) -> Due {
        let ping = self.ping_at <= now;
        if ping {
            self.ping_at = now + self.ping;
        }
        let died = self.dies_at.is_some_and(|at| at <= now);
        if died {
            self.dies_at = None;
        }
        Due { ping, died }
    }

    pub(super) fn next_tick(&self) -> Instant {
        self.dies_at.map_or(self.ping_at, |at| at.min(self.ping_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_pinged_every_two_seconds_and_dead_after_six() {
        let (second, begin) = (Duration::from_secs(1), Instant::now());
        let mut pulse = Pulse::new(2 * second, 6 * second, begin);
        let mut seen = Vec::new();
        while seen.len() < 6 {
            let at = pulse.next_tick();
            let Due { ping, died } = pulse.tick(at);
            seen.push(((at - begin).as_secs(), ping, died));
        }
        let expected = [
            (0, true, false),
            (2, true, false),
            (4, true, false),
            (6, true, true),
            (8, true, false),
            (10, true, false),
        ];
        assert_eq!(seen, expected, "it dies once, and is pinged on");
        pulse.heard(begin + 11 * second);
        assert_eq!(pulse.next_tick(), begin + 13 * second, "counted from its last word");
        assert_eq!(pulse.tick(begin + 12 * second), Due { ping: false, died: false });
        assert_eq!(pulse.tick(begin + 17 * second), Due { ping: true, died: true });
    }
}
