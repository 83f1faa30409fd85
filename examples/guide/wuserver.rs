//! Weather update server: publishes the weather of random places, as fast as it can.
//!
//! Shows: E1.5 E1.23 E2.7 E2.15; C52 C57 C109.

use crate::zhelpers::{Outcome, Words, below, bind};
use zeroxide::{Context, Pub};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let publisher = Pub::new(&context)?;
    bind(&publisher, words.text(0, "tcp://*:5556"))?;
    bind(&publisher, words.text(1, "ipc://weather.ipc"))?;
    let places = words.number(2, 100_000);
    loop {
        let place = below(places);
        let (temperature, humidity) = (i64::from(below(215)) - 80, below(50) + 10);
        publisher.send(format!("{place:05} {temperature} {humidity}"))?;
    }
}
