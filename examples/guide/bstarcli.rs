//! Binary Star client: asks the primary, and when that is silent the backup.
//!
//! Shows: bstarcli; C188 C189.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::binary_star::{StarClient, StarClientOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let servers = [words.text(0, "tcp://localhost:5001"), words.text(1, "tcp://localhost:5002")];
    let options = StarClientOptions { tries: 30, ..StarClientOptions::default() };
    let mut client = StarClient::new(&context, servers, options)?;
    for sequence in 1..=words.number(2, u32::MAX) {
        let reply = client.call(sequence.to_string())?;
        println!("I: server replied OK ({reply}) at {}", client.endpoint());
    }
    Ok(())
}
