//! Paranoid Pirate worker: dies after so many requests if it is given a number, with the last one unanswered.
//!
//! Shows: E2.65 E2.66; C178 C179.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::{
    balance::Dialect,
    pirate::{PirateOptions, PirateWorker},
};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let options = PirateOptions { dialect: Dialect::Paranoid, ..PirateOptions::default() };
    let mut worker = PirateWorker::new(&context, words.text(0, "tcp://localhost:5556"), options)?;
    println!("I: worker ready");
    let mut left = words.number(1, u32::MAX);
    while let Some(request) = worker.recv()? {
        left -= 1;
        if left == 0 {
            println!("I: simulating a crash");
            return Ok(());
        }
        println!("I: normal reply - {}", request.body());
        let answer = request.body().clone();
        worker.reply(request, answer)?;
    }
    Ok(())
}
