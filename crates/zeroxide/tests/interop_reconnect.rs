//! Peers that die and come back, on both sides: what was sent meanwhile arrives, once and in order, and subscriptions
//! are restored.
//!
//! "Died" is SIGKILL: the system closes the connections, libzmq says nothing. What a test sends "while it is away" is
//! sent after our side has seen the end of the connection; before that it would go into a socket that nobody reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

mod scenario;

use scenario::*;
use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Duration,
};
use zeroxide::*;

fn tcp_and_ipc(story: fn(&str)) {
    story(TCP);
    let path = IpcPath::new();
    story(&path.endpoint());
}

/// A libzmq with one bound socket, and where to connect to.
fn libzmq_bound(kind: Kind, endpoint: &str) -> (PythonPeer, RemoteSocket, String) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    let endpoint = socket.bind(endpoint).unwrap();
    (peer, socket, endpoint)
}

/// A libzmq with one connected socket.
fn libzmq_connected(kind: Kind, endpoint: &str) -> (PythonPeer, RemoteSocket) {
    let peer = PythonPeer::spawn();
    let socket = peer.socket(kind);
    socket.connect(endpoint).unwrap();
    (peer, socket)
}

// -- PUSH and PULL

#[test]
fn what_a_connected_push_sends_while_the_pull_is_away_arrives_once_and_in_order() {
    tcp_and_ipc(|endpoint| {
        let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, endpoint);
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let monitor = push.monitor();
        push.connect(&endpoint).unwrap();
        (0..100).for_each(|number| push.send(numbered(number)).unwrap());
        libzmq_gets(&pull, 0..100);

        peer.kill();
        disconnected(&monitor);
        (100..600).for_each(|number| push.send(numbered(number)).unwrap());
        let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
        push.send(numbered(600)).unwrap();
        libzmq_gets(&pull, 100..601);
        assert_eq!(push.statistics().lost_in_all(), 0);
    });
}

#[test]
fn a_bound_push_waits_for_the_next_pull_when_the_only_one_died() {
    tcp_and_ipc(|endpoint| {
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        let monitor = push.monitor();
        let endpoint = push.bind(endpoint).unwrap();
        let (peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        (0..10).for_each(|number| push.send(numbered(number)).unwrap());
        libzmq_gets(&pull, 0..10);

        peer.kill();
        disconnected(&monitor);
        assert_eq!(push.try_send(numbered(10)).unwrap_err().cause, SendErrorCause::WouldBlock);
        let (_peer, pull) = libzmq_connected(Kind::Pull, &endpoint);
        (10..20).for_each(|number| push.send_timeout(numbered(number), LONG).unwrap());
        libzmq_gets(&pull, 10..20);
    });
}

#[test]
fn a_connected_pull_finds_the_push_again() {
    tcp_and_ipc(|endpoint| {
        let (peer, push, endpoint) = libzmq_bound(Kind::Push, endpoint);
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        pull.connect(&endpoint).unwrap();
        push.send(&[b"before"]).unwrap();
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "before".into());

        peer.kill();
        let (_peer, push) = libzmq_bound_again(&endpoint, Kind::Push);
        push.send(&[b"after"]).unwrap();
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "after".into());
    });
}

#[test]
fn a_message_cut_off_by_the_death_of_its_sender_is_not_delivered() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let parts: [&[u8]; 2] = [b"first part", &[7; 100_000]];
    for _ in 0..2 {
        let (peer, push) = libzmq_connected(Kind::Push, &endpoint);
        let _blast = push.blast(1_000_000, 1 << 20, &parts).unwrap();
        for wanted in 0..20 {
            assert_whole(&pull.recv_timeout(LONG).unwrap(), &parts, wanted);
        }
        peer.kill();
        disconnected(&monitor);
        let mut wanted = 20;
        while let Ok(message) = pull.try_recv() {
            assert_whole(&message, &parts, wanted);
            wanted += 1;
        }
    }
}

#[track_caller]
fn assert_whole(message: &Message, parts: &[&[u8]; 2], number: u64) {
    let [first, second, body] = message.frames() else { panic!("{} frames", message.len()) };
    assert_eq!((&**first, &**second, body.len()), (parts[0], parts[1], 1 << 20));
    assert_eq!(body[..8], number.to_be_bytes());
}

