//! Freelance on real sockets, with servers that die and come back, and with libzmq at the other end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    thread::{JoinHandle, spawn},
    time::Duration,
};
use zeroxide::{Context, Message, Router};
use zeroxide_patterns::{
    CallError, PatternError, ServerControl,
    freelance::{FreelanceClient, FreelanceOptions, FreelanceServer, FreelanceStatistics},
};
use zeroxide_testing::{Kind, PATIENCE, PythonPeer, eventually, eventually_some, own_address};

type Running = (String, ServerControl<FreelanceStatistics>, JoinHandle<Result<(), PatternError>>);

fn start(context: &Context, endpoint: &str) -> Option<Running> {
    let server = FreelanceServer::bind(context, endpoint).ok()?;
    let (endpoint, control) = (server.endpoint().to_owned(), server.control());
    Some((endpoint, control, spawn(move || server.run(|body| body))))
}

fn stop((endpoint, control, running): Running) -> String {
    control.stop();
    running.join().unwrap().unwrap();
    endpoint
}

fn persistent() -> FreelanceOptions {
    FreelanceOptions {
        timeout: Duration::from_millis(200),
        deadline: PATIENCE,
        ..FreelanceOptions::default()
    }
}

#[test]
fn no_request_fails_while_one_server_after_the_other_is_restarted() {
    let context = Context::new();
    let mut servers: Vec<Running> =
        (0..3).map(|_| eventually_some(|| start(&context, &own_address()))).collect();
    let endpoints: Vec<String> = servers.iter().map(|server| server.0.clone()).collect();
    let client = FreelanceClient::new(&context, &endpoints, persistent()).unwrap();
    for round in 0..6 {
        for number in 0..50 {
            let body = format!("{round} {number}");
            assert_eq!(client.call(&*body).unwrap(), Message::from(&*body));
        }
        let endpoint = stop(servers.remove(0));
        assert_eq!(client.call("while one is gone").unwrap(), Message::from("while one is gone"));
        servers.push(eventually_some(|| start(&context, &endpoint)));
    }
    assert_eq!(client.statistics().failed, 0);
    servers.into_iter().for_each(|server| drop(stop(server)));
}

#[test]
fn with_all_servers_dead_a_request_fails_at_its_deadline_and_works_again_when_one_is_back() {
    let context = Context::new();
    let server = eventually_some(|| start(&context, &own_address()));
    let endpoint = stop(server);
    let options = FreelanceOptions { deadline: Duration::from_millis(300), ..persistent() };
    let client = FreelanceClient::new(&context, &[&endpoint], options).unwrap();
    assert!(matches!(client.call("hi"), Err(CallError::NoAnswer { .. })));
    let server = eventually_some(|| start(&context, &endpoint));
    eventually(|| client.call("hi").is_ok());
    stop(server);
}

#[test]
fn an_answer_of_a_stranger_or_to_another_request_is_not_taken() {
    let context = Context::new();
    let server = Router::new(&context).unwrap();
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    // It says what it likes, under the name that the client has given it.
    let client = FreelanceClient::new(
        &context,
        &[&endpoint],
        FreelanceOptions { deadline: PATIENCE, timeout: PATIENCE, ..persistent() },
    )
    .unwrap();
    let reply = client.request("hi");
    let asked = eventually_some(|| {
        let message = server.recv_timeout(PATIENCE).unwrap();
        (message.len() == 3).then_some(message)
    });
    let name = asked[0].clone();
    for nonsense in [vec!["x"], vec!["PONG"], vec!["4711", "other"], vec!["not a number", "x"]] {
        let mut message = Message::from_frames(nonsense);
        message.push_front(name.clone());
        server.send(message).unwrap();
    }
    server.send(asked).unwrap();
    assert_eq!(reply.wait().unwrap(), Message::from("hi"));
    assert_eq!(client.statistics().stray, 3);
}

#[test]
fn a_server_of_libzmq_is_pinged_and_asked_in_the_words_of_the_rfc() {
    let peer = PythonPeer::spawn();
    let server = peer.socket(Kind::Router);
    // The name has to be there before the first handshake, so the port is found first.
    let endpoint = {
        let server = FreelanceServer::bind(&Context::new(), &own_address()).unwrap();
        server.endpoint().to_owned()
    };
    server.set_bytes("ROUTING_ID", endpoint.as_bytes()).unwrap();
    eventually(|| server.bind(&endpoint).is_ok());
    let context = Context::new();
    // It pings once, as soon as it is there.
    let (timeout, ping, lifetime) = (PATIENCE, PATIENCE, 2 * PATIENCE);
    let options = FreelanceOptions { deadline: PATIENCE, timeout, ping, lifetime, ..persistent() };
    let client = FreelanceClient::new(&context, &[&endpoint], options).unwrap();
    let reply = client.request(["a", "b"]);
    let first = server.recv().unwrap();
    let second = server.recv().unwrap();
    let (ping, request) = if first.len() == 2 { (first, second) } else { (second, first) };
    assert_eq!(ping[1..], [b"PING".to_vec()]);
    assert_eq!(request[1..], [b"1".to_vec(), b"a".to_vec(), b"b".to_vec()]);
    server.send(&[&request[0], &b"PONG"[..]]).unwrap();
    server.send(&[&request[0], &b"1"[..], &b"OK"[..]]).unwrap();
    assert_eq!(reply.wait().unwrap(), Message::from("OK"));
}
