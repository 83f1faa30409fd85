//! Task sink, which tells the workers to end when all is done.
//!
//! Shows: E2.22 E2.24 E3.11; C157.

use crate::zhelpers::{Outcome, Words, bind};
use std::time::Instant;
use zeroxide::{Context, Pub, Pull};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    bind(&receiver, words.text(0, "tcp://*:5558"))?;
    let controller = Pub::new(&context)?;
    bind(&controller, words.text(1, "tcp://*:5559"))?;
    receiver.recv()?; // the start of the batch
    let start = Instant::now();
    for _ in 0..100 {
        receiver.recv()?;
    }
    println!("Total elapsed time: {} msec", start.elapsed().as_millis());
    controller.send("KILL")?;
    Ok(())
}
