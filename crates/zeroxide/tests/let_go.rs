//! A connection that ends is let go by everybody: a thread that waits for its messages does not keep it open.

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
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};
use zeroxide::*;

/// The number by which the kernel lists the end of a connection that is at the first of these addresses.
fn inode(here: SocketAddr, there: SocketAddr) -> String {
    let hex = |address: SocketAddr| format!(":{:04X}", address.port());
    let list = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let mut lines = list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|line| line[1].ends_with(&hex(here)) && line[2].ends_with(&hex(there)));
    format!("socket:[{}]", line.expect("a listed connection")[9])
}

/// Whether this process has it open.
fn is_open(inode: &str) -> bool {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).any(|link| link.as_os_str() == inode)
}

fn raw(endpoint: &str, name: &[u8]) -> TcpStream {
    let mut peer = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    peer.set_read_timeout(Some(LONG)).unwrap();
    peer.write_all(&octets::greeting_v31("NULL")).unwrap();
    peer.write_all(&octets::ready(Kind::Dealer, name)).unwrap();
    let mut theirs = vec![0; octets::greeting_v31("NULL").len() + octets::ready(Kind::Router, b"").len()];
    peer.read_exact(&mut theirs).unwrap();
    peer
}

#[test]
fn a_reader_that_waits_lets_a_connection_go_that_this_side_ends() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_router_handover(true).unwrap();
    let bound = router.bind("tcp://127.0.0.1:*").unwrap();
    let mut former = raw(&bound, b"ann");
    wait_for_connections(&router, 1);
    let number = inode(former.peer_addr().unwrap(), former.local_addr().unwrap());
    assert!(is_open(&number));
    let (received, latter) = once_asleep(
        || router.get(),
        || {
            let mut latter = raw(&bound, b"ann");
            eventually(|| !is_open(&number));
            assert_eq!(former.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "it sees the end");
            latter.write_all(&octets::message(&[b"hello"])).unwrap();
            latter
        },
    );
    drop(latter);
    assert_eq!(received, Message::from(["ann", "hello"]));
}

/// Its peer stays, and waits for the next connection.
#[test]
fn a_reader_that_waits_lets_a_connection_go_that_will_be_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accept = || {
        let mut peer = listener.accept().unwrap().0;
        peer.write_all(&octets::greeting_v31("NULL")).unwrap();
        peer.write_all(&octets::ready(Kind::Dealer, b"")).unwrap();
        peer
    };
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_connect_routing_id("far").unwrap();
    router.set_router_handover(true).unwrap();
    let bound = router.bind("tcp://127.0.0.1:*").unwrap();
    router.connect(&format!("tcp://{address}")).unwrap();
    let former = accept();
    assert!(router.wait_connected(1, LONG));
    let number = inode(former.peer_addr().unwrap(), address);
    let (received, _others) = once_asleep(
        || router.get(),
        || {
            // Somebody else takes the name over.
            let newcomer = raw(&bound, b"far");
            eventually(|| !is_open(&number));
            let mut latter = accept();
            latter.write_all(&octets::message(&[b"again"])).unwrap();
            (newcomer, latter)
        },
    );
    assert_eq!(received, Message::from(["far", "again"]));
}
