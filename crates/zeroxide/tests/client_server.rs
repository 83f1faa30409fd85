//! CLIENT and SERVER (RFC 41), PEER (RFC 51): peers known by number, messages of one frame, nothing dropped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::{collections::HashSet, thread};
use zeroxide::*;

#[test]
fn answers_find_their_askers() {
    for endpoint in everywhere() {
        let context = Context::new();
        let server = Server::new(&context).unwrap();
        let at = server.bind(&endpoint).unwrap();
        let clients = [(); 3].map(|()| {
            let client = Client::new(&context).unwrap();
            join_at(&server, &client, &at);
            client
        });
        for (who, client) in clients.iter().enumerate() {
            client.send(number(who as u32)).unwrap();
        }
        let mut askers = HashSet::new();
        for _ in &clients {
            let question = server.get();
            assert!(!question.is_multipart());
            let asker = question.routing_id().unwrap();
            assert!(askers.insert(asker), "each has its own number");
            server.send_to(asker, question.body().to_vec()).unwrap();
        }
        for (who, client) in clients.iter().enumerate() {
            let answer = client.get();
            assert_eq!((as_number(&answer), answer.routing_id()), (who as u32, None));
        }
        let numbers: HashSet<_> = server.peers().iter().filter_map(|peer| peer.number).collect();
        assert_eq!(numbers, askers);
    }
}

#[test]
fn a_server_may_send_many_answers_and_a_client_many_questions() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (server, client) = (Server::new(&context).unwrap(), Client::new(&context).unwrap());
        join(&server, &client, &endpoint);
        (0..100).for_each(|count| client.send(number(count)).unwrap());
        for count in 0..100 {
            let question = server.get();
            assert_eq!(as_number(&question), count);
            server.send(Message::routed(question.routing_id().unwrap(), "one")).unwrap();
            server.send_to(question.routing_id().unwrap(), "two").unwrap();
        }
        for _ in 0..100 {
            assert_eq!((client.text(), client.text()), ("one".into(), "two".into()));
        }
    }
}

#[test]
fn what_cannot_be_sent_comes_back_with_the_reason() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (server, client) = (Server::new(&context).unwrap(), Client::new(&context).unwrap());
        let error = client.try_send("early").unwrap_err();
        assert_eq!((error.cause, error.message), (SendErrorCause::WouldBlock, "early".into()));
        join(&server, &client, &endpoint);
        let error = client.send(["two", "frames"]).unwrap_err();
        assert_eq!((error.cause, error.message), (SendErrorCause::Multipart, ["two", "frames"].into()));
        assert_eq!(server.send("to nobody").unwrap_err().cause, SendErrorCause::Unroutable);
        client.send("hello").unwrap();
        let asker = server.get().routing_id().unwrap();
        drop(client);
        wait_for_connections(&server, 0);
        let error = server.send_to(asker, "gone").unwrap_err();
        assert_eq!(
            (error.cause, error.message),
            (SendErrorCause::Unroutable, Message::routed(asker, "gone"))
        );
    }
}

#[test]
fn a_full_client_makes_the_server_wait_and_loses_nothing() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (server, client) = (Server::new(&context).unwrap(), Client::new(&context).unwrap());
        server.set_send_high_water_mark(Some(5)).unwrap();
        client.set_receive_high_water_mark(Some(5)).unwrap();
        join(&server, &client, &endpoint);
        client.send("ready").unwrap();
        let asker = server.get().routing_id().unwrap();
        let body = vec![7; 10_000];
        let mut sent = fill(|_| server.try_send(Message::routed(asker, &body)));
        let sender = thread::spawn(move || {
            for _ in 0..50 {
                server.send_to(asker, "more").unwrap();
            }
            server
        });
        while sent > 0 {
            assert_eq!(client.get().body().len(), body.len());
            sent -= 1;
        }
        (0..50).for_each(|_| assert_eq!(client.text(), "more"));
        assert_eq!(sender.join().unwrap().statistics().lost_in_all(), 0);
    }
}

#[test]
fn a_server_that_connects_keeps_the_number_over_a_reconnect() {
    let context = Context::new();
    let (server, client) = (Server::new(&context).unwrap(), Client::new(&context).unwrap());
    server.set_reconnect_interval(Some(std::time::Duration::from_millis(10))).unwrap();
    let at = join(&client, &server, &free_tcp());
    client.send("first").unwrap();
    let asker = server.get().routing_id().unwrap();
    client.unbind(&at).unwrap();
    wait_for_connections(&server, 0);
    server.send_to(asker, "kept").unwrap();
    client.bind(&at).unwrap();
    assert_eq!(client.text(), "kept");
    client.send("second").unwrap();
    assert_eq!(server.get().routing_id(), Some(asker));
}

