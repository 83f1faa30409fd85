//! Connections through a SOCKS5 proxy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};
use zeroxide::*;

#[test]
fn what_the_target_says_along_with_the_proxys_answer_is_heard() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    pull.set_socks_proxy(Some(proxy.local_addr().unwrap().to_string())).unwrap();
    pull.connect("tcp://127.0.0.1:9").unwrap();
    let (mut stream, _) = proxy.accept().unwrap();
    stream.read_exact(&mut [0; 3]).unwrap();
    stream.write_all(&[5, 0]).unwrap();
    stream.read_exact(&mut [0; 10]).unwrap();
    // The proxy's answer, the target's greeting and its READY, in one piece.
    let mut all = vec![5, 0, 0, 1, 127, 0, 0, 1, 0, 9];
    all.extend([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
    all.extend(b"NULL");
    all.resize(10 + 64, 0);
    all.extend(b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH");
    stream.write_all(&all).unwrap();
    assert!(pull.wait_connected(1, Duration::from_secs(120)));
}
