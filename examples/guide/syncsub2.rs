//! Synchronized subscriber: says that it is there when it has heard the publisher, and counts what it gets after the go.
//!
//! Shows: E2.35; C51 C142.

use crate::zhelpers::{Outcome, PATIENCE, Words, below};
use zeroxide::{Context, Sub};
use zeroxide_patterns::coordination::Node;

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let subscriber = Sub::new(&context)?;
    // All it wants, before it joins.
    subscriber.subscribe("Rhubarb")?;
    subscriber.subscribe("END")?;
    subscriber.connect(words.text(0, "tcp://localhost:5561"))?;
    let name = format!("{}-{}", std::process::id(), below(u32::MAX));
    let mut node = Node::new(&context, words.text(1, "tcp://localhost:5562"), name.as_str())?;
    let joined = node.join(&subscriber, "join", PATIENCE)?;
    println!("In time: {}", joined.in_time);

    let mut updates = 0;
    while subscriber.recv()?.body() != b"END" {
        updates += 1;
    }
    println!("Received {updates} updates");
    Ok(())
}
