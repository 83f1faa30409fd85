//! What a server that is one command answers.

use super::run_command::run_command;
use crate::{endpoint_args::FormatArgs, exit::Failure, format::split};
use clap::Args;
use zeroxide::Message;

/// What requests are answered with.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Answers {
    /// Answer every request with this
    #[arg(long, value_name = "TEXT")]
    reply: Option<String>,

    /// Answer every request with itself
    #[arg(long)]
    echo: bool,

    /// Answer with what this shell command prints; it reads the request on its stdin
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
}

impl Answers {
    /// The answer to one request.
    pub(super) fn answer(&self, format: &FormatArgs, request: Message) -> Result<Message, Failure> {
        match self {
            Self { reply: Some(text), .. } => Ok(split(text.as_bytes(), format.separator.as_bytes())),
            Self { exec: Some(command), .. } => run_command(command, &format.format(), &request),
            _ => Ok(request),
        }
    }
}
