//! A producer that waits for a worker: PUSH keeps what it cannot hand out.
//!
//! Shows: E4.5; C34 C77 C121.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Push};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let producer = Push::new(&context)?;
    println!("nobody to send to: {}", producer.try_send("too early").is_err());
    bind(&producer, words.text(0, "tcp://*:5557"))?;
    for number in 0..10 {
        producer.send(format!("message{number}"))?; // the first waits until there is a worker
    }
    println!("all sent");
    Ok(())
}
