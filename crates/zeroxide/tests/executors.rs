//! The asynchronous face: any executor, and dropped futures lose nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

mod common;

use common::block_on;
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    future::{join, select},
    stream,
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    thread,
    time::Duration,
};
use zeroxide::*;

const MESSAGES: u32 = 2_000;

/// The same story on each executor.
fn on_every_executor<F: Future<Output = ()> + Send + 'static>(story: impl Fn() -> F) {
    block_on(story());
    smol::block_on(story());
    smol::block_on(smol::spawn(story()));
    for runtime in [
        tokio::runtime::Builder::new_current_thread().build(),
        tokio::runtime::Builder::new_multi_thread().build(),
    ] {
        let runtime = runtime.unwrap();
        runtime.block_on(async { tokio::spawn(story()).await.unwrap() });
    }
}

fn pipeline(endpoint: &str) -> (Context, Push, Pull) {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_send_high_water_mark(Some(10)).unwrap();
    pull.set_receive_high_water_mark(Some(10)).unwrap();
    push.connect(&pull.bind(endpoint).unwrap()).unwrap();
    (context, push, pull)
}

fn number(message: &Message) -> u32 {
    u32::from_be_bytes(message.body().try_into().unwrap())
}

/// Comes back to the executor once.
async fn once_round() {
    let mut been = false;
    poll_fn(|context| match std::mem::replace(&mut been, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn questions_and_answers() {
    on_every_executor(|| async {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        req.connect(&rep.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        for round in 0..50 {
            req.send_async(format!("question {round}")).await.unwrap();
            assert_eq!(rep.recv_async().await.unwrap(), format!("question {round}").into());
            rep.send_async("answer").await.unwrap();
            assert_eq!(req.recv_async().await.unwrap(), "answer".into());
        }
    });
}

#[test]
fn a_stream_receives_what_a_sink_sends_and_both_wait_for_each_other() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://flow"] {
        on_every_executor(move || async move {
            let (_context, push, pull) = pipeline(endpoint);
            let send = async {
                let mut numbers =
                    stream::iter(0..MESSAGES).map(|number| Ok(Message::from(&number.to_be_bytes())));
                push.sink().send_all(&mut numbers).await.unwrap();
            };
            let receive = async {
                let numbers: Vec<_> = pull
                    .stream()
                    .take(MESSAGES as usize)
                    .map(|message| number(&message.unwrap()))
                    .collect()
                    .await;
                assert!(numbers.into_iter().eq(0..MESSAGES));
            };
            join(send, receive).await;
        });
    }
}

#[test]
fn a_dropped_receive_loses_nothing() {
    on_every_executor(|| async {
        let (_context, push, pull) = pipeline("tcp://127.0.0.1:*");
        let send = async {
            for number in 0..MESSAGES {
                push.send_async(&number.to_be_bytes()).await.unwrap();
            }
        };
        let receive = async {
            let mut expected = 0;
            while expected < MESSAGES {
                // Whichever loses is dropped, sometimes with its message on the way.
                let received = match expected % 2 {
                    0 => select(pull.recv_async(), pin!(once_round())).map(first).await,
                    _ => {
                        select(pull.stream().next(), pin!(once_round())).map(first).await.map(Option::unwrap)
                    }
                };
                if let Some(message) = received {
                    assert_eq!(number(&message.unwrap()), expected);
                    expected += 1;
                }
            }
        };
        join(send, receive).await;
    });
}

fn first<A, B, F, G>(either: futures_util::future::Either<(A, F), (B, G)>) -> Option<A> {
    match either {
        futures_util::future::Either::Left((output, _)) => Some(output),
        futures_util::future::Either::Right(_) => None,
    }
}

#[test]
fn a_dropped_send_has_sent_all_or_nothing() {
    on_every_executor(|| async {
        let (_context, push, pull) = pipeline("tcp://127.0.0.1:*");
        let send = async {
            let mut next = 0;
            while next < MESSAGES {
                let message = Message::from([&next.to_be_bytes()[..], b"second frame"]);
                match select(push.send_async(message), pin!(once_round())).map(first).await {
                    Some(sent) => sent.unwrap(),
                    None => continue,
                }
                next += 1;
            }
        };
        let receive = async {
            for expected in 0..MESSAGES {
                let message = pull.recv_async().await.unwrap();
                assert_eq!((number(&message), message.frames().len()), (expected, 2));
            }
        };
        join(send, receive).await;
        assert!(pull.try_recv().is_err(), "none was sent twice");
    });
}

#[test]
fn tokio_select_over_two_sockets_loses_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let (_context, push, pull) = pipeline("tcp://127.0.0.1:*");
        let (_other_context, other_push, other_pull) = pipeline("tcp://127.0.0.1:*");
        for push in [push, other_push] {
            tokio::spawn(async move {
                for number in 0..MESSAGES {
                    push.send_async(&number.to_be_bytes()).await.unwrap();
                }
            });
        }
        let (mut expected, mut other_expected) = (0, 0);
        while expected < MESSAGES || other_expected < MESSAGES {
            tokio::select! {
                message = pull.recv_async() => {
                    assert_eq!(number(&message.unwrap()), expected);
                    expected += 1;
                }
                message = other_pull.recv_async() => {
                    assert_eq!(number(&message.unwrap()), other_expected);
                    other_expected += 1;
                }
            }
        }
    });
}

