//! What is said to a peer, and what an XPUB hears, comes in the order in which it was decided.

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
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
    time::Duration,
};
use zeroxide::*;

#[test]
fn two_threads_that_change_the_same_topics_leave_the_publisher_with_what_the_subscriber_has() {
    const TOPICS: usize = 20_000;
    for endpoint in everywhere() {
        let context = Context::new();
        let (publisher, sub) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
        join(&publisher, &sub, &endpoint);
        let turn = AtomicUsize::new(0);
        let topic = |number: usize| format!("topic {number}.");
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=TOPICS {
                    while turn.load(SeqCst) < number {
                        std::hint::spin_loop();
                    }
                    // Sometimes before the other thread's call, sometimes after it, sometimes within.
                    (0..number % 100).for_each(|_| std::hint::spin_loop());
                    sub.unsubscribe(topic(number)).unwrap();
                }
            });
            for number in 1..=TOPICS {
                turn.store(number, SeqCst);
                sub.subscribe(topic(number)).unwrap();
            }
        });
        // Who comes now is told what the subscriber has.
        let newcomer = Pub::new(&context).unwrap();
        join(&newcomer, &sub, &endpoint.replace("story", "another story"));
        assert!(sub.subscribe_confirmed("marker", LONG).unwrap());
        let wrong = (1..=TOPICS).map(topic);
        let wrong: Vec<_> =
            wrong.filter(|topic| publisher.subscribers(topic) != newcomer.subscribers(topic)).collect();
        assert_eq!(wrong, [""; 0], "{endpoint}");
    }
}

#[test]
fn an_xpub_hears_of_its_subscribers_in_one_order() {
    for endpoint in everywhere() {
        let context = Context::new();
        let xpub = Xpub::new(&context).unwrap();
        let at = xpub.bind(&endpoint).unwrap();
        let [one, two] = [(); 2].map(|()| {
            let sub = Sub::new(&context).unwrap();
            join_at(&xpub, &sub, &at);
            sub
        });
        one.subscribe("A").unwrap();
        assert!(xpub.wait_for_subscribers("A", 1, LONG));
        one.unsubscribe("A").unwrap();
        eventually(|| xpub.subscribers("A") == 0);
        two.subscribe("A").unwrap();
        assert!(xpub.wait_for_subscribers("A", 1, LONG));
        assert_eq!(
            [xpub.get(), xpub.get(), xpub.get()],
            [&b"\x01A"[..], b"\0A", b"\x01A"].map(Message::from)
        );
        drop(two);
        eventually(|| xpub.subscribers("A") == 0);
        one.subscribe("A").unwrap();
        assert!(xpub.wait_for_subscribers("A", 1, LONG));
        assert_eq!([xpub.get(), xpub.get()], [&b"\0A"[..], b"\x01A"].map(Message::from));
        assert!(xpub.has_nothing());
    }
}

#[test]
fn a_new_connection_is_greeted_before_it_gets_what_is_sent_meanwhile() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_hello_message(Some("hello".into())).unwrap();
    dealer.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    dealer.connect(listener.endpoint()).unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                // Where there is no room, a sender that waits, however shortly, writes itself.
                let _ = dealer.send_timeout("sent meanwhile", Duration::from_micros(1));
            }
        });
        for round in 0..200 {
            let mut peer = listener.accept();
            peer.shake_hands_v31(Kind::Router, Kind::Dealer);
            let first = peer.read_message();
            over.store(first != [b"hello"] || round == 199, SeqCst);
            assert_eq!(first, [b"hello"], "connection {round}");
        }
    });
}

#[test]
fn a_peer_in_this_process_is_greeted_before_it_gets_what_was_sent_before_its_bind() {
    let context = Context::new();
    let name = inproc();
    let (dealer, router) = (Dealer::new(&context).unwrap(), Router::new(&context).unwrap());
    dealer.set_hello_message(Some("hello".into())).unwrap();
    dealer.set_probe_router(true).unwrap();
    dealer.connect(&name).unwrap();
    dealer.send("early").unwrap();
    router.bind(&name).unwrap();
    let received = [router.get(), router.get(), router.get()].map(|message| message.frames()[1].clone());
    assert_eq!(received, ["hello", "", "early"].map(Frame::from));
    assert!(router.has_nothing());
}
