//! `zox stream`.

use super::duplex::Duplex;
use crate::exit::Failure;
use clap::Args;
use zeroxide::SocketType;

/// Talk to plain TCP peers: messages are a routing id and octets
///
/// Prints [id, ""] when a connection comes or goes; sending [id, ""] closes it. Use --format json or hex.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Stream {
    #[command(flatten)]
    duplex: Duplex,
}

const EXAMPLES: &str = "\
Examples:
  zox stream --bind tcp://127.0.0.1:8080 --format json     see what a browser sends to http://127.0.0.1:8080";

impl Stream {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Stream, None, |_| Ok(()))
    }
}
