//! Where the messages come from that a verb sends: the command line, or stdin.

use crate::{
    endpoint_args::{FormatArgs, SendArgs},
    exit::Failure,
    format::{Format, ReadError, split},
};
use std::{
    io::{BufReader, Stdin, stdin},
    iter::{Cycle, Take},
    vec::IntoIter,
};
use zeroxide::Message;

/// Messages to be sent, one after another.
pub(crate) enum Source {
    Given(Take<Cycle<IntoIter<Message>>>),
    Stdin { input: BufReader<Stdin>, format: Format, read: u64, limit: u64 },
}

impl Source {
    /// What the arguments say, at most `limit` messages.
    pub(crate) fn new(send: &SendArgs, format: &FormatArgs, limit: Option<u64>) -> Self {
        if send.messages.is_empty() {
            return Self::stdin(format, limit);
        }
        let message = |text: &String| split(text.as_bytes(), format.separator.as_bytes());
        let messages: Vec<_> = send.messages.iter().map(message).collect();
        let count = limit.map_or(messages.len(), |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Self::Given(messages.into_iter().cycle().take(count))
    }

    /// Stdin, at most `limit` messages.
    pub(crate) fn stdin(format: &FormatArgs, limit: Option<u64>) -> Self {
        let input = BufReader::with_capacity(1 << 16, stdin());
        Self::Stdin { input, format: format.format(), read: 0, limit: limit.unwrap_or(u64::MAX) }
    }

    /// The next message, or none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Failure> {
        match self {
            Self::Given(messages) => Ok(messages.next()),
            Self::Stdin { read, limit, .. } if *read >= *limit => Ok(None),
            Self::Stdin { input, format, read, .. } => {
                *read += 1;
                format.read(input).map_err(|error| match error {
                    ReadError::Io(error) => Failure::Failed(format!("stdin: {error}")),
                    ReadError::Malformed(why) => Failure::Input(format!("stdin, message {read}: {why}")),
                })
            }
        }
    }
}
