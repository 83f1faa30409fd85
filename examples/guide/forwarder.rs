//! XSUB and XPUB as the meeting place of publishers and subscribers that all connect.
//!
//! Shows: E1.27 E1.28; C56 C59 C64.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Xpub, Xsub, proxy};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let frontend = Xsub::new(&context)?;
    bind(&frontend, words.text(0, "tcp://*:5555"))?;
    let backend = Xpub::new(&context)?;
    bind(&backend, words.text(1, "tcp://*:5556"))?;
    proxy(&frontend, &backend)?;
    Ok(())
}
