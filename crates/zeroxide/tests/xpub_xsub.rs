//! XPUB and XSUB (RFC 29): subscriptions as messages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use zeroxide::*;

fn subscription(topic: &str) -> Message {
    [&[1], topic.as_bytes()].concat().into()
}

fn cancellation(topic: &str) -> Message {
    [&[0], topic.as_bytes()].concat().into()
}

fn xpub_with_two(endpoint: &str, prepare: impl FnOnce(&Xpub)) -> (Context, Xpub, [Sub; 2], String) {
    let context = Context::new();
    let xpub = Xpub::new(&context).unwrap();
    prepare(&xpub);
    let at = xpub.bind(endpoint).unwrap();
    let subs = [(); 2].map(|()| {
        let sub = Sub::new(&context).unwrap();
        join_at(&xpub, &sub, &at);
        sub
    });
    (context, xpub, subs, at)
}

/// Lets all that was told before be known: a marker nobody else uses goes the same way.
fn settle(xpub: &Xpub, subs: &[Sub]) {
    for (number, sub) in subs.iter().enumerate() {
        let marker = format!("marker {number}");
        sub.subscribe(&marker).unwrap();
        assert!(xpub.wait_for_subscribers(&marker, 1, LONG));
    }
}

#[test]
fn the_first_subscription_and_the_last_cancellation_are_reported() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, two], _) = xpub_with_two(&endpoint, |_| {});
        one.subscribe("A").unwrap();
        assert_eq!(xpub.get(), subscription("A"));
        two.subscribe("A").unwrap();
        one.subscribe("B").unwrap();
        assert_eq!(xpub.get(), subscription("B"));
        eventually(|| xpub.subscribers("A") == 2);
        one.unsubscribe("A").unwrap();
        eventually(|| xpub.subscribers("A") == 1);
        assert!(xpub.has_nothing());
        two.unsubscribe("A").unwrap();
        assert_eq!(xpub.get(), cancellation("A"));
        assert!(xpub.has_nothing());
    }
}

#[test]
fn a_subscriber_that_leaves_takes_its_subscriptions_along_and_that_is_reported() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, two], _) = xpub_with_two(&endpoint, |_| {});
        one.subscribe("A").unwrap();
        one.subscribe("B").unwrap();
        assert_eq!((xpub.get(), xpub.get()), (subscription("A"), subscription("B")));
        two.subscribe("B").unwrap();
        eventually(|| xpub.subscribers("B") == 2);
        drop(one);
        assert_eq!(xpub.get(), cancellation("A"));
        eventually(|| xpub.subscribers("B") == 1);
        assert!(xpub.has_nothing());
        drop(two);
        assert_eq!(xpub.get(), cancellation("B"));
    }
}

#[test]
fn a_verbose_xpub_reports_every_subscription() {
    for endpoint in everywhere() {
        let (_context, xpub, subs, _) = xpub_with_two(&endpoint, |xpub| xpub.set_xpub_verbose(true).unwrap());
        let [one, two] = &subs;
        one.subscribe("A").unwrap();
        assert_eq!(xpub.get(), subscription("A"));
        two.subscribe("A").unwrap();
        assert_eq!(xpub.get(), subscription("A"));
        one.unsubscribe("A").unwrap();
        settle(&xpub, &subs);
        let mut markers = [xpub.text(), xpub.text()];
        markers.sort();
        assert_eq!(markers, ["\u{1}marker 0", "\u{1}marker 1"]);
        two.unsubscribe("A").unwrap();
        assert_eq!(xpub.get(), cancellation("A"));
        assert!(xpub.has_nothing());
    }
}

#[test]
fn a_verboser_xpub_reports_every_cancellation_too() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, two], _) =
            xpub_with_two(&endpoint, |xpub| xpub.set_xpub_verboser(true).unwrap());
        for sub in [&one, &two] {
            sub.subscribe("A").unwrap();
            assert_eq!(xpub.get(), subscription("A"));
        }
        for sub in [&one, &two] {
            sub.unsubscribe("A").unwrap();
            assert_eq!(xpub.get(), cancellation("A"));
        }
        assert!(xpub.has_nothing());
    }
}

