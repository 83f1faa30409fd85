//! Our facts about the wire, held against the real libzmq: scripts of octets of every ZMTP version, both roles.

#![allow(clippy::unwrap_used, reason = "in a test a refusal is a failure")]

use std::time::Duration;

use zeroxide_testing::octets::{self, COMMAND, MORE};
use zeroxide_testing::raw::{RawListener, RawPeer};
use zeroxide_testing::{IpcPath, Kind, PythonPeer, RemoteSocket};

fn bound(kind: Kind) -> (PythonPeer, RemoteSocket, RawPeer) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    let endpoint = socket.bind("tcp://127.0.0.1:*").unwrap();
    let raw = RawPeer::connect(&endpoint);
    (peer, socket, raw)
}

fn connected(kind: Kind) -> (PythonPeer, RemoteSocket, RawPeer) {
    let listener = RawListener::tcp();
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    socket.connect(listener.endpoint()).unwrap();
    let raw = listener.accept();
    (peer, socket, raw)
}

#[test]
fn a_3_1_req_asks_a_bound_rep_as_in_the_worked_session() {
    let (_peer, rep, mut raw) = bound(Kind::Rep);
    raw.send(&octets::signature(0)).expect(&octets::signature(0));
    raw.expect(&[3]).send(&[3]);
    raw.send(&octets::greeting_tail(1, "NULL")).expect(&octets::greeting_tail(1, "NULL"));
    raw.send(&octets::ready(Kind::Req, b"")).expect(&octets::ready(Kind::Rep, b""));
    raw.send(&octets::message(&[b"", b"Hello"]));
    assert_eq!(rep.recv().unwrap(), [b"Hello"]);
    rep.send(&[b"World"]).unwrap();
    raw.expect(&[MORE, 0, 0, 5]).expect(b"World");
}

#[test]
fn a_connecting_req_greets_a_3_1_rep_with_the_same_octets() {
    let (_peer, req, mut raw) = connected(Kind::Req);
    raw.shake_hands_v31(Kind::Rep, Kind::Req);
    req.send(&[b"Hello"]).unwrap();
    raw.expect(b"\x01\x00\x00\x05Hello").send(b"\x01\x00\x00\x05World");
    assert_eq!(req.recv().unwrap(), [b"World"]);
}

