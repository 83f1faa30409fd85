//! DEALER and ROUTER (RFC 28): many at once, by name.

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

fn named(context: &Context, name: &str) -> Dealer {
    let dealer = Dealer::new(context).unwrap();
    dealer.set_routing_id(name).unwrap();
    dealer
}

#[test]
fn a_router_knows_its_peers_by_the_names_they_chose() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let at = router.bind(&endpoint).unwrap();
        let dealers = ["ann", "bob", "eve"].map(|name| named(&context, name));
        for dealer in &dealers {
            join_at(&router, dealer, &at);
        }
        for (dealer, name) in dealers.iter().zip(["ann", "bob", "eve"]) {
            dealer.send(["", "hello"]).unwrap();
            assert_eq!(router.get(), Message::from([name, "", "hello"]));
        }
        for name in ["eve", "ann", "bob"] {
            router.send([name, "to", name]).unwrap();
        }
        for (dealer, name) in dealers.iter().zip(["ann", "bob", "eve"]) {
            assert_eq!(dealer.get(), Message::from(["to", name]));
        }
    }
}

#[test]
fn nameless_peers_get_names_of_five_octets_that_begin_with_zero() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let at = router.bind(&endpoint).unwrap();
        let dealers = [(); 4].map(|()| Dealer::new(&context).unwrap());
        let mut names: Vec<Frame> = dealers
            .iter()
            .map(|dealer| {
                join_at(&router, dealer, &at);
                dealer.send("who am I").unwrap();
                let name = router.get()[0].clone();
                assert_eq!((name.len(), name[0]), (5, 0));
                router.send([name.clone(), "you".into()]).unwrap();
                assert_eq!(dealer.text(), "you");
                name
            })
            .collect();
        names.sort_by(|a, b| a[..].cmp(b));
        names.dedup();
        assert_eq!(names.len(), 4);
    }
}

#[test]
fn what_is_for_nobody_is_dropped_and_counted() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        join(&router, &named(&context, "ann"), &endpoint);
        router.send(["bob", "hello"]).unwrap();
        router.send(["", "hello"]).unwrap();
        assert_eq!(router.statistics().lost_to(Loss::Unroutable), 2);
    }
}

#[test]
fn a_mandatory_router_gives_the_message_back_when_nobody_has_the_name() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_mandatory(true).unwrap();
        let error = router.send(["ann", "hello"]).unwrap_err();
        assert_eq!(
            (error.cause, error.into_message()),
            (SendErrorCause::Unroutable, ["ann", "hello"].into())
        );
        let ann = named(&context, "ann");
        join(&router, &ann, &endpoint);
        router.send(["ann", "hello"]).unwrap();
        assert_eq!(ann.text(), "hello");
        drop(ann);
        wait_for_connections(&router, 0);
        assert_eq!(router.send(["ann", "hello"]).unwrap_err().cause, SendErrorCause::Unroutable);
    }
}

#[test]
fn a_hundred_named_peers_come_and_go_and_are_found_when_they_are_there() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_mandatory(true).unwrap();
        let at = router.bind(&endpoint).unwrap();
        for number in 0..100 {
            let name = format!("dealer {number}");
            let dealer = named(&context, &name);
            dealer.connect(&at).unwrap();
            // Until it is known the message comes back, and then it gets through.
            eventually(|| match router.send([&name[..], "", "Hello"]) {
                Ok(()) => true,
                Err(error) => {
                    assert_eq!(error.cause, SendErrorCause::Unroutable);
                    false
                }
            });
            assert_eq!(dealer.get(), Message::from(["", "Hello"]));
        }
    }
}

#[test]
fn a_second_peer_of_a_name_is_ignored() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let (first, second) = (named(&context, "ann"), named(&context, "ann"));
        let at = join(&router, &first, &endpoint);
        second.connect(&at).unwrap();
        second.try_send("never seen").ok();
        second.set_linger(Some(std::time::Duration::ZERO));
        for count in 0..20 {
            first.send(number(count)).unwrap();
            assert_eq!(as_number(&Message::from(router.get()[1].clone())), count);
            router.send(["ann", "for the first"]).unwrap();
            assert_eq!(first.text(), "for the first");
        }
        assert!(second.has_nothing() && router.has_nothing());
    }
}

