//! Tasks that read for themselves, told by the reactor of their runtime; and reactors that fail, lie and end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::{block_on as parked, *};
use futures_util::{
    FutureExt, StreamExt,
    future::{Either, join as both, select},
    stream::FuturesUnordered,
};
use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context as TaskContext, Poll, ready},
    thread,
};
use tokio::{
    io::{Interest as Wish, unix::AsyncFd},
    runtime::{Builder, Handle as Runtime},
};
use zeroxide::*;

#[derive(Default)]
struct Tokio {
    watched: Arc<AtomicUsize>,
}

struct TokioWatch(AsyncFd<Connection>);

impl Reactor for Tokio {
    #[allow(deprecated, reason = "sound for a type that keeps its descriptor open")]
    fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
        Runtime::try_current().map_err(io::Error::other)?;
        self.watched.fetch_add(1, SeqCst);
        Ok(Box::new(TokioWatch(AsyncFd::with_interest(connection, Wish::READABLE)?)))
    }
}

impl Watch for TokioWatch {
    fn poll_readable(&mut self, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_read_ready(task))?.clear_ready();
        Poll::Ready(Ok(()))
    }
}

struct Smol;

struct SmolWatch(smol::Async<Connection>);

impl Reactor for Smol {
    fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
        Ok(Box::new(SmolWatch(smol::Async::new_nonblocking(connection)?)))
    }
}

impl Watch for SmolWatch {
    fn poll_readable(&mut self, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(task)
    }
}

/// The same story in each runtime, told by its reactor.
fn in_every_runtime<F: Future<Output = ()> + Send + 'static>(story: impl Fn(Context) -> F) {
    let by_smol = || Context::builder().reactor(Smol).build();
    smol::block_on(story(by_smol()));
    smol::block_on(smol::spawn(story(by_smol())));
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.enable_io().build().unwrap();
        let context = Context::builder().reactor(Tokio::default()).build();
        runtime.block_on(async { tokio::spawn(story(context)).await.unwrap() });
    }
}

fn question(context: &Context, endpoint: &str) -> (Req, Rep) {
    let (req, rep) = (Req::new(context).unwrap(), Rep::new(context).unwrap());
    join(&rep, &req, endpoint);
    (req, rep)
}

fn pipeline(context: &Context, endpoint: &str) -> (Push, Pull) {
    let (push, pull) = (Push::new(context).unwrap(), Pull::new(context).unwrap());
    push.set_send_high_water_mark(Some(10)).unwrap();
    pull.set_receive_high_water_mark(Some(10)).unwrap();
    join(&pull, &push, endpoint);
    (push, pull)
}

/// So many round trips within one task.
async fn there_and_back(req: &Req, rep: &Rep, count: u32) {
    for round in 0..count {
        req.send_async(number(round)).await.unwrap();
        rep.send_async(rep.recv_async().await.unwrap()).await.unwrap();
        assert_eq!(as_number(&req.recv_async().await.unwrap()), round);
    }
}

#[test]
fn questions_and_answers() {
    in_every_runtime(|context| async move {
        for endpoint in everywhere() {
            let (req, rep) = question(&context, &endpoint);
            there_and_back(&req, &rep, 500).await;
        }
    });
}

#[test]
fn the_reactor_is_asked_where_messages_follow_on_each_other() {
    let reactor = Tokio::default();
    let watched = reactor.watched.clone();
    Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
        let context = Context::builder().reactor(reactor).build();
        let (req, rep) = question(&context, "tcp://127.0.0.1:*");
        // How soon the next message comes is for the machine to say; on a loaded one it takes some rounds.
        while watched.load(SeqCst) == 0 {
            there_and_back(&req, &rep, 10).await;
        }
    });
}

#[test]
fn two_tasks_a_small_queue_and_everything_in_order() {
    in_every_runtime(|context| async move {
        for endpoint in everywhere() {
            let (push, pull) = pipeline(&context, &endpoint);
            let send = async {
                for count in 0..3_000 {
                    push.send_async(number(count)).await.unwrap();
                }
            };
            let receive = async {
                for count in 0..3_000 {
                    assert_eq!(as_number(&pull.recv_async().await.unwrap()), count);
                }
            };
            both(send, receive).await;
        }
    });
}

#[test]
fn messages_that_take_many_reads() {
    in_every_runtime(|context| async move {
        for endpoint in over_wires() {
            let (push, pull) = pipeline(&context, endpoint);
            let send = async {
                for size in [1 << 20, 1, 5 << 20, 100_000, 0] {
                    push.send_async(vec![7_u8; size]).await.unwrap();
                }
            };
            let receive = async {
                for size in [1 << 20, 1, 5 << 20, 100_000, 0] {
                    assert_eq!(pull.recv_async().await.unwrap().body(), vec![7_u8; size]);
                }
            };
            both(send, receive).await;
        }
    });
}

#[test]
fn a_dropped_receive_loses_nothing() {
    in_every_runtime(|context| async move {
        let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
        let send = async {
            for count in 0..2_000 {
                push.send_async(number(count)).await.unwrap();
            }
        };
        let receive = async {
            let mut expected = 0;
            while expected < 2_000 {
                // Polled once or twice, and dropped if nothing has come.
                let mut been = false;
                let soon = poll_fn(|task| match std::mem::replace(&mut been, true) {
                    true => Poll::Ready(()),
                    false => {
                        task.waker().wake_by_ref();
                        Poll::Pending
                    }
                });
                if let Either::Left((message, _)) = select(pull.recv_async(), soon).await {
                    assert_eq!(as_number(&message.unwrap()), expected);
                    expected += 1;
                }
            }
        };
        both(send, receive).await;
    });
}

