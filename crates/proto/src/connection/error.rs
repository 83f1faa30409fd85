//! Why a connection ended by the fault of the peer, with the codes of the monitor (zmtp.md section 19).

use super::Version;
use crate::{
    SocketType,
    wire::{CommandError, MetadataError},
};
use std::{error::Error, fmt};

const UNSPECIFIED: u32 = 0x1000_0000;
const UNEXPECTED_COMMAND: u32 = 0x1000_0001;
const INVALID_SEQUENCE: u32 = 0x1000_0002;
const MALFORMED: u32 = 0x1000_0011;
const MALFORMED_ERROR: u32 = 0x1000_0015;
const INVALID_METADATA: u32 = 0x1000_0018;
const CRYPTOGRAPHIC: u32 = 0x1100_0001;
const MECHANISM_MISMATCH: u32 = 0x1100_0002;

/// Why greeting or handshake failed. Trying again will not help, unless the peer changes.
///
/// ```
/// use zeroxide_proto::{Handshake, HandshakeError, Options, Settings, SocketType, Version};
/// let mut handshake = Handshake::new(Settings::new(SocketType::Pull, &Options::default()), &mut Vec::new());
/// let error = handshake.receive(b"GET / HTTP/1.1\r\n", &mut Vec::new()).unwrap_err();
/// assert_eq!(error, HandshakeError::Version(Version::V1), "whatever is not ZMTP looks like ZeroMQ 2");
/// println!("{error} ({:#x})", error.code());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer is older than the socket allows (R1).
    Version(Version),
    /// The peer knows no security, and the socket wants some (R3).
    Downgrade(Version),
    /// The peer uses another mechanism; its name as sent (R2).
    Mechanism([u8; 20]),
    /// The peer's type and this socket's do not fit; `None` is a type unknown here (R11).
    SocketType {
        /// The type of this socket.
        own: SocketType,
        /// The type of the peer.
        peer: Option<SocketType>,
    },
    /// A routing id of more than 255 octets or one that begins with 00 (R12).
    RoutingId,
    /// A message, or a frame that says of itself it is one, where a command is due (R7).
    UnexpectedMessage,
    /// A command that is unknown or not due (R7).
    UnexpectedCommand,
    /// The peer refused this side and said why.
    Refused {
        /// For logs; of a server that authenticates it is 300, 400 or 500.
        reason: String,
    },
    /// A command breaks the grammar (R7).
    Command(CommandError),
    /// The properties of the peer cannot be read (R8).
    Metadata(MetadataError),
    /// A frame of the handshake breaks the rules of frames.
    Frame(ProtocolError),
}

/// Why an established connection must be closed.
///
/// ```
/// # use zeroxide_proto::{Batch, Command, Sink};
/// # struct Nothing;
/// # impl Sink for Nothing {
/// #     fn messages(&mut self, _: Batch) {}
/// #     fn command(&mut self, _: Command<'_>) {}
/// # }
/// use zeroxide_proto::{Options, ProtocolError, SocketType};
/// # use zeroxide_proto::{Handshake, Settings};
/// # let settings = Settings::new(SocketType::Pull, &Options::default());
/// # let mut handshake = Handshake::new(settings, &mut Vec::new());
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
/// # let progress = handshake.receive(&heard, &mut Vec::new())?;
/// let mut decoder = progress.established.ok_or("more is to come")?.decoder;
/// let mut scratch = Vec::new();
/// decoder.target(&mut scratch).extend_from_slice(b"\xFFnoise");
/// let error = decoder.advance(&mut scratch, &mut Nothing).unwrap_err();
/// assert!(matches!(error, ProtocolError::ReservedFlags(_)), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Reserved flag bits are set; a stream that lost its place looks so (R4).
    ReservedFlags(u8),
    /// A command that says more of it follows (R4).
    CommandWithMore,
    /// A command on a connection of a version without commands (R5).
    CommandOnLegacy,
    /// A frame longer than allowed (R6).
    FrameTooLong {
        /// What the header says.
        size: u64,
    },
    /// The frames of one message are longer than allowed together (R6).
    MessageTooLong,
    /// A message of too many frames (R21).
    TooManyFrames,
    /// A length of 0 on a 1.0 connection, where the flags count (R14).
    ZeroLength,
    /// A command breaks the grammar (R7, R10).
    Command(CommandError),
    /// A frame does not decrypt (R9).
    Cryptographic,
    /// A frame came twice or out of order (R9).
    Sequence,
}

