//! The library's own executor: whatever is awaited, and whoever wakes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use futures_util::{
    StreamExt,
    future::{Either, join, join_all, select},
    stream::FuturesUnordered,
};
use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::Duration,
};
use zeroxide::{Context, Pair, Pull, Push, RecvErrorCause, Rep, Req, block_on};

const TRANSPORTS: [&str; 3] = ["tcp://127.0.0.1:*", "ipc://*", "inproc://place"];

#[test]
fn there_and_back() {
    for transport in TRANSPORTS {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        req.connect(&rep.bind(transport).unwrap()).unwrap();
        let answering = thread::spawn(move || {
            block_on(async {
                for _ in 0..500 {
                    let question = rep.recv_async().await.unwrap();
                    rep.send_async(question).await.unwrap();
                }
            });
            rep
        });
        block_on(async {
            for number in 0..500 {
                req.send_async(number.to_string()).await.unwrap();
                assert_eq!(req.recv_async().await.unwrap(), number.to_string().into(), "{transport}");
            }
        });
        drop(answering.join().unwrap());
    }
}

#[test]
fn a_stream_of_messages_arrives_in_order() {
    const COUNT: u32 = 50_000;
    for transport in TRANSPORTS {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.connect(&pull.bind(transport).unwrap()).unwrap();
        let sending = thread::spawn(move || {
            block_on(async {
                for number in 0..COUNT {
                    push.send_async(&number.to_be_bytes()[..]).await.unwrap();
                }
            });
            push
        });
        block_on(async {
            for number in 0..COUNT {
                assert_eq!(pull.recv_async().await.unwrap().body(), number.to_be_bytes());
            }
        });
        drop(sending.join().unwrap());
    }
}

#[test]
fn receives_of_more_sockets_than_it_reads_itself_all_come() {
    const SOCKETS: usize = 12;
    let context = Context::new();
    let pulls: Vec<_> = (0..SOCKETS).map(|_| Pull::new(&context).unwrap()).collect();
    let places: Vec<_> = pulls.iter().map(|pull| pull.bind("tcp://127.0.0.1:*").unwrap()).collect();
    let sending = thread::spawn(move || {
        let context = Context::new();
        let pushes: Vec<_> = places
            .iter()
            .map(|place| {
                let push = Push::new(&context).unwrap();
                push.connect(place).unwrap();
                push
            })
            .collect();
        for number in 0..200 {
            // Another order each time, so that the one that was waited for first is rarely the first.
            for at in 0..SOCKETS {
                pushes[(at * 5 + number) % SOCKETS].send(number.to_string()).unwrap();
            }
        }
        pushes
    });
    block_on(async {
        for number in 0..200 {
            let mut waiting: FuturesUnordered<_> = pulls.iter().map(|pull| pull.recv_async()).collect();
            while let Some(message) = waiting.next().await {
                assert_eq!(message.unwrap(), number.to_string().into());
            }
        }
        let all = join_all((0..2).map(|_| async { 7 })).await;
        assert_eq!(all, [7, 7]);
    });
    drop(sending.join().unwrap());
}

#[test]
fn a_wake_from_elsewhere_ends_the_wait() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.bind("tcp://127.0.0.1:*").unwrap();
    let rung = Arc::new(AtomicBool::new(false));
    let bell = poll_fn(|task| {
        if rung.load(SeqCst) {
            return Poll::Ready(());
        }
        let (waker, rung) = (task.waker().clone(), rung.clone());
        thread::spawn(move || {
            rung.store(true, SeqCst);
            waker.wake();
        });
        Poll::Pending
    });
    // The receive never comes to anything; the other does.
    let first = block_on(select(pull.recv_async(), bell));
    assert!(matches!(first, Either::Right(_)));
}

#[test]
fn the_end_of_the_context_ends_the_wait() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.bind("tcp://127.0.0.1:*").unwrap();
    let ending = {
        let context = context.clone();
        thread::spawn(move || context.terminate())
    };
    let cause = block_on(pull.recv_async()).unwrap_err().cause;
    assert_eq!(cause, RecvErrorCause::Terminated);
    ending.join().unwrap();
}

#[test]
fn one_within_another_gives_the_outer_its_sockets_back() {
    let context = Context::new();
    let (outer, inner) = (Pull::new(&context).unwrap(), Pull::new(&context).unwrap());
    let push = Push::new(&context).unwrap();
    push.connect(&outer.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let second = Push::new(&context).unwrap();
    second.connect(&inner.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let (first, also) = block_on(join(outer.recv_async(), async {
        second.send("inner").unwrap();
        let message = block_on(inner.recv_async()).unwrap();
        push.send("outer").unwrap();
        message
    }));
    assert_eq!((first.unwrap(), also), ("outer".into(), "inner".into()));
}

#[test]
fn blocking_and_awaiting_calls_take_turns_on_one_socket() {
    let context = Context::new();
    let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
    other.connect(&one.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let echo = thread::spawn(move || {
        for _ in 0..200 {
            other.send(other.recv().unwrap()).unwrap();
        }
        other
    });
    for number in 0..100 {
        one.send(number.to_string()).unwrap();
        assert_eq!(block_on(one.recv_async()).unwrap(), number.to_string().into());
        one.send("blocking").unwrap();
        assert_eq!(one.recv().unwrap(), "blocking".into());
    }
    drop(echo.join().unwrap());
}

#[test]
fn it_polls_before_it_sleeps_if_the_socket_was_told_to() {
    let context = Context::new();
    let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
    for socket in [&*req, &*rep] {
        socket.set_busy_wait(Duration::from_secs(3600));
    }
    req.connect(&rep.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let answering = thread::spawn(move || {
        block_on(async {
            for _ in 0..100 {
                let question = rep.recv_async().await.unwrap();
                rep.send_async(question).await.unwrap();
            }
        });
        rep
    });
    block_on(async {
        for _ in 0..100 {
            req.send_async("?").await.unwrap();
            req.recv_async().await.unwrap();
        }
    });
    assert_eq!(req.statistics().sleeps, 0);
    assert_eq!(answering.join().unwrap().statistics().sleeps, 0);
}
