//! ROUTER with `router_raw`: plain TCP peers, by name. What libzmq 4.3.5 does was looked at, not read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};
use zeroxide::*;

fn raw_router(context: &Context) -> Router {
    let router = Router::new(context).unwrap();
    router.set_router_raw(true).unwrap();
    router
}

fn plain(endpoint: &str) -> TcpStream {
    let peer = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    peer.set_read_timeout(Some(LONG)).unwrap();
    peer
}

#[track_caller]
fn expect(peer: &mut TcpStream, wanted: &[u8]) {
    let mut came = vec![0; wanted.len()];
    peer.read_exact(&mut came).unwrap();
    assert_eq!(came, wanted);
}

#[test]
fn a_plain_peer_is_announced_heard_answered_and_seen_off() {
    let context = Context::new();
    let router = raw_router(&context);
    // None of these has a meaning for plain octets: nothing but what is sent goes out.
    router.set_probe_router(true).unwrap();
    router.set_hello_message(Some("hello".into())).unwrap();
    router.set_heartbeat_interval(Some(Duration::from_millis(5))).unwrap();
    let at = router.bind("tcp://127.0.0.1:*").unwrap();
    let mut peers: Vec<_> = (0..3)
        .map(|_| {
            let peer = plain(&at);
            let arrival = router.get();
            assert_eq!((arrival.len(), arrival[0].len(), arrival[1].len()), (2, 5, 0));
            (peer, arrival[0].clone())
        })
        .collect();
    for (peer, name) in &mut peers {
        peer.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        assert_eq!(router.get(), Message::from([name.clone(), "GET / HTTP/1.0\r\n\r\n".into()]));
        router.send([name.clone(), "200 ".into(), "OK".into()]).unwrap();
        expect(peer, b"200 OK");
    }
    for (peer, name) in peers {
        drop(peer);
        assert_eq!(router.get(), Message::from([name.clone(), Frame::EMPTY]));
        router.send([name, "too late".into()]).unwrap();
    }
    assert_eq!(router.statistics().lost, [(Loss::Unroutable, 3)]);
}

#[test]
fn an_empty_message_closes_the_connection_behind_all_that_was_sent() {
    let context = Context::new();
    let router = raw_router(&context);
    router.set_router_mandatory(true).unwrap();
    let mut peer = plain(&router.bind("tcp://127.0.0.1:*").unwrap());
    let name = router.get()[0].clone();
    let body = vec![7; 300_000];
    for _ in 0..10 {
        router.send([name.clone(), body.clone().into()]).unwrap();
    }
    router.send([name.clone(), Frame::EMPTY]).unwrap();
    assert_eq!(router.send([name, "too late".into()]).unwrap_err().cause, SendErrorCause::Unroutable);
    let mut came = Vec::new();
    peer.read_to_end(&mut came).unwrap();
    assert_eq!(came.len(), 10 * body.len());
    wait_for_connections(&router, 0);
    assert!(router.has_nothing(), "our own doing is not reported");
}

#[test]
fn a_named_connection_is_written_at_once_and_made_again_when_it_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let context = Context::new();
    let router = raw_router(&context);
    router.set_connect_routing_id("web").unwrap();
    router.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    router.send(["web", "early"]).unwrap();
    let come_or_gone = Message::from(["web", ""]);
    for words in ["early", "again"] {
        let mut peer = listener.accept().unwrap().0;
        assert_eq!(router.get(), come_or_gone);
        expect(&mut peer, words.as_bytes());
        peer.write_all(b"answer").unwrap();
        assert_eq!(router.text(), "web | answer");
        drop(peer);
        assert_eq!(router.get(), come_or_gone);
        router.send(["web", "again"]).unwrap();
    }
}

#[test]
fn peers_of_zeromq_and_plain_ones_may_share_a_router() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    let dealer = Dealer::new(&context).unwrap();
    dealer.set_routing_id("dealer").unwrap();
    let at = join(&router, &dealer, "tcp://127.0.0.1:*");
    router.set_router_raw(true).unwrap();
    let mut peer = plain(&at);
    let name = router.get()[0].clone();
    dealer.send("from a dealer").unwrap();
    assert_eq!(router.text(), "dealer | from a dealer");
    router.send(["dealer", ""]).unwrap();
    assert_eq!(dealer.get(), "".into(), "an empty message is one");
    router.send([name, "octets".into()]).unwrap();
    expect(&mut peer, b"octets");
    let local = Dealer::new(&context).unwrap();
    local.set_routing_id("local").unwrap();
    local.connect(&router.bind(&inproc()).unwrap()).unwrap();
    local.send("within the process").unwrap();
    assert_eq!(router.text(), "local | within the process");
}

#[test]
fn it_is_for_routers_and_can_be_taken_back() {
    let context = Context::new();
    let router = raw_router(&context);
    assert!(router.router_raw());
    router.set_router_raw(false).unwrap();
    let mut peer = RawPeer::connect(&router.bind("tcp://127.0.0.1:*").unwrap());
    peer.shake_hands_v31(Kind::Dealer, Kind::Router);
    let error = Dealer::new(&context).unwrap().set_router_raw(true).unwrap_err();
    assert_eq!(error.cause, OptionErrorCause::NotForThisType);
}
