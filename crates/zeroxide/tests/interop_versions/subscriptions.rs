//! Subscriptions in the form of each version, both ways (T10, X13, X18).

use super::*;

/// The topics around the border of the short frame, and how a 3.1 peer and older ones are told of them.
const TOPICS: [usize; 8] = [0, 1, 245, 246, 254, 255, 256, 70_000];

#[test]
fn t10_a_3_1_publisher_is_told_by_commands() {
    for length in TOPICS {
        let topic = vec![b't'; length];
        bound_and_connected(
            Kind::Sub,
            |_| {},
            |sub, mut peer| {
                sub.subscribe(&topic).unwrap();
                peer.shake_hands_v31(Kind::Pub, Kind::Sub).expect(&subscribe(&topic));
                sub.subscribe("x").unwrap();
                peer.expect(&subscribe(b"x"));
                sub.unsubscribe(&topic).unwrap();
                peer.expect(&cancel(&topic));
            },
        );
    }
}

#[test]
fn t10_x13_older_publishers_are_told_by_messages_in_the_right_form() {
    for length in TOPICS {
        let topic = vec![b't'; length];
        for version in [2, 3] {
            bound_and_connected(
                Kind::Sub,
                |_| {},
                |sub, mut peer| {
                    sub.subscribe(&topic).unwrap();
                    if version == 2 {
                        peer.send(&greeting_v20(Kind::Pub, b"")).read(10 + 4);
                    } else {
                        peer.send(&greeting_v30("NULL")).send(&ready(Kind::Pub, b""));
                        peer.expect(&greeting_v31("NULL")).expect(&ready(Kind::Sub, b""));
                    }
                    peer.expect(&subscribe_message(&topic));
                    sub.unsubscribe(&topic).unwrap();
                    peer.expect(&cancel_message(&topic));
                },
            );
        }
    }
}

#[test]
fn t10_a_publisher_of_1_0_is_told_nothing_and_the_subscriber_filters() {
    let prepare = |sub: &Socket| {
        speak_v1(sub);
        sub.subscribe("b").unwrap();
    };
    bound_and_connected(Kind::Sub, prepare, |sub, mut peer| {
        peer.send(&greeting_v10(b"")).expect(&signature(0));
        peer.send(&message_v10(&[b"a1"])).send(&message_v10(&[b"b1", b"more"]));
        gets(sub, &[b"b1", b"more"]);
        assert_eq!(sub.statistics().lost_to(Loss::Unsubscribed), 1);
    });
}

#[test]
fn t10_a_publisher_takes_both_forms_from_any_3_x_peer_and_messages_from_2_0() {
    type Form = fn(&[u8]) -> Vec<u8>;
    let three_x = |greeting: Vec<u8>| [greeting, ready(Kind::Sub, b"")].concat();
    let cases: [(Vec<u8>, Form, Form); 5] = [
        (three_x(greeting_v31("NULL")), subscribe, cancel),
        (three_x(greeting_v31("NULL")), subscribe_message, cancel_message),
        (three_x(greeting_v30("NULL")), subscribe, cancel),
        (three_x(greeting_v30("NULL")), subscribe_message, cancel_message),
        (greeting_v20(Kind::Sub, b""), subscribe_message, cancel_message),
    ];
    for (greeting, subscribe, cancel) in cases {
        bound_and_connected(
            Kind::Xpub,
            |_| {},
            |xpub, mut peer| {
                peer.send(&greeting).send(&subscribe(b"a")).send(&subscribe(b"b"));
                gets(xpub, &[b"\x01a"]);
                gets(xpub, &[b"\x01b"]);
                peer.send(&cancel(b"a"));
                gets(xpub, &[b"\x00a"]);
                xpub.send("a gone").unwrap();
                xpub.send("b there").unwrap();
                peer.read(if greeting.len() < 64 { 14 } else { 64 + ready(Kind::Xpub, b"").len() });
                peer.expect(&message(&[b"b there"]));
            },
        );
    }
}

#[test]
fn x18_one_cancellation_ends_all_copies_of_a_subscription_as_libzmq_means_it() {
    bound_and_connected(
        Kind::Pub,
        |_| {},
        |publisher, mut peer| {
            peer.shake_hands_v31(Kind::Sub, Kind::Pub);
            peer.send(&[subscribe(b"a"), subscribe(b"a"), ping(0, b"")].concat()).expect(&pong(b""));
            publisher.send("a1").unwrap();
            peer.expect(&message(&[b"a1"]));
            peer.send(&[cancel(b"a"), subscribe(b"b"), ping(0, b"")].concat()).expect(&pong(b""));
            publisher.send("a2").unwrap();
            publisher.send("b1").unwrap();
            peer.expect(&message(&[b"b1"]));
        },
    );
}

#[test]
fn a_subscriber_of_1_0_gets_everything() {
    bound_and_connected(Kind::Pub, speak_v1, |publisher, mut peer| {
        peer.send(&greeting_v10(b"")).expect(&signature(0));
        assert!(publisher.wait_for_subscribers("anything", 1, LONG));
        publisher.send(["any", "thing"]).unwrap();
        peer.expect(&message_v10(&[b"any", b"thing"]));
    });
}
