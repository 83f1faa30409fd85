//! Why a connection ended by the fault of the peer, with the codes of the monitor (zmtp.md section 19).

use super::Version;
use crate::{
    Limit, SocketType,
    security::{Denial, zap::ZapError},
    wire::{CommandError, MetadataError, command},
};
use std::{error::Error, fmt};

const UNSPECIFIED: u32 = 0x1000_0000;
const UNEXPECTED_COMMAND: u32 = 0x1000_0001;
const INVALID_SEQUENCE: u32 = 0x1000_0002;
const KEY_EXCHANGE: u32 = 0x1000_0003;
const MALFORMED: u32 = 0x1000_0011;
const MALFORMED_MESSAGE: u32 = 0x1000_0012;
const MALFORMED_HELLO: u32 = 0x1000_0013;
const MALFORMED_INITIATE: u32 = 0x1000_0014;
const MALFORMED_ERROR: u32 = 0x1000_0015;
const MALFORMED_READY: u32 = 0x1000_0016;
const MALFORMED_WELCOME: u32 = 0x1000_0017;
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
    /// A command of a mechanism does not have the form it must have (R7, R9).
    Malformed(HandshakeCommand),
    /// Something encrypted does not open: a wrong key, most likely, or somebody in between (R9).
    Cryptographic,
    /// A command came twice or out of order (R9).
    Sequence,
    /// A key that is good for nothing, or a peer that means another server (R9).
    KeyExchange,
    /// This side let the peer not in.
    Denied(Denial),
    /// This side had nobody to ask whether the peer may enter.
    NoAuthenticator,
    /// The one who was asked went away without an answer.
    Deserted,
    /// The ZAP handler of this side answered what makes no sense (R17).
    Zap(ZapError),
    /// The system has no random numbers to make keys of.
    Entropy,
}

/// A command of a handshake.
///
/// ```
/// use zeroxide_proto::connection::{HandshakeCommand, HandshakeError};
/// assert_eq!(HandshakeError::Malformed(HandshakeCommand::Hello).code(), 0x1000_0013);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "these are their names on the wire")]
pub enum HandshakeCommand {
    Hello,
    Welcome,
    Initiate,
    Ready,
}

/// How a failed handshake is told to monitors: libzmq has an event for each.
///
/// ```
/// use zeroxide_proto::{connection::{HandshakeError, HandshakeFailure}, security::Denial};
/// let refused = HandshakeError::Denied(Denial::Refused);
/// assert_eq!(refused.failure(), HandshakeFailure::Authentication(400));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The peer broke the protocol, or does not fit; with libzmq's protocol error code.
    Protocol(u32),
    /// The server said no, whichever side that is; with ZAP's status: 300, 400 or 500.
    Authentication(u16),
    /// This side is a server that has nobody to ask about the peer.
    NoAuthenticator,
    /// The connection ended, or its time was over, or the one who was asked went away.
    Connection,
}

