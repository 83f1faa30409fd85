//! An executor without threads: whoever wakes a task runs it at once, within the wake, which is mostly an I/O thread of the
//! library. Tasks may do there whatever does not wait: nothing that a call needs is locked then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::{Sender, channel},
    },
    task::{Context as TaskContext, Poll, Wake, Waker},
    thread,
    time::Duration,
};
use zeroxide::*;

/// Runs in the thread that wakes it; who wakes it while it runs has it run once more.
struct Task {
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    again: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.again.store(true, SeqCst);
        while self.again.load(SeqCst) {
            // Whoever is at it looks again.
            let Ok(mut future) = self.future.try_lock() else { return };
            self.again.store(false, SeqCst);
            let waker = Waker::from(self.clone());
            let Some(running) = future.as_mut() else { return };
            if let Poll::Ready(()) = running.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
                *future = None;
            }
        }
    }
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    Arc::new(Task { future: Mutex::new(Some(Box::pin(future))), again: AtomicBool::new(false) }).wake();
}

/// Says that a task came to its end.
fn report(done: &Sender<()>) {
    done.send(()).unwrap();
}

#[test]
fn requests_are_asked_and_answered_from_within_wakes() {
    must_end("tasks that run within wakes", || {
        for endpoint in everywhere() {
            let context = Context::new();
            let (done, ended) = channel();
            let server = Arc::new(Router::new(&context).unwrap());
            let at = server.bind(&endpoint).unwrap();
            for _ in 0..2 {
                let server = server.clone();
                spawn(async move {
                    while let Ok(request) = server.recv_async().await {
                        server.send_async(request).await.unwrap();
                    }
                });
            }
            for _ in 0..3 {
                let client = Dealer::new(&context).unwrap();
                client.set_send_high_water_mark(Some(2)).unwrap();
                client.connect(&at).unwrap();
                let done = done.clone();
                spawn(async move {
                    for count in 0..500 {
                        client.send_async(number(count)).await.unwrap();
                        assert_eq!(as_number(&client.recv_async().await.unwrap()), count);
                    }
                    report(&done);
                });
            }
            for _ in 0..3 {
                ended.recv_timeout(LONG).unwrap();
            }
            context.terminate();
        }
    });
}

#[test]
fn full_queues_are_emptied_and_filled_from_within_wakes() {
    const MESSAGES: u32 = 20_000;
    must_end("tasks that run within wakes", || {
        for endpoint in everywhere() {
            let context = Context::new();
            let (done, ended) = channel();
            let (push, pull) = (Push::new(&context).unwrap(), Arc::new(Pull::new(&context).unwrap()));
            push.set_send_high_water_mark(Some(3)).unwrap();
            pull.set_receive_high_water_mark(Some(3)).unwrap();
            for socket in [&*push, &**pull] {
                socket.set_heartbeat_interval(Some(Duration::from_millis(1))).unwrap();
                socket.set_heartbeat_timeout(Some(LONG)).unwrap();
            }
            join(&pull, &push, &endpoint);
            let got = Arc::new(Mutex::new(Vec::new()));
            for _ in 0..2 {
                let (pull, got, done) = (pull.clone(), got.clone(), done.clone());
                spawn(async move {
                    while let Ok(message) = pull.recv_async().await {
                        got.lock().unwrap().push(as_number(&message));
                    }
                    report(&done);
                });
            }
            // A thread that waits takes the reading over, again and again.
            let waits = thread::spawn({
                let (pull, got) = (pull.clone(), got.clone());
                move || {
                    while let Ok(message) = pull.recv() {
                        got.lock().unwrap().push(as_number(&message));
                        let _ = pull.try_recv().map(|message| got.lock().unwrap().push(as_number(&message)));
                    }
                }
            });
            let sender = done.clone();
            spawn(async move {
                for count in 0..MESSAGES {
                    push.send_async(number(count)).await.unwrap();
                }
                report(&sender);
            });
            ended.recv_timeout(LONG).unwrap();
            eventually(|| got.lock().unwrap().len() == MESSAGES as usize);
            context.terminate();
            waits.join().unwrap();
            for _ in 0..2 {
                ended.recv_timeout(LONG).unwrap();
            }
            let mut got = std::mem::take(&mut *got.lock().unwrap());
            got.sort_unstable();
            assert!((0..MESSAGES).eq(got), "{endpoint}");
        }
    });
}

#[test]
fn subscriptions_come_and_go_from_within_wakes() {
    must_end("tasks that run within wakes", || {
        for endpoint in everywhere() {
            let context = Context::new();
            let (done, ended) = channel();
            let (publisher, subscriber) =
                (Arc::new(Pub::new(&context).unwrap()), Arc::new(Sub::new(&context).unwrap()));
            join(&publisher, &subscriber, &endpoint);
            let (sends, asks) = (publisher.clone(), done.clone());
            spawn(async move {
                for count in 0..200 {
                    let topic = format!("{count}.");
                    assert!(sends.wait_for_subscribers_async(&topic, 1).await);
                    sends.send_async(topic).await.unwrap();
                }
                report(&asks);
            });
            spawn(async move {
                for count in 0..200 {
                    let topic = format!("{count}.");
                    assert!(subscriber.subscribe_confirmed_async(&topic).await.unwrap());
                    assert_eq!(subscriber.recv_async().await.unwrap().to_string(), topic);
                    subscriber.unsubscribe(&topic).unwrap();
                }
                report(&done);
            });
            for _ in 0..2 {
                ended.recv_timeout(LONG).unwrap();
            }
        }
    });
}

#[test]
fn a_task_may_own_its_sockets_and_its_context_and_end_within_a_wake() {
    must_end("a context that ends in its own I/O thread", || {
        for endpoint in over_wires() {
            let (done, ended) = channel();
            let elsewhere = Context::new();
            let client = Push::new(&elsewhere).unwrap();
            let context = Context::new();
            let server = Pull::new(&context).unwrap();
            let at = server.bind(endpoint).unwrap();
            let here = Arc::new(AtomicUsize::new(0));
            let counted = here.clone();
            spawn(async move {
                let other = Push::new(&context).unwrap();
                other.connect("tcp://127.0.0.1:1").unwrap();
                other.send_async("nobody will take this").await.unwrap();
                other.set_linger(Some(Duration::from_millis(50)));
                assert_eq!(server.recv_async().await.unwrap().to_string(), "hello");
                counted.fetch_add(1, SeqCst);
                drop((server, other, context));
                counted.fetch_add(1, SeqCst);
                report(&done);
            });
            client.connect(&at).unwrap();
            client.send("hello").unwrap();
            let outcome = ended.recv_timeout(LONG);
            assert!(outcome.is_ok(), "{} of 2 steps", here.load(SeqCst));
            // Its threads end, and what they had is closed.
            wait_for_connections(&client, 0);
        }
    });
}
