//! `zox freelance`: equal servers, and clients that ask whichever lives.

use super::answers::Answers;
use crate::{
    endpoint_args::{FormatArgs, SendArgs, SettingArgs},
    exit::Failure,
    pump::Output,
    quantity::duration,
    service::{daemon::Daemon, teller::details},
    session::{Part, Session},
    source::Source,
    terminal::note,
};
use clap::{Args, Subcommand};
use std::{thread, time::Duration};
use zeroxide::Context;
use zeroxide_patterns::freelance::{FreelanceClient, FreelanceOptions, FreelanceServer};

/// Ask whichever of a few equal servers lives, without a broker (Freelance, RFC 10)
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Freelance {
    #[command(subcommand)]
    part: Role,
}

#[derive(Subcommand)]
enum Role {
    Server(Server),
    Call(Call),
}

const EXAMPLES: &str = "\
Examples:
  zox freelance server --bind tcp://127.0.0.1:5555 --echo
  zox freelance server --bind tcp://*:5556 --name tcp://two:5556 --exec 'tr a-z A-Z'
  zox freelance call --connect tcp://one:5555 --connect tcp://two:5556 hello";

/// Where clients look for a server unless they are told.
const USUAL: &str = "tcp://127.0.0.1:5555";

/// Counters of what should not happen.
const LOSSES: [&str; 2] = ["unanswered", "malformed"];

/// Answer requests, and pings
///
/// SIGINT and SIGTERM end it in order: what has come is answered. SIGUSR1 has the counters logged.
#[derive(Args)]
#[command(args_override_self = true)]
struct Server {
    /// Listen here; clients know the server by this endpoint. Told on stderr: "bound tcp://..."
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    bind: String,

    /// The endpoint that clients connect to, if it is another
    #[arg(long, value_name = "ENDPOINT")]
    name: Option<String>,

    #[command(flatten)]
    answers: Answers,

    #[command(flatten)]
    format: FormatArgs,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    #[command(flatten)]
    settings: SettingArgs,
}

/// Send each message as a request, and print its answer
#[derive(Args)]
#[command(args_override_self = true)]
struct Call {
    #[command(flatten)]
    send: SendArgs,

    /// A server (several allowed), as it calls itself
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    connect: Vec<String>,

    #[command(flatten)]
    format: FormatArgs,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// How long one server may take before the next is asked
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "800ms")]
    try_timeout: Duration,

    /// How long a request may take altogether; then zox ends with code 3
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "3s")]
    timeout: Duration,

    /// After so long another server is asked as well, and the first answer counts; never unless told otherwise
    #[arg(long, value_name = "TIME", value_parser = duration)]
    hedge: Option<Duration>,

    /// A server that has been silent so long is pinged
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2s")]
    ping: Duration,

    /// And one that has been silent so long is asked last
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "6s")]
    lifetime: Duration,
}

impl Freelance {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.part {
            Role::Server(server) => server.run(),
            Role::Call(call) => call.run(),
        }
    }
}

impl Server {
    fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let name = self.name.as_deref();
        let server =
            FreelanceServer::bind_prepared(&context, &self.bind, name, |socket| self.settings.apply(socket))?;
        note(format_args!("bound {}", server.endpoint()));
        let (stop, counts) = (server.control(), server.control());
        let daemon = Daemon {
            stop: move || stop.stop(),
            counters: move || details(counts.statistics().lines()),
            losses: &LOSSES,
        };
        let answer = |request| match self.answers.answer(&self.format, request) {
            Ok(answer) => Some(answer),
            // Nobody is answered; whoever asked asks another server.
            Err(failure) => {
                note(format_args!("zox: {}", failure.text().unwrap_or_default()));
                None
            }
        };
        daemon.run(&context, [], || server.run_if_able(answer))
    }
}

impl Call {
    fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(true)?;
        let options = FreelanceOptions {
            timeout: self.try_timeout,
            deadline: self.timeout,
            hedge: self.hedge,
            ping: self.ping,
            lifetime: self.lifetime,
            ..FreelanceOptions::default()
        };
        // Its own, since what waits for a server that is not there is no message that was lost.
        let context = Context::new();
        let client = FreelanceClient::new(&context, &self.connect, options)?;
        session.watch_stdout();
        let mut source = Source::new(&self.send, &self.format, None);
        let mut output = Output::new(self.format.format());
        let interval = self.send.interval.unwrap_or_default();
        session.work(Part::Whole, move || {
            while let Some(request) = source.next()? {
                output.write(&client.call(request)?)?;
                output.flush()?;
                thread::sleep(interval);
            }
            Ok(())
        })?;
        session.finish()
    }
}
