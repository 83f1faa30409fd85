//! Majordomo broker (MDP 0.1): services by name. Any client and worker of the protocol may come.
//!
//! Shows: mdbroker; C181 C185.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let broker = BrokerServer::new(&context, BrokerOptions::default())?;
    println!("bound {}", broker.bind(words.text(0, "tcp://*:5555"))?);
    Ok(broker.run()?)
}
