//! A mechanism for tests only: it proves that one with several steps and encryption fits the shape.
//!
//! Each side says HELLO and, having heard one, READY. Frames are then "encrypted" by one octet of flags in front and
//! every octet turned over.

use super::{Agreement, Opener, OwnMetadata, Sealer, Stages, Step};
use crate::{
    connection::{HandshakeError, ProtocolError},
    wire::{Command, metadata},
};

#[derive(Debug)]
pub(crate) struct Toy;

impl Toy {
    pub(crate) fn start(&mut self, out: &mut Vec<u8>) -> Step {
        Command::Unknown { name: b"HELLO", data: b"" }.write(out);
        Step::Continue
    }

    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match command {
            Command::Unknown { name: b"HELLO", .. } => {
                Command::Ready(&own()).write(out);
                Ok(Step::Continue)
            }
            Command::Ready(data) => {
                let metadata = metadata::parse(data).map_err(HandshakeError::Metadata)?;
                let stages = Stages { sealer: Box::new(TurnOver), opener: Box::new(TurnOver) };
                Ok(Step::Done(Agreement { metadata, stages: Some(stages) }))
            }
            _ => Err(HandshakeError::UnexpectedCommand),
        }
    }
}

#[derive(Debug)]
struct TurnOver;

impl Sealer for TurnOver {
    fn overhead(&self) -> usize {
        1
    }

    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>) {
        out.push(flags);
        out.extend(body.iter().map(|octet| !octet));
    }
}

impl Opener for TurnOver {
    fn overhead(&self) -> usize {
        1
    }

    fn open(&mut self, body: &mut [u8]) -> Result<u8, ProtocolError> {
        let (flags, body) = body.split_first_mut().ok_or(ProtocolError::Cryptographic)?;
        body.iter_mut().for_each(|octet| *octet = !*octet);
        Ok(*flags)
    }
}
