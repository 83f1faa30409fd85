//! Hello World client: asks ten times. It may be started before its server.
//!
//! Shows: E1.2 E1.30 E2.3 E4.2; C1 C10 C85 C111 C118.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Req};

pub(crate) fn run(words: &Words) -> Outcome {
    println!("Connecting to hello world server...");
    let context = Context::new();
    let requester = Req::new(&context)?;
    requester.connect(words.text(0, "tcp://localhost:5555"))?;
    for number in 0..10 {
        println!("Sending Hello {number}...");
        requester.send("Hello")?;
        let reply = requester.recv()?;
        println!("Received {reply} {number}");
    }
    Ok(())
}
