//! CHP with small programs of pyzmq that were written from the protocol alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{thread, time::Duration};
use zeroxide::Context;
use zeroxide_patterns::clone::{Changes, ClientOptions, CloneClient, CloneServer, Endpoints, ServerOptions};
use zeroxide_testing::Script;

const PATIENCE: Duration = Duration::from_secs(120);
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python");

#[test]
fn our_client_follows_and_changes_the_map_of_a_python_server() {
    let mut server = Script::start(format!("{PROGRAMS}/chp_server.py"), &[] as &[&str]);
    let ports = server.line();
    let mut ports = ports.split(' ').map(|port| format!("tcp://127.0.0.1:{port}"));
    let mut next = || ports.next().unwrap();
    let endpoints = Endpoints { snapshots: next(), updates: next(), changes: next() };
    let context = Context::new();
    let [one, other] = ["", "/a/"].map(|subtree| {
        let options = ClientOptions { subtree: subtree.into(), ..ClientOptions::default() };
        CloneClient::new(&context, std::slice::from_ref(&endpoints), options).unwrap()
    });
    assert!(one.wait_synced(PATIENCE) && other.wait_synced(PATIENCE));
    for (key, value) in [("/a/1", "one"), ("/b/1", "two"), ("/a/2", "three")] {
        one.set_published(key, value, None, PATIENCE).unwrap();
    }
    one.set_published("/b/1", "", None, PATIENCE).unwrap();
    assert!(other.wait_until(PATIENCE, |get| get(b"/a/2").is_some()));
    assert_eq!((other.entries().len(), one.entries().len()), (2, 2));
    // What was there before comes by a snapshot.
    let late = CloneClient::new(&context, &[endpoints], ClientOptions::default()).unwrap();
    assert!(late.wait_synced(PATIENCE));
    assert_eq!(late.entries(), one.entries());
}

#[test]
fn a_python_client_follows_and_changes_the_map_of_our_server() {
    let context = Context::new();
    let server = CloneServer::new(&context, Changes::Published, ServerOptions::default()).unwrap();
    let anywhere = "tcp://127.0.0.1:*".to_owned();
    let anywhere = Endpoints { snapshots: anywhere.clone(), updates: anywhere.clone(), changes: anywhere };
    let endpoints = server.bind(&anywhere).unwrap();
    let control = server.control();
    let running = thread::spawn(move || server.run());
    let ours =
        CloneClient::new(&context, std::slice::from_ref(&endpoints), ClientOptions::default()).unwrap();
    ours.set_published("/a/1", "one", None, PATIENCE).unwrap();
    ours.set_published("/b/1", "not of the subtree", None, PATIENCE).unwrap();

    let arguments = [&endpoints.snapshots, &endpoints.updates, &endpoints.changes].map(String::as_str);
    let mut client = Script::start(format!("{PROGRAMS}/chp_client.py"), &[&arguments[..], &["/a/"]].concat());
    assert_eq!(client.line(), "/a/1=one");
    assert_eq!(client.line(), "KTHXBAI");
    ours.set("/b/2", "neither", None).unwrap();
    ours.set_published("/a/1", "changed", Some(Duration::from_secs(3600)), PATIENCE).unwrap();
    assert_eq!(client.line(), "/a/1=changed");
    client.say("/a/2=from Python");
    assert_eq!(client.line(), "/a/2=from Python");
    assert!(ours.wait_until(PATIENCE, |get| get(b"/a/2").is_some()));
    assert_eq!(ours.get("/a/2").unwrap(), "from Python");
    client.say("/a/1=");
    assert_eq!(client.line(), "/a/1=");
    assert!(ours.wait_until(PATIENCE, |get| get(b"/a/1").is_none()));
    control.stop();
    running.join().unwrap().unwrap();
}
