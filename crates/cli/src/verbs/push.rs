//! `zox push`.

use crate::{
    endpoint_args::{FormatArgs, SendArgs, SocketArgs},
    exit::Failure,
    pump::{Pace, send_all},
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use zeroxide::SocketType;

/// Hand out work: send each message to one of the connected peers, in turn
///
/// Waits while there is no peer, or all are full. When stdin ends, what is still on its way may linger (--option
/// linger, 5 s unless told otherwise); zox ends with code 1 if something could not be delivered.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Push {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    send: SendArgs,

    /// End when so many messages have been sent
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  seq 100 | zox push --bind tcp://*:5557 --wait-peers 2     two workers get 50 each
  zox push --connect tcp://127.0.0.1:5557 'one task'
  zox push --bind ipc:///tmp/ticks --interval 1s --count 60 tick";

impl Push {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(true)?;
        let socket = session.open(SocketType::Push, &self.socket)?;
        let source = Source::new(&self.send, &self.format, self.count);
        let pace = Pace::new(&self.socket, &self.send);
        session.work(Part::Whole, move || send_all(&socket, source, &pace))?;
        session.finish()
    }
}
