//! The collector: with one worker all comes in the order in which it was sent.
//!
//! Shows: E4.7; C103.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Pull};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let collector = Pull::new(&context)?;
    bind(&collector, words.text(0, "tcp://*:5558"))?;
    for number in 0..10 {
        let message = collector.recv()?;
        if message.body() != format!("message{number}").as_bytes() {
            return Err(format!("{message} is not in its place").into());
        }
        println!("response: {message}");
    }
    Ok(())
}
