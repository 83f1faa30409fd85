//! Titanic client: gives a request away, and fetches the answer later.
//!
//! Shows: ticlient; C187.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use zeroxide::Context;
use zeroxide_patterns::{majordomo::ClientOptions, titanic::TitanicClient};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let options = ClientOptions { timeout: PATIENCE, ..ClientOptions::default() };
    let mut client = TitanicClient::new(&context, &[words.text(0, "tcp://localhost:5555")], options)?;
    let number = client.request("echo", "Hello world")?;
    println!("I: request UUID {number}");
    println!("Reply: {}", client.wait(number, PATIENCE)?);
    client.close(number)?;
    Ok(())
}
