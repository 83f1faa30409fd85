//! Memory that is given away is sent as it is, and shared by those who get it within this process; it is freed once, when
//! nobody has it any more.
//!
//! Shows: E2.37; C97 C98 C99.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pair};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (ours, theirs) = (Pair::new(&context)?, Pair::new(&context)?);
    theirs.connect(&ours.bind("inproc://copy")?)?;
    let octets = vec![7; 1_000_000];
    let place = octets.as_ptr();
    theirs.send(octets)?;
    let received = ours.recv()?;
    println!("the same memory: {}", received.body().as_ptr() == place);
    let copy = received.clone();
    println!("a copy shares it: {}", copy.body().as_ptr() == place);
    Ok(())
}
