//! A publisher that connects: it has a number, and publishes at what pace it likes.
//!
//! Shows: E1.25 E4.3; C56 C64.

use crate::zhelpers::{Outcome, Words, work};
use zeroxide::{Context, Pub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let publisher = Pub::new(&context)?;
    publisher.connect(words.text(0, "tcp://localhost:5555"))?;
    for message in 0.. {
        publisher.send(format!("puber{} message{message}", words.number(1, 1)))?;
        work(10);
    }
    Ok(())
}
