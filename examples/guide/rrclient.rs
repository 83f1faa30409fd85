//! Request-reply client: ten requests to whoever stands behind the broker.
//!
//! Shows: E0.5 E1.16 E1.31 E2.28 E3.14; C14.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Req};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let requester = Req::new(&context)?;
    requester.connect(words.text(0, "tcp://localhost:5559"))?;
    for number in 1..=10 {
        requester.send("Hello")?;
        println!("Received reply {number} [{}]", requester.recv()?);
    }
    Ok(())
}