impl HandshakeError {
    /// The protocol error code of the monitor.
    pub const fn code(&self) -> u32 {
        match self {
            Self::Version(_)
            | Self::Downgrade(_)
            | Self::SocketType { .. }
            | Self::RoutingId
            | Self::Refused { .. } => UNSPECIFIED,
            Self::Mechanism(_) => MECHANISM_MISMATCH,
            Self::UnexpectedMessage | Self::UnexpectedCommand => UNEXPECTED_COMMAND,
            Self::Command(CommandError::Reason) => MALFORMED_ERROR,
            Self::Command(_) => MALFORMED,
            Self::Metadata(_) => INVALID_METADATA,
            Self::Frame(error) => error.code(),
        }
    }

    /// The status an authenticating server refused with: 300, 400 or 500.
    pub fn authentication_status(&self) -> Option<u16> {
        match self {
            Self::Refused { reason } if matches!(reason.as_str(), "300" | "400" | "500") => {
                reason.parse().ok()
            }
            _ => None,
        }
    }
}

impl ProtocolError {
    /// The protocol error code of the monitor.
    pub const fn code(&self) -> u32 {
        match self {
            Self::ReservedFlags(_)
            | Self::CommandWithMore
            | Self::CommandOnLegacy
            | Self::FrameTooLong { .. }
            | Self::MessageTooLong
            | Self::TooManyFrames
            | Self::ZeroLength => UNSPECIFIED,
            Self::Command(_) => MALFORMED,
            Self::Cryptographic => CRYPTOGRAPHIC,
            Self::Sequence => INVALID_SEQUENCE,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(out, "the peer speaks {version}, which is too old"),
            Self::Downgrade(version) => write!(out, "the peer speaks {version}, which knows no security"),
            Self::Mechanism(name) => {
                write!(out, "the peer uses mechanism \"{}\"", unpadded(name).escape_ascii())
            }
            Self::SocketType { own, peer: Some(peer) } => write!(out, "{own} cannot talk to {peer}"),
            Self::SocketType { own, peer: None } => {
                write!(out, "{own} cannot talk to the peer's socket type")
            }
            Self::RoutingId => out.write_str("the peer's routing id is too long or begins with 00"),
            Self::UnexpectedMessage => out.write_str("a message before the handshake was over"),
            Self::UnexpectedCommand => {
                out.write_str("a command that is unknown or out of turn in the handshake")
            }
            Self::Refused { reason } => write!(out, "the peer refused: \"{}\"", reason.escape_default()),
            Self::Command(error) => error.fmt(out),
            Self::Metadata(error) => error.fmt(out),
            Self::Frame(error) => error.fmt(out),
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedFlags(flags) => write!(out, "reserved bits in the flags {flags:#04x} of a frame"),
            Self::CommandWithMore => out.write_str("a command in several frames"),
            Self::CommandOnLegacy => out.write_str("a command on a connection older than 3.0"),
            Self::FrameTooLong { size } => write!(out, "a frame of {size} octets"),
            Self::MessageTooLong => out.write_str("a message of too many octets"),
            Self::TooManyFrames => out.write_str("a message of too many frames"),
            Self::ZeroLength => out.write_str("a frame of length 0 where the flags count"),
            Self::Command(error) => error.fmt(out),
            Self::Cryptographic => out.write_str("a frame that does not decrypt"),
            Self::Sequence => out.write_str("an encrypted frame out of sequence"),
        }
    }
}

impl Error for HandshakeError {}
impl Error for ProtocolError {}

/// A field padded with zeros, without them.
fn unpadded(field: &[u8]) -> &[u8] {
    let end = field.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    field.get(..end).unwrap_or(field)
}
