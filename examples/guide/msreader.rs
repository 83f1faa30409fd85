//! Reading from two sockets without waiting, tasks first. Costs a delay, or the processor: see `mspoller` for better.
//!
//! Shows: E0.1 E1.12 E2.19 E3.8; C155.

use crate::zhelpers::{Outcome, Words, work};
use zeroxide::{Context, Pull, RecvError, RecvErrorCause, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    receiver.connect(words.text(0, "tcp://localhost:5557"))?;
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(1, "tcp://localhost:5556"))?;
    subscriber.subscribe("10001 ")?;
    loop {
        drain("task", || receiver.try_recv())?;
        drain("update", || subscriber.try_recv())?;
        work(1); // nothing is there: a message that comes now waits up to this long
    }
}

/// Takes what is there, and ends when nothing is.
fn drain(kind: &str, take: impl Fn() -> Result<zeroxide::Message, RecvError>) -> Outcome {
    loop {
        match take() {
            Ok(message) => println!("{kind} {message}"),
            Err(error) if error.cause == RecvErrorCause::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
