//! `zox req`.

use crate::{
    endpoint_args::{FormatArgs, SendArgs, SocketArgs},
    exit::Failure,
    pump::{Output, await_peers},
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use std::{
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Socket, SocketType};

/// Ask: send each message as a request and print its reply
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Req {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    send: SendArgs,

    /// End when so many requests have been answered
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  zox req --connect tcp://127.0.0.1:5555 Hello
  zox req --connect tcp://127.0.0.1:5555 --timeout 2s < questions.txt > answers.txt";

impl Req {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(true)?;
        let socket = session.open(SocketType::Req, &self.socket)?;
        session.watch_stdout();
        let source = Source::new(&self.send, &self.format, self.count);
        let output = Output::new(self.format.format());
        let (peers, timeout) = (self.socket.wait_peers, self.socket.timeout);
        let interval = self.send.interval.unwrap_or_default();
        session.work(Part::Whole, move || {
            await_peers(&socket, peers, timeout)?;
            ask_all(&socket, source, output, interval)
        })?;
        session.finish()
    }
}

fn ask_all(
    socket: &Socket,
    mut source: Source,
    mut output: Output,
    interval: Duration,
) -> Result<(), Failure> {
    let mut due = Instant::now();
    while let Some(request) = source.next()? {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due += interval;
        socket.send(request)?;
        output.write(&socket.recv()?)?;
        // The reply may be what the user types the next request for.
        output.flush()?;
    }
    Ok(())
}