#[test]
fn a_push_under_fire_resumes_at_the_border_of_a_message() {
    for size in [8, 3_000, 300_000] {
        let (peer, pull, endpoint) = libzmq_bound(Kind::Pull, TCP);
        let context = Context::new();
        let push = Push::new(&context).unwrap();
        push.connect(&endpoint).unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut body = vec![b'x'; size];
                let mut sent = 0u64;
                while !stop.load(SeqCst) {
                    body[..8].copy_from_slice(&sent.to_be_bytes());
                    push.send(&body).unwrap();
                    sent += 1;
                }
                sent
            });
            let before = pull.count(100, LONG).unwrap().counted().unwrap();
            assert_eq!((before.messages, before.missing, before.backwards), (100, 0, 0));
            peer.kill();

            let (_peer, pull) = libzmq_bound_again(&endpoint, Kind::Pull);
            let first = u64::from_be_bytes(*pull.recv().unwrap()[0].first_chunk().unwrap());
            assert!(first >= 100, "message {first} came twice");
            stop.store(true, SeqCst);
            // The sender may be waiting for room, so reading goes on until it has ended.
            let counting = pull.count(u64::MAX, LONG).unwrap();
            let sent = sender.join().unwrap();
            counting.stop().unwrap();
            let then = no_gap_from(first + 1, &counting.counted().unwrap());
            let rest = pull.count(sent - then, LONG).unwrap().counted().unwrap();
            assert_eq!(no_gap_from(then, &rest), sent, "size {size}");
        });
        assert_eq!(push.statistics().lost_in_all(), 0);
    }
}

/// Checks that the messages of a count followed on each other; returns the number of the next.
#[track_caller]
fn no_gap_from(first: u64, counted: &Counted) -> u64 {
    let missing = if counted.messages > 0 { first } else { 0 };
    assert_eq!((counted.missing, counted.backwards), (missing, 0), "from {first} on: {counted:?}");
    first + counted.messages
}

// -- REQ and REP

#[test]
fn a_request_sent_while_the_rep_is_away_is_answered_when_it_is_back() {
    tcp_and_ipc(|endpoint| {
        let (peer, rep, endpoint) = libzmq_bound(Kind::Rep, endpoint);
        let context = Context::new();
        let req = Req::new(&context).unwrap();
        let monitor = req.monitor();
        req.connect(&endpoint).unwrap();
        let echo = rep.echo().unwrap();
        req.send("first").unwrap();
        assert_eq!(req.recv_timeout(LONG).unwrap(), "first".into());
        drop(echo);

        peer.kill();
        disconnected(&monitor);
        req.send("second").unwrap();
        let (_peer, rep) = libzmq_bound_again(&endpoint, Kind::Rep);
        let _echo = rep.echo().unwrap();
        assert_eq!(req.recv_timeout(LONG).unwrap(), "second".into());
    });
}

#[test]
fn a_relaxed_req_asks_again_when_the_rep_died_over_its_request() {
    let (peer, rep, endpoint) = libzmq_bound(Kind::Rep, TCP);
    let context = Context::new();
    let req = Req::new(&context).unwrap();
    req.set_req_relaxed(true).unwrap();
    req.set_req_correlate(true).unwrap();
    let monitor = req.monitor();
    req.connect(&endpoint).unwrap();
    req.send("who is there?").unwrap();
    assert_eq!(rep.recv().unwrap(), [b"who is there?"]);

    peer.kill();
    disconnected(&monitor);
    req.send("anybody?").unwrap();
    let (_peer, rep) = libzmq_bound_again(&endpoint, Kind::Rep);
    assert_eq!(rep.recv().unwrap(), [b"anybody?"]);
    rep.send(&[b"me"]).unwrap();
    assert_eq!(req.recv_timeout(LONG).unwrap(), "me".into());
}

