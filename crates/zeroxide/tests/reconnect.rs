//! Connections that are lost are made again, and what waits for them is kept.

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

#[test]
fn messages_sent_before_anybody_is_there_arrive() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.connect(endpoint).unwrap();
        for count in 0..100 {
            push.send(number(count)).unwrap();
        }
        let pull = Pull::new(&context).unwrap();
        pull.bind(endpoint).unwrap();
        for count in 0..100 {
            assert_eq!(as_number(&pull.get()), count);
        }
    }
}

#[test]
fn a_peer_that_returns_on_the_same_address_is_found_again() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints[..2] {
        let context = Context::new();
        let client = Dealer::new(&context).unwrap();
        client.connect(endpoint).unwrap();
        for round in 0..10 {
            let server = Dealer::new(&context).unwrap();
            server.bind(endpoint).unwrap();
            assert!(client.wait_connected(1, LONG));
            client.send(number(round)).unwrap();
            assert_eq!(as_number(&server.get()), round);
            server.send(number(round)).unwrap();
            assert_eq!(as_number(&client.get()), round);
            drop(server);
            wait_for_connections(&client, 0);
        }
        assert_eq!(client.statistics().connections, 10);
    }
}

#[test]
fn what_is_sent_while_the_peer_is_away_waits_for_it() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints[..2] {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.connect(endpoint).unwrap();
        for round in 0..10 {
            for count in 0..50 {
                push.send(number(50 * round + count)).unwrap();
            }
            let pull = Pull::new(&context).unwrap();
            pull.bind(endpoint).unwrap();
            for count in 0..50 {
                assert_eq!(as_number(&pull.get()), 50 * round + count);
            }
            drop(pull);
            wait_for_connections(&push, 0);
        }
    }
}

#[test]
fn a_message_that_was_cut_in_two_is_sent_again_whole() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let push = Push::new(&context).unwrap();
    push.connect(listener.endpoint()).unwrap();
    let body = vec![7; 30_000_000];
    push.send(["first", "part"]).unwrap();
    push.send(["head".as_bytes(), &body, b"tail"]).unwrap();
    let mut peer = listener.accept();
    shake_hands(&mut peer, Kind::Pull, b"");
    assert_eq!(peer.read_message(), [b"first", &b"part"[..]]);
    peer.read(1_000_000);
    peer.close();
    let mut peer = listener.accept();
    shake_hands(&mut peer, Kind::Pull, b"");
    assert_eq!(peer.read_message(), [b"head", &body[..], b"tail"]);
}

#[test]
fn every_stage_of_a_handshake_may_fail_and_the_next_try_succeeds() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let push = Push::new(&context).unwrap();
    push.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    push.connect(listener.endpoint()).unwrap();
    push.send("gets there").unwrap();
    let whole = [octets::greeting_v31("NULL"), octets::ready(Kind::Pull, b"")].concat();
    for cut in 0..whole.len() {
        listener.accept().send(&whole[..cut]).close_sending();
    }
    let mut peer = listener.accept();
    shake_hands(&mut peer, Kind::Pull, b"");
    assert_eq!(peer.read_message(), [b"gets there"]);
    assert_eq!(push.statistics().connections, 1);
}

#[test]
fn with_immediate_nothing_is_queued_for_a_peer_that_is_not_there() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        let other = free_tcp();
        push.set_immediate(true).unwrap();
        push.connect(&free_tcp()).unwrap();
        assert_eq!(push.try_send("queued for nobody").unwrap_err().cause, SendErrorCause::WouldBlock);
        let at = join(&pull, &push, if endpoint.starts_with("tcp") { &other } else { endpoint });
        for count in 0..50 {
            push.send(number(count)).unwrap();
            assert_eq!(as_number(&pull.get()), count);
        }
        drop(pull);
        // The connection is gone a moment before the peer.
        eventually(|| push.peers().is_empty());
        assert_eq!(push.try_send("nobody again").unwrap_err().cause, SendErrorCause::WouldBlock);
        if at.starts_with("tcp") {
            let pull = Pull::new(&context).unwrap();
            let (sent, ()) =
                once_asleep(|| push.send_timeout("back", LONG), || drop(pull.bind(&at).unwrap()));
            sent.unwrap();
            assert_eq!(pull.text(), "back");
        }
    }
}

#[test]
fn without_a_reconnect_interval_there_is_one_try() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.set_reconnect_interval(None).unwrap();
        let events = push.monitor();
        let at = join(&pull, &push, endpoint);
        pull.unbind(&at).unwrap();
        let last = events
            .wait_for(LONG, |event| matches!(event, Event::Closed { .. } | Event::ConnectRetried { .. }));
        assert_eq!(last, Some(Event::Closed { endpoint: at }));
    }
}

