//! Ten thousand peers on one ROUTER. The peers are plain connections of a second process, so that every octet of memory
//! counted here is ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};
use zeroxide::{Context, Message, Router};
use zeroxide_testing::{Kind, octets};

const PEERS: usize = 10_000;
const LONG: Duration = Duration::from_secs(120);
/// What an idle connected peer may cost here, all told.
const MOST_OCTETS_PER_PEER: usize = 12 * 1024;

#[test]
fn ten_thousand_peers_cost_little_and_every_one_is_served() {
    if let Ok(endpoint) = env::var("ZEROXIDE_TEN_THOUSAND") {
        return be_the_peers(&endpoint);
    }
    allow_descriptors();
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_router_mandatory(true).unwrap();
    // Only the system's own bound counts here: all of them knock at once.
    router.set_backlog(4096).unwrap();
    let endpoint = router.bind("tcp://127.0.0.1:*").unwrap();
    let before = resident_octets();

    let mut peers = Command::new(env::current_exe().unwrap())
        .args(["--exact", "ten_thousand_peers_cost_little_and_every_one_is_served", "--nocapture"])
        .env("ZEROXIDE_TEN_THOUSAND", endpoint.trim_start_matches("tcp://"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(router.wait_connected(PEERS, LONG), "only {} came", router.connected());
    let each = (resident_octets() - before) / PEERS;
    assert!(each < MOST_OCTETS_PER_PEER, "an idle peer costs {each} octets");
    println!("an idle peer costs {each} octets");

    // The word to go: every peer sends one message and wants it back.
    let mut stdin = peers.stdin.take().unwrap();
    stdin.write_all(b"go").unwrap();
    drop(stdin);
    for _ in 0..PEERS {
        let request: Message = router.recv_timeout(LONG).unwrap();
        router.send(request).unwrap();
    }
    assert!(peers.wait().unwrap().success(), "a peer did not get its answer");
}

/// The other process: connects, waits for the word, asks, and checks the answer.
fn be_the_peers(address: &str) {
    allow_descriptors();
    let greeting = [octets::greeting_v31("NULL"), octets::ready(Kind::Dealer, b"")].concat();
    let mut streams: Vec<TcpStream> = (0..PEERS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(&greeting).unwrap();
            stream
        })
        .collect();
    std::io::stdin().read_exact(&mut [0; 2]).unwrap();
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&octets::message(&[&number.to_be_bytes()])).unwrap();
    }
    // Everything before it is the router's greeting and READY, whose length the identity property does not change.
    let hello = 64 + octets::ready(Kind::Router, b"").len();
    for (number, stream) in streams.iter_mut().enumerate() {
        let wanted = octets::message(&[&number.to_be_bytes()]);
        let mut came = vec![0; hello + wanted.len()];
        stream.read_exact(&mut came).unwrap();
        assert_eq!(came[hello..], wanted);
    }
}

fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

fn resident_octets() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}
