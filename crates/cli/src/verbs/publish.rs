//! `zox pub`.

use crate::{
    endpoint_args::{FormatArgs, SendArgs, SocketArgs, SubscriberArgs},
    exit::Failure,
    pump::{Pace, send_all},
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use zeroxide::SocketType;

/// Publish: every subscriber gets the messages that begin with a topic it asked for
///
/// Never waits for a subscriber: who is not there, or full, misses messages, and the number of misses is told on
/// stderr. So that the first messages are not missed, --wait-subscribers begins when somebody listens.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pub {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    send: SendArgs,
    #[command(flatten)]
    subscribers: SubscriberArgs,

    /// End when so many messages have been published
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  tail -f /var/log/syslog | zox pub --bind tcp://*:5556
  zox pub --bind tcp://*:5556 --wait-subscribers 2 '10001 -7 degrees'
  zox pub --bind tcp://*:5556 --interval 1s --count 60 tick";

impl Pub {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let socket = session.open(SocketType::Pub, &self.socket)?;
        let source = Source::new(&self.send, &self.format, self.count);
        let pace = Pace::new(&self.socket, &self.send).for_subscribers(&self.subscribers);
        session.work(Part::Whole, move || send_all(&socket, source, &pace))?;
        session.finish()
    }
}
