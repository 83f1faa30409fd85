//! A lane against the plainest thing that could be meant: a queue of single messages and a few counts.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::Numbers;
use proptest::{collection::vec, option, prelude::*};
use std::collections::VecDeque;
use zeroxide_pipe::{Carry, Credit, Lane, Rejected};

/// Three of these fill a batch.
type Batch = Numbers<{ 20 * 1024 }>;

#[derive(Clone, Debug)]
enum Step {
    Push,
    PushBatch(usize),
    Replace,
    Take,
    Exchange(usize),
    Credit(usize),
    SetLimit(Option<usize>),
    Lots,
    Drain,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Push),
        3 => (0..6usize).prop_map(Step::PushBatch),
        1 => Just(Step::Replace),
        4 => Just(Step::Take),
        4 => (0..6usize).prop_map(Step::Exchange),
        8 => (0..6usize).prop_map(Step::Credit),
        1 => option::of(0..9usize).prop_map(Step::SetLimit),
        1 => Just(Step::Lots),
        1 => Just(Step::Drain),
        1 => Just(Step::Close),
    ]
}

/// What a lane means.
#[derive(Debug)]
struct Oracle {
    queue: VecDeque<usize>,
    taken: usize,
    /// Credited and held back, where credit comes in lots.
    owed: usize,
    lots: bool,
    limit: Option<usize>,
    dormant: bool,
    was_full: bool,
    closed: bool,
}

impl Oracle {
    fn used(&self) -> usize {
        self.queue.len() + self.taken + self.owed
    }

    /// One message after the other is credited; a full lot is given back.
    fn credit(&mut self, count: usize) {
        self.taken -= count;
        self.owed += count;
        let lot = self.limit.filter(|_| self.lots).map_or(1, |limit| limit.div_ceil(2).max(1));
        while self.owed >= lot {
            self.owed -= lot;
        }
    }

    fn verdict(&self) -> Result<(), Rejected> {
        match self.limit {
            _ if self.closed => Err(Rejected::Closed),
            Some(limit) if self.used() >= limit => Err(Rejected::Full),
            _ => Ok(()),
        }
    }

    fn push(&mut self, numbers: impl IntoIterator<Item = usize>) -> bool {
        let before = self.queue.len();
        self.queue.extend(numbers);
        self.was_full |= self.verdict() == Err(Rejected::Full);
        before < self.queue.len() && std::mem::take(&mut self.dormant)
    }

    fn resume(&mut self) -> bool {
        self.was_full |= self.verdict() == Err(Rejected::Full);
        let enough = self.limit.is_none_or(|limit| self.used() <= limit / 2);
        let resume = self.was_full && enough && self.verdict().is_ok();
        self.was_full &= !resume;
        resume
    }
}

/// Both side by side.
struct Pair {
    lane: Lane<Batch>,
    oracle: Oracle,
    next: usize,
}

impl Pair {
    fn numbers(&mut self, count: usize) -> Vec<usize> {
        self.next += count;
        (self.next - count..self.next).collect()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Push => self.push(),
            Step::PushBatch(count) => self.push_batch(count),
            Step::Replace => self.replace(),
            Step::Take => self.take(),
            Step::Exchange(count) => self.exchange(count),
            Step::Credit(count) => {
                let count = count.min(self.oracle.taken);
                self.oracle.credit(count);
                assert_eq!(self.lane.credit(count), Credit { resume: self.oracle.resume() });
            }
            Step::SetLimit(limit) => {
                self.oracle.limit = limit;
                self.oracle.credit(0);
                assert_eq!(self.lane.set_limit(limit), Credit { resume: self.oracle.resume() });
            }
            Step::Lots => {
                self.lane.give_credit_in_lots();
                self.oracle.lots = true;
            }
            Step::Drain => self.drain(),
            Step::Close => {
                self.lane.close();
                self.oracle.closed = true;
            }
        }
        assert_eq!(self.lane.len(), self.oracle.queue.len());
        assert_eq!(self.lane.is_empty(), self.oracle.queue.is_empty());
        assert_eq!(self.lane.has_room(), self.oracle.verdict().is_ok());
        assert_eq!(self.lane.is_closed(), self.oracle.closed);
    }

    fn push(&mut self) {
        let number = self.numbers(1)[0];
        let pushed = self.lane.push_with(|batch| batch.0.push(number));
        match self.oracle.verdict() {
            Ok(()) => {
                let (pushed, dormant) = (pushed.unwrap(), self.oracle.push([number]));
                assert_eq!((pushed.dormant, pushed.queued), (dormant, self.oracle.queue.len()));
            }
            Err(rejected) => assert_eq!(pushed, Err(rejected)),
        }
    }

    fn push_batch(&mut self, count: usize) {
        let numbers = self.numbers(count);
        let pushed = self.lane.push_batch(Numbers(numbers.clone()));
        match self.oracle.verdict() {
            Ok(()) => {
                let (pushed, dormant) = (pushed.unwrap(), self.oracle.push(numbers));
                assert_eq!((pushed.dormant, pushed.queued), (dormant, self.oracle.queue.len()));
            }
            Err(rejected) => assert_eq!(pushed, Err((Numbers(numbers), rejected))),
        }
    }

    fn replace(&mut self) {
        let number = self.numbers(1)[0];
        let done = self.lane.replace_with(|batch| batch.0.push(number));
        if self.oracle.closed {
            return assert_eq!(done, Err(Rejected::Closed));
        }
        let (done, replaced) = (done.unwrap(), self.oracle.queue.len());
        self.oracle.queue.clear();
        assert_eq!((done.dormant, done.replaced), (self.oracle.push([number]), replaced));
    }

    fn take(&mut self) {
        let batch = self.lane.take(Numbers::default());
        self.took(batch);
    }

    fn exchange(&mut self, count: usize) {
        let count = count.min(self.oracle.taken);
        self.oracle.credit(count);
        let resume = count > 0 && self.oracle.resume();
        let mut batch = Numbers::default();
        let (found, credit) = self.lane.exchange(&mut batch, count);
        assert_eq!(credit, Credit { resume });
        self.took(found.then_some(batch));
    }

    fn took(&mut self, batch: Option<Batch>) {
        match batch {
            None => {
                assert!(self.oracle.queue.is_empty());
                self.oracle.dormant = true;
            }
            Some(batch) => {
                assert!(batch.messages() > 0);
                self.oracle.taken += batch.messages();
                let expected: Vec<_> = self.oracle.queue.drain(..batch.messages()).collect();
                assert_eq!(batch.0, expected);
            }
        }
    }

    fn drain(&mut self) {
        let drained = self.lane.drain();
        let numbers: Vec<_> = drained.batches.into_iter().flat_map(|batch| batch.0).collect();
        assert_eq!(drained.messages, numbers.len());
        assert_eq!(numbers, self.oracle.queue.drain(..).collect::<Vec<_>>());
        self.oracle.dormant = true;
        assert_eq!(drained.resume, self.oracle.resume());
    }
}

