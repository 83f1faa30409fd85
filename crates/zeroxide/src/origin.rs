//! Where a message came from.

use std::{fmt, sync::Arc};
use zeroxide_proto::{Frame, SocketType, connection::PeerProperties};

/// What is known of the peer that a message came from: its address, and what it said about itself in the handshake.
///
/// Cheap to clone: all messages of a connection share it. It stays as it was when the message was received, also after
/// the peer has left. What a peer says about itself is its own claim.
///
/// ```
/// use zeroxide::{Context, Pull, Push, SocketType};
/// let context = Context::new();
/// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
/// push.set_metadata([("X-region", "north")])?;
/// push.connect(&pull.bind("tcp://127.0.0.1:*")?)?;
/// push.send("work")?;
/// let (message, origin) = pull.recv_from()?;
/// assert_eq!(message, "work".into());
/// assert!(origin.address().starts_with("tcp://127.0.0.1:"));
/// assert_eq!(origin.socket_type(), Some(SocketType::Push));
/// assert_eq!(origin.property("X-region"), Some(&b"north"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Origin(Option<Arc<Details>>);

#[derive(PartialEq, Eq)]
struct Details {
    address: String,
    socket_type: Option<SocketType>,
    routing_id: Frame,
    metadata: Vec<(String, Vec<u8>)>,
}

impl Origin {
    /// A peer behind a connection.
    pub(crate) fn new(address: String, peer: PeerProperties) -> Self {
        let PeerProperties { socket_type, routing_id, metadata, .. } = peer;
        Self(Some(Arc::new(Details { address, socket_type, routing_id, metadata })))
    }

    /// A peer in this process.
    pub(crate) fn within(kind: SocketType, routing_id: &Frame, metadata: &[(String, Vec<u8>)]) -> Self {
        let (routing_id, metadata) = (routing_id.clone(), metadata.to_vec());
        let address = "inproc".to_owned();
        Self(Some(Arc::new(Details { address, socket_type: Some(kind), routing_id, metadata })))
    }

    /// `tcp://address:port`, `ipc://...`, or `inproc`.
    pub fn address(&self) -> &str {
        self.0.as_ref().map_or("", |details| &details.address)
    }

    /// The type of the peer's socket; `None` if it did not say.
    pub fn socket_type(&self) -> Option<SocketType> {
        self.0.as_ref().and_then(|details| details.socket_type)
    }

    /// The name that the peer asked to be known by; empty if it asked for none.
    pub fn routing_id(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |details| &details.routing_id)
    }

    /// A property that the peer sent in the handshake; case does not matter.
    pub fn property(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.properties().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// All properties that the peer sent in the handshake, in its order.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let metadata = self.0.iter().flat_map(|details| &details.metadata);
        metadata.map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Origin")
            .field("address", &self.address())
            .field("socket_type", &self.socket_type())
            .field("routing_id", &self.routing_id().escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}
