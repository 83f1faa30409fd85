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
use zeroxide_proto::{RoutingId, SocketType};

/// The part that all sockets share. Every typed socket dereferences to it.
///
/// - Sockets are `Send` and `Sync`: any number of threads and tasks may use one at once. A multipart message is sent and
///   received as one; sending and receiving do not wait for each other.
/// - Connecting returns at once and acts in the background; what is sent before a connection is up waits for it (except in
///   PUB, XPUB and ROUTER, which drop what has no addressee).
/// - Dropping a socket closes it: what was sent still goes out in the background, as long as
///   [`set_linger`](Handle::set_linger) allows.
///
/// # Options
///
/// Each option has a typed setter and a getter, such as [`set_heartbeat_interval`](Handle::set_heartbeat_interval) and
/// [`heartbeat_interval`](Handle::heartbeat_interval).
///
/// - A setter refuses what the socket's type gives no meaning to, and values that no socket could honour: nothing is
///   ignored silently. The [cause](crate::OptionError::cause) tells the two apart. A refused value changes nothing.
/// - Each says when it acts: at once, on connections made later, or on endpoints bound or connected later.
/// - The defaults are those of libzmq except for [`linger`](Handle::set_linger), [`backlog`](Handle::set_backlog) and what a
///   peer may cost: [`set_max_message_size`](Handle::set_max_message_size) and the other limits hold from the beginning,
///   and binding what the network can reach needs a mechanism or
///   [`set_open_to_network`](Handle::set_open_to_network). Where libzmq has 0 or -1 for "none" or
///   "for ever", there is `None` here.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Dealer, OptionErrorCause, Push};
///
/// let context = Context::new();
/// let dealer = Dealer::new(&context)?;
/// dealer.set_routing_id("worker-7")?;
/// dealer.set_heartbeat_interval(Some(Duration::from_secs(2)))?;
/// assert_eq!(dealer.routing_id(), "worker-7");
///
/// let push = Push::new(&context)?;
/// let refused = push.set_routing_id("worker-7").unwrap_err();
/// assert_eq!(refused.cause, OptionErrorCause::NotForThisType);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Any type
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
    /// The number this peer has here, if it has one (SERVER, PEER).
    pub number: Option<RoutingId>,
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
    /// Endpoints: `tcp://interface:port` (interface is `*`, an address, `[v6]`, the name of a network interface, or a host
    /// name, which this thread looks up), `ipc://path`, `ipc://@abstract`, `inproc://name`. A socket can bind and connect
    /// as often as it likes. DISH and DGRAM (once) also bind `udp://address:port`; if that is a multicast group, which
    /// `udp://interface;group:port` joins by an interface, all who bind it share it.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// let socket = zeroxide::Rep::new(&context)?;
    /// socket.set_open_to_network(true);
    /// let anywhere = socket.bind("tcp://*:*")?;
    /// assert!(anywhere.starts_with("tcp://0.0.0.0:"));
    /// let private = socket.bind("ipc://*")?;
    /// assert!(std::path::Path::new(private.trim_start_matches("ipc://")).exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A malformed endpoint, an address that is in use or not there, or an ended socket or context. Nothing is bound then.
    pub fn bind(&self, endpoint: &str) -> Result<String, EndpointFailure> {
        self.core.bind(endpoint).map_err(|cause| self.failure(endpoint, cause))
    }

    /// Connects to an endpoint: returns at once, the connection is made in the background, and made again whenever it
    /// is lost. See [`Handle::wait_connected`] to know when it is up, and [`Handle::monitor`] to know why it is not.
    ///
    /// Endpoints are those of [`bind`](Handle::bind) without wildcards; `tcp://source;host:port` has the connection come
    /// from the address or interface, and port, before the semicolon. Host names are looked up in the background, each try.
    /// Connecting DEALER, SUB, PUB or REQ a second time to the same endpoint does nothing. RADIO also connects to
    /// `udp://address:port` and `udp://interface;group:port`: a host name there is looked up by this thread.
    ///
    /// # Errors
    /// A malformed endpoint, or an ended socket or context; over inproc also a peer whose type cannot talk to this one. A
    /// peer that is not there yet is no error.
    pub fn connect(&self, endpoint: &str) -> Result<(), EndpointFailure> {
        self.core.connect(endpoint).map_err(|cause| self.failure(endpoint, cause))
    }

    /// Stops listening at an endpoint that [`Handle::bind`] returned, and closes what connected to it. When this
    /// returns, which takes the I/O thread a moment, the address is free.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// let socket = zeroxide::Rep::new(&context)?;
    /// let endpoint = socket.bind("tcp://127.0.0.1:*")?;
    /// socket.unbind(&endpoint)?;
    /// assert_eq!(socket.bind(&endpoint)?, endpoint);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// What the last `bind` returned, or the last `connect` was given; empty before the first.
    pub fn last_endpoint(&self) -> String {
        self.core.endpoints.lock().last.clone()
    }

    /// Waits until at least `count` connections are up, handshake included, whichever side made them. False if `timeout`
    /// was over first, or the socket or its context ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide::{Context, Pull, Push};
    /// # let context = Context::new();
    /// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
    /// push.connect(&pull.bind("tcp://127.0.0.1:*")?)?;
    /// assert!(push.wait_connected(1, Duration::from_secs(30)));
    /// assert!(!push.wait_connected(2, Duration::ZERO), "there is only one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Everybody this socket is connected to, or keeps a queue for while it tries to be. A look at what changes all the
    /// time: to wait for something, use [`wait_connected`](Self::wait_connected) or a [`monitor`](Self::monitor).
    pub fn peers(&self) -> Vec<PeerInfo> {
        self.core.clear_stage();
        let peers = self.core.peers();
        let info = |peer: &Arc<crate::peer::Peer>| {
            let routing_id =
                self.core.with_machine(|machine, _| machine.routing_id_of(peer.id).map(|id| id.to_vec()));
            let connected = peer.up.load(SeqCst);
            let address = if connected { peer.origin.lock().address().to_owned() } else { String::new() };
            PeerInfo {
                routing_id,
                number: self.core.with_machine(|machine, _| machine.number_of(peer.id)),
                address,
                connected,
                queued_out: peer.outbox.len(),
                queued_in: peer.inbox.len(),
            }
        };
        peers.iter().map(info).collect()
    }

    /// Everything that happens to this socket's connections from now on, so ask for it before `bind` or `connect` to see
    /// them happen. Any number of monitors may be in use at once.
    pub fn monitor(&self) -> Monitor {
        self.core.monitors.add()
    }

    /// Messages lost, by reason, and connections made and failed. Always counted; reading takes no lock.
    pub fn statistics(&self) -> Statistics {
        Statistics::read(&self.core.counters)
    }

    pub(super) fn failure(&self, endpoint: &str, cause: EndpointCause) -> EndpointFailure {
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
