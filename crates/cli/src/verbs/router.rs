//! `zox router`.

use super::duplex::Duplex;
use crate::exit::Failure;
use clap::Args;
use zeroxide::SocketType;

/// Talk to each peer by name: the first frame is the routing id of a peer
///
/// Prints messages with the routing id of their sender in front; sends messages to the peer whose routing id is in
/// front. Routing ids are seldom text: use --format json or hex.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Router {
    #[command(flatten)]
    duplex: Duplex,
}

const EXAMPLES: &str = "\
Examples:
  zox router --bind tcp://127.0.0.1:5555 --format json     see who says what, and answer with the same id in front";

impl Router {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Router, None, |_| Ok(()))
    }
}