#[test]
fn with_manual_subscriptions_the_application_decides_what_a_peer_gets() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, two], _) =
            xpub_with_two(&endpoint, |xpub| xpub.set_xpub_manual(true).unwrap());
        let xpub = Socket::from(xpub);
        one.subscribe("A").unwrap();
        assert_eq!(xpub.get(), subscription("A"));
        xpub.subscribe("XA").unwrap();
        two.subscribe("B").unwrap();
        assert_eq!(xpub.get(), subscription("B"));
        xpub.subscribe("XB").unwrap();
        // The subscribers filter by what they asked for: let them ask for all, and have the application ignore it.
        for sub in [&one, &two] {
            sub.subscribe("").unwrap();
            assert_eq!(xpub.get(), subscription(""));
        }
        for topic in ["A", "B", "XA", "XB"] {
            xpub.send(topic).unwrap();
        }
        assert_eq!((one.text(), two.text()), ("XA".into(), "XB".into()));
        one.unsubscribe("A").unwrap();
        assert_eq!(xpub.get(), cancellation("A"));
        xpub.unsubscribe("XA").unwrap();
        xpub.send("XA").unwrap();
        xpub.send("XB").unwrap();
        assert_eq!(two.text(), "XB");
        assert!(one.has_nothing());
        drop(one);
        assert_eq!(xpub.get(), cancellation(""));
        xpub.send("XB").unwrap();
        assert_eq!(two.text(), "XB");
    }
}

#[test]
fn with_last_value_a_message_goes_only_to_the_latest_subscriber() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, two], _) =
            xpub_with_two(&endpoint, |xpub| xpub.set_xpub_manual_last_value(true).unwrap());
        let xpub = Socket::from(xpub);
        for (sub, other) in [(&one, &two), (&two, &one)] {
            sub.subscribe("A").unwrap();
            assert_eq!(xpub.get(), subscription("A"));
            xpub.subscribe("A").unwrap();
            xpub.send(["A", "last value"]).unwrap();
            assert_eq!(sub.text(), "A | last value");
            assert!(other.has_nothing());
        }
        xpub.send(["A", "for all"]).unwrap();
        assert_eq!((one.text(), two.text()), ("A | for all".into(), "A | for all".into()));
    }
}

#[test]
fn a_welcome_message_is_the_first_a_subscriber_gets() {
    for endpoint in everywhere() {
        let context = Context::new();
        let xpub = Xpub::new(&context).unwrap();
        xpub.set_xpub_welcome_message(Some("W".into())).unwrap();
        let at = xpub.bind(&endpoint).unwrap();
        for _ in 0..5 {
            let sub = Sub::new(&context).unwrap();
            sub.subscribe("").unwrap();
            sub.connect(&at).unwrap();
            assert_eq!(sub.text(), "W");
            assert_eq!(xpub.get(), subscription(""));
            xpub.send("news").unwrap();
            assert_eq!(sub.text(), "news");
            drop(sub);
            assert_eq!(xpub.get(), cancellation(""));
        }
    }
}

#[test]
fn a_full_subscriber_makes_a_careful_xpub_say_so_and_gets_all() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (xpub, sub) = (Xpub::new(&context).unwrap(), Sub::new(&context).unwrap());
        xpub.set_xpub_nodrop(true).unwrap();
        xpub.set_send_high_water_mark(Some(20)).unwrap();
        sub.set_receive_high_water_mark(Some(20)).unwrap();
        sub.subscribe("").unwrap();
        join(&xpub, &sub, &endpoint);
        assert_eq!(xpub.get(), subscription(""));
        let body = vec![0; 50_000];
        let sent = fill(|_| xpub.try_send(&body));
        assert!(sent >= 20);
        (0..sent).for_each(|_| assert_eq!(sub.get()[0], body));
        assert!(sub.has_nothing());
        assert_eq!(xpub.statistics().lost_in_all(), 0);
        xpub.send_timeout("room again", LONG).unwrap();
        assert_eq!(sub.text(), "room again");
    }
}

