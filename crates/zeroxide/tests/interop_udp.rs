//! `udp://` against a live libzmq. The one that pyzmq bundles is built without the draft API, so it has no groups and no
//! handshake for the draft types; datagrams need neither.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::time::{Duration, Instant};
use zeroxide::*;
use zeroxide_testing::{PythonPeer, RemoteSocket, own_address};

/// Says it again until the other side has it: libzmq binds in the background, and what comes before is lost.
fn insist(mut say: impl FnMut(), hear: impl Fn(Duration) -> bool) {
    let deadline = Instant::now() + LONG;
    loop {
        say();
        if hear(Duration::from_millis(50)) {
            return;
        }
        assert!(Instant::now() < deadline, "nothing arrived");
    }
}

fn bound_dgram(peer: &PythonPeer) -> (RemoteSocket, String) {
    // libzmq does not choose a port of udp; where nobody else is bound it stays free.
    let any = own_address().trim_start_matches("tcp://").replace('*', "0");
    let free = std::net::UdpSocket::bind(any).unwrap().local_addr().unwrap().to_string();
    let theirs = peer.try_socket("DGRAM").unwrap();
    theirs.bind(&format!("udp://{free}")).unwrap();
    (theirs, free)
}

#[test]
fn dgrams_of_both_libraries_understand_each_other() {
    let peer = PythonPeer::spawn();
    let (theirs, there) = bound_dgram(&peer);
    let context = Context::new();
    let ours = Dgram::new(&context).unwrap();
    let here = ours.bind("udp://127.0.0.1:*").unwrap().trim_start_matches("udp://").to_owned();
    insist(|| ours.send([&there, "ping"]).unwrap(), |limit| theirs.poll_in(limit).unwrap());
    let ping = theirs.recv().unwrap();
    assert_eq!(
        ping,
        [format!("{here}\0").into_bytes(), b"ping".to_vec()],
        "libzmq ends an address with a zero"
    );
    theirs.send(&[&ping[0][..here.len()], b"pong"]).unwrap();
    assert_eq!(ours.get(), [there.as_str(), "pong"].into());
    // The longest that libzmq takes, and nothing at all.
    for size in [8_192, 0] {
        ours.send([there.clone().into_bytes(), vec![7; size]]).unwrap();
        loop {
            let parts = theirs.recv().unwrap();
            if parts[1] != b"ping" {
                assert_eq!(parts[1], vec![7; size]);
                break;
            }
        }
    }
}

#[test]
fn a_radio_of_libzmq_is_heard() {
    let peer = PythonPeer::spawn();
    let context = Context::new();
    for at in ["udp://127.0.0.1:*", "udp://127.0.0.1;239.255.73.1:*"] {
        let dish = Dish::new(&context).unwrap();
        dish.join("").unwrap();
        let at = dish.bind(at).unwrap();
        let radio = peer.try_socket("RADIO").unwrap();
        radio.connect(&at).unwrap();
        insist(|| radio.send(&["news"]).unwrap(), |limit| dish.wait_readable(Some(limit)));
        assert_eq!(dish.get(), Message::grouped("", "news"));
    }
}
