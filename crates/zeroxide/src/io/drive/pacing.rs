//! How many connections are made at a time.
//!
//! A thousand that are begun at once all wait for the same server, which looks after 256 handshakes of one address
//! (`max_handshakes_per_address`), or has a backlog of a hundred, and turns the others away: they would try again a tenth of a
//! second later. So only so many are under way at a time. A connection that comes to nothing holds its place for
//! [`LONGEST`], so that nobody waits for ever. Those who wait are never begun all at once: a thousand that take longer than that
//! would be turned away in the end as they would have been in the beginning.

use super::*;
use std::{
    collections::{HashSet, VecDeque},
    time::Instant,
};

/// So many at a time: enough for all of them to go on while each waits for its peer.
const MOST: usize = 96;
const LONGEST: Duration = Duration::from_millis(100);

/// The connections that are being made.
#[derive(Default)]
pub(crate) struct Dialing {
    under_way: HashSet<SessionKey>,
    /// When they were begun; those that are done since may still be listed.
    begun: VecDeque<(Instant, SessionKey)>,
    waiting: VecDeque<SessionKey>,
}

impl Dialing {
    fn has_room(&mut self, now: Instant) -> bool {
        while let Some((begun, key)) = self.begun.front()
            && now.saturating_duration_since(*begun) >= LONGEST
        {
            self.under_way.remove(key);
            self.begun.pop_front();
        }
        self.under_way.len() < MOST
    }

    fn begin(&mut self, key: SessionKey, now: Instant) {
        if self.under_way.insert(key) {
            self.begun.push_back((now, key));
        }
    }
}

impl Loop {
    /// Begins to make a connection, or waits for a place if it has not done so yet.
    pub(crate) fn begin_try(&mut self, key: SessionKey) {
        let has_room = self.dialing.has_room(self.now);
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if !has_room {
            if !session.queued {
                session.queued = true;
                self.dialing.waiting.push_back(key);
            }
            session.stage = Stage::Waiting { until: self.now.checked_add(LONGEST) };
            return self.note_deadline(key);
        }
        session.queued = false;
        self.dialing.begin(key, self.now);
        self.try_now(key);
    }

    /// A connection has been made, or not.
    pub(super) fn tried(&mut self, key: SessionKey) {
        self.dialing.under_way.remove(&key);
    }

    /// Gives free places to those who wait for one; says to how many.
    pub(crate) fn begin_waiting(&mut self) -> usize {
        let mut count = 0;
        while !self.dialing.waiting.is_empty() && self.dialing.has_room(self.now) {
            let Some(key) = self.dialing.waiting.pop_front() else { break };
            if self.sessions.get(&key).is_some_and(|session| session.queued) {
                count += 1;
                self.begin_try(key);
                self.note_deadline(key);
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_is_done_or_took_too_long() {
        let (mut dialing, start) = (Dialing::default(), Instant::now());
        for number in 0..MOST as u64 {
            assert!(dialing.has_room(start));
            dialing.begin(SessionKey(number), start);
        }
        assert!(!dialing.has_room(start));
        dialing.under_way.remove(&SessionKey(5));
        assert!(dialing.has_room(start));
        dialing.begin(SessionKey(1000), start + LONGEST / 2);
        assert!(!dialing.has_room(start + LONGEST / 2));
        assert!(dialing.has_room(start + LONGEST));
        assert_eq!(dialing.under_way.len(), 1);
        assert_eq!(dialing.begun.len(), 1);
    }

    #[cfg(feature = "simulation")]
    #[test]
    fn those_who_connect_at_once_do_not_crowd_each_other_out() {
        use crate::{Context, Dealer, Router, simulation};
        const MANY: usize = 3 * MOST;
        // A time that does not pass.
        let begin = Instant::now();
        simulation::set_time(Some(begin));
        let context = Context::builder().simulated(7).build();
        let router = Router::new(&context).unwrap();
        router.set_max_handshakes_per_address(Some(MOST)).unwrap();
        let at = router.bind("tcp://127.0.0.1:*").unwrap();
        let dealers: Vec<_> = (0..MANY).map(|_| Dealer::new(&context).unwrap()).collect();
        dealers.iter().for_each(|dealer| dealer.connect(&at).unwrap());
        while router.connected() < MANY {
            simulation::turn(&context);
            assert!(begin.elapsed() < Duration::from_secs(120), "{} are connected", router.connected());
        }
        assert_eq!(router.statistics().met(Limit::HandshakesPerAddress), 0);
        simulation::set_time(None);
    }

    #[cfg(feature = "simulation")]
    #[test]
    fn those_who_wait_for_long_are_begun_no_more_at_a_time() {
        use crate::{Context, Dealer, simulation};
        use zeroxide_net::{TcpListener, TcpSettings};
        const MANY: usize = 4 * MOST;
        // Who knocks here is never answered.
        let address = ([127, 0, 0, 1], 0).into();
        let listener = TcpListener::listen(address, &TcpSettings::default(), 4096).unwrap();
        let begin = Instant::now();
        simulation::set_time(Some(begin));
        let context = Context::builder().simulated(7).build();
        let dealers: Vec<_> = (0..MANY).map(|_| Dealer::new(&context).unwrap()).collect();
        dealers.iter().for_each(|dealer| dealer.connect(&listener.local_address()).unwrap());
        let mut came = Vec::new();
        let mut knock = |most: usize, at_least: usize| {
            while came.len() < at_least {
                simulation::turn(&context);
                came.extend(std::iter::from_fn(|| listener.accept().ok()));
                assert!(begin.elapsed() < Duration::from_secs(120), "{} came", came.len());
            }
            for _ in 0..8 {
                simulation::turn(&context);
            }
            came.extend(std::iter::from_fn(|| listener.accept().ok()));
            assert!(came.len() <= most, "{} came", came.len());
        };
        for turns in 1..=MANY / MOST {
            knock(turns * MOST, turns * MOST);
            simulation::set_time(Some(begin + LONGEST * turns as u32));
        }
        simulation::set_time(None);
    }
}
