//! Publisher with envelopes: the first frame is the topic, and the only one that is compared.
//!
//! Shows: E2.39 E3.23; C65 C66.

use crate::zhelpers::{Outcome, Words, bind, work};
use zeroxide::{Context, Pub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let publisher = Pub::new(&context)?;
    bind(&publisher, words.text(0, "tcp://*:5563"))?;
    loop {
        publisher.send(["A", "We don't want to see this"])?;
        publisher.send(["A", "B in the body is no topic"])?;
        publisher.send(["B", "We would like to see this"])?;
        work(100);
    }
}