#[test]
fn threads_share_a_server_and_each_answer_finds_its_way() {
    for endpoint in everywhere() {
        let context = Context::new();
        let server = Server::new(&context).unwrap();
        let at = server.bind(&endpoint).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Ok(question) = server.recv() {
                        let asker = question.routing_id().unwrap();
                        let _ = server.send_to(asker, question.into_first());
                    }
                });
            }
            let clients = (0..4).map(|who| {
                let (context, at) = (&context, &at);
                scope.spawn(move || {
                    let client = Client::new(context).unwrap();
                    client.connect(at).unwrap();
                    for count in 0..200 {
                        client.send(number(who * 1000 + count)).unwrap();
                        assert_eq!(as_number(&client.get()), who * 1000 + count);
                    }
                })
            });
            let clients: Vec<_> = clients.collect();
            clients.into_iter().for_each(|client| client.join().unwrap());
            context.terminate();
        });
    }
}

#[test]
fn peers_talk_by_number_and_who_connects_may_speak_first() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (ann, bob) = (Peer::new(&context).unwrap(), Peer::new(&context).unwrap());
        let to_bob = ann.connect_peer(&bob.bind(&endpoint).unwrap()).unwrap();
        ann.send_to(to_bob, "hello, bob").unwrap();
        let hello = bob.get();
        assert_eq!(hello.body(), b"hello, bob");
        bob.send_to(hello.routing_id().unwrap(), "hello, ann").unwrap();
        assert_eq!(ann.get(), Message::routed(to_bob, "hello, ann"));
        assert_eq!(ann.send("to nobody").unwrap_err().cause, SendErrorCause::Unroutable);
        assert_eq!(ann.send(["a", "b"]).unwrap_err().cause, SendErrorCause::Multipart);
        assert!(bob.disconnect_number(hello.routing_id().unwrap()));
        eventually(|| !bob.disconnect_number(hello.routing_id().unwrap()));
    }
}

#[test]
fn a_number_is_there_before_the_other_side_is() {
    let (_path, endpoints) = not_yet_bound();
    for endpoint in endpoints {
        let context = Context::new();
        let (ann, bob) = (Peer::new(&context).unwrap(), Peer::new(&context).unwrap());
        let to_bob = ann.connect_peer(&endpoint).unwrap();
        ann.send_to(to_bob, "early").unwrap();
        bob.bind(&endpoint).unwrap();
        assert_eq!(bob.text(), "early");
    }
}

#[test]
fn only_a_peer_connects_by_number() {
    let context = Context::new();
    for kind in SocketType::ALL {
        let socket = Socket::new(&context, kind).unwrap();
        let answer = socket.connect_peer("tcp://127.0.0.1:9");
        match kind {
            SocketType::Peer => assert!(answer.is_ok()),
            _ => assert!(matches!(answer.unwrap_err().cause, EndpointCause::NotForThisType), "{kind}"),
        }
    }
    let peer = Peer::new(&context).unwrap();
    peer.change_options(|options| options.immediate = true);
    assert!(matches!(peer.connect_peer("tcp://127.0.0.1:9").unwrap_err().cause, EndpointCause::Option(_)));
}

#[test]
fn greetings_and_farewells_carry_the_number() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (server, client) = (Server::new(&context).unwrap(), Client::new(&context).unwrap());
        server.set_disconnect_message(Some("gone".into())).unwrap();
        server.set_hello_message(Some("welcome".into())).unwrap();
        client.set_hello_message(Some("hello".into())).unwrap();
        join(&server, &client, &endpoint);
        assert_eq!(client.text(), "welcome");
        let hello = server.get();
        assert_eq!(hello.body(), b"hello");
        drop(client);
        assert_eq!(server.get(), Message::routed(hello.routing_id().unwrap(), "gone"));
    }
}

#[test]
fn messages_of_several_frames_from_a_stranger_are_dropped_whole_and_counted() {
    for (kind, theirs) in [
        (SocketType::Server, "CLIENT"),
        (SocketType::Client, "SERVER"),
        (SocketType::Peer, "PEER"),
        (SocketType::Gather, "SCATTER"),
        (SocketType::Channel, "CHANNEL"),
    ] {
        let context = Context::new();
        let socket = Socket::new(&context, kind).unwrap();
        let mut peer = RawPeer::connect(&socket.bind("tcp://127.0.0.1:*").unwrap());
        peer.send(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
        peer.send(&ready(theirs)).expect(&ready(kind.name()));
        peer.send(&octets::message(&[b"two", b"frames"]));
        peer.send(&octets::message(&[b"good"])).send(&octets::message(&[b"a", b"", b"c"]));
        peer.send(&octets::message(&[b"better"]));
        assert_eq!((socket.get().body(), socket.get().body()), (&b"good"[..], &b"better"[..]), "{kind}");
        assert_eq!(socket.statistics().lost_to(Loss::BadEnvelope), 2, "{kind}");
        assert!(socket.has_nothing());
    }
}

/// READY of a type without an identity.
fn ready(kind: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    body.push(kind.len() as u8);
    body.extend(kind.bytes());
    octets::frame(octets::COMMAND, &body)
}
