//! NULL: each side says READY with its metadata, in any order (RFC 37; zmtp.md section 7).
//!
//! Both send at once and neither waits for the other: two that wait would wait for ever (X2). Only where somebody has to
//! be asked about the peer does READY wait for the answer.

use super::{Agreement, Credentials, OwnMetadata, Step, question};
use crate::{
    connection::HandshakeError,
    wire::{Command, metadata},
};

#[derive(Debug)]
pub(crate) struct Null;

impl Null {
    pub(crate) fn start(&mut self) -> Step {
        question(Credentials::Null)
    }

    pub(crate) fn approved(&mut self, own: OwnMetadata<'_>, out: &mut Vec<u8>) -> Step {
        Command::Ready(&own()).write(out);
        Step::Continue
    }

    pub(crate) fn receive(&mut self, command: Command<'_>) -> Result<Step, HandshakeError> {
        match command {
            Command::Ready(data) => {
                let metadata = metadata::parse(data).map_err(HandshakeError::Metadata)?;
                Ok(Step::Done(Agreement { metadata, stages: None }))
            }
            Command::Error(data) => Err(HandshakeError::refused(data)),
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }
}
