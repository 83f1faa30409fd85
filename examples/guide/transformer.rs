//! The worker between producer and collector.
//!
//! Shows: E4.6; C78.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pull, Push};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let (receiver, sender) = (Pull::new(&context)?, Push::new(&context)?);
    receiver.connect(words.text(0, "tcp://127.0.0.1:5557"))?;
    sender.connect(words.text(1, "tcp://127.0.0.1:5558"))?;
    loop {
        let message = receiver.recv()?;
        println!("transform...{message}");
        sender.send(message)?;
    }
}
