//! The async face, on an executor on a card.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::block_on;
use common::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::*},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    thread,
};
use zeroxide::*;

#[test]
fn requests_and_replies_are_awaited() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &req, &endpoint);
        let server = thread::spawn(move || {
            block_on(async {
                for _ in 0..500 {
                    let request = rep.recv_async().await.unwrap();
                    rep.send_async(request).await.unwrap();
                }
            });
        });
        block_on(async {
            for count in 0..500 {
                req.send_async(number(count)).await.unwrap();
                assert_eq!(as_number(&req.recv_async().await.unwrap()), count);
            }
        });
        server.join().unwrap();
    }
}

#[test]
fn a_dropped_receive_loses_no_message() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, &endpoint);
        for count in 0..500 {
            let mut pending = pull.recv_async();
            assert!(poll_once(&mut pending).is_pending());
            push.send(number(count)).unwrap();
            eventually(|| pull.peers()[0].queued_in == 1);
            drop(pending);
            assert_eq!(as_number(&block_on(pull.recv_async()).unwrap()), count);
        }
    }
}

#[test]
fn a_dropped_send_has_sent_nothing() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_send_high_water_mark(Some(1)).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    join(&pull, &push, &inproc());
    push.send("one").unwrap();
    push.send("two").unwrap();
    let mut pending = push.send_async(["never", "sent"]);
    assert!(poll_once(&mut pending).is_pending());
    drop(pending);
    assert_eq!((pull.text(), pull.text()), ("one".into(), "two".into()));
    assert!(pull.has_nothing());
}

#[test]
fn a_send_that_waits_for_room_goes_on_when_there_is_some() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.set_send_high_water_mark(Some(1)).unwrap();
        pull.set_receive_high_water_mark(Some(1)).unwrap();
        join(&pull, &push, &endpoint);
        let sender = thread::spawn(move || {
            block_on(async {
                for count in 0..2_000 {
                    push.send_async([number(count)[0].clone(), vec![0; 2_000].into()]).await.unwrap();
                }
            });
        });
        for count in 0..2_000 {
            assert_eq!(as_number(&block_on(pull.recv_async()).unwrap()), count);
        }
        sender.join().unwrap();
    }
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    join(&pull, &push, &inproc());
    let counts = [(); 2].map(|()| Arc::new(Count(AtomicUsize::new(0))));
    let mut pending = Box::pin(pull.recv_async());
    for count in &counts {
        let waker = Waker::from(count.clone());
        assert!(pending.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
    }
    push.send("hello").unwrap();
    eventually(|| counts[1].0.load(SeqCst) > 0);
    assert_eq!(counts[0].0.load(SeqCst), 0);
    assert!(matches!(poll_once(&mut pending), Poll::Ready(Ok(message)) if message == "hello".into()));
}

#[test]
fn a_hundred_pending_receives_share_what_comes() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        join(&pull, &push, &endpoint);
        thread::scope(|scope| {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        block_on(async {
                            let mut sum = 0;
                            for _ in 0..250 {
                                sum += as_number(&pull.recv_async().await.unwrap());
                            }
                            sum
                        })
                    })
                })
                .collect();
            (0..2_000).for_each(|count| push.send(number(count)).unwrap());
            let sum: u32 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
            assert_eq!(sum, (0..2_000).sum::<u32>());
        });
    }
}

#[test]
fn the_end_of_the_context_ends_pending_futures() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        pull.bind(&endpoint).unwrap();
        let (ended, ()) = once_asleep(
            || {
                (
                    block_on(pull.recv_async()).unwrap_err().cause,
                    block_on(push.send_async("x")).unwrap_err().cause,
                )
            },
            || context.terminate(),
        );
        assert_eq!(ended, (RecvErrorCause::Terminated, SendErrorCause::Terminated));
    }
}
