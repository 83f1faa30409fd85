//! `zox call`.

use super::broker::USUAL;
use crate::{
    endpoint_args::{FormatArgs, SendArgs},
    exit::Failure,
    pump::Output,
    quantity::duration,
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use std::{thread, time::Duration};
use zeroxide_patterns::{
    CallError,
    majordomo::{Client, ClientOptions, Version},
};

/// Call a service at a broker (Majordomo): send each message as a request and print its answer
///
/// The services mmi.service (is this one there?), mmi.services and mmi.stats are the broker's own.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Call {
    /// The name of the service
    #[arg(value_name = "SERVICE")]
    service: String,

    #[command(flatten)]
    send: SendArgs,

    /// The broker (several allowed: they stand in for each other)
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    connect: Vec<String>,

    #[command(flatten)]
    format: FormatArgs,

    /// How long an answer is waited for before the request is sent again
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2500ms")]
    timeout: Duration,

    /// How often a request is sent at most; then zox ends with code 3
    #[arg(long, value_name = "N", default_value_t = 3)]
    tries: u32,

    /// Speak MDP 0.2: answers may come in parts, each is printed
    #[arg(long)]
    parts: bool,
}

const EXAMPLES: &str = "\
Examples:
  zox call echo Hello
  zox call mmi.service echo                        200 if it has a worker, 404 if not
  zox call shout --connect tcp://one:5555 --connect tcp://two:5555 < questions.txt";

impl Call {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(true)?;
        let options = ClientOptions {
            version: if self.parts { Version::V2 } else { Version::V1 },
            timeout: self.timeout,
            tries: self.tries,
            ..ClientOptions::default()
        };
        let mut client = Client::new(&session.context, &self.connect, options)?;
        session.watch_stdout();
        let mut source = Source::new(&self.send, &self.format, None);
        let mut output = Output::new(self.format.format());
        let (service, interval) = (self.service.clone(), self.send.interval.unwrap_or_default());
        session.work(Part::Whole, move || {
            while let Some(request) = source.next()? {
                for part in client.stream(&service, request) {
                    output.write(&part?)?;
                    output.flush()?;
                }
                thread::sleep(interval);
            }
            Ok(())
        })?;
        session.finish()
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NoAnswer { .. } => Self::TimedOut(error.to_string()),
            CallError::Pattern(error) => error.into(),
            error => Self::Failed(error.to_string()),
        }
    }
}
