//! What every socket can do, whatever its type: endpoints, peers, events, counters.

use crate::{
    context::{Context, Guard},
    counters::Statistics,
    error::{EndpointCause, EndpointFailure, SocketError},
    future::until,
    monitor::Monitor,
    socket::core::Core,
};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering::*},
    time::{Duration, Instant},
};
use zeroxide_proto::SocketType;

/// The part that all sockets share. Every typed socket dereferences to it.
///
/// - Sockets are `Send` and `Sync`: any number of threads and tasks may use one at once. A multipart message is sent and
///   received as one; sending and receiving do not wait for each other.
/// - Connecting and binding return at once and act in the background; what is sent before a connection is up waits for
///   it (except in PUB, XPUB and ROUTER, which drop what has no addressee).
/// - Dropping a socket closes it: what was sent still goes out in the background, as long as
///   [`set_linger`](Handle::set_linger) allows.
///
/// ```
/// use zeroxide::{Context, Handle, Pub, Sub};
///
/// /// Takes a socket of any type.
/// fn describe(socket: &Handle) -> String {
///     format!("{} at {}, {} connections", socket.socket_type(), socket.last_endpoint(), socket.connected())
/// }
///
/// let context = Context::new();
/// let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
/// subscriber.connect(&publisher.bind("inproc://news")?)?;
/// assert_eq!(describe(&publisher), "PUB at inproc://news, 1 connections");
/// assert_eq!(describe(&subscriber), "SUB at inproc://news, 1 connections");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle {
    pub(crate) core: Arc<Core>,
    guard: Arc<Guard>,
}

/// A peer, as [`Handle::peers`] lists it.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Dealer, Router};
/// let context = Context::new();
/// let (router, dealer) = (Router::new(&context)?, Dealer::new(&context)?);
/// dealer.set_routing_id("worker-7")?;
/// dealer.connect(&router.bind("tcp://127.0.0.1:*")?)?;
/// assert!(router.wait_connected(1, Duration::from_secs(30)));
/// for peer in router.peers() {
///     assert_eq!(peer.routing_id.as_deref(), Some(&b"worker-7"[..]));
///     assert!(peer.connected && peer.address.starts_with("tcp://127.0.0.1:"));
///     println!("{} messages wait for {}", peer.queued_out, peer.address);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerInfo {
    /// The name this peer has here, if it has one (ROUTER, STREAM).
    pub routing_id: Option<Vec<u8>>,
    /// Where it is: `tcp://address:port`, `ipc://...` or `inproc`. Empty while the connection is down.
    pub address: String,
    /// Whether the connection is up.
    pub connected: bool,
    /// Messages waiting to go out to it.
    pub queued_out: usize,
    /// Messages from it that wait to be received.
    pub queued_in: usize,
}

impl Handle {
    pub(crate) fn new(context: &Context, kind: SocketType) -> Result<Self, SocketError> {
        Ok(Self { core: context.inner().open_socket(kind)?, guard: context.guard.clone() })
    }

    /// The type of this socket.
    pub fn socket_type(&self) -> SocketType {
        self.core.kind
    }

    /// The context this socket belongs to.
    pub fn context(&self) -> Context {
        Context { guard: self.guard.clone() }
    }

    /// Listens at an endpoint and returns it as others can connect to it: with the real port for port 0 or `*`, with
    /// the real path for `ipc://*`.
    ///
    /// Endpoints: `tcp://interface:port` (interface is `*`, an address, `[v6]`, or the name of a network interface),
    /// `ipc://path`, `ipc://@abstract`, `inproc://name`.
    ///
    /// # Errors
    /// A malformed endpoint, an address that is in use or not there, or an ended socket or context.
    pub fn bind(&self, endpoint: &str) -> Result<String, EndpointFailure> {
        self.core.bind(endpoint).map_err(|cause| self.failure(endpoint, cause))
    }

    /// Connects to an endpoint: returns at once, the connection is made in the background, and made again whenever it
    /// is lost. See [`Handle::wait_connected`] to know when it is up.
    ///
    /// # Errors
    /// A malformed endpoint, or an ended socket or context. A peer that is not there yet is no error.
    pub fn connect(&self, endpoint: &str) -> Result<(), EndpointFailure> {
        self.core.connect(endpoint).map_err(|cause| self.failure(endpoint, cause))
    }

