//! Confirmed subscriptions: what is published once the call is true arrives, with no sleep in between.

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
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context as TaskContext, Wake, Waker},
    thread,
    time::Duration,
};
use zeroxide::*;
use zeroxide_testing::PythonPeer;

#[test]
fn the_first_message_after_a_confirmed_subscription_arrives() {
    for endpoint in everywhere() {
        for round in 0..50 {
            let context = Context::new();
            let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
            let bound = publisher.bind(&endpoint).unwrap();
            subscriber.connect(&bound).unwrap();
            assert!(subscriber.subscribe_confirmed("news", LONG).unwrap(), "{endpoint}");
            publisher.send(format!("news {round}")).unwrap();
            assert_eq!(subscriber.recv_timeout(LONG).unwrap(), format!("news {round}").into());
        }
    }
}

#[test]
fn it_waits_for_every_endpoint_though_it_is_bound_later() {
    let (_path, endpoints) = not_yet_bound();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    for endpoint in &endpoints {
        subscriber.connect(endpoint).unwrap();
    }
    let publishers: Vec<_> = endpoints.iter().map(|_| Pub::new(&context).unwrap()).collect();
    publishers[0].bind(&endpoints[0]).unwrap();
    assert!(subscriber.wait_connected(1, LONG));
    assert!(!subscriber.subscribe_confirmed("a", Duration::from_millis(1)).unwrap(), "two are missing");
    let binder = thread::spawn(move || {
        for (publisher, endpoint) in publishers.iter().zip(&endpoints).skip(1) {
            publisher.bind(endpoint).unwrap();
        }
        publishers
    });
    assert!(subscriber.subscribe_confirmed("b", LONG).unwrap());
    for publisher in binder.join().unwrap() {
        publisher.send("a").unwrap();
        publisher.send("b").unwrap();
    }
    for _ in 0..6 {
        subscriber.recv_timeout(LONG).unwrap();
    }
}

#[test]
fn nobody_confirms_where_nobody_is() {
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    assert!(!subscriber.subscribe_confirmed("x", Duration::from_millis(1)).unwrap());
    let ender = thread::spawn(move || context.terminate());
    assert!(!subscriber.subscribe_confirmed("x", LONG).unwrap(), "a shut down context ends the wait");
    ender.join().unwrap();
}

/// A publisher of octets that has shaken hands with a SUB.
fn raw_publisher(listener: &RawListener) -> RawPeer {
    let mut publisher = listener.accept();
    publisher.shake_hands_v31(Kind::Pub, Kind::Sub);
    publisher
}

/// Expects a PING with a context of 8 octets, and returns them.
fn expect_receipt(publisher: &mut RawPeer) -> Vec<u8> {
    let frame = publisher.read_frame();
    assert_eq!(frame.body[..5], *b"\x04PING", "{frame:?}");
    assert_eq!(frame.body.len(), 5 + 2 + 8);
    frame.body[7..].to_vec()
}

#[test]
fn the_ping_is_behind_the_subscription_and_its_own_pong_counts() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.set_heartbeat_ttl(Some(Duration::from_secs(60))).unwrap();
    subscriber.connect(listener.endpoint()).unwrap();
    let waits = thread::spawn(move || (subscriber.subscribe_confirmed("x", LONG).unwrap(), subscriber));
    let mut publisher = raw_publisher(&listener);
    publisher.expect(&octets::subscribe(b"x"));
    let frame = publisher.read_frame();
    assert_eq!(frame.body[5..7], 600_u16.to_be_bytes(), "the time to live is told as ever");
    let context_of_ping = frame.body[7..].to_vec();
    publisher.send(&octets::pong(b"")).send(&octets::pong(&[0; 8])).send(&octets::message(&[b"x"]));
    assert!(!waits.is_finished());
    publisher.send(&octets::pong(&context_of_ping));
    let (confirmed, subscriber) = waits.join().unwrap();
    assert!(confirmed);
    assert_eq!(subscriber.recv_timeout(LONG).unwrap(), "x".into());
}

#[test]
fn a_publisher_that_comes_back_is_asked_again() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    subscriber.connect(listener.endpoint()).unwrap();
    let waits = thread::spawn(move || subscriber.subscribe_confirmed("x", LONG).unwrap());
    for answers in [false, true] {
        let mut publisher = raw_publisher(&listener);
        publisher.expect(&octets::subscribe(b"x"));
        let context_of_ping = expect_receipt(&mut publisher);
        if answers {
            publisher.send(&octets::pong(&context_of_ping));
            assert!(waits.join().unwrap());
            return;
        }
    }
}

