//! Bursts: the I/O thread writes what senders have piled up when they pause, and is not in their way while they do not.
//!
//! ```text
//!   asked to write -> writes                                     the first times
//!                  -> naps and looks, as long as the burst lasts: senders need not ask again
//!                       senders wrote in between   -> nothing to do, naps longer
//!                       much has come since        -> nothing yet, they are about to write
//!                       they paused, something is left -> writes, naps short
//!                       nobody wrote for a while   -> the burst is over, senders ask again
//! ```
//! Senders write themselves whenever there is enough for a system call. A thread that is woken for each batch, to find it written
//! when it comes, costs them a system call each time, and the processor if it wakes on theirs.

use super::*;
use std::time::Instant;

/// Two flushes of a connection within this time belong to one burst; one without a write for so long is over.
const BURST_GAP: Duration = Duration::from_micros(500);
/// Flushes of one burst that are made at once.
const HOT: u32 = 2;
/// How long the thread naps where it is needed: what is left of a burst waits so long, or twice.
const NAP: Duration = Duration::from_micros(60);
/// How long it naps where senders write all themselves, batch after batch.
const LONG_NAP: Duration = Duration::from_micros(240);

/// Senders who have piled up so much within a long nap will soon have enough for a system call: they are left to it.
const GROWN: usize = 16 * 1024;

/// Connections in a long burst.
#[derive(Default)]
pub(crate) struct Bursts {
    keys: Vec<SessionKey>,
    /// Naps in a row after which nothing was left to do.
    idle: u32,
}

impl Bursts {
    /// How long to nap, if there are bursts.
    pub(crate) fn nap(&self) -> Option<Duration> {
        let nap = || NAP.saturating_mul(1 << self.idle.min(8)).min(LONG_NAP);
        (!self.keys.is_empty()).then(nap)
    }

    fn begin(&mut self, key: SessionKey) {
        self.keys.push(key);
        self.idle = 0;
    }
}

/// What is to be done for a connection after a nap.
enum Look {
    /// Nothing: senders write.
    Leave,
    /// They paused, and left something.
    Write,
    /// The burst is over.
    End,
}

impl Loop {
    /// Writes what a connection has piled up: at once, or if it is asked again and again, when its senders pause.
    pub(crate) fn flush(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return self.udp_flush(key) };
        if session.burst_goes_on(self.now) {
            return self.bursts.begin(key);
        }
        self.flush_now(key);
    }

    /// Looks after the connections in a burst when a nap is over.
    pub(crate) fn look_after_bursts(&mut self) {
        if self.bursts.keys.is_empty() {
            return;
        }
        let keys = std::mem::take(&mut self.bursts.keys);
        let mut wrote = false;
        for key in keys {
            let Some(session) = self.sessions.get(&key) else { continue };
            match session.look_at_burst() {
                Look::Leave => {}
                Look::Write => {
                    self.write_out(key);
                    wrote = true;
                }
                Look::End => {
                    self.end_burst(key);
                    continue;
                }
            }
            self.bursts.keys.push(key);
        }
        self.bursts.idle = if wrote { 0 } else { self.bursts.idle.saturating_add(1) };
    }

    /// From now on senders ask again, and the next burst is known as one at once if it comes soon.
    fn end_burst(&mut self, key: SessionKey) {
        if let Some(session) = self.sessions.get_mut(&key) {
            session.last_flush = self.now;
        }
        self.flush_now(key);
    }

    fn flush_now(&mut self, key: SessionKey) {
        let peer = self.sessions.get(&key).and_then(|session| session.peer.as_ref());
        if let Some(wire) = peer.and_then(|peer| peer.wire()) {
            wire.begin_flush();
            self.write_out(key);
        }
    }

    fn write_out(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get(&key) else { return };
        let Some(peer) = session.peer.clone() else { return };
        let Some(wire) = peer.wire() else { return };
        let closing = session.is_closing();
        if matches!(session.stage, Stage::Up { .. }) {
            match wire.write_out(&peer) {
                Drained::Broken => return self.session_ready(key, true, true),
                Drained::Again => wire.schedule(),
                Drained::Empty | Drained::Blocked | Drained::Detached => {}
            }
        }
        if closing {
            self.end_if_drained(key);
        }
    }
}

