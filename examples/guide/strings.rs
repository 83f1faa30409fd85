//! Strings have a length and no end: what a C program sends with its zero has six octets, "Hello" has five. What is received
//! is never cut, whatever its size.
//!
//! Shows: E1.3 E1.4 E2.4; C85 C86 C100.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pair};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (ours, theirs) = (Pair::new(&context)?, Pair::new(&context)?);
    theirs.connect(&ours.bind("tcp://127.0.0.1:*")?)?;
    theirs.send(b"Hello\0")?;
    theirs.send("Hello")?;
    println!("lengths {} and {}", ours.recv()?.octets(), ours.recv()?.octets());
    theirs.send("x".repeat(300))?;
    println!("{} octets, none cut", ours.recv()?.octets());
    Ok(())
}
