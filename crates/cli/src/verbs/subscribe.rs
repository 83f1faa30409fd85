//! `zox sub`.

use crate::{
    endpoint_args::{FormatArgs, SocketArgs},
    exit::Failure,
    pump::{await_peers, print_all},
    session::{Part, Session},
};
use clap::Args;
use zeroxide::{Socket, SocketType};

/// Subscribe: print the messages that begin with one of the topics
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sub {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,

    /// Print what begins with this (several allowed); without any, everything
    #[arg(long, value_name = "TOPIC")]
    subscribe: Vec<String>,

    /// End when so many messages have been received
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  zox sub --connect tcp://127.0.0.1:5556
  zox sub --connect tcp://127.0.0.1:5556 --subscribe 10001 --subscribe 20002 --count 100";

impl Sub {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let socket =
            session.open_prepared(SocketType::Sub, &self.socket, |socket| self.subscribe_to_all(socket))?;
        session.watch_stdout();
        let (format, count) = (self.format.format(), self.count);
        let (peers, timeout) = (self.socket.wait_peers, self.socket.timeout);
        session.work(Part::Printer, move || {
            await_peers(&socket, peers, timeout)?;
            print_all(&socket, format, count)
        })?;
        session.finish()
    }

    fn subscribe_to_all(&self, socket: &Socket) -> Result<(), Failure> {
        if self.subscribe.is_empty() {
            socket.subscribe("")?;
        }
        self.subscribe.iter().try_for_each(|topic| Ok(socket.subscribe(topic)?))
    }
}