#[test]
fn a_greeting_that_comes_octet_by_octet_is_as_good_as_one_at_once() {
    let (_peer, pull, mut raw) = bound(Kind::Pull);
    raw.send_octet_by_octet(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
    raw.send_octet_by_octet(&octets::ready(Kind::Push, b"")).expect(&octets::ready(Kind::Pull, b""));
    raw.send_octet_by_octet(&octets::message(&[b"a", b"", b"c"]));
    assert_eq!(pull.recv().unwrap(), [&b"a"[..], b"", b"c"]);
}

#[test]
fn ready_of_every_type_has_the_octets_we_say() {
    for kind in Kind::ALL {
        let (_peer, _socket, mut raw) = bound(kind);
        raw.shake_hands_v31(kind.peers()[0], kind);
    }
}

#[test]
fn ready_carries_the_identity_of_a_named_dealer() {
    let listener = RawListener::tcp();
    let peer = PythonPeer::spawn();
    let dealer = peer.socket(Kind::Dealer);
    dealer.set_bytes("ROUTING_ID", b"name").unwrap();
    dealer.connect(listener.endpoint()).unwrap();
    let mut raw = listener.accept();
    // The length in the signature counts the identity.
    raw.send(&octets::greeting_v31("NULL")).expect(&octets::signature(4)).expect(&[3]);
    raw.expect(&octets::greeting_tail(1, "NULL"));
    raw.send(&octets::ready(Kind::Router, b"")).expect(&octets::ready(Kind::Dealer, b"name"));
}

#[test]
fn the_same_octets_travel_over_ipc() {
    let path = IpcPath::new();
    let peer = PythonPeer::spawn();
    let pair = peer.socket(Kind::Pair);
    assert_eq!(pair.bind(&path.endpoint()).unwrap(), path.endpoint());
    let mut raw = RawPeer::connect(&path.endpoint());
    raw.shake_hands_v31(Kind::Pair, Kind::Pair).send(&octets::message(&[b"x"]));
    assert_eq!(pair.recv().unwrap(), [b"x"]);

    let ours = IpcPath::new();
    let listener = RawListener::ipc(ours.path());
    let push = peer.socket(Kind::Push);
    push.connect(listener.endpoint()).unwrap();
    listener.accept().shake_hands_v31(Kind::Pull, Kind::Push);
}

#[test]
fn a_3_1_subscriber_sends_commands_and_a_3_0_subscriber_messages() {
    let (_peer, sub, mut raw) = connected(Kind::Sub);
    raw.shake_hands_v31(Kind::Pub, Kind::Sub);
    sub.subscribe(b"A").unwrap();
    raw.expect(&octets::subscribe(b"A"));
    sub.unsubscribe(b"A").unwrap();
    raw.expect(&octets::cancel(b"A"));

    let (_peer, sub, mut raw) = connected(Kind::Sub);
    raw.send(&octets::greeting_v30("NULL")).expect(&octets::greeting_v31("NULL"));
    raw.send(&octets::ready(Kind::Pub, b"")).expect(&octets::ready(Kind::Sub, b""));
    sub.subscribe(b"A").unwrap();
    raw.expect(&octets::subscribe_message(b"A"));
    sub.unsubscribe(b"A").unwrap();
    raw.expect(&octets::cancel_message(b"A"));
}

#[test]
fn a_publisher_accepts_both_forms_of_subscription_from_a_3_1_peer() {
    let (_peer, xpub, mut raw) = bound(Kind::Xpub);
    raw.shake_hands_v31(Kind::Sub, Kind::Xpub);
    raw.send(&octets::subscribe(b"A")).send(&octets::subscribe_message(b"B"));
    assert_eq!(xpub.recv().unwrap(), [b"\x01A"]);
    assert_eq!(xpub.recv().unwrap(), [b"\x01B"]);
    xpub.send(&[b"A 1"]).unwrap();
    raw.expect(b"\x00\x03A 1");
}

#[test]
fn a_ping_is_answered_with_its_context() {
    let (_peer, _pull, mut raw) = bound(Kind::Pull);
    raw.shake_hands_v31(Kind::Push, Kind::Pull);
    raw.send(&octets::ping(0, b"context")).expect(&octets::pong(b"context"));
}

#[test]
fn frames_turn_long_at_256_octets_also_at_libzmq() {
    let (_peer, push, mut raw) = connected(Kind::Push);
    raw.shake_hands_v31(Kind::Pull, Kind::Push);
    for size in [0, 1, 255, 256, 8192, 70_000] {
        let body = vec![7; size];
        push.send(&[&body]).unwrap();
        raw.expect(&octets::frame(0, &body));
    }
}

#[test]
fn libzmq_steps_down_to_2_0_when_it_is_bound() {
    let (_peer, rep, mut raw) = bound(Kind::Rep);
    raw.send(&octets::greeting_v20(Kind::Req, b""));
    raw.expect(&octets::signature(0)).expect(&[3, Kind::Rep.octet()]).expect(&octets::frame(0, b""));
    raw.send(&octets::message(&[b"", b"Hello"]));
    assert_eq!(rep.recv().unwrap(), [b"Hello"]);
    rep.send(&[b"World"]).unwrap();
    raw.expect(b"\x01\x00\x00\x05World");
}

#[test]
fn libzmq_steps_down_to_2_0_when_it_connects_and_keeps_the_identity() {
    let (_peer, router, mut raw) = connected(Kind::Router);
    raw.send(&octets::greeting_v20(Kind::Dealer, b"me"));
    raw.expect(&octets::signature(0)).expect(&[3, Kind::Router.octet()]).expect(&octets::frame(0, b""));
    raw.send(&octets::message(&[b"hi"]));
    assert_eq!(router.recv().unwrap(), [&b"me"[..], b"hi"]);
    router.send(&[&b"me"[..], b"there"]).unwrap();
    raw.expect(&octets::message(&[b"there"]));
}

#[test]
fn a_2_0_subscription_is_a_message() {
    let (_peer, xpub, mut raw) = bound(Kind::Xpub);
    raw.send(&octets::greeting_v20(Kind::Sub, b""));
    raw.expect(&octets::signature(0)).expect(&[3, Kind::Xpub.octet()]).expect(&octets::frame(0, b""));
    raw.send(&octets::subscribe_message(b"A"));
    assert_eq!(xpub.recv().unwrap(), [b"\x01A"]);
    xpub.send(&[&b"A"[..], b"1"]).unwrap();
    raw.expect(&octets::message(&[b"A", b"1"]));
}

#[test]
fn libzmq_steps_down_to_1_0_when_it_is_bound() {
    let (_peer, rep, mut raw) = bound(Kind::Rep);
    // The anonymous identity is the ten octets of the signature without their last: length 1 is the flags alone.
    raw.send(&octets::greeting_v10(b"")).expect(&octets::signature(0));
    raw.send(&octets::message_v10(&[b"", b"Hello"]));
    assert_eq!(rep.recv().unwrap(), [b"Hello"]);
    rep.send(&[b"World"]).unwrap();
    raw.expect(b"\x01\x01\x06\x00World");
}

#[test]
fn a_1_0_subscriber_gets_everything_without_asking() {
    let (_peer, xpub, mut raw) = bound(Kind::Xpub);
    raw.send(&octets::greeting_v10(b"")).expect(&octets::signature(0));
    assert_eq!(xpub.recv().unwrap(), [b"\x01"], "the phantom subscription");
    let long = vec![9; 300];
    xpub.send(&[&b"A"[..], &long]).unwrap();
    raw.expect(&octets::message_v10(&[b"A", &long]));
}

#[test]
fn libzmq_switches_to_long_1_0_frames_at_254_octets_of_body() {
    let (_peer, push, mut raw) = connected(Kind::Push);
    raw.send(&octets::greeting_v10(b"")).expect(&octets::signature(0));
    for size in [0, 253, 254, 255, 300] {
        let body = vec![5; size];
        push.send(&[&body]).unwrap();
        raw.expect(&octets::frame_v10(false, &body));
    }
}

#[test]
fn another_mechanism_is_answered_with_a_close_and_no_command() {
    let (_peer, _rep, mut raw) = bound(Kind::Rep);
    // libzmq drops what it has not yet written, so any part of its greeting may come, but nothing else.
    let came = raw.send(&octets::greeting_v31("PLAIN")).read_to_close();
    assert!(octets::greeting_v31("NULL").starts_with(&came), "{came:x?}");
}

#[test]
fn a_wrong_partner_is_closed_on() {
    let (_peer, _rep, mut raw) = bound(Kind::Rep);
    raw.send(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
    raw.send(&octets::ready(Kind::Pub, b""));
    let before_the_close = raw.read_to_close();
    assert!([&b""[..], &octets::ready(Kind::Rep, b"")].contains(&before_the_close.as_slice()));
}

#[test]
fn an_unknown_command_after_the_handshake_is_passed_over() {
    let (_peer, pull, mut raw) = bound(Kind::Pull);
    raw.shake_hands_v31(Kind::Push, Kind::Pull);
    raw.send(&octets::command("NONSENSE", b"data")).send(&octets::message(&[b"after"]));
    assert_eq!(pull.recv().unwrap(), [b"after"]);
}

#[test]
fn a_raw_peer_reads_frames_and_messages_apart() {
    let (_peer, dealer, mut raw) = connected(Kind::Dealer);
    raw.send(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
    let ready = raw.read_frame();
    assert_eq!((ready.flags, &ready.body[..6]), (COMMAND, &b"\x05READY"[..]));
    raw.send(&octets::ready(Kind::Dealer, b""));
    dealer.send(&[b"one".to_vec(), vec![1; 300]]).unwrap();
    assert_eq!(raw.read_message(), [b"one".to_vec(), vec![1; 300]]);
    assert_eq!(dealer.recv_within(Duration::ZERO).unwrap_err().name, "EAGAIN");
}
