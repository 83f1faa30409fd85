//! DEALER, ROUTER and PAIR: who comes back is known by the same name.

use super::*;

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
