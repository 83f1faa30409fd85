//! For callgrind: `costs ROUNDS` sends and receives ROUNDS x 500 messages of 64 octets over inproc, in one thread.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
use zeroxide::*;
fn main() {
    let rounds: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let push = Push::new(&context).unwrap();
    push.connect(&pull.bind("inproc://costs").unwrap()).unwrap();
    let body = [7u8; 64];
    for _ in 0..rounds {
        for _ in 0..500 {
            push.send(&body).unwrap();
        }
        for _ in 0..500 {
            assert_eq!(pull.recv().unwrap().body().len(), 64);
        }
    }
}