#[test]
fn a_reply_to_a_req_that_died_is_dropped_and_counted_and_the_next_is_served() {
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    let monitor = rep.monitor();
    let endpoint = rep.bind(TCP).unwrap();
    let (peer, req) = libzmq_connected(Kind::Req, &endpoint);
    req.send(&[b"my last words"]).unwrap();
    assert_eq!(rep.recv_timeout(LONG).unwrap(), "my last words".into());

    peer.kill();
    disconnected(&monitor);
    rep.send("too late").unwrap();
    assert_eq!(rep.statistics().lost_in_all(), 1);
    let (_peer, req) = libzmq_connected(Kind::Req, &endpoint);
    req.send(&[b"hello"]).unwrap();
    assert_eq!(rep.recv_timeout(LONG).unwrap(), "hello".into());
    rep.send("world").unwrap();
    assert_eq!(req.recv().unwrap(), [b"world"]);
}

// -- PUB and SUB

#[test]
fn a_sub_restores_its_thousand_topics_at_a_publisher_that_came_back() {
    restores_topics(|context| {
        let sub = Sub::new(context).unwrap();
        (0..1000).for_each(|topic| sub.subscribe(topic_of(topic)));
        sub.into()
    });
}

#[test]
fn an_xsub_with_a_queue_of_one_restores_its_thousand_topics() {
    restores_topics(|context| {
        let xsub = Xsub::new(context).unwrap();
        xsub.set_send_high_water_mark(Some(1)).unwrap();
        (0..1000).for_each(|topic| xsub.send([b"\x01", topic_of(topic).as_bytes()].concat()).unwrap());
        xsub.into()
    });
}

fn topic_of(number: u64) -> String {
    format!("topic {number:04}.")
}

fn restores_topics(subscriber: fn(&Context) -> Socket) {
    let (peer, xpub, endpoint) = libzmq_bound(Kind::Xpub, TCP);
    let context = Context::new();
    let sub = subscriber(&context);
    let monitor = sub.monitor();
    sub.connect(&endpoint).unwrap();
    assert_eq!(subscriptions(&xpub), (0..1000).map(topic_of).collect::<Vec<_>>());

    peer.kill();
    disconnected(&monitor);
    let (_peer, xpub) = libzmq_bound_again(&endpoint, Kind::Xpub);
    assert_eq!(subscriptions(&xpub), (0..1000).map(topic_of).collect::<Vec<_>>());
    // No 1001st came: the next that the publisher hears of is this one.
    match sub.socket_type() {
        SocketType::Sub => sub.subscribe("last").unwrap(),
        _ => sub.send("\u{1}last").unwrap(),
    }
    assert_eq!(xpub.recv().unwrap(), [b"\x01last"]);
    xpub.send(&["topic 0007.news"]).unwrap();
    assert_eq!(sub.recv_timeout(LONG).unwrap(), "topic 0007.news".into());
}

/// A thousand subscriptions as an XPUB hears of them, sorted.
fn subscriptions(xpub: &RemoteSocket) -> Vec<String> {
    let mut topics: Vec<String> = (0..1000)
        .map(|_| {
            let heard = xpub.recv().unwrap().remove(0);
            assert_eq!(heard[0], 1, "a subscription");
            String::from_utf8(heard[1..].to_vec()).unwrap()
        })
        .collect();
    topics.sort();
    topics
}

#[test]
fn a_cancelled_topic_does_not_come_back_with_the_publisher() {
    let (peer, xpub, endpoint) = libzmq_bound(Kind::Xpub, TCP);
    let context = Context::new();
    let sub = Sub::new(&context).unwrap();
    let monitor = sub.monitor();
    for topic in ["a", "b", "b", "c"] {
        sub.subscribe(topic);
    }
    sub.connect(&endpoint).unwrap();
    let mut heard = [(); 3].map(|()| xpub.recv().unwrap().remove(0));
    heard.sort();
    assert_eq!(heard, [b"\x01a", b"\x01b", b"\x01c"]);

    peer.kill();
    disconnected(&monitor);
    for topic in ["a", "b"] {
        sub.unsubscribe(topic);
    }
    let (_peer, xpub) = libzmq_bound_again(&endpoint, Kind::Xpub);
    let mut heard = [(); 2].map(|()| xpub.recv().unwrap().remove(0));
    heard.sort();
    assert_eq!(heard, [b"\x01b", b"\x01c"], "one of the two copies of b is left, a is gone");
    sub.unsubscribe("b");
    assert_eq!(xpub.recv().unwrap(), [b"\x00b"]);
}

