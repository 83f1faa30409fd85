//! What a pipeline has asked and not heard of yet: no sockets, no clock.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// Requests by their numbers, and until when each is waited for.
#[derive(Debug)]
pub(super) struct Outstanding {
    timeout: Duration,
    requests: HashMap<u64, Request>,
    /// In the order of their deadlines, which is that of their sending. What was answered or sent again since is passed
    /// over when its turn comes.
    deadlines: VecDeque<(Instant, u64)>,
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) service: Frame,
    pub(super) body: Message,
    pub(super) tries: u32,
    /// A part of its answer was delivered.
    pub(super) began: bool,
    until: Instant,
}

impl Outstanding {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, requests: HashMap::new(), deadlines: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Takes a request in that has not been sent yet.
    pub(super) fn add(&mut self, number: u64, service: Frame, body: Message, now: Instant) {
        let request = Request { service, body, tries: 0, began: false, until: now };
        self.requests.insert(number, request);
    }

    /// It is sent now. None if it is not outstanding.
    pub(super) fn send(&mut self, number: u64, now: Instant) -> Option<&Request> {
        let request = self.requests.get_mut(&number)?;
        request.tries += 1;
        request.until = now + self.timeout;
        self.deadlines.push_back((request.until, number));
        // Whoever always finds an answer at hand never asks for the deadline, and these would pile up.
        self.deadline();
        self.requests.get(&number)
    }

    /// A part of its answer has come, and more will. False if nobody waits for it.
    pub(super) fn go_on(&mut self, number: u64, now: Instant) -> bool {
        let Some(request) = self.requests.get_mut(&number) else { return false };
        request.began = true;
        request.until = now + self.timeout;
        self.deadlines.push_back((request.until, number));
        true
    }

    /// It is waited for no more. None if it was not: an answer that comes twice, or too late.
    pub(super) fn end(&mut self, number: u64) -> Option<Request> {
        let request = self.requests.remove(&number);
        if self.requests.is_empty() {
            self.deadlines.clear();
        }
        request
    }

    /// Until when the one is waited for whose time is over first.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        while let Some(&(until, number)) = self.deadlines.front() {
            if self.requests.get(&number).is_some_and(|request| request.until == until) {
                return Some(until);
            }
            self.deadlines.pop_front();
        }
        None
    }

    /// One whose time is over.
    pub(super) fn late(&mut self, now: Instant) -> Option<(u64, &Request)> {
        let until = self.deadline().filter(|&until| until <= now)?;
        let (_, number) = self.deadlines.pop_front().filter(|&(first, _)| first == until)?;
        self.requests.get(&number).map(|request| (number, request))
    }

    /// All of them are to be sent again, in the order in which they were first asked; none has a deadline until then.
    /// Those of which a part was delivered are not begun anew: they are late now.
    pub(super) fn recall(&mut self, now: Instant) -> Vec<u64> {
        self.deadlines.clear();
        let mut numbers: Vec<u64> = Vec::with_capacity(self.requests.len());
        for (&number, request) in &mut self.requests {
            if request.began {
                request.until = now;
                self.deadlines.push_back((now, number));
            } else {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        numbers
    }

    /// Any of them.
    pub(super) fn any(&self) -> Option<u64> {
        self.requests.keys().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn with_three() -> (Outstanding, Instant) {
        let (mut table, now) = (Outstanding::new(3 * SECOND), Instant::now());
        for number in 0..3 {
            table.add(number, "echo".into(), "x".into(), now);
            table.send(number, now + SECOND * u32::try_from(number).unwrap()).unwrap();
        }
        (table, now)
    }

    #[test]
    fn the_oldest_is_late_first_and_once() {
        let (mut table, now) = with_three();
        assert_eq!(table.deadline(), Some(now + 3 * SECOND));
        assert!(table.late(now).is_none());
        assert_eq!(table.late(now + 4 * SECOND).map(|(number, _)| number), Some(0));
        assert_eq!(table.late(now + 4 * SECOND).map(|(number, _)| number), Some(1));
        assert!(table.late(now + 4 * SECOND).is_none());
        assert_eq!(table.len(), 3, "late is not answered");
    }

    #[test]
    fn what_is_answered_or_sent_again_is_not_late() {
        let (mut table, now) = with_three();
        assert!(table.end(0).is_some());
        assert!(table.end(0).is_none(), "an answer that comes twice");
        assert_eq!(table.send(1, now + 2 * SECOND).map(|request| request.tries), Some(2));
        assert!(table.go_on(2, now + 9 * SECOND) && !table.go_on(0, now));
        assert_eq!(table.deadline(), Some(now + 5 * SECOND));
        assert_eq!(table.late(now + 6 * SECOND).map(|(number, _)| number), Some(1));
        assert_eq!(
            table.late(now + 12 * SECOND).map(|(number, request)| (number, request.began)),
            Some((2, true))
        );
    }

    #[test]
    fn whoever_is_recalled_waits_until_sent_again() {
        let (mut table, now) = with_three();
        assert_eq!((table.recall(now), table.any()), (vec![0, 1, 2], Some(0)));
        assert_eq!(table.deadline(), None);
        table.send(1, now);
        assert_eq!(table.deadline(), Some(now + 3 * SECOND));
    }

    #[test]
    fn an_answer_that_began_is_not_begun_anew() {
        let (mut table, now) = with_three();
        table.go_on(1, now);
        assert_eq!(table.recall(now), [0, 2]);
        table.send(0, now);
        table.send(2, now);
        assert_eq!(table.late(now).map(|(number, request)| (number, request.began)), Some((1, true)));
    }

    #[test]
    fn deadlines_of_the_answered_do_not_pile_up() {
        let (mut table, now) = (Outstanding::new(SECOND), Instant::now());
        for number in 0..10_000 {
            table.add(number, "echo".into(), "x".into(), now);
            table.send(number, now);
            table.end(number);
        }
        assert_eq!((table.len(), table.deadlines.len()), (0, 0));
        for number in 0..10_000 {
            table.add(number, "echo".into(), "x".into(), now);
            table.send(number, now);
            if let Some(before) = number.checked_sub(10) {
                table.end(before);
            }
        }
        assert!(table.deadlines.len() <= 12, "there was never none");
    }
}
