//! Hello World server: answers "World" to each "Hello".
//!
//! Shows: E1.1 E1.29 E2.1 E2.2 E4.1; C108.

use crate::zhelpers::{Outcome, Words, bind, work};
use zeroxide::{Context, Rep};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let responder = Rep::new(&context)?;
    bind(&responder, words.text(0, "tcp://*:5555"))?;
    loop {
        let request = responder.recv()?;
        println!("Received {request}");
        work(10);
        responder.send("World")?;
    }
}
