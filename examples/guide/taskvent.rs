//! Task ventilator: hands out a hundred tasks, each a number of milliseconds.
//!
//! The Guide has the user press Enter when the workers are ready; here the socket itself can wait for them. What was sent is
//! delivered before the context is gone: no sleep at the end.
//!
//! Shows: E1.7 E2.9 E2.14 E3.5; C51 C77 C83 C93 C130.

use crate::zhelpers::{Outcome, PATIENCE, Words, below, bind};
use zeroxide::{Context, Push};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let sender = Push::new(&context)?;
    bind(&sender, words.text(0, "tcp://*:5557"))?;
    let sink = Push::new(&context)?;
    sink.connect(words.text(1, "tcp://localhost:5558"))?;
    let workers = words.number(2, 1);

    println!("Waiting for {workers} workers...");
    if !sender.wait_connected(workers as usize, PATIENCE) {
        return Err("the workers did not come".into());
    }
    println!("Sending tasks to workers...");
    // The first message, "0", signals the start of the batch, past the workers.
    sink.send("0")?;
    let mut total = 0;
    for _ in 0..100 {
        let workload = below(100) + 1;
        total += workload;
        sender.send(workload.to_string())?;
    }
    println!("Total expected cost: {total} msec");
    Ok(())
}
