//! Tasks that never have to wait let the others of their thread run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use futures_util::{FutureExt, SinkExt, StreamExt, poll};
use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
};
use zeroxide::*;

/// The most that a task may do in one turn; the documents promise 256.
const AT_A_STRETCH: usize = 256;
/// More than any of them does before it should have given way.
const MANY: usize = 1_000;

fn pair() -> (Context, Push, Pull) {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.connect(&pull.bind("inproc://turns").unwrap()).unwrap();
    push.set_send_high_water_mark(None).unwrap();
    (context, push, pull)
}

/// Polls a task that always finds something until it is done; tells how often that was.
fn turns(task: impl Future<Output = ()>) -> usize {
    let mut task = pin!(task);
    let mut context = TaskContext::from_waker(Waker::noop());
    let mut turns = 1;
    while task.as_mut().poll(&mut context).is_pending() {
        turns += 1;
        assert!(turns <= MANY, "it waits for something");
    }
    turns
}

fn fill(push: &Push) {
    (0..MANY).for_each(|_| push.send("more").unwrap());
}

#[test]
fn a_task_that_receives_what_never_ends_gives_way() {
    let (_context, push, pull) = pair();
    fill(&push);
    let task = async {
        for _ in 0..MANY {
            pull.recv_async().await.unwrap();
        }
    };
    assert_eq!(turns(task), 1 + MANY / AT_A_STRETCH);
}

#[test]
fn so_do_streams_sinks_sends_and_pollers() {
    let (_context, push, pull) = pair();
    let task = async {
        for _ in 0..MANY {
            push.send_async("more").await.unwrap();
        }
    };
    assert!(turns(task) >= MANY / AT_A_STRETCH);
    let task = async {
        pull.stream().take(MANY).for_each(async |message| assert_eq!(message.unwrap(), "more".into())).await;
    };
    assert!(turns(task) >= MANY / AT_A_STRETCH);
    let task = async {
        let mut sink = push.sink();
        for _ in 0..MANY {
            sink.feed("more".into()).await.unwrap();
        }
        sink.flush().await.unwrap();
    };
    assert!(turns(task) >= MANY / AT_A_STRETCH);
    let mut poller = Poller::new();
    poller.add(&pull, 1, Interest::READABLE);
    let task = async {
        for _ in 0..MANY {
            assert_eq!(poller.wait_async().await.unwrap().len(), 1);
        }
    };
    assert!(turns(task) >= MANY / AT_A_STRETCH);
}

#[test]
fn another_task_of_the_thread_is_heard_under_a_flood() {
    let (_context, push, pull) = pair();
    let heard = Cell::new(false);
    let executor = smol::LocalExecutor::new();
    let flood = executor.spawn(async {
        for _ in 0..MANY {
            push.send_async("more").await.unwrap();
            pull.recv_async().await.unwrap();
            if heard.get() {
                return true;
            }
        }
        false
    });
    let other = executor.spawn(async { heard.set(true) });
    assert!(smol::block_on(executor.run(async {
        other.await;
        flood.await
    })));
}

#[test]
fn who_prefers_one_socket_still_does_when_turns_are_given_up() {
    let (_context, urgent, urgent_pull) = pair();
    let (_other_context, usual, usual_pull) = pair();
    fill(&usual);
    fill(&urgent);
    let task = async {
        for _ in 0..MANY {
            futures_util::select_biased! {
                message = urgent_pull.recv_async().fuse() => drop(message.unwrap()),
                message = usual_pull.recv_async().fuse() => panic!("{message:?} before what is urgent"),
            }
        }
    };
    assert!(turns(task) >= MANY / AT_A_STRETCH);
}

#[test]
fn a_poll_that_is_not_repeated_is_refused_once_only() {
    let (_context, push, pull) = pair();
    fill(&push);
    let mut refused = 0;
    for _ in 0..MANY {
        // As soon as one that gave its turn up is dropped, the next may go on.
        if pull.recv_async().now_or_never().is_none() {
            refused += 1;
            assert!(pull.recv_async().now_or_never().is_some());
        }
    }
    assert_eq!(refused, MANY / AT_A_STRETCH);
    assert!(pull.try_recv().is_err(), "none is lost, none is kept");
}

#[test]
fn a_message_waits_in_its_future_while_others_have_their_turn() {
    let (_context, push, pull) = pair();
    let (all, given_up) = (u32::try_from(MANY).unwrap(), Cell::new(0));
    let task = async {
        for count in 0..all {
            let mut sending = push.send_async(number(count));
            if poll!(&mut sending).is_pending() {
                given_up.set(given_up.get() + 1);
                assert!(matches!(poll!(&mut sending), Poll::Ready(Ok(()))), "the next stretch has begun");
            }
        }
    };
    assert_eq!(turns(task), 1, "its polls were repeated within one turn");
    assert_eq!(given_up.get(), MANY / AT_A_STRETCH);
    for count in 0..all {
        assert_eq!(as_number(&pull.try_recv().unwrap()), count);
    }
}
