//! Lazy Pirate client: asks again when no answer comes, by a new socket, and gives up after three tries.
//!
//! Shows: E2.62; C176.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::{CallError, pirate::LazyPirate, request::RequestOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let endpoints: Vec<&str> = vec![words.text(0, "tcp://localhost:5555")];
    let mut client = LazyPirate::new(&context, &endpoints, RequestOptions::default())?;
    for sequence in 1..=words.number(1, u32::MAX) {
        match client.call(sequence.to_string()) {
            Ok(reply) if reply.body() == sequence.to_string().as_bytes() => {
                println!("I: server replied OK ({reply})");
            }
            Ok(reply) => println!("E: malformed reply from server: {reply}"),
            Err(CallError::NoAnswer { .. }) => {
                println!("E: server seems to be offline, abandoning");
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
