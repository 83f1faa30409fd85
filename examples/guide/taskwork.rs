//! Task worker: does tasks, and tells the sink when each is done.
//!
//! Shows: E1.8 E2.10 E3.6; C76 C78 C93.

use crate::zhelpers::{Outcome, Words, work};
use std::io::{Write, stdout};
use zeroxide::{Context, Pull, Push};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    receiver.connect(words.text(0, "tcp://localhost:5557"))?;
    let sender = Push::new(&context)?;
    sender.connect(words.text(1, "tcp://localhost:5558"))?;
    loop {
        let task = receiver.recv()?.to_string();
        print!("{task}.");
        stdout().flush()?;
        work(task.parse()?);
        sender.send("")?;
    }
}