#[test]
fn a_publisher_without_pings_is_taken_at_our_word() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.connect(listener.endpoint()).unwrap();
    let waits = thread::spawn(move || (subscriber.subscribe_confirmed("x", LONG).unwrap(), subscriber));
    let mut publisher = listener.accept();
    publisher.send(&octets::greeting_v30("NULL")).send(&octets::ready(Kind::Pub, b""));
    publisher.read(64);
    publisher.expect(&octets::ready(Kind::Sub, b""));
    publisher.expect(&octets::subscribe_message(b"x"));
    let (confirmed, subscriber) = waits.join().unwrap();
    assert!(confirmed);
    drop(subscriber);
    publisher.expect_close();
}

#[test]
fn many_threads_subscribe_one_socket() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let subscriber = Arc::new(subscriber);
    let threads: Vec<_> = (0..32)
        .map(|number| {
            let subscriber = subscriber.clone();
            thread::spawn(move || {
                assert!(subscriber.subscribe_confirmed(format!("topic {number:02}"), LONG).unwrap())
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for number in 0..32 {
        assert_eq!(publisher.subscribers(format!("topic {number:02}")), 1);
    }
}

#[test]
fn a_thread_that_received_before_has_the_answer_read_for_it() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    for round in 0..200 {
        let topic = format!("{round:03}");
        assert!(subscriber.subscribe_confirmed(&topic, LONG).unwrap());
        publisher.send(&topic).unwrap();
        assert_eq!(subscriber.recv_timeout(LONG).unwrap(), topic.into());
    }
}

#[test]
fn tasks_wait_for_confirmations_connections_and_subscribers() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
        let bound = publisher.bind(&endpoint).unwrap();
        let (confirmed, (connected, subscribed)) = once_asleep(
            || block_on(subscriber.subscribe_confirmed_async("news")).unwrap(),
            || {
                subscriber.connect(&bound).unwrap();
                (
                    block_on(publisher.wait_connected_async(1)),
                    block_on(publisher.wait_for_subscribers_async("news", 1)),
                )
            },
        );
        assert!(confirmed && connected && subscribed, "{endpoint}");
        publisher.send("news for tasks").unwrap();
        assert_eq!(subscriber.recv_timeout(LONG).unwrap(), "news for tasks".into());
    }
}

#[test]
fn the_end_of_the_context_ends_what_tasks_wait_for() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    let ((confirmed, subscribed, connected), ()) = once_asleep(
        || {
            (
                block_on(subscriber.subscribe_confirmed_async("x")),
                block_on(publisher.wait_for_subscribers_async("x", 1)),
                block_on(publisher.wait_connected_async(1)),
            )
        },
        || context.terminate(),
    );
    assert_eq!((confirmed, subscribed, connected), (Ok(false), false, false));
}

#[test]
fn a_confirmation_that_nobody_waits_for_any_more_leaves_the_subscription() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    let unpolled = subscriber.subscribe_confirmed_async("never");
    drop(unpolled);
    let mut pending = Box::pin(subscriber.subscribe_confirmed_async("ever"));
    assert!(poll_once(&mut pending).is_pending());
    drop(pending);
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    assert!(publisher.wait_for_subscribers("ever", 1, LONG));
    assert_eq!(publisher.subscribers("never"), 0);
}

#[test]
fn a_subscription_by_the_publishers_hand_is_waited_for_as_well() {
    let context = Context::new();
    let (publisher, subscriber) = (Xpub::new(&context).unwrap(), Sub::new(&context).unwrap());
    publisher.set_xpub_manual(true).unwrap();
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    subscriber.subscribe("wish").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}wish".into());
    let mut waits = pin!(publisher.wait_for_subscribers_async("given", 1));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    assert!(waits.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
    publisher.manual_subscribe("given").unwrap();
    assert!(woken.0.load(SeqCst), "nobody looks again unless told");
    assert!(block_on(waits));
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn libzmq_confirms_what_it_has_read() {
    let peer = PythonPeer::spawn();
    let publisher = peer.socket(Kind::Pub);
    let endpoint = publisher.bind("tcp://127.0.0.1:*").unwrap();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.connect(&endpoint).unwrap();
    for topic in ["a", "b", "c"] {
        assert!(subscriber.subscribe_confirmed(topic, LONG).unwrap());
        // Its I/O thread has it; its socket looks at most once a millisecond.
        eventually(|| {
            publisher.send(&[topic]).unwrap();
            subscriber.recv_timeout(Duration::from_millis(20)).is_ok_and(|message| message == topic.into())
        });
    }
}
