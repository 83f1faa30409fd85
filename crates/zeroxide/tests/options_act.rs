//! Options: that what was set acts.

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
use std::time::Duration;
use zeroxide::*;

#[test]
fn the_defaults_are_those_of_libzmq_but_for_linger() {
    let context = Context::builder().ipv6(true).build();
    let push = Push::new(&context).unwrap();
    assert_eq!(push.send_high_water_mark(), Some(1000));
    assert_eq!(push.linger(), Some(Duration::from_secs(5)));
    assert_eq!(push.reconnect_interval(), Some(Duration::from_millis(100)));
    assert_eq!(push.handshake_interval(), Some(Duration::from_secs(30)));
    assert!(push.ipv6());
    assert_eq!(Sub::new(&context).unwrap().linger(), Some(Duration::ZERO));
    assert!(Stream::new(&context).unwrap().stream_notify());
}

#[test]
fn an_error_says_which_socket_which_option_and_why() {
    let context = Context::new();
    let error = Push::new(&context).unwrap().set_router_mandatory(true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "PUSH socket, option ZMQ_ROUTER_MANDATORY: sockets of this type have no use for it"
    );
}

#[test]
fn a_high_water_mark_acts_at_once() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://marks"] {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.set_linger(Some(Duration::ZERO));
        push.set_send_high_water_mark(Some(3)).unwrap();
        push.connect(if endpoint.starts_with("tcp") { "tcp://127.0.0.1:1" } else { endpoint }).unwrap();
        for number in 0..3 {
            push.try_send(number.to_string()).unwrap();
        }
        assert_eq!(push.try_send("more").unwrap_err().cause, SendErrorCause::WouldBlock);
        push.set_send_high_water_mark(Some(4)).unwrap();
        assert_eq!(push.try_send("more"), Ok(()), "{endpoint}");
        assert_eq!(push.try_send("too much").unwrap_err().cause, SendErrorCause::WouldBlock);
    }
}

#[test]
fn a_pair_within_the_process_has_the_room_of_both_sides() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.connect(&pull.bind("inproc://room").unwrap()).unwrap();
    push.set_send_high_water_mark(Some(1)).unwrap();
    pull.set_receive_high_water_mark(Some(2)).unwrap();
    for number in 0..3 {
        push.try_send(number.to_string()).unwrap();
    }
    assert_eq!(push.try_send("more").unwrap_err().cause, SendErrorCause::WouldBlock);
    pull.set_receive_high_water_mark(None).unwrap();
    assert_eq!(push.try_send("more"), Ok(()));
}

#[test]
fn an_accept_filter_keeps_strangers_out_and_lets_the_others_in() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    let events = rep.monitor();
    rep.set_tcp_accept_filters(["10.9.8.7", "fd00::/8"]).unwrap();
    let closed = rep.bind("tcp://127.0.0.1:*").unwrap();
    rep.set_tcp_accept_filters(["127.0.0.0/8"]).unwrap();
    let open = rep.bind("tcp://127.0.0.1:*").unwrap();

    let stranger = Req::new(&context).unwrap();
    stranger.connect(&closed).unwrap();
    let refused =
        |event: &Event| matches!(event, Event::AcceptFailed { endpoint, .. } if *endpoint == closed);
    assert!(events.wait_for(LONG, refused).is_some());
    let friend = Req::new(&context).unwrap();
    friend.connect(&open).unwrap();
    friend.send("hello").unwrap();
    assert_eq!(rep.recv_timeout(LONG).unwrap(), "hello".into());
    assert_eq!(rep.connected(), 1);
}

#[test]
fn a_listener_that_is_handed_over_is_listened_at() {
    let context = Context::new();
    let ours = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", ours.local_addr().unwrap());
    let rep = Rep::new(&context).unwrap();
    rep.set_listener(ours.into());
    assert_eq!(rep.bind("tcp://*:*").unwrap(), address);
    let other = rep.bind("tcp://127.0.0.1:*").unwrap();
    assert_ne!(other, address, "it is used once");
    let req = Req::new(&context).unwrap();
    req.connect(&address).unwrap();
    req.send("hello").unwrap();
    assert_eq!(rep.recv_timeout(LONG).unwrap(), "hello".into());
}

#[test]
fn a_descriptor_that_does_not_listen_is_refused_by_the_bind() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_listener(std::fs::File::open("/dev/null").unwrap().into());
    assert!(matches!(rep.bind("tcp://127.0.0.1:*").unwrap_err().cause, EndpointCause::System(_)));
    rep.bind("tcp://127.0.0.1:*").unwrap();
}

#[test]
fn a_subscription_by_hand_needs_the_option() {
    let context = Context::new();
    let xpub = Xpub::new(&context).unwrap();
    assert!(matches!(xpub.manual_subscribe("x").unwrap_err().cause, OptionErrorCause::IllegalState(_)));
    xpub.set_xpub_manual(true).unwrap();
    xpub.manual_subscribe("x").unwrap();
    xpub.manual_unsubscribe("x").unwrap();
    let push = Socket::new(&context, SocketType::Push).unwrap();
    assert_eq!(push.subscribe("x").unwrap_err().cause, OptionErrorCause::NotForThisType);
    let sub = Socket::new(&context, SocketType::Sub).unwrap();
    assert_eq!(sub.subscribe("x"), Ok(()));
}

#[test]
fn a_topic_that_has_no_room_is_refused_and_nothing_is_subscribed() {
    // The system gives this memory out when it is touched, which a refusal does not do.
    let huge = vec![0; (1 << 30) + 1];
    let context = Context::new();
    let (publisher, subscriber) = (Xpub::new(&context).unwrap(), Sub::new(&context).unwrap());
    publisher.set_xpub_manual(true).unwrap();
    subscriber.connect(&publisher.bind("inproc://huge").unwrap()).unwrap();
    let refused = subscriber.subscribe(&huge).unwrap_err();
    assert_eq!((refused.socket, refused.option), (SocketType::Sub, "ZMQ_SUBSCRIBE"));
    assert!(matches!(refused.cause, OptionErrorCause::Invalid(_)), "{refused}");
    assert_eq!(subscriber.subscribe_confirmed(&huge, LONG), Err(refused));
    assert_eq!(block_on(subscriber.subscribe_confirmed_async(&huge)), Err(refused));
    assert_eq!(subscriber.unsubscribe(&huge), Ok(()));

    subscriber.subscribe("small").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}small".into(), "the first that came");
    let refused = publisher.manual_subscribe(&huge).unwrap_err();
    assert!(matches!(refused.cause, OptionErrorCause::Invalid(_)), "{refused}");
    assert_eq!(publisher.subscribers(&huge), 0);
}
