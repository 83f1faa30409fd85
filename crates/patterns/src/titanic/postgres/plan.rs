//! Many operations, as the few statements that they are: what is asked of different numbers is asked at the same time.

use crate::titanic::{Operation, RequestNumber, row::write_frames};
use std::{collections::HashSet, time::Duration};
use zeroxide::Frame;

pub(super) type Number = [u8; 16];

/// A wave has no more octets of requests and answers than this, unless one alone has.
const LARGE_WAVE: usize = 16 << 20;

/// The database takes up to 1 GiB in a field, and wants it in memory several times.
pub(super) const LARGEST: usize = 256 << 20;

/// What can be asked at the same time: no number occurs twice. With each stands which operation it is.
#[derive(Debug, Default)]
pub(super) struct Wave {
    pub(super) sweeps: Vec<(usize, i64)>,
    pub(super) closes: Vec<(usize, Number)>,
    pub(super) starts: Vec<(usize, Number)>,
    pub(super) releases: Vec<(usize, Number, i64)>,
    pub(super) finishes: Vec<(usize, Number, Vec<u8>)>,
    pub(super) fails: Vec<(usize, Number)>,
    pub(super) accepts: Vec<Accept>,
    pub(super) looks: Vec<(usize, Number)>,
    /// Those that leave out the same services.
    pub(super) claims: Vec<(Vec<Frame>, Vec<usize>)>,
    numbers: HashSet<Number>,
    octets: usize,
}

#[derive(Debug)]
pub(super) struct Accept {
    pub(super) nth: usize,
    pub(super) number: Number,
    pub(super) service: Frame,
    pub(super) once: bool,
    pub(super) body: Vec<u8>,
}

/// The waves of these operations.
pub(super) fn waves(operations: Vec<Operation>) -> Vec<Wave> {
    let (mut waves, mut last) = (Vec::new(), Wave::default());
    for (nth, operation) in operations.into_iter().enumerate() {
        let (number, octets) = (number_of(&operation), size_of(&operation));
        let again = number.is_some_and(|number| last.numbers.contains(&number));
        if again || last.octets > 0 && last.octets + octets > LARGE_WAVE {
            waves.push(std::mem::take(&mut last));
        }
        last.octets += octets;
        last.numbers.extend(number);
        last.add(nth, operation);
    }
    waves.push(last);
    waves
}

impl Wave {
    fn add(&mut self, nth: usize, operation: Operation) {
        match operation {
            Operation::Accept { number, service, body, once } => {
                let accept = Accept { nth, number: key(number), service, once, body: written(&body) };
                self.accepts.push(accept);
            }
            Operation::Look { number } => self.looks.push((nth, key(number))),
            Operation::Close { number } => self.closes.push((nth, key(number))),
            Operation::Claim { without } => match self.claims.iter_mut().find(|claim| claim.0 == without) {
                Some((_, claims)) => claims.push(nth),
                None => self.claims.push((without, vec![nth])),
            },
            Operation::Start { number } => self.starts.push((nth, key(number))),
            Operation::Finish { number, answer } => match written(&answer) {
                answer if answer.len() <= LARGEST => self.finishes.push((nth, key(number), answer)),
                _ => self.fails.push((nth, key(number))),
            },
            Operation::Release { number, after } => self.releases.push((nth, key(number), micros(after))),
            Operation::Fail { number } => self.fails.push((nth, key(number))),
            Operation::Sweep { lifetime } => self.sweeps.push((nth, micros(lifetime))),
        }
    }
}

pub(super) fn key(number: RequestNumber) -> Number {
    number.0.to_be_bytes()
}

/// As the database takes a time: a hundred years is the longest.
pub(super) fn micros(time: Duration) -> i64 {
    const CENTURY: i64 = 100 * 365 * 24 * 3600 * 1_000_000;
    i64::try_from(time.as_micros()).unwrap_or(CENTURY).min(CENTURY)
}

fn written(frames: &[Frame]) -> Vec<u8> {
    let mut octets = Vec::new();
    write_frames(frames, &mut octets);
    octets
}

fn number_of(operation: &Operation) -> Option<Number> {
    match operation {
        Operation::Accept { number, .. }
        | Operation::Look { number }
        | Operation::Close { number }
        | Operation::Start { number }
        | Operation::Finish { number, .. }
        | Operation::Release { number, .. }
        | Operation::Fail { number } => Some(key(*number)),
        Operation::Claim { .. } | Operation::Sweep { .. } => None,
    }
}

fn size_of(operation: &Operation) -> usize {
    match operation {
        Operation::Accept { body: frames, .. } | Operation::Finish { answer: frames, .. } => {
            frames.iter().map(|frame| frame.len()).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(number: u128) -> Operation {
        Operation::Look { number: RequestNumber(number) }
    }

    #[test]
    fn what_is_asked_of_one_number_comes_one_after_the_other_and_all_else_at_once() {
        let start = Operation::Start { number: RequestNumber(1) };
        let claim = || Operation::Claim { without: vec![] };
        let waves = waves(vec![look(1), look(2), claim(), start, claim(), look(2)]);
        let looks: Vec<_> = waves.iter().map(|wave| wave.looks.len()).collect();
        assert_eq!(looks, [2, 1]);
        assert_eq!(waves[0].claims, [(vec![], vec![2])]);
        assert_eq!((&waves[1].starts[0].0, &waves[1].claims[0].1), (&3, &vec![4]));
        assert_eq!(waves[1].looks[0].0, 5);
    }

    #[test]
    fn much_is_not_sent_at_once() {
        let finish = |number| Operation::Finish {
            number: RequestNumber(number),
            answer: vec![Frame::from(vec![0; LARGE_WAVE / 2 + 1])],
        };
        let waves = waves(vec![look(7), finish(1), finish(2), look(8)]);
        let finishes: Vec<_> = waves.iter().map(|wave| wave.finishes.len()).collect();
        assert_eq!(finishes, [1, 1]);
    }

    #[test]
    fn the_longest_time_is_a_century() {
        assert_eq!(micros(Duration::from_millis(1)), 1000);
        assert_eq!(micros(Duration::MAX), micros(Duration::from_secs(100 * 365 * 24 * 3600)));
    }
}
