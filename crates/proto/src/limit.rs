//! What a peer may cost at most: every bound that a stranger can meet has a name, and is counted under it.

use std::fmt;

/// A bound that a peer met. What it costs is the connection, never the socket.
///
/// ```
/// use zeroxide_proto::{HandshakeError, Limit, ProtocolError, wire::metadata::MetadataError};
/// assert_eq!(ProtocolError::TooManyFrames.limit(), Some(Limit::Frames));
/// assert_eq!(HandshakeError::Metadata(MetadataError::TooMuch).limit(), Some(Limit::Metadata));
/// assert_eq!(ProtocolError::NotEncrypted.limit(), None, "a wrong of another kind");
/// assert_eq!(Limit::Frames.to_string(), "max_frames");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Limit {
    /// A frame was longer than `max_message_size`.
    MessageSize,
    /// The frames of one message were longer together than `max_multipart_size`.
    MultipartSize,
    /// A message had more frames than `max_frames`.
    Frames,
    /// A peer said more of itself in the handshake than `max_metadata_size` or `max_metadata_properties`.
    Metadata,
    /// A topic, or a command, was longer than `max_topic_length`.
    TopicLength,
    /// A peer subscribed to more topics, or joined more groups, than `max_subscriptions`.
    Subscriptions,
    /// A peer came when the socket had `max_peers`.
    Peers,
    /// A connection came, or was still there, when `max_handshakes` others had not said who they are either.
    Handshakes,
    /// The same, of one address: `max_handshakes_per_address`.
    HandshakesPerAddress,
    /// A handshake was not done in `handshake_interval`.
    HandshakeTime,
}

impl Limit {
    /// Every bound, in a fixed order.
    pub const ALL: [Self; 10] = [
        Self::MessageSize,
        Self::MultipartSize,
        Self::Frames,
        Self::Metadata,
        Self::TopicLength,
        Self::Subscriptions,
        Self::Peers,
        Self::Handshakes,
        Self::HandshakesPerAddress,
        Self::HandshakeTime,
    ];

    /// The option that sets it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessageSize => "max_message_size",
            Self::MultipartSize => "max_multipart_size",
            Self::Frames => "max_frames",
            Self::Metadata => "max_metadata_size",
            Self::TopicLength => "max_topic_length",
            Self::Subscriptions => "max_subscriptions",
            Self::Peers => "max_peers",
            Self::Handshakes => "max_handshakes",
            Self::HandshakesPerAddress => "max_handshakes_per_address",
            Self::HandshakeTime => "handshake_interval",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