#[test]
fn topics_of_any_length_are_subscribed_to_and_reported() {
    for endpoint in everywhere() {
        let (_context, xpub, [one, _two], _) = xpub_with_two(&endpoint, |_| {});
        for length in [0, 1, 245, 246, 247, 254, 255, 256, 257, 70_000] {
            let topic = "x".repeat(length);
            one.subscribe(&topic).unwrap();
            assert_eq!(xpub.get(), subscription(&topic));
            xpub.send(&topic).unwrap();
            assert_eq!(one.text(), topic);
            one.unsubscribe(&topic).unwrap();
            assert_eq!(xpub.get(), cancellation(&topic));
        }
    }
}

#[test]
fn an_xsub_subscribes_by_sending_and_may_say_more() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (xpub, xsub) = (Xpub::new(&context).unwrap(), Xsub::new(&context).unwrap());
        join(&xpub, &xsub, &endpoint);
        xsub.send(subscription("A")).unwrap();
        assert_eq!(xpub.get(), subscription("A"));
        xpub.send("A").unwrap();
        assert_eq!(xsub.text(), "A");
        xsub.send("a word of my own").unwrap();
        assert_eq!(xpub.text(), "a word of my own");
        xsub.send(["in two", "parts"]).unwrap();
        assert_eq!(xpub.text(), "in two | parts");
        xsub.send(cancellation("A")).unwrap();
        assert_eq!(xpub.get(), cancellation("A"));
    }
}

#[test]
fn a_forwarder_passes_subscriptions_up_and_messages_down() {
    for endpoint in everywhere() {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let up = publisher.bind(&endpoint).unwrap();
        let (xsub, xpub) = (Xsub::new(&context).unwrap(), Xpub::new(&context).unwrap());
        xsub.connect(&up).unwrap();
        let down = xpub.bind(&if endpoint.starts_with("inproc") { inproc() } else { endpoint }).unwrap();
        let forwarder = std::thread::spawn(move || proxy(&xpub, &xsub));
        let subs = ["A", "B", ""].map(|topic| {
            let sub = Sub::new(&context).unwrap();
            sub.subscribe(topic).unwrap();
            sub.connect(&down).unwrap();
            assert!(publisher.wait_for_subscribers(topic, 1, LONG));
            sub
        });
        // The forwarder has passed these on, so it knows of them itself.
        for message in ["A", "B", "C"] {
            publisher.send(message).unwrap();
        }
        assert_eq!((subs[0].text(), subs[1].text()), ("A".into(), "B".into()));
        assert_eq!([(); 3].map(|()| subs[2].text()), ["A", "B", "C"]);
        drop(subs);
        eventually(|| publisher.subscribers("A") == 0);
        context.terminate();
        forwarder.join().unwrap().unwrap_err();
    }
}

#[test]
fn old_and_new_peers_subscribe_by_messages_and_by_commands() {
    let context = Context::new();
    let xpub = Xpub::new(&context).unwrap();
    let at = xpub.bind("tcp://127.0.0.1:*").unwrap();
    let mut peer = raw(&at, Kind::Sub, b"");
    peer.send(&octets::subscribe(b"A"));
    assert_eq!(xpub.get(), subscription("A"));
    peer.send(&octets::subscribe_message(b"B"));
    assert_eq!(xpub.get(), subscription("B"));
    for topic in ["A", "B", "C", "A"] {
        xpub.send(topic).unwrap();
    }
    assert_eq!([(); 3].map(|()| peer.read_message()), [vec![b"A"], vec![b"B"], vec![b"A"]]);
    peer.send(&octets::cancel_message(b"A"));
    assert_eq!(xpub.get(), cancellation("A"));
    peer.send(&octets::cancel(b"B"));
    assert_eq!(xpub.get(), cancellation("B"));
}
