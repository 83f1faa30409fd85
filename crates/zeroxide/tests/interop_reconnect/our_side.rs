//! Our side goes and comes back, libzmq stays.

use super::*;

#[test]
fn libzmq_finds_our_rep_again_each_time_it_is_made_anew() {
    let peer = PythonPeer::spawn();
    let req = peer.socket(Kind::Req);
    req.monitor().unwrap();
    let endpoint = free_tcp();
    for life in ["one", "two", "three"] {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        eventually(|| rep.bind(&endpoint).is_ok());
        if life == "one" {
            req.connect(&endpoint).unwrap();
        } else {
            // What it asks before it has seen the end goes with the connection.
            req.event(&["DISCONNECTED"]).unwrap();
        }
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
    let endpoint = pull.bind(&free_tcp()).unwrap();
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
    let endpoint = free_tcp();
    sub.connect(&endpoint).unwrap();
    for life in ["weather 1", "weather 2", "weather 3"] {
        let context = Context::new();
        let publisher = Pub::new(&context).unwrap();
        eventually(|| publisher.bind(&endpoint).is_ok());
        until_subscribed(&publisher, &sub, "weather");
        publisher.send(life).unwrap();
        assert_eq!(sub.recv().unwrap(), [life.as_bytes()]);
    }
}

#[test]
fn a_new_sub_of_ours_takes_over_from_the_old_at_a_living_publisher() {
    let (_peer, xpub, endpoint) = libzmq_bound(Kind::Xpub, TCP);
    for life in ["a", "b", "c"] {
        let context = Context::new();
        let sub = Sub::new(&context).unwrap();
        sub.subscribe(life).unwrap();
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
    let (_peer, theirs, endpoint) = libzmq_bound(Kind::Pair, TCP);
    for life in ["one", "two", "three"] {
        let context = Context::new();
        // A connection that comes before libzmq has let go of the one before is refused by silence: it stays open, and
        // nothing that it brings is ever heard. So a new one is made until one is taken.
        let mut attempts = 0;
        let ours = eventually_some(|| {
            attempts += 1;
            let words = format!("{life} {attempts}");
            let ours = Pair::new(&context).unwrap();
            ours.set_linger(Some(Duration::ZERO));
            ours.connect(&endpoint).unwrap();
            ours.send(&words).unwrap();
            let heard = || theirs.recv_within(Duration::from_millis(500));
            // The last words of the one before may come late.
            std::iter::from_fn(|| heard().ok()).any(|heard| heard == [words.as_bytes()]).then_some(ours)
        });
        theirs.send(&[life]).unwrap();
        assert_eq!(ours.recv_timeout(LONG).unwrap(), life.into());
    }
}

#[test]
fn a_socket_that_connected_before_anybody_bound_is_served_when_somebody_does() {
    let endpoint = free_tcp();
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    let monitor = dealer.monitor();
    dealer.connect(&endpoint).unwrap();
    dealer.send("early").unwrap();
    monitor.wait_for(LONG, |event| matches!(event, Event::ConnectRetried { .. })).unwrap();
    let (_peer, rep) = libzmq_bound_again(&endpoint, Kind::Dealer);
    assert_eq!(rep.recv().unwrap(), [b"early"]);
}
