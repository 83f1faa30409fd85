//! Synchronized subscriber: tells the publisher when it is there, and counts what it gets.
//!
//! Two connections have no order between them, so the Guide sleeps here. A confirmed subscription needs no sleep: when this
//! call returns the publisher has it, and only then is it told.
//!
//! Shows: E2.35 E3.21; C51 C69 C142.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use zeroxide::{Context, Req, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(0, "tcp://localhost:5561"))?;
    if !subscriber.subscribe_confirmed("", PATIENCE)? {
        return Err("the publisher is not there".into());
    }
    let service = Req::new(&context)?;
    service.connect(words.text(1, "tcp://localhost:5562"))?;
    service.send("")?;
    service.recv()?;

    let mut updates = 0;
    while subscriber.recv()?.body() != b"END" {
        updates += 1;
    }
    println!("Received {updates} updates");
    Ok(())
}
