//! STREAM: plain TCP peers, by name.

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
fn a_plain_peer_is_announced_heard_answered_and_seen_off() {
    let context = Context::new();
    let stream = Stream::new(&context).unwrap();
    let at = stream.bind("tcp://127.0.0.1:*").unwrap();
    let mut peers: Vec<(RawPeer, Frame)> = (0..3)
        .map(|_| {
            let peer = RawPeer::connect(&at);
            let arrival = stream.get();
            assert_eq!((arrival.len(), arrival[0].len(), arrival[1].len()), (2, 5, 0));
            (peer, arrival[0].clone())
        })
        .collect();
    for (peer, name) in &mut peers {
        peer.send(b"GET / HTTP/1.0\r\n\r\n");
        assert_eq!(stream.get(), Message::from([name.clone(), "GET / HTTP/1.0\r\n\r\n".into()]));
        stream.send([name.clone(), "200 OK".into()]).unwrap();
        peer.expect(b"200 OK");
    }
    for (peer, name) in peers {
        peer.close();
        assert_eq!(stream.get(), Message::from([name.clone(), Frame::EMPTY]));
        assert_eq!(stream.try_send([name, "too late".into()]).unwrap_err().cause, SendErrorCause::Unroutable);
    }
}

#[test]
fn an_empty_message_closes_the_connection_behind_all_that_was_sent() {
    let context = Context::new();
    let stream = Stream::new(&context).unwrap();
    let at = stream.bind("tcp://127.0.0.1:*").unwrap();
    let body = vec![7; 300_000];
    for _ in 0..5 {
        let mut peer = RawPeer::connect(&at);
        let name = stream.get()[0].clone();
        for _ in 0..10 {
            stream.send([name.clone(), body.clone().into()]).unwrap();
        }
        stream.send([name.clone(), Frame::EMPTY]).unwrap();
        assert_eq!(stream.try_send([name, "too late".into()]).unwrap_err().cause, SendErrorCause::Unroutable);
        assert_eq!(peer.read_to_close().len(), 10 * body.len());
        wait_for_connections(&stream, 0);
        assert!(stream.has_nothing(), "our own doing is not reported");
    }
}

#[test]
fn an_outgoing_connection_is_closed_behind_all_that_was_sent_and_not_made_again() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let stream = Stream::new(&context).unwrap();
    let body = vec![7; 300_000];
    stream.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    let name = stream.get()[0].clone();
    for _ in 0..10 {
        stream.send([name.clone(), body.clone().into()]).unwrap();
    }
    stream.send([name, Frame::EMPTY]).unwrap();
    assert_eq!(peer.read_to_close().len(), 10 * body.len());
    wait_for_connections(&stream, 0);
    assert!(stream.has_nothing());
}

#[test]
fn a_named_connection_can_be_written_to_at_once() {
    let context = Context::new();
    let listener = RawListener::tcp();
    let stream = Stream::new(&context).unwrap();
    stream.set_connect_routing_id("server").unwrap();
    stream.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    assert_eq!(stream.get(), Message::from(["server", ""]));
    stream.send(["server", "hello"]).unwrap();
    peer.expect(b"hello");
}

#[test]
fn two_streams_talk_to_each_other() {
    let context = Context::new();
    let (server, client) = (Stream::new(&context).unwrap(), Stream::new(&context).unwrap());
    join(&server, &client, "tcp://127.0.0.1:*");
    let (to_client, to_server) = (server.get()[0].clone(), client.get()[0].clone());
    let gather = |stream: &Stream, size: usize| {
        let mut came = Vec::new();
        while came.len() < size {
            came.extend_from_slice(&stream.get()[1]);
        }
        came
    };
    for size in [1, 10, 8191, 8192, 8193, 100_000] {
        let question: Vec<u8> = (0..size).map(|at| at as u8).collect();
        client.send([to_server.clone(), question.clone().into()]).unwrap();
        assert_eq!(gather(&server, size), question);
        server.send([to_client.clone(), question.clone().into()]).unwrap();
        assert_eq!(gather(&client, size), question);
    }
    drop(client);
    assert_eq!(server.get(), Message::from([to_client, Frame::EMPTY]));
}

#[test]
fn without_notices_only_data_is_received() {
    let context = Context::new();
    let stream = Stream::new(&context).unwrap();
    stream.set_stream_notify(false).unwrap();
    let at = stream.bind("tcp://127.0.0.1:*").unwrap();
    let mut peer = RawPeer::connect(&at);
    peer.send(b"hello");
    assert_eq!(stream.get()[1], "hello");
    peer.close();
    wait_for_connections(&stream, 0);
    assert!(stream.has_nothing());
}

#[test]
fn a_stream_sees_the_octets_of_a_zmtp_peer() {
    let context = Context::new();
    let (stream, dealer) = (Stream::new(&context).unwrap(), Dealer::new(&context).unwrap());
    dealer.set_linger(Some(Duration::ZERO));
    dealer.connect(&stream.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let name = stream.get()[0].clone();
    let mut came = Vec::new();
    while came.len() < 10 {
        came.extend_from_slice(&stream.get()[1]);
    }
    assert_eq!(came[..10], octets::signature(0));
    stream.send([name.clone(), octets::greeting_v31("NULL").into()]).unwrap();
    while came.len() < 64 + octets::ready(Kind::Dealer, b"").len() {
        came.extend_from_slice(&stream.get()[1]);
    }
    assert_eq!(came[..64], octets::greeting_v31("NULL"));
    assert_eq!(came[64..], octets::ready(Kind::Dealer, b""));
    stream.send([name.clone(), octets::ready(Kind::Router, b"").into()]).unwrap();
    stream.send([name, octets::message(&[b"hello", b"dealer"]).into()]).unwrap();
    assert_eq!(dealer.text(), "hello | dealer");
}

#[test]
fn a_message_without_data_or_for_nobody_is_an_error() {
    let context = Context::new();
    let stream = Stream::new(&context).unwrap();
    assert!(matches!(stream.send("only a name").unwrap_err().cause, SendErrorCause::Invalid(_)));
    assert_eq!(stream.send(["nobody", "data"]).unwrap_err().cause, SendErrorCause::Unroutable);
}

#[test]
fn what_is_sent_to_a_name_that_was_given_before_the_connection_is_up_goes_out_first() {
    let context = Context::new();
    let (server, client) = (Stream::new(&context).unwrap(), Stream::new(&context).unwrap());
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    client.set_connect_routing_id("server").unwrap();
    client.connect(&endpoint).unwrap();
    client.send(["server", "at once"]).unwrap();
    server.set_stream_notify(false).unwrap();
    let arrived = std::iter::repeat_with(|| server.recv().unwrap()).find(|message| !message[1].is_empty());
    assert_eq!(&*arrived.unwrap()[1], b"at once");
}
