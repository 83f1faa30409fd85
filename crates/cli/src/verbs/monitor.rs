//! `zox monitor`.

use super::event::describe;
use crate::{
    endpoint_args::SocketArgs,
    exit::Failure,
    session::{Part, Session},
};
use clap::{Args, ValueEnum};
use std::{
    io::{Write, stdout},
    time::Duration,
};
use zeroxide::{Monitor as Events, SocketType};

/// Open a socket and print what happens to its connections
///
/// Messages that arrive are not taken: once a queue is full, its peer has to wait. With --timeout, ends with code 3 when
/// nothing happened for so long.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Monitor {
    /// The type of the socket: req, rep, pub, ...
    #[arg(value_name = "TYPE", value_parser = socket_type)]
    kind: SocketType,

    #[command(flatten)]
    socket: SocketArgs,

    /// What an event looks like
    #[arg(long, value_enum, default_value_t)]
    format: Look,

    /// End after so many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  zox monitor sub --connect tcp://127.0.0.1:5556               is the publisher there, and does the handshake succeed?
  zox monitor router --bind tcp://*:5555 --format json | jq .";

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Look {
    /// One event a line
    #[default]
    Lines,
    /// One JSON object a line
    Json,
}

fn socket_type(name: &str) -> Result<SocketType, String> {
    SocketType::from_name(name.to_ascii_uppercase().as_bytes()).ok_or_else(|| {
        let names: Vec<_> = SocketType::ALL.iter().map(|kind| kind.name().to_ascii_lowercase()).collect();
        format!("there is no such socket type; there are {}", names.join(", "))
    })
}

impl Monitor {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let mut events = None;
        session.open_prepared(self.kind, &self.socket, |socket| {
            events = Some(socket.monitor());
            Ok(())
        })?;
        session.watch_stdout();
        let (look, count) = (self.format, self.count.unwrap_or(u64::MAX));
        let patience = self.socket.timeout.unwrap_or(Duration::MAX);
        session.work(Part::Printer, move || {
            events.map_or(Ok(()), |events| print(&events, look, count, patience))
        })?;
        session.finish()
    }
}

fn print(events: &Events, look: Look, count: u64, patience: Duration) -> Result<(), Failure> {
    for _ in 0..count {
        let Some(event) = events.wait_timeout(patience) else {
            return Err(Failure::TimedOut("no event came in time".to_owned()));
        };
        let described = describe(&event);
        let line = if look == Look::Json { described.json() } else { described.line() };
        let mut stdout = stdout().lock();
        let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        written.map_err(|error| Failure::from_output(&error))?;
    }
    Ok(())
}
