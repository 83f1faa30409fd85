//! Verbs that send and receive at once, each on its own.

use crate::{
    endpoint_args::{FormatArgs, SendArgs, SocketArgs, SubscriberArgs},
    exit::Failure,
    pump::{Pace, print_all, send_all},
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use zeroxide::{Socket, SocketType};

/// The arguments of such a verb.
#[derive(Args)]
pub(crate) struct Duplex {
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,

    /// End when so many messages have been received
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
}

impl Duplex {
    /// Sends what stdin says and prints what arrives, until the count is reached or somebody stops it.
    pub(crate) fn run(
        &self,
        kind: SocketType,
        subscribers: Option<&SubscriberArgs>,
        prepare: impl FnOnce(&Socket) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let socket = session.open(kind, &self.socket)?;
        prepare(&socket)?;
        session.watch_stdout();
        let (format, count) = (self.format.format(), self.count);
        let printer = socket.clone();
        session.work(Part::Printer, move || print_all(&printer, format, count))?;
        let pace = Pace::new(&self.socket, &self.send);
        let pace = match subscribers {
            Some(subscribers) => pace.for_subscribers(subscribers),
            None => pace,
        };
        let source = Source::new(&self.send, &self.format, None);
        let part = if self.send.messages.is_empty() { Part::Feeder } else { Part::Giver };
        session.work(part, move || send_all(&socket, source, &pace))?;
        session.finish()
    }
}