    /// Stops listening at an endpoint that [`Handle::bind`] returned, and closes what connected to it. When this
    /// returns, the address is free.
    ///
    /// # Errors
    /// [`EndpointCause::NotFound`] if this socket is not bound to it.
    pub fn unbind(&self, endpoint: &str) -> Result<(), EndpointFailure> {
        self.core.release(endpoint, true).map_err(|cause| self.failure(endpoint, cause))
    }

    /// Ends a connection made with [`Handle::connect`]. What was sent to it still goes out, as long as the socket's
    /// linger allows.
    ///
    /// # Errors
    /// [`EndpointCause::NotFound`] if this socket is not connected to it.
    pub fn disconnect(&self, endpoint: &str) -> Result<(), EndpointFailure> {
        self.core.release(endpoint, false).map_err(|cause| self.failure(endpoint, cause))
    }

    /// What the last `bind` returned, or the last `connect` was given.
    pub fn last_endpoint(&self) -> String {
        self.core.endpoints.lock().last.clone()
    }

    /// Waits until at least `count` connections are up, handshake included. False if `timeout` was over first, or the
    /// socket or its context ended.
    pub fn wait_connected(&self, count: usize, timeout: Duration) -> bool {
        self.wait_until(timeout, || self.core.connected.load(SeqCst) >= count)
    }

    /// Waits as [`wait_connected`](Self::wait_connected), without blocking a thread, however long that takes. False if the
    /// socket or its context ended.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn wait_connected_async(&self, count: usize) -> bool {
        self.until(|| self.core.connected.load(SeqCst) >= count).await
    }

    /// Connections that are up now.
    pub fn connected(&self) -> usize {
        self.core.connected.load(SeqCst)
    }

    /// Waits until this is so, at most this long. False if the time was over first, or the socket ended.
    pub(crate) fn wait_until(&self, timeout: Duration, mut reached: impl FnMut() -> bool) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        self.core.changed.wait(deadline, || self.reached_or_ended(&mut reached)).unwrap_or(false)
    }

    /// Waits until this is so, without blocking a thread. False if the socket ended.
    pub(crate) async fn until(&self, mut reached: impl FnMut() -> bool) -> bool {
        until(&self.core.changed, || self.reached_or_ended(&mut reached)).await
    }

    fn reached_or_ended(&self, reached: &mut impl FnMut() -> bool) -> Option<bool> {
        if reached() { Some(true) } else { (!self.core.is_open()).then_some(false) }
    }

    /// Everybody this socket is connected to, or trying to be.
    pub fn peers(&self) -> Vec<PeerInfo> {
        let peers = self.core.peers();
        let info = |peer: &Arc<crate::peer::Peer>| {
            let routing_id =
                self.core.with_machine(|machine, _| machine.routing_id_of(peer.id).map(|id| id.to_vec()));
            let connected = peer.up.load(SeqCst);
            let address = if connected { peer.origin.lock().address().to_owned() } else { String::new() };
            PeerInfo {
                routing_id,
                address,
                connected,
                queued_out: peer.outbox.len(),
                queued_in: peer.inbox.len(),
            }
        };
        peers.iter().map(info).collect()
    }

    /// Everything that happens to this socket's connections from now on.
    pub fn monitor(&self) -> Monitor {
        self.core.monitors.add()
    }

    /// Messages lost, by reason, and connections made and failed. Always counted; reading takes no lock.
    pub fn statistics(&self) -> Statistics {
        Statistics::read(&self.core.counters)
    }

    fn failure(&self, endpoint: &str, cause: EndpointCause) -> EndpointFailure {
        EndpointFailure { socket: self.core.kind, endpoint: endpoint.to_owned(), cause }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Handle")
            .field("type", &self.core.kind)
            .field("connected", &self.connected())
            .field("last_endpoint", &self.last_endpoint())
            .finish_non_exhaustive()
    }
}
