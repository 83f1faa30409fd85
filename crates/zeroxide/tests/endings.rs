//! Everything ends: blocked calls, sockets, contexts.

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
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use zeroxide::*;

#[test]
fn the_end_of_the_context_ends_calls_that_wait_in_send_and_recv() {
    for endpoint in everywhere() {
        for shut_down in [false, true] {
            let context = Context::new();
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            let lone = Push::new(&context).unwrap();
            join(&pull, &push, &endpoint_again(&endpoint));
            thread::scope(|scope| {
                let receivers: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| pull.recv().unwrap_err().cause)).collect();
                let senders: Vec<_> =
                    (0..3).map(|_| scope.spawn(|| lone.send("x").unwrap_err().cause)).collect();
                let (waited, ()) = once_asleep(
                    || push.wait_connected(2, LONG),
                    || match shut_down {
                        true => assert!(context.shutdown(LONG).complete),
                        false => context.terminate(),
                    },
                );
                assert!(!waited);
                for receiver in receivers {
                    assert_eq!(receiver.join().unwrap(), RecvErrorCause::Terminated);
                }
                for sender in senders {
                    assert_eq!(sender.join().unwrap(), SendErrorCause::Terminated);
                }
            });
            assert_eq!(push.try_send("x").unwrap_err().cause, SendErrorCause::Terminated);
            assert_eq!(pull.try_recv().unwrap_err().cause, RecvErrorCause::Terminated);
            assert!(matches!(pull.bind("tcp://127.0.0.1:*").unwrap_err().cause, EndpointCause::Terminated));
            assert_eq!(Pull::new(&context).unwrap_err(), SocketError::Terminated);
        }
    }
}

fn endpoint_again(endpoint: &str) -> String {
    if endpoint.starts_with("inproc") { inproc() } else { endpoint.to_owned() }
}

#[test]
fn threads_that_connect_and_close_while_the_context_ends_harm_nothing() {
    for _ in 0..rounds(10) {
        must_end("a context among connecting threads", || {
            let context = Context::builder().io_threads(3).build();
            let server = Pub::new(&context).unwrap();
            let at = server.bind("tcp://127.0.0.1:*").unwrap();
            let barrier = Barrier::new(31);
            thread::scope(|scope| {
                for _ in 0..30 {
                    scope.spawn(|| {
                        let Ok(socket) = Sub::new(&context) else {
                            barrier.wait();
                            return;
                        };
                        barrier.wait();
                        let _ = socket.connect(&at);
                    });
                }
                barrier.wait();
                context.terminate();
            });
        });
    }
}

#[test]
fn a_shutdown_while_threads_connect_bind_send_and_receive_is_complete_in_the_end() {
    for endpoint in everywhere() {
        for _ in 0..rounds(10) {
            let endpoint = endpoint_again(&endpoint);
            must_end("a shutdown under way", move || {
                let context = Context::new();
                let pull = Pull::new(&context).unwrap();
                let at = pull.bind(&endpoint).unwrap();
                let connects = AtomicUsize::new(0);
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            while let Ok(push) = Push::new(&context) {
                                push.set_linger(Some(Duration::ZERO));
                                let _ = push.connect(&at);
                                let _ = push.try_send("hello");
                                connects.fetch_add(1, Relaxed);
                            }
                        });
                    }
                    scope.spawn(|| {
                        while let Ok(other) = Pull::new(&context) {
                            let _ = other.bind(&endpoint_again(&endpoint));
                        }
                    });
                    eventually(|| {
                        let _ = pull.try_recv();
                        connects.load(Relaxed) > 200
                    });
                    context.terminate();
                });
            });
        }
    }
}

#[test]
fn sockets_and_contexts_may_be_dropped_in_any_order_and_thread() {
    for endpoint in everywhere() {
        for order in 0..6 {
            let endpoint = endpoint_again(&endpoint);
            must_end("a drop", move || {
                let context = Context::new();
                let (left, right) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
                join(&left, &right, &endpoint);
                left.send("hello").unwrap();
                assert_eq!(right.text(), "hello");
                match order {
                    0 => drop((left, right, context)),
                    1 => drop((right, left, context)),
                    2 => drop((context, left, right)),
                    3 => drop((context, right, left)),
                    4 => {
                        thread::spawn(|| drop((left, context))).join().unwrap();
                        drop(right);
                    }
                    _ => drop((thread::spawn(|| drop(left)), thread::spawn(|| drop(right)), context)),
                }
            });
        }
    }
}

#[test]
fn a_peer_that_dies_at_any_moment_of_our_close_does_not_keep_it() {
    for stage in 0..6 {
        let listener = RawListener::tcp();
        let at = listener.endpoint().to_owned();
        let closing = thread::spawn(move || {
            must_end("closing against a dying peer", move || {
                let context = Context::new();
                let push = Push::new(&context).unwrap();
                push.set_linger(Some(Duration::from_millis(100)));
                push.connect(&at).unwrap();
                push.send(vec![0; 10_000_000]).unwrap();
                // Its time begins when it closes: where the peer is to die later than in the handshake, that comes first.
                eventually(|| stage < 3 || push.statistics().connections > 0);
            });
        });
        let mut peer = listener.accept();
        match stage {
            0 => {}
            1 => drop(peer.send(&octets::greeting_v31("NULL")[..5])),
            2 => drop(peer.send(&octets::greeting_v31("NULL"))),
            3 => shake_hands(&mut peer, Kind::Pull, b""),
            4 => {
                shake_hands(&mut peer, Kind::Pull, b"");
                peer.read(100_000);
            }
            _ => {
                // Alive, and silent for ever.
                shake_hands(&mut peer, Kind::Pull, b"");
                closing.join().unwrap();
                continue;
            }
        }
        peer.close();
        closing.join().unwrap();
    }
}

#[test]
fn a_peer_that_never_closes_its_side_does_not_keep_ours_open() {
    let listener = RawListener::tcp();
    let at = listener.endpoint().to_owned();
    let (tell, told) = std::sync::mpsc::channel();
    let closing = thread::spawn(move || {
        must_end("closing against a stubborn peer", move || {
            let context = Context::new();
            let push = Push::new(&context).unwrap();
            push.set_linger(None);
            push.connect(&at).unwrap();
            push.send("hello").unwrap();
            told.recv().unwrap();
        });
    });
    let mut peer = listener.accept();
    shake_hands(&mut peer, Kind::Pull, b"");
    assert_eq!(peer.read_message(), [b"hello"]);
    tell.send(()).unwrap();
    closing.join().unwrap();
    peer.expect_close();
}

#[test]
fn clones_of_a_context_are_one_context() {
    let context = Context::new();
    let clone = context.clone();
    let pull = Pull::new(&clone).unwrap();
    assert_eq!(context.open_sockets(), 1);
    drop(clone);
    let push = Push::new(&pull.context()).unwrap();
    join(&pull, &push, &inproc());
    context.terminate();
    assert_eq!(pull.recv().unwrap_err().cause, RecvErrorCause::Terminated);
}
