//! RADIO and DISH (RFC 48): groups that match exactly, losses that are counted, and the octets on the wire.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::time::Duration;
use zeroxide::*;

fn on_air(context: &Context, endpoint: &str) -> (Radio, Dish, String) {
    let (radio, dish) = (Radio::new(context).unwrap(), Dish::new(context).unwrap());
    let at = join(&radio, &dish, endpoint);
    (radio, dish, at)
}

#[test]
fn a_dish_gets_the_messages_of_its_very_groups() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (radio, dish, _) = on_air(&context, &endpoint);
        assert!(dish.join_confirmed("TV", LONG).unwrap());
        assert!(dish.join_confirmed("", LONG).unwrap());
        for group in ["T", "TV2", "tv"] {
            radio.send_to(group, "not for you").unwrap();
        }
        radio.send_to("TV", "news").unwrap();
        radio.send("to nobody special").unwrap();
        assert_eq!(dish.get(), Message::grouped("TV", "news"));
        assert_eq!(dish.get(), Message::grouped("", "to nobody special"));
        assert!(dish.has_nothing());
        assert_eq!((radio.members("TV"), radio.members("T")), (1, 0));
        assert_eq!(radio.statistics().lost_to(Loss::Unsubscribed), 3);
    }
}

#[test]
fn a_group_that_was_left_is_heard_no_more() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (radio, dish, _) = on_air(&context, &endpoint);
        dish.join("a").unwrap();
        assert!(dish.join_confirmed("b", LONG).unwrap());
        dish.leave("a").unwrap();
        eventually(|| radio.members("a") == 0);
        radio.send_to("a", "1").unwrap();
        radio.send_to("b", "2").unwrap();
        assert_eq!(dish.get(), Message::grouped("b", "2"));
    }
}

#[test]
fn what_was_under_way_when_a_group_was_left_is_dropped_and_counted() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (radio, dish, _) = on_air(&context, &endpoint);
        assert!(dish.join_confirmed("a", LONG).unwrap());
        radio.send_to("a", "late").unwrap();
        eventually(|| dish.peers().iter().any(|peer| peer.queued_in == 1));
        dish.leave("a").unwrap();
        assert!(dish.has_nothing());
        assert_eq!(dish.statistics().lost_to(Loss::Unsubscribed), 1);
    }
}

#[test]
fn groups_are_joined_once_left_once_and_short() {
    let context = Context::new();
    let dish = Dish::new(&context).unwrap();
    let cause = |result: Result<(), GroupError>| result.unwrap_err().cause;
    dish.join("g".repeat(255)).unwrap();
    assert_eq!(cause(dish.join("g".repeat(255))), GroupErrorCause::AlreadyJoined);
    assert_eq!(cause(dish.leave("other")), GroupErrorCause::NotJoined);
    assert_eq!(cause(dish.join("g".repeat(256))), GroupErrorCause::BadGroup);
    assert_eq!(cause(dish.join("a\0b")), GroupErrorCause::BadGroup);
    dish.leave("g".repeat(255)).unwrap();
    for kind in SocketType::ALL.into_iter().filter(|kind| *kind != SocketType::Dish) {
        let socket = Socket::new(&context, kind).unwrap();
        assert_eq!(cause(socket.join("g")), GroupErrorCause::NotSupported, "{kind}");
        assert_eq!(cause(socket.leave("g")), GroupErrorCause::NotSupported, "{kind}");
    }
    let radio = Radio::new(&context).unwrap();
    let error = radio.send(Message::grouped("g".repeat(256), "x")).unwrap_err();
    assert!(matches!(error.cause, SendErrorCause::Invalid(_)), "{error}");
    assert_eq!(radio.send(["a", "b"]).unwrap_err().cause, SendErrorCause::Multipart);
}

#[test]
fn a_slow_dish_misses_messages_and_each_miss_is_counted() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (radio, dish) = (Radio::new(&context).unwrap(), Dish::new(&context).unwrap());
        radio.set_send_high_water_mark(Some(10)).unwrap();
        dish.set_receive_high_water_mark(Some(10)).unwrap();
        join(&radio, &dish, &endpoint);
        assert!(dish.join_confirmed("TV", LONG).unwrap());
        let body = vec![7; 50_000];
        let mut sent = 0;
        while radio.statistics().lost_to(Loss::HighWaterMark) < 100 {
            radio.send_to("TV", &body).unwrap();
            sent += 1;
        }
        for _ in 0..sent - 100 {
            assert_eq!(dish.get().body().len(), body.len());
        }
        assert!(dish.has_nothing());
    }
}

#[test]
fn all_or_none_makes_a_radio_wait() {
    let context = Context::new();
    let (radio, dish, _) = on_air(&context, &inproc());
    radio.set_xpub_nodrop(true).unwrap();
    radio.set_send_high_water_mark(Some(2)).unwrap();
    dish.set_receive_high_water_mark(Some(2)).unwrap();
    dish.join("TV").unwrap();
    assert_eq!(fill(|message| radio.try_send(Message::grouped("TV", message.into_first()))), 4);
    (0..4).for_each(|_| drop(dish.get()));
    radio.send_to("TV", "room again").unwrap();
    assert_eq!(radio.statistics().lost_in_all(), 0);
}

