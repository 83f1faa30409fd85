//! `zox dealer`.

use super::duplex::Duplex;
use crate::exit::Failure;
use clap::Args;
use zeroxide::SocketType;

/// Ask many at once: send to the connected peers in turn, print what all of them answer
///
/// Sends what stdin says and prints what arrives, both at once. Goes on receiving when stdin ends. A REP peer expects
/// an empty frame before the body.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Dealer {
    #[command(flatten)]
    duplex: Duplex,
}

const EXAMPLES: &str = "\
Examples:
  seq 10 | zox dealer --connect tcp://127.0.0.1:5555 --count 10            ask a ROUTER
  echo '[\"\", \"Hello\"]' | zox dealer --connect tcp://127.0.0.1:5555 --format json --count 1     ask a REP";

impl Dealer {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Dealer, None, |_| Ok(()))
    }
}
