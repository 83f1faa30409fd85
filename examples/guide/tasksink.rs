//! Task sink: gathers the results of a hundred tasks, and tells how long they took together.
//!
//! Shows: E1.9 E2.11 E3.7.

use crate::zhelpers::{Outcome, Words, bind};
use std::time::Instant;
use zeroxide::{Context, Pull};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    bind(&receiver, words.text(0, "tcp://*:5558"))?;
    receiver.recv()?; // the start of the batch
    let start = Instant::now();
    for number in 0..100 {
        receiver.recv()?;
        print!("{}", if number % 10 == 0 { ":" } else { "." });
    }
    println!("\nTotal elapsed time: {} msec", start.elapsed().as_millis());
    Ok(())
}
