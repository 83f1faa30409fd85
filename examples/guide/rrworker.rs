//! Request-reply worker: connects to the broker, so that any number of them may come and go.
//!
//! Shows: E0.6 E1.17 E2.29 E3.15; C15 C35.

use crate::zhelpers::{Outcome, Words, work};
use zeroxide::{Context, Rep};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let responder = Rep::new(&context)?;
    responder.connect(words.text(0, "tcp://localhost:5560"))?;
    loop {
        println!("Received request: [{}]", responder.recv()?);
        work(1);
        responder.send("World")?;
    }
}
