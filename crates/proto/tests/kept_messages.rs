//! What messages hold that are kept: not much more than themselves, but for a bounded part of all. Alone in its process, and
//! one story at a time: the bound is that of the whole process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use bytes::Bytes;
use std::{
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};
use zeroxide_proto::{
    Batch, Message,
    batch::{SHARED_FROM, Taking},
    reuse::PINNED_MAX,
};

fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A batch as one read brings it, full of bodies of this size, and where it lies.
fn full_read(size: usize) -> (Batch, Range<usize>) {
    let mut sent = Batch::new();
    while sent.size() < 64 * 1024 {
        sent.push_frame(&vec![7; size], false);
    }
    let octets = sent.segments().collect::<Vec<_>>().concat();
    let batch = Batch::from_octets(octets, sent.messages());
    let run = batch.segments().next().unwrap().as_ptr_range();
    (batch, run.start.addr()..run.end.addr())
}

fn lies_in(message: &Message, run: &Range<usize>) -> bool {
    run.contains(&message.body().as_ptr().addr())
}

/// Keeps the first message of each of so many reads; how many of them lie in what was read.
fn keep_first_of(reads: usize, size: usize, kept: &mut Vec<Message>) -> usize {
    let mut inside = 0;
    for _ in 0..reads {
        let (mut batch, run) = full_read(size);
        let first = batch.pop().unwrap();
        assert_eq!(*first.body(), vec![7; size]);
        inside += usize::from(lies_in(&first, &run));
        kept.push(first);
    }
    inside
}

#[test]
fn messages_that_are_kept_hold_no_more_than_the_bound_besides_themselves() {
    let _turn = alone();
    for size in [65, 1024, SHARED_FROM - 1] {
        let mut kept = Vec::new();
        let inside = keep_first_of(500, size, &mut kept);
        assert!(inside > 0, "{size}: the first are shared");
        assert!(inside * 64 * 1024 <= PINNED_MAX, "{size}: {inside} reads are held");
        // What is let go may be held again.
        drop(kept);
        assert_eq!(keep_first_of(1, size, &mut Vec::new()), 1, "{size}");
    }
}

/// Takes long bodies in their memory, as the C API does.
struct InMemory;

impl Taking<()> for InMemory {
    type Taken = Option<Bytes>;
    const SHARES: bool = true;

    fn copy(self, _: &[u8], _: &[u8], (): ()) -> Option<Bytes> {
        None
    }

    fn share(self, body: Bytes, (): ()) -> Option<Bytes> {
        Some(body)
    }
}

#[test]
fn bodies_that_are_taken_in_their_memory_hold_no_more_than_that_either() {
    let _turn = alone();
    for size in [256, 1024, SHARED_FROM - 1] {
        let mut kept = Vec::new();
        for _ in 0..500 {
            let (mut batch, run) = full_read(size);
            if let Some(body) = batch.pop_to(InMemory, ()).unwrap() {
                assert!(run.contains(&body.as_ptr().addr()) && body == vec![7; size]);
                kept.push(body);
            }
        }
        assert!(!kept.is_empty(), "{size}: the first are shared");
        assert!(kept.len() * 64 * 1024 <= PINNED_MAX, "{size}: {} reads are held", kept.len());
    }
}

#[test]
fn a_read_whose_messages_are_let_go_one_after_the_other_is_held_by_the_last() {
    let _turn = alone();
    let (mut batch, run) = full_read(1024);
    let mut messages: Vec<_> = std::iter::from_fn(|| batch.pop()).collect();
    assert!(messages.iter().all(|message| lies_in(message, &run)));
    drop(batch);
    let last = messages.pop().unwrap();
    drop(messages);
    assert_eq!(*last.body(), [7; 1024]);
}

#[test]
fn a_body_that_is_a_good_part_of_its_read_is_shared_however_much_is_kept() {
    let _turn = alone();
    let mut kept = Vec::new();
    keep_first_of(500, 1024, &mut kept);
    let mut sent = Batch::new();
    sent.push_frame(&[7; 1024], false);
    sent.push_frame(&[8; 1024], false);
    let octets = sent.segments().collect::<Vec<_>>().concat();
    let place = octets.as_ptr().addr();
    let mut batch = Batch::from_octets(octets, 2);
    let (first, second) = (batch.pop().unwrap(), batch.pop().unwrap());
    let run = place..place + sent.size();
    assert!(lies_in(&first, &run) && lies_in(&second, &run));
}

#[test]
fn what_is_appended_behind_shared_bodies_leaves_them_alone() {
    let _turn = alone();
    let (mut batch, run) = full_read(1024);
    let first = batch.pop().unwrap();
    batch.push_frame(b"behind", false);
    let mut more = Batch::new();
    more.push_frame(&[9; 300], false);
    batch.append(more);
    assert!(lies_in(&first, &run));
    let rest: Vec<_> = std::iter::from_fn(|| batch.pop()).collect();
    let (last, front) = rest.split_last().unwrap();
    let (behind, front) = front.split_last().unwrap();
    assert!(front.iter().all(|message| *message == first));
    assert_eq!((behind, last), (&Message::from("behind"), &Message::from(vec![9; 300])));
}
