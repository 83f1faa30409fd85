//! Synchronized publisher: begins when all its subscribers have said that they are there.
//!
//! Shows: E2.34 E2.36 E3.20; C51.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Pub, Rep};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let publisher = Pub::new(&context)?;
    // Nothing may be lost here: what a slow subscriber has not taken yet waits, all of it, and as long as it takes.
    publisher.set_send_high_water_mark(None)?;
    publisher.set_linger(None);
    bind(&publisher, words.text(0, "tcp://*:5561"))?;
    let service = Rep::new(&context)?;
    bind(&service, words.text(1, "tcp://*:5562"))?;
    let (subscribers, updates) = (words.number(2, 10), words.number(3, 1_000_000));

    println!("Waiting for subscribers");
    for number in 1..=subscribers {
        service.recv()?;
        service.send("")?;
        println!("+1 subscriber ({number}/{subscribers})");
    }
    println!("Broadcasting messages");
    for _ in 0..updates {
        publisher.send("Rhubarb")?;
    }
    publisher.send("END")?;
    Ok(())
}
