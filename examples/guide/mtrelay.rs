//! Multithreaded relay: signals from thread to thread over PAIR sockets. Either end may come first.
//!
//! Shows: E2.33 E3.19; C93 C140 C141.

use crate::zhelpers::{Outcome, Words};
use std::thread;
use zeroxide::{Context, Pair};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pair::new(&context)?;
    receiver.bind("inproc://step3")?;
    let second = context.clone();
    let step2 = thread::spawn(move || step2(&second));
    receiver.recv()?;
    println!("Test successful!");
    step2.join().map_err(|_| "step 2 broke")?
}

fn step2(context: &Context) -> Outcome {
    let receiver = Pair::new(context)?;
    receiver.bind("inproc://step2")?;
    let first = context.clone();
    let step1 = thread::spawn(move || signal(&first, "step 1", "inproc://step2"));
    receiver.recv()?;
    signal(context, "step 2", "inproc://step3")?;
    step1.join().map_err(|_| "step 1 broke")?
}

fn signal(context: &Context, who: &str, to: &str) -> Outcome {
    let transmitter = Pair::new(context)?;
    transmitter.connect(to)?;
    println!("{who} is ready, signaling {to}");
    transmitter.send("")?;
    Ok(())
}
