//! Who a message is from, and parting from a peer by name.

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
fn a_message_tells_where_it_came_from() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (router, dealer) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
        dealer.set_routing_id("worker").unwrap();
        dealer.set_metadata([("X-region", "north"), ("X-rack", "7")]).unwrap();
        dealer.connect(&router.bind(&endpoint).unwrap()).unwrap();
        dealer.send("hello").unwrap();
        let (message, origin) = router.recv_from().unwrap();
        assert_eq!(message, Message::from(["worker", "hello"]));
        assert_eq!(origin.socket_type(), Some(SocketType::Dealer));
        assert_eq!(origin.routing_id(), b"worker");
        assert_eq!(origin.property("x-REGION"), Some(&b"north"[..]));
        assert_eq!(origin.property("X-nothing"), None);
        assert!(origin.properties().any(|property| property == ("X-rack", &b"7"[..])));
        let transport = endpoint.split(':').next().unwrap();
        assert!(origin.address().starts_with(transport), "{origin:?} over {endpoint}");
        assert_eq!(router.try_recv_from().unwrap_err().cause, RecvErrorCause::WouldBlock);
    }
}

#[test]
fn every_form_of_receiving_tells_where_a_message_came_from() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        push.connect(&pull.bind(&endpoint).unwrap()).unwrap();
        let pull = Socket::from(pull);
        let mut pending = pull.recv_from_async();
        assert!(poll_once(&mut pending).is_pending());
        let timed_out = pull.recv_from_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(timed_out.cause, RecvErrorCause::TimedOut);
        for number in 0..4 {
            push.send(number.to_string()).unwrap();
        }
        let received = [
            block_on(pending),
            pull.recv_from(),
            pull.recv_from_timeout(LONG),
            block_on(pull.recv_from_async()),
        ];
        for (number, received) in received.into_iter().enumerate() {
            let (message, origin) = received.unwrap();
            assert_eq!((message, origin.socket_type()), (number.to_string().into(), Some(SocketType::Push)));
        }
        context.terminate();
        let ended = block_on(pull.recv_from_async()).unwrap_err();
        assert_eq!(ended.cause, RecvErrorCause::Terminated);
    }
}

#[test]
fn a_peer_that_was_waited_for_is_listed_with_its_address() {
    for endpoint in everywhere() {
        for _ in 0..50 {
            let context = Context::new();
            let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
            push.connect(&pull.bind(&endpoint).unwrap()).unwrap();
            assert!(pull.wait_connected(1, LONG) && push.wait_connected(1, LONG));
            for peers in [pull.peers(), push.peers()] {
                assert!(peers[0].connected && !peers[0].address.is_empty(), "{peers:?} over {endpoint}");
            }
        }
    }
}

#[test]
fn two_peers_are_told_apart_and_a_peer_that_left_is_still_known() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    for name in ["one", "two"] {
        let push = Push::new(&context).unwrap();
        push.set_metadata([("X-name", name)]).unwrap();
        push.connect(&endpoint).unwrap();
        push.send(name).unwrap();
        assert!(pull.wait_readable(Some(LONG)));
        drop(push);
        eventually(|| pull.connected() == 0);
        let (message, origin) = pull.recv_from().unwrap();
        assert_eq!(origin.property("X-name"), Some(message.body()));
    }
}

#[test]
fn whoever_comes_in_the_place_of_another_is_told_from_it() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let endpoint = free_tcp();
    pull.connect(&endpoint).unwrap();
    for name in ["one", "two", "three"] {
        let push = Push::new(&context).unwrap();
        push.set_metadata([("X-name", name)]).unwrap();
        // The one before may still be on its way out.
        eventually(|| push.bind(&endpoint).is_ok());
        for _ in 0..3 {
            push.send(name).unwrap();
        }
        for _ in 0..3 {
            let (message, origin) = pull.recv_from().unwrap();
            assert_eq!((message, origin.property("X-name")), (name.into(), Some(name.as_bytes())));
        }
    }
}

#[test]
fn a_sub_that_looked_ahead_still_knows_the_publisher() {
    let context = Context::new();
    let (publisher, subscriber) = (Pub::new(&context).unwrap(), Sub::new(&context).unwrap());
    subscriber.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    assert!(subscriber.subscribe_confirmed("", LONG).unwrap());
    publisher.send("news").unwrap();
    assert!(subscriber.wait_readable(Some(LONG)));
    assert_eq!(subscriber.try_recv_from().unwrap().1.socket_type(), Some(SocketType::Pub));
}

#[test]
fn a_notice_of_a_new_peer_tells_who_came() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_router_notify(RouterNotify { connect: true, disconnect: true }).unwrap();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_routing_id("me").unwrap();
    dealer.connect(&router.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let (message, origin) = router.recv_from().unwrap();
    assert_eq!((message, origin.routing_id()), (Message::from(["me", ""]), &b"me"[..]));
    let address = origin.address().to_owned();
    drop(dealer);
    let (message, origin) = router.recv_from().unwrap();
    assert_eq!((message, origin.address()), (Message::from(["me", ""]), &*address));
}

