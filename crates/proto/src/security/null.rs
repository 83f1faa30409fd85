//! NULL: each side says READY with its metadata, in any order (RFC 37; zmtp.md section 7).
//!
//! Both send at once and neither waits for the other: two that wait would wait for ever (X2).

use super::{Agreement, Step};
use crate::{
    connection::HandshakeError,
    wire::{Command, command, metadata},
};

#[derive(Debug)]
pub(crate) struct Null;

impl Null {
    pub(crate) fn start(&mut self, own: &[u8], out: &mut Vec<u8>) {
        Command::Ready(own).write(out);
    }

    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        _out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match command {
            Command::Ready(data) => {
                let metadata = metadata::parse(data).map_err(HandshakeError::Metadata)?;
                Ok(Step::Done(Agreement { metadata, stages: None }))
            }
            Command::Error(data) => {
                let reason = command::error_reason(data).map_err(HandshakeError::Command)?;
                Err(HandshakeError::Refused { reason: String::from_utf8_lossy(reason).into_owned() })
            }
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }
}