#[test]
fn many_tasks_share_one_socket() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let (context, push, pull) = pipeline("tcp://127.0.0.1:*");
        let pull = Arc::new(pull);
        let takers: Vec<_> = (0..8)
            .map(|_| {
                let pull = pull.clone();
                tokio::spawn(
                    async move { pull.stream().map(|message| number(&message.unwrap())).collect().await },
                )
            })
            .collect();
        for number in 0..MESSAGES {
            push.send_async(&number.to_be_bytes()).await.unwrap();
        }
        drop(push);
        while pull.connected() > 0 || pull.readiness().receive {
            tokio::task::yield_now().await;
        }
        context.terminate();
        let mut all: Vec<u32> = Vec::new();
        for taker in takers {
            all.extend::<Vec<u32>>(taker.await.unwrap());
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..MESSAGES));
    });
}

#[test]
fn a_stream_ends_with_its_context() {
    let (context, _push, pull) = pipeline("tcp://127.0.0.1:*");
    let counted = thread::spawn(move || block_on(pull.stream().count()));
    context.terminate();
    assert_eq!(counted.join().unwrap(), 0);
}

#[test]
fn a_sink_keeps_the_message_that_had_no_room() {
    let context = Context::new();
    let push = Push::new(&context).unwrap();
    let endpoint = push.bind("inproc://sink").unwrap();
    let mut sink = push.sink();
    let mut context_of_task = TaskContext::from_waker(Waker::noop());
    assert!(sink.poll_ready_unpin(&mut context_of_task).is_ready());
    sink.start_send_unpin("kept".into()).unwrap();
    assert!(sink.poll_flush_unpin(&mut context_of_task).is_pending());
    assert!(sink.poll_ready_unpin(&mut context_of_task).is_pending());

    let pull = Pull::new(&context).unwrap();
    pull.connect(&endpoint).unwrap();
    block_on(sink.flush()).unwrap();
    assert_eq!(pull.recv_timeout(Duration::from_secs(120)).unwrap(), "kept".into());
    drop(pull);
    sink.start_send_unpin("taken back".into()).unwrap();
    assert_eq!(sink.take_unsent(), Some("taken back".into()));
    sink.start_send_unpin("lost".into()).unwrap();
    drop(sink);
    assert_eq!(push.statistics().lost_to(Loss::HighWaterMark), 1);
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    is_send(&subscriber.subscribe_confirmed_async("x"));
    is_send(&publisher.wait_for_subscribers_async("x".to_owned(), 1));
    let (_context, push, pull) = pipeline("inproc://send");
    is_send(&push.send_async("x"));
    is_send(&pull.recv_async());
    is_send(&pull.recv_from_async());
    is_send(&pull.wait_connected_async(1));
    is_send(&pull.monitor().next_async());
    is_send(&pull.stream());
    is_send(&push.sink());
}
