//! Weather update client: the mean temperature of one place, of a hundred updates.
//!
//! The space behind the number keeps "10001 " from matching 100010.
//!
//! Shows: E1.6 E1.24 E2.8; C43 C44 C47.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Sub};

pub(crate) fn run(words: &Words) -> Outcome {
    const UPDATES: i64 = 100;
    println!("Collecting updates from weather server...");
    let context = Context::new();
    let subscriber = Sub::new(&context)?;
    subscriber.connect(words.text(0, "tcp://localhost:5556"))?;
    let filter = words.text(1, "10001 ");
    subscriber.subscribe(filter)?;
    let mut total = 0;
    for _ in 0..UPDATES {
        let update = subscriber.recv()?.to_string();
        let temperature = update.strip_prefix(filter).and_then(|rest| rest.split(' ').next());
        total += temperature.ok_or("not what was asked for")?.parse::<i64>()?;
    }
    println!("Average temperature for zipcode '{filter}' was {}F", total / UPDATES);
    Ok(())
}
