//! Weather proxy: a bridge between two networks. XSUB and XPUB pass subscriptions upstream, so only what somebody wants
//! crosses it.
//!
//! Shows: E0.9 E1.21 E2.27 E3.13; C62 C148.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Xpub, Xsub, proxy};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let frontend = Xsub::new(&context)?;
    frontend.connect(words.text(0, "tcp://localhost:5556"))?;
    let backend = Xpub::new(&context)?;
    bind(&backend, words.text(1, "tcp://*:8100"))?;
    proxy(&frontend, &backend)?;
    Ok(())
}