#[test]
fn reconnecting_stops_when_it_was_told_to() {
    let context = Context::new();
    let closed = |socket: &Handle, events: Monitor| {
        let told = events
            .wait_for(LONG, |event| matches!(event, Event::Closed { .. } | Event::ConnectRetried { .. }));
        assert!(matches!(told, Some(Event::Closed { .. })), "{told:?}");
        drop(socket.peers());
    };
    let stop = ReconnectStop { connection_refused: true, ..ReconnectStop::default() };
    let refused = Push::new(&context).unwrap();
    refused.set_reconnect_stop(stop);
    let events = refused.monitor();
    refused.connect(&free_tcp()).unwrap();
    closed(&refused, events);

    let listener = RawListener::tcp();
    let stop = ReconnectStop { handshake_failed: true, ..ReconnectStop::default() };
    let failed = Push::new(&context).unwrap();
    failed.set_reconnect_stop(stop);
    let events = failed.monitor();
    failed.connect(listener.endpoint()).unwrap();
    listener.accept().close();
    closed(&failed, events);

    let stop = ReconnectStop { after_disconnect: true, ..ReconnectStop::default() };
    let lost = Push::new(&context).unwrap();
    lost.set_reconnect_stop(stop);
    let events = lost.monitor();
    lost.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    shake_hands(&mut peer, Kind::Pull, b"");
    assert!(lost.wait_connected(1, LONG));
    peer.close();
    closed(&lost, events);
}

#[test]
fn subscriptions_changed_while_the_publisher_is_away_are_the_ones_it_is_told() {
    let endpoint = free_tcp();
    let context = Context::new();
    let subscriber = Sub::new(&context).unwrap();
    subscriber.connect(&endpoint).unwrap();
    subscriber.subscribe("old").unwrap();
    for round in 0..10 {
        let publisher = Pub::new(&context).unwrap();
        publisher.bind(&endpoint).unwrap();
        subscriber.subscribe(format!("new {round}")).unwrap();
        assert!(publisher.wait_for_subscribers(format!("new {round}"), 1, LONG));
        eventually(|| publisher.subscribers("old") == usize::from(round == 0));
        drop(publisher);
        subscriber.unsubscribe("old").unwrap();
        wait_for_connections(&subscriber, 0);
    }
}

#[test]
fn a_silent_peer_is_given_up_and_tried_again() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_heartbeat_interval(Some(Duration::from_millis(20))).unwrap();
    // Time for this thread to begin, on a machine that is busy with other things.
    dealer.set_handshake_interval(Some(Duration::from_secs(2))).unwrap();
    dealer.connect(listener.endpoint()).unwrap();
    // One that never greets, and one that greets and then answers no PING.
    let mut mute = listener.accept();
    mute.read_to_close();
    dealer.set_handshake_interval(Some(LONG)).unwrap();
    let mut silent = listener.accept();
    shake_hands(&mut silent, Kind::Dealer, b"");
    eventually(|| dealer.statistics().connections == 1);
    // The next one has time for its answers.
    dealer.set_heartbeat_timeout(Some(LONG)).unwrap();
    assert!(!silent.read_to_close().is_empty());
    let mut third = listener.accept();
    shake_hands(&mut third, Kind::Dealer, b"");
    dealer.send("welcome").unwrap();
    loop {
        let frame = third.read_frame();
        if frame.flags & octets::COMMAND == 0 {
            assert_eq!(frame.body, b"welcome");
            break;
        }
        third.send(&octets::pong(b""));
    }
}

#[test]
fn a_peer_that_is_alive_but_whom_the_application_does_not_read_is_not_given_up() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_receive_high_water_mark(Some(1)).unwrap();
    pull.set_heartbeat_interval(Some(Duration::from_millis(10))).unwrap();
    pull.set_heartbeat_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut peer = RawPeer::connect(&pull.bind("tcp://127.0.0.1:*").unwrap());
    // Far more than is read ahead: the answers to the PINGs are stuck behind it. It comes with the handshake and its end,
    // so that nothing here has to be done in time.
    let messages = [octets::message(&[&[0; 1000]]).repeat(1000), octets::message(&[b"still here"])].concat();
    peer.send(&[octets::greeting_v31("NULL"), octets::ready(Kind::Push, b""), messages].concat());
    peer.expect(&octets::greeting_v31("NULL")).expect(&octets::ready(Kind::Pull, b""));
    // For longer than that.
    for _ in 0..150 {
        assert_ne!(peer.read_frame().flags & octets::COMMAND, 0);
        peer.send(&octets::pong(b""));
    }
    for _ in 0..1000 {
        pull.get();
    }
    assert_eq!(pull.text(), "still here");
}