#[test]
fn with_handover_a_second_peer_takes_the_name() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_handover(true).unwrap();
        let first = named(&context, "ann");
        first.set_reconnect_interval(None).unwrap();
        let at = join(&router, &first, &endpoint);
        first.send("last words").unwrap();
        // Sent but not yet received: it must survive the handover.
        eventually(|| router.peers()[0].queued_in == 1);
        let second = named(&context, "ann");
        second.connect(&at).unwrap();
        wait_for_connections(&first, 0);
        assert_eq!(router.get(), Message::from(["ann", "last words"]));
        router.send(["ann", "for the second"]).unwrap();
        assert_eq!(second.text(), "for the second");
        second.send("thanks").unwrap();
        assert_eq!(router.get(), Message::from(["ann", "thanks"]));
        assert!(first.has_nothing());
        wait_for_connections(&router, 1);
    }
}

#[test]
fn with_handover_two_peers_that_fight_for_a_name_break_nothing() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_handover(true).unwrap();
        let at = router.bind(&endpoint).unwrap();
        for _ in 0..rounds(30) {
            let claimants = [(); 3].map(|()| named(&context, "ann"));
            for claimant in &claimants {
                claimant.set_reconnect_interval(None).unwrap();
                claimant.connect(&at).unwrap();
            }
            wait_for_connections(&router, 1);
            // Exactly one of them is the ann of now.
            router.send(["ann", "are you there"]).unwrap();
            eventually(|| {
                claimants.iter().any(|claimant| claimant.try_recv().is_ok()) || {
                    // Sent to one that lost the name a moment later.
                    router.send(["ann", "are you there"]).unwrap();
                    false
                }
            });
            drop(claimants);
            wait_for_connections(&router, 0);
            while router.try_recv().is_ok() {}
        }
    }
}

#[test]
fn a_router_names_the_peer_it_connects_to_and_can_send_at_once() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in &endpoints {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_mandatory(true).unwrap();
        router.set_connect_routing_id("server").unwrap();
        router.connect(endpoint).unwrap();
        assert_eq!(router.connect_routing_id(), None);
        router.send(["server", "", "early"]).unwrap();
        // The name is taken now, and a connect that asks for it fails.
        router.set_connect_routing_id("server").unwrap();
        router.connect(&free_tcp()).unwrap_err();
        let server = Dealer::new(&context).unwrap();
        server.bind(endpoint).unwrap();
        assert_eq!(server.get(), Message::from(["", "early"]));
        server.send(["", "reply"]).unwrap();
        assert_eq!(router.get(), Message::from(["server", "", "reply"]));
    }
}

#[test]
fn two_routers_talk_by_the_names_they_gave_or_chose() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (left, right) = (Router::new(&context).unwrap(), Router::new(&context).unwrap());
        left.set_routing_id("left").unwrap();
        right.set_routing_id("right").unwrap();
        right.set_connect_routing_id("my left").unwrap();
        join(&left, &right, &endpoint);
        right.send(["my left", "hello"]).unwrap();
        assert_eq!(left.get(), Message::from(["right", "hello"]));
        left.send(["right", "welcome"]).unwrap();
        assert_eq!(right.get(), Message::from(["my left", "welcome"]));
    }
}

#[test]
fn a_probe_makes_a_peer_known_before_it_has_anything_to_say() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_router_mandatory(true).unwrap();
        let dealer = named(&context, "ann");
        dealer.set_probe_router(true).unwrap();
        dealer.connect(&router.bind(&endpoint).unwrap()).unwrap();
        dealer.send("a word").unwrap();
        assert_eq!(router.get(), Message::from(["ann", ""]));
        assert_eq!(router.get(), Message::from(["ann", "a word"]));
        router.send(["ann", "Hello"]).unwrap();
        assert_eq!(dealer.text(), "Hello");
    }
}

