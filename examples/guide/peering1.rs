//! Brokers that tell each other how many of their workers are free: `peering1 ipc:///tmp DC1 DC2 DC3`.
//!
//! Shows: E2.59; C199.

use crate::zhelpers::{Outcome, Words, below, bind};
use std::time::{Duration, Instant};
use zeroxide::{Context, Pub, RecvErrorCause, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let (place, own) = (words.text(0, "ipc:///tmp"), words.text(1, "DC1"));
    println!("I: preparing broker at {own}...");
    let context = Context::new();
    let state = Pub::new(&context)?;
    bind(&state, &format!("{place}/{own}-state.ipc"))?;
    let peers = Sub::new(&context)?;
    peers.subscribe("")?;
    for peer in words.from(2) {
        println!("I: connecting to state backend at '{peer}'");
        peers.connect(&format!("{place}/{peer}-state.ipc"))?;
    }
    loop {
        state.send([own, &below(10).to_string()])?;
        let next = Instant::now() + Duration::from_millis(200);
        loop {
            match peers.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    let [peer, free] = message.frames() else { return Err("two frames are a state".into()) };
                    println!("{} - {} workers free", peer.as_str().unwrap_or("?"), free.as_str().unwrap_or("?"));
                }
                Err(error) if error.cause == RecvErrorCause::TimedOut => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
