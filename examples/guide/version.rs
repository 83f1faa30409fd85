//! Which version this is. A program for ZeroMQ also wants to know the protocol: ZMTP 3.1, and 1.0 to 3.0 with older peers.
//!
//! Shows: E2.6; C202.

use crate::zhelpers::{Outcome, Words};

pub(crate) fn run(_words: &Words) -> Outcome {
    println!("Current Zeroxide version is {}", env!("CARGO_PKG_VERSION"));
    println!("It speaks ZMTP 3.1");
    Ok(())
}