#[test]
fn a_router_that_asks_for_it_is_told_of_comings_and_goings() {
    for endpoint in everywhere() {
        for (connect, disconnect) in [(true, false), (false, true), (true, true)] {
            let context = Context::new();
            let router = Router::new(&context).unwrap();
            router.set_router_notify(RouterNotify { connect, disconnect }).unwrap();
            let at = router.bind(&endpoint).unwrap();
            let dealer = named(&context, "ann");
            dealer.connect(&at).unwrap();
            dealer.send(["one", "message"]).unwrap();
            if connect {
                assert_eq!(router.get(), Message::from(["ann", ""]));
            }
            assert_eq!(router.get(), Message::from(["ann", "one", "message"]));
            dealer.disconnect(&at).unwrap();
            if disconnect {
                assert_eq!(router.get(), Message::from(["ann", ""]));
            }
            wait_for_connections(&router, 0);
            assert!(router.has_nothing());
        }
    }
}

#[test]
fn a_router_is_not_told_of_connections_that_failed_in_the_handshake() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_router_notify(RouterNotify { connect: true, disconnect: true }).unwrap();
    let events = router.monitor();
    let at = router.bind("tcp://127.0.0.1:*").unwrap();
    RawPeer::connect(&at).send(&octets::greeting_v31("NULL")[..40]).close_sending();
    events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
    let mut wrong = RawPeer::connect(&at);
    wrong.send(&octets::greeting_v31("NULL")).send(&octets::ready(Kind::Pull, b"")).close_sending();
    events.wait_for(LONG, |event| matches!(event, Event::HandshakeFailed { .. })).unwrap();
    assert!(router.has_nothing());
    raw(&at, Kind::Dealer, b"ann").close();
    assert_eq!(router.text(), "ann | ");
    assert_eq!(router.text(), "ann | ");
}

#[test]
fn messages_of_greeting_and_farewell_come_at_the_right_moment() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        router.set_hello_message(Some("hello".into())).unwrap();
        router.set_disconnect_message(Some("gone".into())).unwrap();
        let at = router.bind(&endpoint).unwrap();
        for _ in 0..5 {
            let dealer = named(&context, "ann");
            dealer.connect(&at).unwrap();
            assert_eq!(dealer.text(), "hello");
            dealer.send("a word").unwrap();
            assert_eq!(router.get(), Message::from(["ann", "a word"]));
            drop(dealer);
            assert_eq!(router.get(), Message::from(["ann", "gone"]));
            wait_for_connections(&router, 0);
        }
    }
}

#[test]
fn a_dealer_is_told_when_its_connection_hiccups() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_hiccup_message(Some("hiccup".into())).unwrap();
    dealer.connect(listener.endpoint()).unwrap();
    for _ in 0..3 {
        let mut peer = listener.accept();
        shake_hands(&mut peer, Kind::Dealer, b"");
        peer.send(&octets::message(&[b"welcome"]));
        assert_eq!(dealer.text(), "welcome");
        peer.close();
        assert_eq!(dealer.text(), "hiccup");
    }
}

#[test]
fn dealers_send_in_turn_and_receive_in_turn() {
    for endpoint in everywhere() {
        let context = Context::new();
        let dealer = Dealer::new(&context).unwrap();
        let at = dealer.bind(&endpoint).unwrap();
        let others = [(); 3].map(|()| {
            let other = Dealer::new(&context).unwrap();
            join_at(&dealer, &other, &at);
            other
        });
        for count in 0..30 {
            dealer.send(number(count)).unwrap();
        }
        for (who, other) in others.iter().enumerate() {
            for turn in 0..10 {
                assert_eq!(as_number(&other.get()) as usize, turn * 3 + who);
                other.send(number(who as u32)).unwrap();
            }
        }
        eventually(|| dealer.peers().iter().map(|peer| peer.queued_in).sum::<usize>() == 30);
        let came: Vec<u32> = (0..30).map(|_| as_number(&dealer.get())).collect();
        for three in came.chunks(3) {
            let mut three = three.to_vec();
            three.sort_unstable();
            assert_eq!(three, [0, 1, 2], "{came:?}");
        }
    }
}

