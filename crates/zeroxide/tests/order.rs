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

#[test]
fn an_xpub_hears_messages_and_subscriptions_of_an_xsub_as_they_were_sent() {
    const EACH: u32 = 5_000;
    for endpoint in everywhere() {
        let context = Context::new();
        let (xpub, xsub) = (Xpub::new(&context).unwrap(), Xsub::new(&context).unwrap());
        // An XSUB drops what there is no room for.
        xsub.set_send_high_water_mark(None).unwrap();
        join(&xpub, &xsub, &endpoint);
        let topic = |number: u32| [&b"\x01topic "[..], &number.to_be_bytes()].concat();
        let message = |number: u32| format!("message {number}");
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..EACH {
                    xsub.send_timeout(message(number), LONG).unwrap();
                    xsub.send_timeout(topic(number), LONG).unwrap();
                }
            });
            for number in 0..EACH {
                assert_eq!(xpub.get(), Message::from(message(number)), "{endpoint}");
                assert_eq!(xpub.get(), Message::from(topic(number)), "{endpoint}");
            }
        });
    }
}

#[test]
fn a_peer_that_reads_late_gets_messages_and_subscriptions_as_they_were_sent() {
    let (context, listener) = (Context::new(), RawListener::tcp());
    let xsub = Xsub::new(&context).unwrap();
    xsub.set_send_high_water_mark(Some(6)).unwrap();
    xsub.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    peer.shake_hands_v31(Kind::Xpub, Kind::Xsub);
    assert!(xsub.wait_connected(1, LONG));
    let lost = || xsub.statistics().lost_to(Loss::HighWaterMark);
    let message = |number: u32| [&b"message "[..], &number.to_be_bytes().repeat(15_000)].concat();
    let mut sent = Vec::new();
    for number in 0_u32.. {
        assert!(number < 10_000, "messages between subscriptions are bounded as any");
        let before = lost();
        xsub.send(message(number)).unwrap();
        xsub.send([&b"\x01"[..], &number.to_be_bytes()].concat()).unwrap();
        match lost() == before {
            true => sent.push(number),
            false if lost() == 3 => break,
            false => {}
        }
    }
    for number in 0..sent[sent.len() - 1] {
        if sent.contains(&number) {
            let frame = peer.read_frame();
            assert!(frame.flags & octets::COMMAND == 0 && frame.body == message(number), "{number}");
        }
        let subscription = peer.read_frame();
        assert_eq!(subscription.body, [&b"\x09SUBSCRIBE"[..], &number.to_be_bytes()].concat());
    }
}
