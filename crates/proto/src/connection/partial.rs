//! Frames of a handshake that may not all be there: how many octets more it takes, and what is wrong already.

use super::{HandshakeError, ProtocolError};
use crate::{
    batch::{COMMAND, Header, MORE},
    security::Exchange,
    wire::{greeting::SIGNATURE_SIZE, legacy},
};

/// What the longest command of a handshake has besides metadata: INITIATE of CURVE, or the reason of an ERROR.
const BESIDES_METADATA: u64 = 264;
/// A PLAIN HELLO, which has no metadata.
const COMMAND_MIN: u64 = 6 + 2 * 256;
/// The longest routing id.
pub(super) const ROUTING_ID_MAX: usize = 255;

/// One frame of the handshake, perhaps not all there.
pub(super) struct Partial<'a> {
    /// Octets from its first on that are needed to know more of it, or to have all of it.
    pub(super) wanted: usize,
    pub(super) body: &'a [u8],
}

impl<'a> Partial<'a> {
    const fn header(wanted: usize) -> Self {
        Self { wanted, body: &[] }
    }

    fn whole(buffer: &'a [u8], header: usize, size: u64) -> Self {
        let wanted = header.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        Self { wanted, body: buffer.get(header..wanted).unwrap_or_default() }
    }
}

/// The identity frame of a 1.0 peer. Its flags are whatever the peer's signature has there, and ignored (T19).
pub(super) fn identity_v1(buffer: &[u8]) -> Result<Partial<'_>, HandshakeError> {
    let zero = |_| HandshakeError::Frame(ProtocolError::ZeroLength); // R14
    let Some(header) = legacy::Header::parse(buffer).map_err(zero)? else {
        return Ok(Partial::header(match buffer.first() {
            None => 1,
            Some(0xFF) => SIGNATURE_SIZE,
            Some(_) => 2,
        }));
    };
    identity_of(buffer, header.octets, header.size)
}

/// The identity frame of a 2.0 peer: one that is final.
pub(super) fn identity_v2(buffer: &[u8]) -> Result<Partial<'_>, HandshakeError> {
    let Some(&flags) = buffer.first() else { return Ok(Partial::header(1)) };
    if flags & COMMAND != 0 {
        return Err(HandshakeError::Frame(ProtocolError::CommandOnLegacy)); // R5
    }
    if flags & !crate::batch::LONG != 0 {
        return Err(HandshakeError::Frame(ProtocolError::ReservedFlags(flags))); // R4
    }
    match Header::parse(buffer) {
        Some(header) => identity_of(buffer, header.octets, header.size),
        None => Ok(Partial::header(if flags == 0 { 2 } else { 9 })),
    }
}

fn identity_of(buffer: &[u8], header: usize, size: u64) -> Result<Partial<'_>, HandshakeError> {
    if size > ROUTING_ID_MAX as u64 {
        return Err(HandshakeError::RoutingId); // R12, before any of it is stored
    }
    Ok(Partial::whole(buffer, header, size))
}

pub(super) fn command_frame<'a>(
    buffer: &'a [u8],
    mechanism: &Exchange,
    metadata: usize,
) -> Result<Partial<'a>, HandshakeError> {
    let Some(&flags) = buffer.first() else { return Ok(Partial::header(1)) };
    if flags & !(MORE | crate::batch::LONG | COMMAND) != 0 {
        return Err(HandshakeError::Frame(ProtocolError::ReservedFlags(flags))); // R4
    }
    if flags & COMMAND == 0 {
        return Err(HandshakeError::UnexpectedMessage); // R7
    }
    if flags & MORE != 0 {
        return Err(HandshakeError::Frame(ProtocolError::CommandWithMore)); // R4
    }
    match Header::parse(buffer) {
        Some(Header { size, .. }) if size > (metadata as u64 + BESIDES_METADATA).max(COMMAND_MIN) => {
            Err(HandshakeError::Frame(ProtocolError::FrameTooLong { size })) // R6
        }
        Some(header) => {
            mechanism.check_size(header.size)?;
            Ok(Partial::whole(buffer, header.octets, header.size))
        }
        None => Ok(Partial::header(if flags & crate::batch::LONG == 0 { 2 } else { 9 })),
    }
}

/// Puts by what came of a part that misses so many octets. Memory grows with what came, and never beyond the part:
/// strangers get little of it.
pub(super) fn store(buffer: &mut Vec<u8>, came: &[u8], missing: usize) {
    let (held, wanted) = (buffer.len(), buffer.len() + came.len());
    if buffer.capacity() < wanted {
        let roomy = buffer.capacity().saturating_mul(2).min(held + missing);
        buffer.reserve_exact(roomy.max(wanted) - held);
    }
    buffer.extend_from_slice(came);
}
