//! One ZMTP connection as values: greeting and handshake, then a decoder, an encoder and a heartbeat.
//!
//! ```text
//! octets in -> Handshake -> Established { peer, decoder, encoder }
//! octets in -> Decoder -> Sink { batches, commands }        batches -> Encoder -> octets out
//! ```
//! Nothing here waits or knows a clock; whoever owns the connection moves the octets and says what time it is. It does
//! not know what a socket type does with a message.

mod decoder;
mod encoder;
mod error;
mod handshake;
mod heartbeat;
mod large;
mod partial;
#[cfg(test)]
mod tests;
mod transcode;
mod walk;

use crate::{
    Batch, Frame, Options, SocketType,
    options::MinimumVersion,
    security::Security,
    wire::{
        Command,
        metadata::{OCTETS_MAX, PROPERTIES_MAX},
    },
};
pub use decoder::Decoder;
pub use encoder::{Encoder, Wire};
pub use error::{HandshakeCommand, HandshakeError, HandshakeFailure, ProtocolError};
pub use handshake::{Established, Handshake, PeerProperties, Progress};
pub use heartbeat::{Beat, Heartbeat, PONGS_QUEUED_MAX};
use std::fmt;

/// The version of ZMTP that both sides of a connection speak.
///
/// ```
/// use zeroxide_proto::{Version, options::MinimumVersion};
/// assert!(Version::V2 < Version::V3_0);
/// assert!(Version::V3_0.has_commands() && !Version::V2.has_commands());
/// assert!(!Version::V2.meets(MinimumVersion::V3));
/// assert_eq!(Version::V3_1.to_string(), "ZMTP 3.1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Version {
    /// ZMTP 1.0, of ZeroMQ 2.x: no socket types, no subscriptions.
    V1,
    /// ZMTP 2.0, of ZeroMQ 3.x: subscriptions are messages.
    V2,
    /// ZMTP 3.0, of ZeroMQ 4.0 and 4.1: metadata and mechanisms; subscriptions are messages.
    V3_0,
    /// ZMTP 3.1, since ZeroMQ 4.2: subscriptions are commands, and there are heartbeats.
    V3_1,
}

impl Version {
    /// Whether commands travel between messages.
    pub const fn has_commands(self) -> bool {
        matches!(self, Self::V3_0 | Self::V3_1)
    }

    /// Whether a socket with this minimum may speak it.
    pub const fn meets(self, minimum: MinimumVersion) -> bool {
        match minimum {
            MinimumVersion::V1 => true,
            MinimumVersion::V2 => !matches!(self, Self::V1),
            MinimumVersion::V3 => self.has_commands(),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::V1 => "ZMTP 1.0",
            Self::V2 => "ZMTP 2.0",
            Self::V3_0 => "ZMTP 3.0",
            Self::V3_1 => "ZMTP 3.1",
        })
    }
}

/// Frames that one message may have unless told otherwise (rule R21).
pub const FRAMES_MAX: u32 = 65_536;

/// What a socket tells every connection of it: one value, shared by all of them.
///
/// ```
/// use zeroxide_proto::{Options, Settings, SocketType};
/// let options = Options { max_message_size: Some(1 << 20), ..Options::default() };
/// let settings = Settings { max_frames: 16, ..Settings::new(SocketType::Dealer, &options) };
/// assert_eq!(settings.max_message_size, Some(1 << 20));
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The type announced, and checked against the peer's.
    pub socket_type: SocketType,
    /// The name a ROUTER peer shall know this socket by; at most 255 octets, the first not 00.
    pub routing_id: Frame,
    /// As in ZeroMQ 2.x: a REP and a ROUTER may meet here, and every peer is told the name.
    pub version_two: bool,
    /// Older peers are refused (rule R1).
    pub minimum_version: MinimumVersion,
    /// The longest frame accepted (rule R6).
    pub max_message_size: Option<u64>,
    /// The most octets all frames of one message may have together (rule R6).
    pub max_message_total: Option<u64>,
    /// The most frames one message may have (rule R21).
    pub max_frames: u32,
    /// The longest command after the handshake (rule R6).
    pub max_command_size: u64,
    /// The most octets of metadata (rule R8).
    pub max_metadata_size: usize,
    /// The most properties in them (rule R8).
    pub max_metadata_properties: usize,
    /// Properties sent in READY besides those of the protocol; one whose name is not legal is left out.
    pub metadata: Vec<(String, Vec<u8>)>,
    /// The mechanism, the same for all peers.
    pub security: Security,
    /// Whether somebody decides about each peer, on the side that has to: a server, or either side of NULL.
    pub asks: bool,
}

impl Settings {
    /// What the options of a socket of this type say, but for security: that is NULL, and nobody is asked.
    pub fn new(socket_type: SocketType, options: &Options) -> Self {
        Self {
            socket_type,
            routing_id: options.routing_id.clone(),
            version_two: options.version_two,
            minimum_version: options.minimum_version,
            max_message_size: options.max_message_size,
            max_message_total: options.max_multipart_size,
            max_frames: options.max_frames.unwrap_or(u32::MAX),
            max_command_size: options.max_topic_length.map_or(COMMAND_MAX, command_with),
            max_metadata_size: options.max_metadata_size.unwrap_or(OCTETS_MAX).min(OCTETS_MAX),
            max_metadata_properties: options
                .max_metadata_properties
                .unwrap_or(PROPERTIES_MAX)
                .min(PROPERTIES_MAX),
            metadata: options.metadata.clone(),
            security: Security::Null,
            asks: false,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            frame: self.max_message_size,
            total: self.max_message_total,
            frames: self.max_frames,
            command: self.max_command_size,
        }
    }
}

/// The longest command where no limit says otherwise.
const COMMAND_MAX: u64 = 64 * 1024 * 1024;

/// The longest command where the longest topic has so many octets. Other commands may always have a kibioctet.
fn command_with(topic: usize) -> u64 {
    const NAME: u64 = 1 + b"SUBSCRIBE".len() as u64;
    (topic as u64).saturating_add(NAME).clamp(1024, COMMAND_MAX)
}

/// What one message may cost at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) frame: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) frames: u32,
    pub(crate) command: u64,
}

impl Limits {
    pub(crate) const NONE: Self = Self { frame: None, total: None, frames: u32::MAX, command: COMMAND_MAX };

    /// The longest frame that may stand alone as a message.
    pub(crate) fn single(&self) -> u64 {
        self.frame.unwrap_or(u64::MAX).min(self.total.unwrap_or(u64::MAX))
    }
}

/// Where a [`Decoder`] puts what it found.
///
/// ```
/// use zeroxide_proto::{Batch, Command, Decoder, Sink};
///
/// #[derive(Default)]
/// struct Received(Vec<Batch>);
///
/// impl Sink for Received {
///     fn messages(&mut self, batch: Batch) {
///         self.0.push(batch); // the very octets that were read, not a copy
///     }
///     fn command(&mut self, _: Command<'_>) {}
/// }
///
/// let (mut received, mut scratch) = (Received::default(), Vec::new());
/// let mut decoder = Decoder::raw();
/// decoder.target(&mut scratch).extend_from_slice(b"whatever a plain peer says");
/// decoder.advance(&mut scratch, &mut received)?;
/// assert_eq!(received.0[0].messages(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Sink {
    /// One or more whole messages, in order.
    fn messages(&mut self, batch: Batch);

    /// A command. Commands come in order among themselves. Those by which the peer says what it wants to hear come behind the
    /// messages that stood before them, the others before the batch of messages they stood between.
    fn command(&mut self, command: Command<'_>);
}