impl HandshakeFailure {
    /// The protocol error code of the C API, 0 where there is none.
    pub const fn code(self) -> u32 {
        match self {
            Self::Protocol(code) => code,
            _ => 0,
        }
    }
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
    /// A command longer than allowed, which a topic of forbidden length makes (R6).
    CommandTooLong {
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
    /// A frame in the clear on an encrypted connection (R9).
    NotEncrypted,
    /// An encrypted frame that is too short (R9).
    MalformedMessage,
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
            | Self::Refused { .. }
            | Self::Denied(_)
            | Self::NoAuthenticator
            | Self::Deserted
            | Self::Entropy => UNSPECIFIED,
            Self::Malformed(HandshakeCommand::Hello) => MALFORMED_HELLO,
            Self::Malformed(HandshakeCommand::Welcome) => MALFORMED_WELCOME,
            Self::Malformed(HandshakeCommand::Initiate) => MALFORMED_INITIATE,
            Self::Malformed(HandshakeCommand::Ready) => MALFORMED_READY,
            Self::Cryptographic => CRYPTOGRAPHIC,
            Self::Sequence => INVALID_SEQUENCE,
            Self::KeyExchange => KEY_EXCHANGE,
            Self::Zap(error) => error.code(),
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
            Self::Denied(denial) => Some(denial.status()),
            _ => None,
        }
    }

    /// As monitors are told.
    pub fn failure(&self) -> HandshakeFailure {
        match (self, self.authentication_status()) {
            (_, Some(status)) => HandshakeFailure::Authentication(status),
            (Self::NoAuthenticator, None) => HandshakeFailure::NoAuthenticator,
            (Self::Deserted, None) => HandshakeFailure::Connection,
            _ => HandshakeFailure::Protocol(self.code()),
        }
    }

    /// The limit that the peer met, if that is what was wrong.
    pub const fn limit(&self) -> Option<Limit> {
        match self {
            Self::Metadata(MetadataError::TooMuch) | Self::Frame(ProtocolError::FrameTooLong { .. }) => {
                Some(Limit::Metadata)
            }
            _ => None,
        }
    }

    /// Whether another try may go better: only if this side or its authenticator said so, or lacked something.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Denied(Denial::TryLater)
                | Self::NoAuthenticator
                | Self::Deserted
                | Self::Zap(_)
                | Self::Entropy
        )
    }

    /// What the data of an ERROR come to.
    pub(crate) fn refused(data: &[u8]) -> Self {
        match command::error_reason(data) {
            Ok(reason) => Self::Refused { reason: String::from_utf8_lossy(reason).into_owned() },
            Err(error) => Self::Command(error),
        }
    }
}

impl ProtocolError {
    /// The limit that the peer met, if that is what was wrong.
    pub const fn limit(&self) -> Option<Limit> {
        match self {
            Self::FrameTooLong { .. } => Some(Limit::MessageSize),
            Self::CommandTooLong { .. } => Some(Limit::TopicLength),
            Self::MessageTooLong => Some(Limit::MultipartSize),
            Self::TooManyFrames => Some(Limit::Frames),
            _ => None,
        }
    }

    /// The protocol error code of the monitor.
    pub const fn code(&self) -> u32 {
        match self {
            Self::ReservedFlags(_)
            | Self::CommandWithMore
            | Self::CommandOnLegacy
            | Self::FrameTooLong { .. }
            | Self::CommandTooLong { .. }
            | Self::MessageTooLong
            | Self::TooManyFrames
            | Self::ZeroLength => UNSPECIFIED,
            Self::Command(_) => MALFORMED,
            Self::NotEncrypted => UNEXPECTED_COMMAND,
            Self::MalformedMessage => MALFORMED_MESSAGE,
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
            Self::Malformed(command) => write!(out, "a malformed {}", command.name()),
            Self::Cryptographic => out.write_str("what the peer encrypted does not open: is a key wrong?"),
            Self::Sequence => out.write_str("a command of the handshake out of sequence"),
            Self::KeyExchange => out.write_str("a key that cannot be used, or one meant for another server"),
            Self::Denied(denial) => write!(out, "the peer may not enter: {denial}"),
            Self::NoAuthenticator => out.write_str("there is nobody who could let the peer in"),
            Self::Deserted => out.write_str("who was asked to let the peer in went away"),
            Self::Zap(error) => error.fmt(out),
            Self::Entropy => out.write_str("the system has no random numbers to make keys of"),
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
            Self::CommandTooLong { size } => write!(out, "a command of {size} octets"),
            Self::MessageTooLong => out.write_str("a message of too many octets"),
            Self::TooManyFrames => out.write_str("a message of too many frames"),
            Self::ZeroLength => out.write_str("a frame of length 0 where the flags count"),
            Self::Command(error) => error.fmt(out),
            Self::NotEncrypted => out.write_str("a frame in the clear on an encrypted connection"),
            Self::MalformedMessage => out.write_str("an encrypted frame that is too short"),
            Self::Cryptographic => out.write_str("a frame that does not decrypt"),
            Self::Sequence => out.write_str("an encrypted frame out of sequence"),
        }
    }
}

impl HandshakeCommand {
    const fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Welcome => "WELCOME",
            Self::Initiate => "INITIATE",
            Self::Ready => "READY",
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
