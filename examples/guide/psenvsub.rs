//! Subscriber with envelopes: all frames come together, and only those of topic "B".
//!
//! Shows: E2.40 E3.24; C65 C91.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(0, "tcp://localhost:5563"))?;
    subscriber.subscribe("B")?;
    loop {
        let message = subscriber.recv()?;
        let [topic, body] = message.frames() else { return Err("an envelope has two frames".into()) };
        println!("[{}] {}", topic.as_str().unwrap_or_default(), body.as_str().unwrap_or_default());
    }
}
