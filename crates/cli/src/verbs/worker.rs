//! `zox worker`.

use super::{answers::Answers, broker::USUAL};
use crate::{
    endpoint_args::FormatArgs,
    exit::Failure,
    quantity::duration,
    service::{self, Asked},
    terminal::note,
};
use clap::Args;
use std::time::Duration;
use zeroxide::Context;
use zeroxide_patterns::majordomo::{Worker as Serving, WorkerOptions};

/// Offer a service at a broker (Majordomo)
///
/// SIGINT and SIGTERM end it in order: the request it works at is answered, then it leaves.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Worker {
    /// The name of the service
    #[arg(value_name = "SERVICE")]
    service: String,

    /// The broker (several allowed: they stand in for each other)
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL)]
    connect: Vec<String>,

    #[command(flatten)]
    answers: Answers,

    #[command(flatten)]
    format: FormatArgs,

    /// How often broker and worker tell each other that they live; as the broker's
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2500ms")]
    heartbeat: Duration,

    /// Whoever works at one request for longer is stuck, and loses it to another worker
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    longest_request: Duration,

    /// How many requests the broker may give it ahead, for short ones that come in great number; more than 1 needs a
    /// broker of Zeroxide
    #[arg(long, value_name = "N", default_value_t = 1)]
    window: u16,
}

const EXAMPLES: &str = "\
Examples:
  zox worker echo --echo
  zox worker shout --exec 'tr a-z A-Z' --connect tcp://192.168.55.210:5555";

impl Worker {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        let options = WorkerOptions {
            heartbeat: self.heartbeat,
            longest_request: Some(self.longest_request),
            window: self.window,
            ..WorkerOptions::default()
        };
        let mut worker = Serving::new(&context, &self.connect, &self.service, options)?;
        let control = worker.control();
        service::watch_signals(move |what| {
            if matches!(what, Asked::Stop) {
                control.stop();
            }
        })?;
        note(format_args!("serving {}", self.service));
        while let Some(request) = worker.recv()? {
            match self.answers.answer(&self.format, request) {
                Ok(answer) => worker.reply(answer)?,
                // Nobody is answered; whoever asked asks another worker.
                Err(failure) => note(format_args!("zox: {}", failure.text().unwrap_or_default())),
            }
        }
        drop(worker);
        let _ = context.shutdown(Duration::from_secs(1));
        Ok(())
    }
}