/// `PROPTEST_CASES` scales it.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: 8 * config.cases, failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_lane_does_what_a_queue_of_single_messages_would(
        limit in option::weighted(0.9, 0..9usize),
        steps in vec(step(), 1..80),
    ) {
        let oracle = Oracle {
            queue: VecDeque::new(),
            taken: 0,
            owed: 0,
            lots: false,
            limit,
            dormant: true,
            was_full: limit == Some(0),
            closed: false,
        };
        let mut pair = Pair { lane: Lane::new(limit), oracle, next: 0 };
        steps.into_iter().for_each(|step| pair.step(step));
    }
}

#[test]
fn a_consumer_takes_about_a_full_batch_at_once() {
    let lane = Lane::<Batch>::new(None);
    (0..8).for_each(|number| _ = lane.push_with(|batch| batch.0.push(number)).unwrap());
    assert_eq!(lane.full_batches(), 2);
    let mut batch = Batch::default();
    let mut takes = vec![];
    while lane.take_into(&mut batch) {
        takes.push(batch.0.len());
        batch.clear();
    }
    assert_eq!(takes, [3, 3, 2]);
    assert_eq!(lane.full_batches(), 0);
}

#[test]
fn who_has_taken_everything_leaves_half_of_the_room_at_least_whatever_is_held_back() {
    for limit in 0..20 {
        let lane = Lane::<Numbers>::new(Some(limit));
        lane.give_credit_in_lots();
        for _ in 0..3 * limit {
            while lane.push_with(|batch| batch.0.push(0)).is_ok() {}
            let mut resumed = false;
            while let Some(batch) = lane.take(Numbers::default()) {
                (0..batch.messages()).for_each(|_| resumed |= lane.credit(1).resume);
            }
            assert!(resumed, "nobody waits for ever, with {limit}");
            assert!(lane.room() > limit / 2, "{} of {limit}", lane.room());
        }
    }
}

#[test]
fn memory_goes_round() {
    let lane = Lane::<Numbers>::new(None);
    let mut batch = Numbers(Vec::with_capacity(100));
    for round in 0..4 {
        let _ = lane.push_with(|batch| batch.0.push(round)).unwrap();
        assert!(lane.take_into(&mut batch));
        batch.0.clear();
        assert!(!lane.take_into(&mut batch));
        assert_eq!(batch.0.capacity() >= 100, round % 2 == 1, "two buffers, one on each side");
    }
}

/// What one segment of the loopback interface carries, over IPv6.
const SEGMENT: usize = 65_463;

/// The sizes of the batches in which so many messages of this size come out.
fn batches_of<const SIZE: usize>(count: usize) -> Vec<usize> {
    let lane = Lane::<Numbers<SIZE>>::new(None);
    let mut open = 0;
    let sealed = (0..count).filter(|number| {
        let pushed = lane.push_with(|batch| batch.0.push(*number)).unwrap();
        open = if pushed.sealed { 0 } else { open + SIZE };
        assert_eq!(lane.open_size(), open);
        pushed.sealed
    });
    let sealed = sealed.count();
    let sizes: Vec<_> =
        std::iter::from_fn(|| lane.take(Numbers::default())).map(|batch| batch.size()).collect();
    assert!((sealed..=sealed + 1).contains(&sizes.len()), "{sealed} of {}", sizes.len());
    sizes
}

#[test]
fn a_batch_is_full_and_no_longer_than_a_segment_carries() {
    for (size, sizes) in
        [(2, batches_of::<2>(100_000)), (1033, batches_of::<1033>(1000)), (8201, batches_of::<8201>(100))]
    {
        assert!(sizes.iter().all(|batch| *batch <= SEGMENT), "{size}: {sizes:?}");
        assert!(sizes.iter().rev().skip(1).all(|batch| batch + size > SEGMENT), "{size}: {sizes:?}");
    }
    assert_eq!(batches_of::<65_545>(3), [65_545; 3], "what is longer than a segment is a batch by itself");
}
