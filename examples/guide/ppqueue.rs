//! Paranoid Pirate queue: between clients that ask again and workers that may die.
//!
//! Shows: E2.65 E2.66; C178 C179.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::balance::{BalancerOptions, BalancerServer, Dialect};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let options = BalancerOptions { dialect: Dialect::Paranoid, ..BalancerOptions::default() };
    let queue = BalancerServer::new(&context, options)?;
    println!("bound {}", queue.bind_front(words.text(0, "tcp://*:5555"))?);
    println!("bound {}", queue.bind_back(words.text(1, "tcp://*:5556"))?);
    Ok(queue.run()?)
}
