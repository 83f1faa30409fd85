//! `zox xpub`.

use super::duplex::Duplex;
use crate::{endpoint_args::SubscriberArgs, exit::Failure};
use clap::Args;
use zeroxide::SocketType;

/// Publish, and print who subscribes: octet 1 or 0, and the topic
///
/// Publishes what stdin says and prints subscriptions, both at once. Goes on when stdin ends.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Xpub {
    #[command(flatten)]
    duplex: Duplex,
    #[command(flatten)]
    subscribers: SubscriberArgs,
}

const EXAMPLES: &str = "\
Examples:
  zox xpub --bind tcp://127.0.0.1:5556 --format hex     watch subscriptions: 01... comes, 00... goes";

impl Xpub {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.duplex.run(SocketType::Xpub, Some(&self.subscribers), |_| Ok(()))
    }
}