#[test]
fn a_publisher_forgets_the_topics_of_a_subscriber_that_died() {
    let context = Context::new();
    let publisher = Xpub::new(&context).unwrap();
    let monitor = publisher.monitor();
    let endpoint = publisher.bind(TCP).unwrap();
    let (peer, sub) = libzmq_connected(Kind::Sub, &endpoint);
    sub.subscribe(b"old").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}old".into());

    peer.kill();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{0}old".into());
    disconnected(&monitor);
    assert_eq!(publisher.subscribers("old"), 0);
    let (_peer, sub) = libzmq_connected(Kind::Sub, &endpoint);
    sub.subscribe(b"new").unwrap();
    assert_eq!(publisher.recv_timeout(LONG).unwrap(), "\u{1}new".into());
    publisher.send("old news").unwrap();
    publisher.send("new news").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"new news"]);
}

#[test]
fn a_connected_pub_is_told_the_topics_again_by_a_sub_that_came_back() {
    let (peer, sub, endpoint) = libzmq_bound(Kind::Sub, TCP);
    sub.subscribe(b"a").unwrap();
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    let monitor = publisher.monitor();
    publisher.connect(&endpoint).unwrap();
    until_subscribed(&publisher, &sub, "a");
    publisher.send("a1").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"a1"]);

    peer.kill();
    disconnected(&monitor);
    eventually(|| publisher.subscribers("a") == 0);
    let (_peer, sub) = libzmq_bound_again(&endpoint, Kind::Sub);
    sub.subscribe(b"b").unwrap();
    until_subscribed(&publisher, &sub, "b");
    assert_eq!(publisher.subscribers("a"), 0);
    publisher.send("b1").unwrap();
    assert_eq!(sub.recv().unwrap(), [b"b1"]);
}

/// Waits until libzmq has subscribed over a connection that it accepted or made anew. It says what it wants only when
/// its application calls in (libzmq #2267).
#[track_caller]
fn until_subscribed(publisher: &Pub, sub: &RemoteSocket, topic: &str) {
    eventually(|| !sub.poll_in(Duration::from_millis(20)).unwrap() && publisher.subscribers(topic) == 1);
}

// -- DEALER and ROUTER

#[test]
fn a_connected_dealer_keeps_its_messages_and_its_name_over_the_death_of_the_router() {
    tcp_and_ipc(|endpoint| {
        let (peer, router, endpoint) = libzmq_bound(Kind::Router, endpoint);
        let context = Context::new();
        let dealer = Dealer::new(&context).unwrap();
        dealer.set_routing_id("worker").unwrap();
        let monitor = dealer.monitor();
        dealer.connect(&endpoint).unwrap();
        dealer.send("hello").unwrap();
        assert_eq!(router.recv().unwrap(), [b"worker".to_vec(), b"hello".to_vec()]);

        peer.kill();
        disconnected(&monitor);
        (0..500).for_each(|number| dealer.send(numbered(number)).unwrap());
        let (_peer, router) = libzmq_bound_again(&endpoint, Kind::Router);
        for number in 0..500u64 {
            assert_eq!(router.recv().unwrap(), [b"worker".to_vec(), number.to_be_bytes().to_vec()]);
        }
        router.send(&["worker", "and back"]).unwrap();
        assert_eq!(dealer.recv_timeout(LONG).unwrap(), "and back".into());
    });
}

#[test]
fn a_router_reaches_by_the_same_name_a_dealer_that_died_and_came_back() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_router_mandatory(true).unwrap();
    let monitor = router.monitor();
    let endpoint = router.bind(TCP).unwrap();
    for _life in 0..3 {
        let peer = PythonPeer::spawn();
        let dealer = peer.socket(Kind::Dealer);
        dealer.set_bytes("ROUTING_ID", b"worker").unwrap();
        dealer.connect(&endpoint).unwrap();
        dealer.send(&[b"ready"]).unwrap();
        assert_eq!(router.recv_timeout(LONG).unwrap(), ["worker", "ready"].into());
        router.send(["worker", "go"]).unwrap();
        assert_eq!(dealer.recv().unwrap(), [b"go"]);
        peer.kill();
        disconnected(&monitor);
        let refused = router.send(["worker", "go"]).unwrap_err();
        assert_eq!(refused.cause, SendErrorCause::Unroutable);
    }
}

