//! `zox pull`.

use crate::{
    endpoint_args::{FormatArgs, SocketArgs},
    exit::Failure,
    pump::{await_peers, print_all},
    session::{Part, Session},
};
use clap::Args;
use zeroxide::SocketType;

/// Take work: print the messages of all connected peers, in turn
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pull {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,

    /// End when so many messages have been received
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  zox pull --connect tcp://127.0.0.1:5557
  zox pull --bind tcp://*:5558 --count 100 --timeout 10s     code 3 if one of them is late";

impl Pull {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let socket = session.open(SocketType::Pull, &self.socket)?;
        session.watch_stdout();
        let (format, count) = (self.format.format(), self.count);
        let (peers, timeout) = (self.socket.wait_peers, self.socket.timeout);
        session.work(Part::Printer, move || {
            await_peers(&socket, peers, timeout)?;
            print_all(&socket, format, count)
        })?;
        session.finish()
    }
}