#[test]
fn more_sockets_and_more_connections_than_a_task_reads_itself() {
    in_every_runtime(|context| async move {
        let mut pushes = Vec::new();
        let mut pulls = Vec::new();
        for connections in [3, 3, 3, 3, 10, 3, 3, 3, 3, 3, 3, 3] {
            let pull = Pull::new(&context).unwrap();
            let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
            for _ in 0..connections {
                let push = Push::new(&context).unwrap();
                push.connect(&endpoint).unwrap();
                pushes.push(push);
            }
            pulls.push((pull, connections));
        }
        for round in 0..50 {
            for push in &pushes {
                push.send_async(number(round)).await.unwrap();
            }
            let receive = async |(pull, connections): &(Pull, u32)| {
                for _ in 0..*connections {
                    pull.recv_async().await.unwrap();
                }
            };
            let mut waiting: FuturesUnordered<_> = pulls.iter().map(receive).collect();
            while waiting.next().await.is_some() {}
        }
    });
}

#[test]
fn a_runtime_that_does_not_come_keeps_nobody_waiting() {
    must_end("a thread that sends to a socket whose task does not come", || {
        let context = Context::builder().reactor(Tokio::default()).build();
        Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
            let (req, rep) = question(&context, "tcp://127.0.0.1:*");
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            pull.set_receive_high_water_mark(None).unwrap();
            push.set_send_high_water_mark(Some(1)).unwrap();
            join(&pull, &push, "tcp://127.0.0.1:*");
            let sender = thread::spawn(move || {
                for count in 0..200 {
                    push.send(number(count)).unwrap();
                }
                push
            });
            // By now the task has claimed the connection, if it ever does.
            for count in 0..200 {
                assert_eq!(as_number(&pull.recv_async().await.unwrap()), count);
                there_and_back(&req, &rep, 1).await;
            }
            let mut waiting = pull.recv_async();
            assert!(poll_once(&mut waiting).is_pending());
            let push = sender.join().unwrap();
            // More than the kernel holds, and the only thread of the runtime waits for all of it to be taken.
            let body = vec![1_u8; 100_000];
            let sender = thread::spawn(move || (0..200).for_each(|_| push.send(&body).unwrap()));
            sender.join().unwrap();
            assert_eq!(waiting.await.unwrap().body().len(), 100_000);
        });
    });
}

#[test]
fn a_socket_outlives_the_runtime_that_watched_for_it() {
    let context = Context::builder().reactor(Tokio::default()).build();
    let (req, rep) = question(&context, "tcp://127.0.0.1:*");
    for _ in 0..20 {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(there_and_back(&req, &rep, 20));
        drop(runtime);
        // By calls that block, by the library's own executor, in no runtime at all, and in the other one.
        req.send("again").unwrap();
        rep.send(rep.recv().unwrap()).unwrap();
        zeroxide::block_on(req.recv_async()).unwrap();
        parked(there_and_back(&req, &rep, 20));
        smol::block_on(there_and_back(&req, &rep, 20));
    }
}

#[test]
fn tasks_of_two_runtimes_wait_for_one_socket() {
    const EACH: u32 = 3_000;
    let context = Context::builder().reactor(Tokio::default()).build();
    let (push, pull) = pipeline(&context, "tcp://127.0.0.1:*");
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
                    while !pull.recv_async().await.unwrap().body().is_empty() {
                        taken.fetch_add(1, SeqCst);
                    }
                });
            });
        }
        for count in 0..EACH {
            push.send(number(count)).unwrap();
        }
        // Each ends one.
        push.send("").unwrap();
        push.send("").unwrap();
    });
    assert_eq!(taken.load(SeqCst), EACH as usize);
}

/// Watches, until it is told not to; then, in turn, says that there is something all the time, or fails.
struct Fickle {
    inner: Tokio,
    fails: Arc<AtomicBool>,
}

struct FickleWatch {
    inner: Box<dyn Watch>,
    fails: Arc<AtomicBool>,
    calls: usize,
}

impl Reactor for Fickle {
    fn watch(&self, connection: Connection) -> io::Result<Box<dyn Watch>> {
        let fails = self.fails.clone();
        Ok(Box::new(FickleWatch { inner: self.inner.watch(connection)?, fails, calls: 0 }))
    }
}

impl Watch for FickleWatch {
    fn poll_readable(&mut self, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        if !self.fails.load(SeqCst) {
            return self.inner.poll_readable(task);
        }
        self.calls += 1;
        Poll::Ready(if self.calls % 100 < 70 { Ok(()) } else { Err(io::ErrorKind::Other.into()) })
    }
}

#[test]
fn a_reactor_that_lies_and_fails_costs_nothing_but_time() {
    let fails = Arc::new(AtomicBool::new(false));
    let reactor = Fickle { inner: Tokio::default(), fails: fails.clone() };
    let context = Context::builder().reactor(reactor).build();
    Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
        for endpoint in over_wires() {
            let (req, rep) = question(&context, endpoint);
            for round in 0..10 {
                fails.store(round % 2 == 1, SeqCst);
                there_and_back(&req, &rep, 50).await;
            }
        }
    });
}

#[test]
fn a_peer_that_leaves_and_the_end_of_the_context_are_noticed() {
    in_every_runtime(|context| async move {
        let (req, rep) = question(&context, "tcp://127.0.0.1:*");
        let endpoint = rep.last_endpoint();
        there_and_back(&req, &rep, 50).await;
        drop(req);
        let again = Req::new(&context).unwrap();
        again.connect(&endpoint).unwrap();
        there_and_back(&again, &rep, 50).await;
        let mut waiting = rep.recv_async();
        assert!(poll_fn(|task| Poll::Ready(waiting.poll_unpin(task))).await.is_pending());
        context.terminate();
        assert_eq!(waiting.await.unwrap_err().cause, RecvErrorCause::Terminated);
    });
}
