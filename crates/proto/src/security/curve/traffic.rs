//! What follows the handshake: each frame in a box of its own.
//!
//! ```text
//! 07 "MESSAGE" | counter, 8 | tag, 16 | flags, 1 | body, as long as it is |
//! '------------------ 33 ----------------------' '- encrypted from the flags on -'
//! ```

use super::super::{
    Opener, Sealer, Stages,
    cipher::{BoxKey, Subkey, TAG_SIZE},
};
use crate::{
    batch::{COMMAND, MORE},
    connection::ProtocolError,
};
use std::fmt;

const NAME: &[u8; 8] = b"\x07MESSAGE";
const OVERHEAD: usize = NAME.len() + 8 + TAG_SIZE + 1;
/// COMMAND as it stands among the flags inside, other than in the header of a frame (X8).
const COMMAND_INSIDE: u8 = 2;

/// Whose frames they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    const fn prefix(self) -> &'static [u8; 16] {
        match self {
            Self::Client => b"CurveZMQMESSAGEC",
            Self::Server => b"CurveZMQMESSAGES",
        }
    }
}

/// Both directions, seen from `side`, after the counters that the handshake came to.
pub(super) fn stages(key: &BoxKey, side: Side, sent: u64, received: u64) -> Stages {
    let other = if side == Side::Client { Side::Server } else { Side::Client };
    Stages {
        sealer: Box::new(CurveSealer { key: key.subkey(side.prefix()), last: sent }),
        opener: Box::new(CurveOpener { key: key.subkey(other.prefix()), last: received }),
    }
}

struct CurveSealer {
    key: Subkey,
    /// The counter used last.
    last: u64,
}

struct CurveOpener {
    key: Subkey,
    /// The counter seen last.
    last: u64,
}

impl Sealer for CurveSealer {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(OVERHEAD + body.len());
        let Some(counter) = self.last.checked_add(1) else {
            // No counter may come twice under a key, so nothing is said any more; the peer will end the connection.
            return out.resize(start + OVERHEAD + body.len(), 0);
        };
        self.last = counter;
        let octets = counter.to_be_bytes();
        let inside = (flags & MORE) | if flags & COMMAND == 0 { 0 } else { COMMAND_INSIDE };
        out.extend_from_slice(NAME);
        out.extend_from_slice(&octets);
        out.extend_from_slice(&[0; TAG_SIZE]);
        out.push(inside);
        out.extend_from_slice(body);
        let Some((tag, text)) = out
            .get_mut(start + NAME.len() + octets.len()..)
            .and_then(|sealed| sealed.split_first_chunk_mut())
        else {
            return;
        };
        *tag = self.key.seal(counter, text);
    }
}

impl Opener for CurveOpener {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    fn open(&mut self, body: &mut [u8]) -> Result<u8, ProtocolError> {
        let Some((name, rest)) = body.split_first_chunk_mut() else {
            return Err(ProtocolError::NotEncrypted);
        };
        if name != NAME {
            return Err(ProtocolError::NotEncrypted); // R9
        }
        let (counter, rest) = rest.split_first_chunk_mut().ok_or(ProtocolError::MalformedMessage)?; // R9
        let (tag, text) = rest.split_first_chunk_mut().ok_or(ProtocolError::MalformedMessage)?; // R9
        if text.is_empty() {
            return Err(ProtocolError::MalformedMessage); // R9
        }
        let number = u64::from_be_bytes(*counter);
        if number <= self.last {
            return Err(ProtocolError::Sequence); // R9
        }
        if !self.key.open(number, tag, text) {
            return Err(ProtocolError::Cryptographic); // R9
        }
        self.last = number;
        match text.first().copied().unwrap_or_default() {
            flags @ 0..=MORE => Ok(flags),
            COMMAND_INSIDE => Ok(COMMAND),
            flags => Err(ProtocolError::ReservedFlags(flags)), // R9
        }
    }
}

impl fmt::Debug for CurveSealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CurveSealer").field("last", &self.last).finish_non_exhaustive()
    }
}

impl fmt::Debug for CurveOpener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CurveOpener").field("last", &self.last).finish_non_exhaustive()
    }
}
