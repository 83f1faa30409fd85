//! Majordomo worker: the service "echo".
//!
//! Shows: mdwrkapi mdworker; C181.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Message};
use zeroxide_patterns::majordomo::{Worker, WorkerOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let broker = words.text(0, "tcp://localhost:5555");
    let mut worker = Worker::new(&context, &[broker], "echo", WorkerOptions::default())?;
    println!("I: worker for echo");
    Ok(worker.serve(Message::clone)?)
}
