//! A subscriber of all that there is, from all publishers.
//!
//! Shows: E1.26 E4.4.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(0, "tcp://localhost:5556"))?;
    subscriber.subscribe("")?;
    loop {
        println!("heard {}", subscriber.recv()?);
    }
}
