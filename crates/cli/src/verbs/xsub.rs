//! `zox xsub`.

use super::duplex::Duplex;
use crate::exit::Failure;
use clap::Args;
use zeroxide::SocketType;

/// Subscribe by messages: octet 1 or 0 and a topic; print what arrives
///
/// Sends what stdin says to the publishers and prints what arrives, both at once. Goes on when stdin ends.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Xsub {
    #[command(flatten)]
    duplex: Duplex,

    /// Print what begins with this (several allowed); the empty topic is everything
    #[arg(long, value_name = "TOPIC")]
    subscribe: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  zox xsub --connect tcp://127.0.0.1:5556 --subscribe 10001
  echo 013130303031 | zox xsub --connect tcp://127.0.0.1:5556 --format hex     the same by hand";

impl Xsub {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Xsub, None, |socket| {
            self.subscribe.iter().try_for_each(|topic| Ok(socket.send([&[1], topic.as_bytes()].concat())?))
        })
    }
}