#[test]
fn groups_are_joined_again_after_a_reconnect() {
    let context = Context::new();
    let (radio, dish) = (Radio::new(&context).unwrap(), Dish::new(&context).unwrap());
    dish.set_reconnect_interval(Some(Duration::from_millis(10))).unwrap();
    dish.join("early").unwrap();
    let at = join(&radio, &dish, &free_tcp());
    assert!(dish.join_confirmed("TV", LONG).unwrap());
    radio.unbind(&at).unwrap();
    wait_for_connections(&dish, 0);
    eventually(|| radio.members("TV") == 0);
    radio.bind(&at).unwrap();
    assert!(radio.wait_for_members("TV", 1, LONG) && radio.wait_for_members("early", 1, LONG));
    radio.send_to("TV", "back").unwrap();
    assert_eq!(dish.get().body(), b"back");
}

#[test]
fn a_poll_says_yes_only_to_what_a_receive_would_give() {
    let context = Context::new();
    let (radio, dish, _) = on_air(&context, &inproc());
    dish.join("a").unwrap();
    dish.join("b").unwrap();
    let mut poller = Poller::new();
    poller.add(&dish, 1, Interest::READABLE);
    radio.send_to("a", "for nobody soon").unwrap();
    dish.leave("a").unwrap();
    assert!(poller.wait(Some(Duration::ZERO)).unwrap().is_empty());
    radio.send_to("b", "for you").unwrap();
    assert_eq!(poller.wait(Some(LONG)).unwrap().len(), 1);
    assert_eq!(dish.try_recv().unwrap(), Message::grouped("b", "for you"));
}

#[test]
fn t12_the_octets_of_a_radio() {
    let context = Context::new();
    let radio = Radio::new(&context).unwrap();
    let mut dish = RawPeer::connect(&radio.bind("tcp://127.0.0.1:*").unwrap());
    shake_hands(&mut dish, "DISH", "RADIO");
    dish.send(b"\x04\x07\x04JOINTV");
    assert!(radio.wait_for_members("TV", 1, LONG));
    radio.send_to("TV", "Facts").unwrap();
    dish.expect(b"\x01\x02TV\x00\x05Facts");
    // Joined twice is left twice, as at libzmq's RADIO; what is not joined is not left.
    dish.send(b"\x04\x07\x04JOINTV\x04\x08\x05LEAVETV\x04\x09\x05LEAVEnot\x04\x07\x04JOINgo");
    assert!(radio.wait_for_members("go", 1, LONG));
    radio.send_to("TV", "more").unwrap();
    dish.expect(b"\x01\x02TV\x00\x04more");
    // What a DISH sends is dropped.
    dish.send(&octets::message(&[b"hey"])).send(b"\x04\x08\x05LEAVETV");
    eventually(|| radio.members("TV") == 0);
    // Commands of a read are heard before its messages.
    eventually(|| radio.statistics().lost_to(Loss::BadEnvelope) == 1);
}

#[test]
fn t12_the_octets_of_a_dish() {
    let listener = RawListener::tcp();
    let context = Context::new();
    let dish = Dish::new(&context).unwrap();
    dish.join("TV").unwrap();
    dish.connect(listener.endpoint()).unwrap();
    let mut radio = listener.accept();
    shake_hands(&mut radio, "RADIO", "DISH");
    radio.expect(b"\x04\x07\x04JOINTV");
    dish.join("").unwrap();
    radio.expect(b"\x04\x05\x04JOIN");
    dish.leave("").unwrap();
    radio.expect(b"\x04\x06\x05LEAVE");
    radio.send(b"\x00\x05alone").send(b"\x01\x02TV\x01\x01a\x00\x01b").send(b"\x01\x02no\x00\x01x");
    radio.send(b"\x01\x02TV\x00\x05Facts").send(b"\x01\x02TV\x00\x00");
    assert_eq!(dish.get(), Message::grouped("TV", "Facts"));
    assert_eq!(dish.get(), Message::grouped("TV", ""));
    let statistics = dish.statistics();
    assert_eq!((statistics.lost_to(Loss::BadEnvelope), statistics.lost_to(Loss::Unsubscribed)), (2, 1));
}

#[test]
fn r13_a_join_of_256_octets_or_with_a_zero_costs_the_connection_only() {
    let context = Context::new();
    let radio = Radio::new(&context).unwrap();
    let at = radio.bind("tcp://127.0.0.1:*").unwrap();
    let good = Dish::new(&context).unwrap();
    join_at(&radio, &good, &at);
    assert!(good.join_confirmed("TV", LONG).unwrap());
    for group in [&[b'g'; 256][..], b"a\0b"] {
        let mut bad = RawPeer::connect(&at);
        shake_hands(&mut bad, "DISH", "RADIO");
        bad.send(&octets::frame(octets::COMMAND, &[b"\x04JOIN", group].concat()));
        bad.expect_close();
    }
    radio.send_to("TV", "still here").unwrap();
    assert_eq!(good.get().body(), b"still here");
    eventually(|| radio.statistics().protocol_errors == 2);
}

fn shake_hands(peer: &mut RawPeer, ours: &str, theirs: &str) {
    peer.send(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
    peer.send(&ready(ours)).expect(&ready(theirs));
}

/// READY of a type without an identity.
fn ready(kind: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    body.push(kind.len() as u8);
    body.extend(kind.bytes());
    octets::frame(octets::COMMAND, &body)
}
