//! Reading from two sockets with a poller: neither waits for the other.
//!
//! Shows: E0.2 E1.13 E2.20 E3.9; C90 C150 C153.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Interest, Poller, Pull, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    receiver.connect(words.text(0, "tcp://localhost:5557"))?;
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(1, "tcp://localhost:5556"))?;
    subscriber.subscribe("10001 ")?;

    let mut poller = Poller::new();
    poller.add(&receiver, 0, Interest::READABLE);
    poller.add(&subscriber, 1, Interest::READABLE);
    loop {
        for ready in poller.wait(None)? {
            match ready.token {
                0 => println!("task {}", receiver.recv()?),
                _ => println!("update {}", subscriber.recv()?),
            }
        }
    }
}
