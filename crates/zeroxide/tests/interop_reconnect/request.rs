//! REQ and REP.

use super::*;

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
