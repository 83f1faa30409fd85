//! Synchronized publisher, as the Guide says that it would be better: it repeats a call, and begins when as many subscribers
//! as it waits for have heard it. Nobody sleeps, and whoever dies meanwhile does not count.
//!
//! Shows: E2.34 E2.36; C51 C142.

use crate::zhelpers::{Outcome, PATIENCE, Words, bind};
use zeroxide::{Context, Pub};
use zeroxide_patterns::coordination::{Coordinator, CoordinatorOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let publisher = Pub::new(&context)?;
    publisher.set_send_high_water_mark(None)?;
    publisher.set_linger(None);
    bind(&publisher, words.text(0, "tcp://*:5561"))?;
    let mut coordinator = Coordinator::new(&context, "join", CoordinatorOptions::default())?;
    println!("bound {}", coordinator.bind(words.text(1, "tcp://*:5562"))?);
    let (subscribers, updates) = (words.number(2, 10), words.number(3, 1_000_000));

    println!("Waiting for subscribers");
    if !coordinator.gather(&publisher, subscribers as usize, PATIENCE)?.is_complete {
        return Err("not all of them came".into());
    }
    println!("Broadcasting messages");
    for _ in 0..updates {
        publisher.send("Rhubarb")?;
    }
    publisher.send("END")?;
    Ok(())
}