#[test]
fn a_router_that_connected_by_name_keeps_what_it_sends_to_a_dead_peer() {
    let (peer, dealer, endpoint) = libzmq_bound(Kind::Dealer, TCP);
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_connect_routing_id("server").unwrap();
    let monitor = router.monitor();
    router.connect(&endpoint).unwrap();
    router.send(["server", "one"]).unwrap();
    assert_eq!(dealer.recv().unwrap(), [b"one"]);
    dealer.send(&["1"]).unwrap();
    assert_eq!(router.recv_timeout(LONG).unwrap(), ["server", "1"].into());

    peer.kill();
    disconnected(&monitor);
    router.send(["server", "two"]).unwrap();
    let (_peer, dealer) = libzmq_bound_again(&endpoint, Kind::Dealer);
    assert_eq!(dealer.recv().unwrap(), [b"two"]);
    dealer.send(&["2"]).unwrap();
    assert_eq!(router.recv_timeout(LONG).unwrap(), ["server", "2"].into());
}

// -- PAIR

#[test]
fn a_connected_pair_goes_on_with_the_pair_that_came_back() {
    tcp_and_ipc(|endpoint| {
        let (peer, theirs, endpoint) = libzmq_bound(Kind::Pair, endpoint);
        let context = Context::new();
        let ours = Pair::new(&context).unwrap();
        let monitor = ours.monitor();
        ours.connect(&endpoint).unwrap();
        ours.send("before").unwrap();
        assert_eq!(theirs.recv().unwrap(), [b"before"]);

        peer.kill();
        disconnected(&monitor);
        (0..100).for_each(|number| ours.send(numbered(number)).unwrap());
        let (_peer, theirs) = libzmq_bound_again(&endpoint, Kind::Pair);
        libzmq_gets(&theirs, 0..100);
        theirs.send(&[b"and back"]).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), "and back".into());
    });
}

#[test]
fn a_bound_pair_takes_the_next_peer_when_the_first_died() {
    let context = Context::new();
    let ours = Pair::new(&context).unwrap();
    let monitor = ours.monitor();
    let endpoint = ours.bind(TCP).unwrap();
    for _life in 0..3 {
        let (peer, theirs) = libzmq_connected(Kind::Pair, &endpoint);
        theirs.send(&[b"there"]).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), "there".into());
        ours.send("here").unwrap();
        assert_eq!(theirs.recv().unwrap(), [b"here"]);
        peer.kill();
        disconnected(&monitor);
    }
}

// -- our side goes, libzmq stays

#[test]
fn libzmq_finds_our_rep_again_each_time_it_is_made_anew() {
    let peer = PythonPeer::spawn();
    let req = peer.socket(Kind::Req);
    let mut endpoint = TCP.to_owned();
    for life in ["one", "two", "three"] {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        let bound = eventually_some(|| rep.bind(&endpoint).ok());
        if life == "one" {
            req.connect(&bound).unwrap();
        }
        endpoint = bound;
        req.send(&[life]).unwrap();
        assert_eq!(rep.recv_timeout(LONG).unwrap(), life.into());
        rep.send("yes").unwrap();
        assert_eq!(req.recv().unwrap(), [b"yes"]);
    }
}

#[test]
fn what_libzmq_sends_while_our_pull_is_away_arrives_at_the_next() {
    let peer = PythonPeer::spawn();
    let push = peer.socket(Kind::Push);
    push.monitor().unwrap();
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let endpoint = pull.bind(TCP).unwrap();
    push.connect(&endpoint).unwrap();
    push.send(&[b"before"]).unwrap();
    assert_eq!(pull.recv_timeout(LONG).unwrap(), "before".into());
    drop((pull, context));

    push.event(&["DISCONNECTED"]).unwrap();
    for number in 0..100u64 {
        push.send(&[number.to_be_bytes()]).unwrap();
    }
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    eventually(|| pull.bind(&endpoint).is_ok());
    for number in 0..100 {
        assert_eq!(number_of(&pull.recv_timeout(LONG).unwrap()), number);
    }
}

