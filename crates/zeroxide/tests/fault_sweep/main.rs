//! Every system call of a conversation fails once, in every way it can: nothing aborts, panics or hangs, what was promised
//! arrives or is counted, and the context is as good as before.
//!
//! The bounded version takes some of the calls, others in each pattern, and one kind of failure for each. `cargo xtask faults`
//! takes all of them for all calls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod conversation;
mod sweep;

use conversation::Pattern;
use sweep::sweep;
use zeroxide::SocketType::*;

macro_rules! sweeps {
    ($($name:ident: $pattern:expr;)*) => {$(
        #[test]
        fn $name() {
            sweep(stringify!($name), &$pattern);
        }
    )*};
}

const TCP: &str = "tcp://127.0.0.1:*";
const IPC: &str = "ipc://*";
const UDP: &str = "udp://127.0.0.1:*";

sweeps! {
    req_asks_rep_over_tcp: Pattern::asking(Req, Rep, TCP);
    req_asks_rep_over_ipc: Pattern::asking(Req, Rep, IPC);
    req_asks_rep_in_secret: Pattern::asking(Req, Rep, TCP).secret();
    req_asks_router_over_tcp: Pattern::asking(Req, Router, TCP);
    dealer_asks_router_over_tcp: Pattern::asking(Dealer, Router, TCP);
    dealer_asks_router_over_ipc: Pattern::asking(Dealer, Router, IPC);
    dealer_asks_dealer_over_ipc: Pattern::asking(Dealer, Dealer, IPC);
    client_asks_server_over_tcp: Pattern::asking(Client, Server, TCP);
    client_asks_server_over_ipc: Pattern::asking(Client, Server, IPC);
    pair_asks_pair_over_tcp: Pattern::asking(Pair, Pair, TCP);
    pair_asks_pair_over_ipc: Pattern::asking(Pair, Pair, IPC);
    stream_asks_stream_over_tcp: Pattern::asking(Stream, Stream, TCP);
    push_tells_pull_over_tcp: Pattern::telling(Push, Pull, TCP);
    push_tells_pull_over_ipc: Pattern::telling(Push, Pull, IPC);
    pull_connects_to_push_over_tcp: Pattern::telling(Push, Pull, TCP).sender_binds();
    pub_tells_sub_over_tcp: Pattern::telling(Pub, Sub, TCP).sender_binds();
    pub_tells_sub_over_ipc: Pattern::telling(Pub, Sub, IPC).sender_binds();
    pub_connects_to_sub_over_tcp: Pattern::telling(Pub, Sub, TCP);
    xpub_tells_xsub_over_tcp: Pattern::telling(Xpub, Xsub, TCP).sender_binds();
    xpub_tells_xsub_over_ipc: Pattern::telling(Xpub, Xsub, IPC).sender_binds();
    radio_tells_dish_over_tcp: Pattern::telling(Radio, Dish, TCP).sender_binds();
    radio_tells_dish_over_ipc: Pattern::telling(Radio, Dish, IPC).sender_binds();
    radio_tells_dish_over_udp: Pattern::telling(Radio, Dish, UDP);
    scatter_tells_gather_over_tcp: Pattern::telling(Scatter, Gather, TCP);
    bodies_of_a_megabyte_are_pushed_over_tcp: Pattern::telling(Push, Pull, TCP).of_size(1 << 20);
    bodies_of_a_megabyte_are_pushed_over_ipc: Pattern::telling(Push, Pull, IPC).of_size(1 << 20);
}