#[test]
fn a_plain_tcp_peer_has_an_address_and_nothing_else() {
    let context = Context::new();
    let stream = Stream::new(&context).unwrap();
    stream.set_stream_notify(false).unwrap();
    let mut peer = RawPeer::connect(&stream.bind("tcp://127.0.0.1:*").unwrap());
    peer.send(b"GET /");
    let (message, origin) = stream.recv_from().unwrap();
    assert_eq!(message.frames()[1], "GET /");
    assert_eq!((origin.socket_type(), origin.properties().count()), (None, 0));
    assert!(origin.address().starts_with("tcp://127.0.0.1:"));
    stream.send([message.frames()[0].as_slice(), b"200 OK"]).unwrap();
    let stream = Socket::from(stream);
    assert!(stream.disconnect_peer(message.body()));
    peer.expect(b"200 OK");
    peer.expect_close();
}

#[test]
fn a_router_parts_from_one_peer_once_its_messages_are_out() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let bound = router.bind(&endpoint).unwrap();
        let dealers = ["stays", "goes"].map(|name| {
            let dealer = Dealer::new(&context).unwrap();
            dealer.set_routing_id(name).unwrap();
            dealer.set_reconnect_interval(None).unwrap();
            dealer.connect(&bound).unwrap();
            dealer
        });
        assert!(router.wait_connected(2, LONG));
        (0..100).for_each(|number| router.send([&b"goes"[..], number.to_string().as_bytes()]).unwrap());
        assert!(router.disconnect_peer("goes"));
        assert!(!router.disconnect_peer("nobody"));
        for number in 0..100 {
            assert_eq!(dealers[1].recv_timeout(LONG).unwrap(), number.to_string().into(), "{endpoint}");
        }
        eventually(|| router.connected() == 1 && dealers[1].connected() == 0);
        router.send(["stays", "hello"]).unwrap();
        assert_eq!(dealers[0].recv_timeout(LONG).unwrap(), "hello".into());
    }
}

/// Who the sender is, as the receiver's list of keys says, on each of some messages. The receiver is the server.
#[track_caller]
fn says_who_it_is(receiver: SocketType, sender: SocketType, endpoint: &str) {
    let context = Context::new();
    let keys = [curve_keypair().unwrap(), curve_keypair().unwrap()];
    let [to, from] = [receiver, sender].map(|kind| Socket::new(&context, kind).unwrap());
    to.secure_server(&keys[0], AllowKeys::from_iter([(keys[1].public, "joe")])).unwrap();
    from.set_curve_client(keys[0].public, &keys[1]).unwrap();
    match receiver {
        SocketType::Sub => to.subscribe("").unwrap(),
        SocketType::Xsub => to.send(&b"\x01"[..]).unwrap(),
        _ => {}
    }
    join(&to, &from, endpoint);
    if matches!(sender, SocketType::Pub | SocketType::Xpub) {
        assert!(from.wait_for_subscribers("", 1, LONG));
    }
    for number in 0..3 {
        if receiver == SocketType::Req {
            to.send("well?").unwrap();
            assert!(from.recv_timeout(LONG).is_ok());
        }
        from.send(number.to_string()).unwrap();
        let (message, origin) = to.recv_from_timeout(LONG).unwrap();
        assert_eq!(message.frames().last(), Some(&Frame::from(number.to_string())), "{sender} {receiver}");
        assert_eq!(origin.user_id(), Some("joe"), "{sender} {receiver}");
        assert_eq!(origin.property("User-Id"), Some(&b"joe"[..]), "{sender} {receiver}");
        if receiver == SocketType::Rep {
            to.send("so it is").unwrap();
            assert!(from.recv_timeout(LONG).is_ok());
        }
    }
}

#[test]
fn who_a_peer_is_stands_on_every_message_of_every_type_that_receives() {
    use SocketType::*;
    for endpoint in over_wires() {
        for (receiver, sender) in [
            (Pair, Pair),
            (Sub, Pub),
            (Sub, Xpub),
            (Xsub, Pub),
            (Xpub, Xsub),
            (Req, Rep),
            (Rep, Req),
            (Dealer, Dealer),
            (Router, Dealer),
            (Pull, Push),
            (Server, Client),
            (Gather, Scatter),
            (Channel, Channel),
        ] {
            says_who_it_is(receiver, sender, endpoint);
        }
    }
    // The two that address what they send.
    let context = Context::new();
    let keys = [curve_keypair().unwrap(), curve_keypair().unwrap()];
    let guests = || AllowKeys::from_iter([(keys[1].public, "joe")]);
    let (dish, radio) = (zeroxide::Dish::new(&context).unwrap(), zeroxide::Radio::new(&context).unwrap());
    dish.secure_server(&keys[0], guests()).unwrap();
    radio.set_curve_client(keys[0].public, &keys[1]).unwrap();
    dish.join("TV").unwrap();
    join(&dish, &radio, "tcp://127.0.0.1:*");
    assert!(radio.wait_for_members("TV", 1, LONG));
    radio.send_to("TV", "news").unwrap();
    assert_eq!(dish.recv_from_timeout(LONG).unwrap().1.user_id(), Some("joe"));
    let (one, other) = (zeroxide::Peer::new(&context).unwrap(), zeroxide::Peer::new(&context).unwrap());
    one.secure_server(&keys[0], guests()).unwrap();
    other.set_curve_client(keys[0].public, &keys[1]).unwrap();
    let number = other.connect_peer(&one.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    other.send_to(number, "hello").unwrap();
    assert_eq!(one.recv_from_timeout(LONG).unwrap().1.user_id(), Some("joe"));
}