impl Session {
    /// The I/O thread was asked to write: whether that was once too often.
    fn burst_goes_on(&mut self, now: Instant) -> bool {
        let again = now.saturating_duration_since(self.last_flush) < BURST_GAP;
        self.last_flush = now;
        self.heat = if again { self.heat.saturating_add(1) } else { 0 };
        self.heat > HOT
    }

    fn look_at_burst(&self) -> Look {
        let up = matches!(self.stage, Stage::Up { .. }) && !self.is_closing();
        let Some(peer) = self.peer.as_ref().filter(|_| up) else { return Look::End };
        let Some(wire) = peer.wire() else { return Look::End };
        let quiet = wire.quiet_for();
        if quiet >= BURST_GAP {
            Look::End
        } else if quiet < NAP || !wire.has_to_write(peer) {
            Look::Leave
        } else if quiet < LONG_NAP && peer.outbox.open_size() >= GROWN {
            // To write now would leave them with less than a batch again and again, if one takes them longer than a nap.
            Look::Leave
        } else {
            Look::Write
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naps_grow_while_nothing_is_left_to_do_and_are_short_again_for_a_new_burst() {
        let mut bursts = Bursts::default();
        assert_eq!(bursts.nap(), None);
        bursts.begin(SessionKey(7));
        let naps = std::iter::from_fn(|| {
            let nap = bursts.nap();
            bursts.idle = bursts.idle.saturating_add(1);
            nap
        });
        let naps: Vec<_> = naps.take(40).collect();
        assert_eq!(naps[..3], [NAP, 2 * NAP, LONG_NAP]);
        assert_eq!(naps[3..], [LONG_NAP; 37]);
        bursts.begin(SessionKey(8));
        assert_eq!(bursts.nap(), Some(NAP));
    }

    #[cfg(feature = "simulation")]
    #[test]
    fn what_a_burst_leaves_goes_out_unasked_and_then_the_thread_sleeps() {
        use crate::{Context, Pull, Push, simulation};
        let begin = Instant::now();
        let mut now = begin;
        simulation::set_time(Some(now));
        let context = Context::builder().simulated(7).build();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.connect(&pull.bind("ipc://*").unwrap()).unwrap();
        while push.connected() == 0 {
            simulation::turn(&context);
        }
        let mut received = 0;
        let mut longest = Duration::ZERO;
        for more in ["more".into(), vec![7; GROWN], "more".into(), vec![7; GROWN]] {
            // Shorter than a pause that ends a burst, and long enough for what was sent before to have left.
            for _ in 0..50 {
                push.send("one").unwrap();
                push.send(&more).unwrap();
                let sent = now;
                let whole = received + 2;
                while received < whole {
                    while simulation::turn(&context) > 0 {}
                    received += std::iter::from_fn(|| pull.try_recv().ok()).count();
                    if received < whole {
                        now += NAP / 4;
                        simulation::set_time(Some(now));
                    }
                    assert!(begin.elapsed() < Duration::from_secs(120), "{received} of {whole} came");
                }
                longest = longest.max(now - sent);
            }
            // Nobody naps for a burst that is over.
            now += 2 * BURST_GAP;
            simulation::set_time(Some(now));
            while simulation::turn(&context) > 0 {}
            let due = simulation::next_due(&context);
            assert!(due.is_none_or(|due| due > now + LONG_NAP), "due after {:?}", due.map(|due| due - now));
        }
        assert!(longest <= 2 * LONG_NAP, "{longest:?}");
        simulation::set_time(None);
    }
}
