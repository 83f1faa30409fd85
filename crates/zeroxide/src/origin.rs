//! Where a message came from.

use std::{
    ffi::{CStr, CString},
    fmt,
    os::fd::{AsFd, AsRawFd},
    sync::{Arc, OnceLock},
};
use zeroxide_net::Stream;
use zeroxide_proto::{Frame, SocketType, connection::PeerProperties, security::zap::Grant};

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
    /// The number of the connection's descriptor, for C.
    descriptor: Option<i32>,
    /// The address without transport and port.
    plain_address: String,
    socket_type: Option<SocketType>,
    routing_id: Frame,
    metadata: Vec<(String, Vec<u8>)>,
    /// What an authenticator said of it.
    grant: Option<Grant>,
    /// All of it as C strings; made when C first asks.
    strings: OnceLock<Vec<(String, CString)>>,
}

/// Where a peer is, as authenticators are told: an IP address, or over ipc who it is to the system.
pub(crate) fn plain_address(stream: &Stream) -> String {
    match (stream.peer_ip(), stream.peer_credentials()) {
        (Some(ip), _) => ip.to_string(),
        (None, Ok(Some(peer))) => format!(":{}:{}:{}", peer.user_id, peer.group_id, peer.process_id),
        (None, _) => String::new(),
    }
}

impl Origin {
    /// A number that differs, as a rule, between two that are not [the same](Self::is_same).
    #[doc(hidden)]
    pub fn spread(&self) -> usize {
        let place = self.0.as_ref().map_or(0, |details| Arc::as_ptr(details).addr() / 16);
        place ^ (place / 8)
    }

    /// What [`Origin::default`] is.
    #[doc(hidden)]
    pub const UNKNOWN: Self = Self(None);

    /// A peer behind a connection.
    pub(crate) fn new(stream: &Stream, peer: PeerProperties, grant: Option<Box<Grant>>) -> Self {
        let mut origin = Self::at(stream.peer_address(), plain_address(stream), peer, grant);
        if let Some(details) = origin.0.as_mut().and_then(Arc::get_mut) {
            details.descriptor = Some(stream.as_fd().as_raw_fd());
        }
        origin
    }

    /// A peer at an address.
    pub(crate) fn at(
        address: String,
        plain_address: String,
        peer: PeerProperties,
        grant: Option<Box<Grant>>,
    ) -> Self {
        let PeerProperties { socket_type, routing_id, metadata, .. } = peer;
        let (grant, strings) = (grant.map(|grant| *grant), OnceLock::new());
        Self(Some(Arc::new(Details {
            address,
            descriptor: None,
            plain_address,
            socket_type,
            routing_id,
            metadata,
            grant,
            strings,
        })))
    }

    /// A peer in this process.
    pub(crate) fn within(kind: SocketType, routing_id: &Frame, metadata: &[(String, Vec<u8>)]) -> Self {
        let (routing_id, metadata) = (routing_id.clone(), metadata.to_vec());
        let address = "inproc".to_owned();
        Self(Some(Arc::new(Details {
            address,
            descriptor: None,
            plain_address: String::new(),
            socket_type: Some(kind),
            routing_id,
            metadata,
            grant: None,
            strings: OnceLock::new(),
        })))
    }

    /// Whether nothing is known: of a peer whose connection is not up yet.
    #[doc(hidden)]
    #[inline]
    pub fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    /// Whether both speak of the same connection; one look at two addresses.
    #[doc(hidden)]
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        let place = |origin: &Self| origin.0.as_ref().map(Arc::as_ptr);
        place(self) == place(other)
    }

    /// Where the peer is: `tcp://address:port`, `ipc://...`, or `inproc`.
    pub fn address(&self) -> &str {
        self.0.as_ref().map_or("", |details| &details.address)
    }

    /// The number of the descriptor of its connection, which may be closed by now and mean another one.
    #[doc(hidden)]
    pub fn descriptor(&self) -> Option<i32> {
        self.0.as_ref()?.descriptor
    }

    /// The type of the peer's socket; `None` if it did not say.
    pub fn socket_type(&self) -> Option<SocketType> {
        self.0.as_ref().and_then(|details| details.socket_type)
    }

    /// The name that the peer asked to be known by; empty if it asked for none.
    pub fn routing_id(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |details| &details.routing_id)
    }

    /// Who the peer is, as the authenticator of this side found out; `None` where nobody was asked. This is no claim of
    /// the peer.
    pub fn user_id(&self) -> Option<&str> {
        Some(&self.0.as_ref()?.grant.as_ref()?.user_id)
    }

    /// A property of the connection; case does not matter. First those that libzmq calls so: `User-Id`, `Peer-Address` (an
    /// IP address without port), `Socket-Type`, `Identity` and `Routing-Id`; then those of the authenticator; then those
    /// that the peer sent in the handshake.
    pub fn property(&self, name: &str) -> Option<&[u8]> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        let details = self.0.as_ref()?;
        if is("User-Id") {
            return self.user_id().map(str::as_bytes);
        }
        if is("Peer-Address") {
            return (!details.plain_address.is_empty()).then_some(details.plain_address.as_bytes());
        }
        if is("Socket-Type") {
            return details.socket_type.map(|kind| kind.name().as_bytes());
        }
        if is("Routing-Id") || is("Identity") {
            let sent = details.socket_type.is_some_and(SocketType::sends_identity);
            return (sent || !details.routing_id.is_empty()).then_some(&details.routing_id);
        }
        let granted = details.grant.iter().flat_map(|grant| &grant.metadata);
        let (_, value) = granted.chain(&details.metadata).find(|(known, _)| is(known))?;
        Some(value)
    }

    /// A property as a C string, under the names that libzmq gives them: also `Socket-Type`, `Identity`, `Routing-Id` and
    /// `Peer-Address`. A value ends at its first zero.
    #[doc(hidden)]
    pub fn c_property(&self, name: &[u8]) -> Option<&CStr> {
        let details = self.0.as_ref()?;
        let strings = details.strings.get_or_init(|| details.as_c());
        let known = |(known, _): &&(String, CString)| known.as_bytes().eq_ignore_ascii_case(name);
        strings.iter().find(known).map(|(_, value)| value.as_c_str())
    }

    /// All properties that the peer sent in the handshake, in its order.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let metadata = self.0.iter().flat_map(|details| &details.metadata);
        metadata.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// All that the authenticator said of the peer besides its user id.
    pub fn granted(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let grant = self.0.iter().filter_map(|details| details.grant.as_ref());
        grant.flat_map(|grant| &grant.metadata).map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl Details {
    fn as_c(&self) -> Vec<(String, CString)> {
        let c =
            |octets: &[u8]| CString::new(octets.split(|octet| *octet == 0).next().unwrap_or_default()).ok();
        let mut strings = Vec::new();
        let mut add =
            |name: &str, octets: &[u8]| strings.extend(c(octets).map(|value| (name.to_owned(), value)));
        if let Some(kind) = self.socket_type {
            add("Socket-Type", kind.name().as_bytes());
        }
        add("Identity", &self.routing_id);
        add("Routing-Id", &self.routing_id);
        match (self.plain_address.is_empty(), self.address.split_once("://")) {
            (false, _) => add("Peer-Address", self.plain_address.as_bytes()),
            (true, Some((_, rest))) => add("Peer-Address", rest.as_bytes()),
            (true, None) => {}
        }
        if let Some(grant) = &self.grant {
            add("User-Id", grant.user_id.as_bytes());
            for (name, value) in &grant.metadata {
                add(name, value);
            }
        }
        for (name, value) in &self.metadata {
            add(name, value);
        }
        strings
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
