//! Peers that die and come back, on both sides: what was sent meanwhile arrives, once and in order, and subscriptions
//! are restored.
//!
//! "Died" is SIGKILL: the system closes the connections, libzmq says nothing. What a test sends "while it is away" is
//! sent after our side has seen the end of the connection; before that it would go into a socket that nobody reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../scenario/mod.rs"]
mod scenario;

mod names;
mod our_side;
mod pipeline;
mod request;
mod topics;

use scenario::*;
use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Duration,
};
use zeroxide::*;

/// Waits until libzmq has subscribed over a connection that it accepted or made anew. It says what it wants only when
/// its application calls in (libzmq #2267).
#[track_caller]
fn until_subscribed(publisher: &Pub, sub: &RemoteSocket, topic: &str) {
    eventually(|| !sub.poll_in(Duration::from_millis(20)).unwrap() && publisher.subscribers(topic) == 1);
}
