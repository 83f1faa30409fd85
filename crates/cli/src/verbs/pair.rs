//! `zox pair`.

use super::duplex::Duplex;
use crate::exit::Failure;
use clap::Args;
use zeroxide::SocketType;

/// Talk to one peer, both ways
///
/// Sends what stdin says and prints what arrives, both at once. Goes on receiving when stdin ends.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pair {
    #[command(flatten)]
    duplex: Duplex,
}

const EXAMPLES: &str = "\
Examples:
  zox pair --bind tcp://127.0.0.1:5555        a chat: run this in one terminal
  zox pair --connect tcp://127.0.0.1:5555     and this in another";

impl Pair {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Pair, None, |_| Ok(()))
    }
}