#[test]
fn libzmq_tells_its_topics_to_our_next_publisher() {
    let peer = PythonPeer::spawn();
    let sub = peer.socket(Kind::Sub);
    sub.subscribe(b"weather").unwrap();
    let mut endpoint = TCP.to_owned();
    for life in ["weather 1", "weather 2", "weather 3"] {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        let bound = eventually_some(|| publisher.bind(&endpoint).ok());
        if endpoint != bound {
            sub.connect(&bound).unwrap();
        }
        endpoint = bound;
        until_subscribed(&publisher, &sub, "weather");
        publisher.send(life).unwrap();
        assert_eq!(sub.recv().unwrap(), [life.as_bytes()]);
    }
}

#[test]
fn a_new_sub_of_ours_takes_over_from_the_old_at_a_living_publisher() {
    let peer = PythonPeer::spawn();
    let xpub = peer.socket(Kind::Xpub);
    let endpoint = xpub.bind(TCP).unwrap();
    for life in ["a", "b", "c"] {
        let context = Context::new();
        let sub = Sub::new(&context).unwrap();
        sub.subscribe(life);
        sub.connect(&endpoint).unwrap();
        assert_eq!(xpub.recv().unwrap(), [["\u{1}", life].concat().as_bytes()]);
        xpub.send(&[life]).unwrap();
        assert_eq!(sub.recv_timeout(LONG).unwrap(), life.into());
        drop((sub, context));
        assert_eq!(xpub.recv().unwrap(), [["\u{0}", life].concat().as_bytes()]);
    }
}

#[test]
fn a_new_dealer_of_ours_gets_the_name_of_the_old_at_a_living_router() {
    let peer = PythonPeer::spawn();
    let router = peer.socket(Kind::Router);
    // Without it libzmq may hold on to the name of a connection it knows to be dead, and ignore the new one.
    router.set_int("ROUTER_HANDOVER", 1).unwrap();
    let endpoint = router.bind(TCP).unwrap();
    for _life in 0..3 {
        let context = Context::new();
        let dealer = Dealer::new(&context).unwrap();
        dealer.set_routing_id("worker").unwrap();
        dealer.connect(&endpoint).unwrap();
        dealer.send("ready").unwrap();
        assert_eq!(router.recv().unwrap(), [b"worker".to_vec(), b"ready".to_vec()]);
        router.send(&["worker", "go"]).unwrap();
        assert_eq!(dealer.recv_timeout(LONG).unwrap(), "go".into());
    }
}

#[test]
fn a_pair_of_ours_made_anew_is_taken_by_the_living_one() {
    let peer = PythonPeer::spawn();
    let theirs = peer.socket(Kind::Pair);
    let endpoint = theirs.bind(TCP).unwrap();
    for life in ["one", "two", "three"] {
        let context = Context::new();
        let ours = Pair::new(&context).unwrap();
        ours.connect(&endpoint).unwrap();
        // libzmq refuses it, and what it sends, until it has let go of the one before, whose last words may come late.
        eventually(|| {
            ours.try_send(life).unwrap();
            theirs.recv_within(Duration::from_millis(20)).is_ok_and(|heard| heard == [life.as_bytes()])
        });
        theirs.send(&[life]).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), life.into());
    }
}

#[test]
fn a_socket_that_connected_before_anybody_bound_is_served_when_somebody_does() {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", probe.local_addr().unwrap());
    drop(probe);
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    let monitor = dealer.monitor();
    dealer.connect(&endpoint).unwrap();
    dealer.send("early").unwrap();
    monitor.wait_for(LONG, |event| matches!(event, Event::ConnectRetried { .. })).unwrap();
    let (_peer, rep) = libzmq_bound_again(&endpoint, Kind::Dealer);
    assert_eq!(rep.recv().unwrap(), [b"early"]);
}