#[test]
fn the_queue_of_a_peer_that_came_and_left_is_destroyed() {
    for endpoint in everywhere() {
        let context = Context::new();
        let dealer = Dealer::new(&context).unwrap();
        let at = dealer.bind(&endpoint).unwrap();
        let leaves = Dealer::new(&context).unwrap();
        join_at(&dealer, &leaves, &at);
        dealer.send("for the one that leaves").unwrap();
        drop(leaves);
        // The connection is gone a moment before the peer.
        eventually(|| dealer.peers().is_empty());
        assert_eq!(dealer.try_send("nobody").unwrap_err().cause, SendErrorCause::WouldBlock);
        let other = Dealer::new(&context).unwrap();
        join_at(&dealer, &other, &at);
        dealer.send("for the other").unwrap();
        assert_eq!(other.text(), "for the other");
    }
}

#[test]
fn numbers_that_are_used_again_never_bring_a_message_to_the_wrong_peer() {
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let at = router.bind(&endpoint).unwrap();
        std::thread::scope(|scope| {
            for who in 0..4 {
                let (context, at) = (context.clone(), at.clone());
                scope.spawn(move || {
                    for round in 0..rounds(25) {
                        let name = format!("{who} {round}");
                        let dealer = named(&context, &name);
                        dealer.connect(&at).unwrap();
                        dealer.send("my name").unwrap();
                        // Replies to others may be dropped with their peers, this one is here.
                        assert_eq!(dealer.text(), name);
                        dealer.send("and goes").unwrap();
                    }
                });
            }
            for _ in 0..4 * rounds(25) * 2 {
                let message = router.get();
                if message[1] == "my name" {
                    router.send([message[0].clone(), message[0].clone()]).unwrap();
                }
            }
        });
    }
}

#[test]
fn many_messages_in_one_call_reach_each_peer_in_their_order() {
    const EACH: usize = 300;
    for endpoint in everywhere() {
        let context = Context::new();
        let router = Router::new(&context).unwrap();
        let at = router.bind(&endpoint).unwrap();
        let names = ["ann", "bob", "eve"];
        let dealers = names.map(|name| named(&context, name));
        for dealer in &dealers {
            join_at(&router, dealer, &at);
        }
        let to_all = |number: usize| names.map(|name| Message::from([name, &number.to_string()]));
        router.try_send_many((0..EACH).flat_map(to_all)).unwrap();
        for dealer in &dealers {
            for number in 0..EACH {
                assert_eq!(dealer.text(), number.to_string());
            }
            dealer.try_send_many((0..EACH).map(|number| Message::from(number.to_string()))).unwrap();
        }
        let mut next = [0; 3];
        for _ in 0..3 * EACH {
            let message = router.get();
            let place = names.iter().position(|name| message[0] == *name).unwrap();
            assert_eq!(message[1], next[place].to_string());
            next[place] += 1;
        }
    }
}

#[test]
fn what_is_refused_of_many_messages_comes_back_and_those_behind_it_stay() {
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_send_high_water_mark(Some(3)).unwrap();
    let router = Router::new(&context).unwrap();
    let mut messages = ["0", "1", "2", "3", "4", "5"].map(Message::from).into_iter();
    let refused = dealer.try_send_many(&mut messages).unwrap_err();
    assert_eq!((refused.cause, refused.message), (SendErrorCause::WouldBlock, "0".into()), "nobody is there");
    router.set_receive_high_water_mark(Some(1)).unwrap();
    dealer.connect("inproc://later").unwrap();
    let refused = dealer.try_send_many(&mut messages).unwrap_err();
    assert_eq!((refused.cause, refused.message), (SendErrorCause::WouldBlock, "4".into()));
    assert_eq!(messages.next(), Some("5".into()));
    router.bind("inproc://later").unwrap();
    for number in ["1", "2", "3"] {
        assert_eq!(router.get()[1], number);
    }
    let req = Req::new(&context).unwrap();
    req.connect("inproc://later").unwrap();
    let refused = req.try_send_many(["one", "two"].map(Message::from)).unwrap_err();
    assert_eq!(refused.message, "two".into(), "a REQ asks once");
    assert_eq!(router.get()[2], "one");
}
