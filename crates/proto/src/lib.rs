//! What ZeroMQ means: this room decides, it never waits.
//!
//! Everything here is a value: bytes go in, messages and decisions come out. There is no I/O, no clock, no
//! thread and no unsafe code, so the same machines run over every transport and in the fuzzers. This room does not
//! know sockets of the operating system, nor how threads hand over.

#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc, missing_debug_implementations)]

pub mod batch;
pub mod connection;
pub mod endpoint;
pub mod frame;
pub mod limit;
pub mod loss;
pub mod message;
pub mod options;
pub mod reuse;
pub mod routing;
pub mod routing_id;
pub mod security;
pub mod socket;
pub mod socket_type;
pub mod wire;

pub use batch::Batch;
pub use connection::{
    Beat, Decoder, Encoder, Established, Handshake, HandshakeError, Heartbeat, PeerProperties, Progress,
    ProtocolError, Settings, Sink, Version, Wire,
};
pub use endpoint::{Endpoint, EndpointError};
pub use frame::Frame;
pub use limit::Limit;
pub use loss::Loss;
pub use message::Message;
pub use options::Options;
pub use routing::{FairQueue, PeerId, Peers};
pub use routing_id::RoutingId;
pub use socket::Machine;
pub use socket_type::SocketType;
pub use wire::{Command, z85};
