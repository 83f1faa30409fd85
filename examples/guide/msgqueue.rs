//! Message queue: the broker between clients and workers, as a proxy.
//!
//! Shows: E0.8 E1.19 E1.20 E2.31 E3.17; C145 C147.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Dealer, Router, proxy};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let frontend = Router::new(&context)?;
    bind(&frontend, words.text(0, "tcp://*:5559"))?;
    let backend = Dealer::new(&context)?;
    bind(&backend, words.text(1, "tcp://*:5560"))?;
    proxy(&frontend, &backend)?;
    Ok(())
}
