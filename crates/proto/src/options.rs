//! Every option of a socket, typed: durations, sizes and enums instead of bare integers.
//!
//! A value of a wrong range cannot be built, so whoever reads an option need not check it. The defaults are libzmq's;
//! where the native API starts from others, its own documentation says so.

use crate::{Frame, security::SecurityOptions};
use std::time::Duration;

/// What a socket has been told. When a change acts, at once or on what is made later, is told by whoever takes it.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_proto::Options;
/// let options = Options { linger: Some(Duration::from_secs(2)), ..Options::default() };
/// assert_eq!(options.send_high_water_mark, Some(1000), "as in libzmq");
/// assert_eq!(options.heartbeat_interval, None, "where libzmq has 0 or -1");
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    // -- queues
    /// Messages that may wait for one peer on the way out; `None` is without bound.
    pub send_high_water_mark: Option<usize>,
    /// Messages that may wait from one peer on the way in; `None` is without bound.
    pub receive_high_water_mark: Option<usize>,
    /// Keep only the newest message per direction. For DEALER, PUSH, PULL, PUB and SUB; single frames only.
    pub conflate: bool,
    /// How long unsent messages may delay a close; `None` is for ever.
    pub linger: Option<Duration>,
    /// How long a send may block; `None` is for ever.
    pub send_timeout: Option<Duration>,
    /// How long a receive may block; `None` is for ever.
    pub receive_timeout: Option<Duration>,
    /// Queue only for connections that are up, rather than for any that was asked for.
    pub immediate: bool,

    // -- names and patterns
    /// The name a ROUTER peer shall know this socket by; empty lets it choose.
    pub routing_id: Frame,
    /// The name the peer of the next `connect` shall have here (ROUTER, STREAM); used once.
    pub connect_routing_id: Option<Frame>,
    /// ROUTER: sending to an unknown peer is an error instead of a counted drop.
    pub router_mandatory: bool,
    /// ROUTER: a newcomer with a known name takes it over instead of being ignored.
    pub router_handover: bool,
    /// ROUTER: new connections carry plain octets, as those of a STREAM.
    pub router_raw: bool,
    /// As ZeroMQ 2.x was: names that a ROUTER generates have 17 octets, and it may send requests to a REP, by its name. For
    /// programs of that time, which tell names from text by their length.
    pub version_two: bool,
    /// ROUTER: deliver `[id, ""]` when a peer comes or goes.
    pub router_notify: RouterNotify,
    /// REQ, DEALER, ROUTER: send an empty message to each new peer so that a ROUTER learns of it.
    pub probe_router: bool,
    /// REQ: number requests and drop replies with another number.
    pub req_correlate: bool,
    /// REQ: a second request may be sent before the reply; the old reply is dropped.
    pub req_relaxed: bool,
    /// XPUB: report every subscription, not only the first of a topic.
    pub xpub_verbose: bool,
    /// XPUB: report every subscription and every cancellation.
    pub xpub_verboser: bool,
    /// XPUB: the application decides what a peer is subscribed to.
    pub xpub_manual: bool,
    /// XPUB: as manual, and a message goes only to the peer whose subscription was set last.
    pub xpub_manual_last_value: bool,
    /// XPUB: messages go only to the peer whose subscription was received last, to nobody if it is gone.
    pub xpub_to_last_subscriber: bool,
    /// PUB, XPUB: a full subscriber blocks the send instead of losing the message.
    pub xpub_nodrop: bool,
    /// XPUB: sent to each new subscriber.
    pub xpub_welcome_message: Option<Frame>,
    /// XSUB: pass every cancellation upstream, not only the last of a topic.
    pub xsub_verbose_unsubscribe: bool,
    /// PUB, XPUB, SUB: deliver what does *not* match.
    pub invert_matching: bool,
    /// XPUB, XSUB: only the first frame of a message can be a subscription.
    pub only_first_subscribe: bool,
    /// STREAM: deliver `[id, ""]` when a connection comes or goes.
    pub stream_notify: bool,
    /// Sent to each new peer (DEALER, ROUTER, REP).
    pub hello_message: Option<Frame>,
    /// Delivered here when a peer goes (ROUTER).
    pub disconnect_message: Option<Frame>,
    /// Delivered here when a connection is lost and will be tried again (DEALER).
    pub hiccup_message: Option<Frame>,
    /// Properties sent to peers in the handshake, names beginning with `X-`.
    pub metadata: Vec<(String, Vec<u8>)>,

    /// What libzmq does and nobody needs: an XPUB reports cancellations of what was not subscribed to, and over inproc
    /// sockets of any two types are joined, and a queue has room again for half of what it holds at a time.
    pub as_in_libzmq: bool,

    // -- life of a connection
    /// Time between PINGs; `None` sends none.
    pub heartbeat_interval: Option<Duration>,
    /// How long a peer may be silent after a PING; `None` is the interval.
    pub heartbeat_timeout: Option<Duration>,
    /// What PINGs tell the peer about when to give this side up; at most 6553.5 s.
    pub heartbeat_ttl: Option<Duration>,
    /// How long greeting and handshake may take; `None` is for ever.
    pub handshake_interval: Option<Duration>,
    /// The oldest protocol version spoken.
    pub minimum_version: MinimumVersion,
    /// First wait before another try to connect; `None` never tries again.
    pub reconnect_interval: Option<Duration>,
    /// Where the doubling of that wait ends; `None` does not double.
    pub reconnect_interval_max: Option<Duration>,
    /// When not to try again.
    pub reconnect_stop: ReconnectStop,
    /// How long a TCP connect may take; `None` leaves it to the system.
    pub connect_timeout: Option<Duration>,

    // -- limits: what a peer may cost
    /// The longest frame accepted, in octets; `None` is without bound.
    pub max_message_size: Option<u64>,
    /// The most octets all frames of one message may have together; `None` is without bound.
    pub max_multipart_size: Option<u64>,
    /// The most frames one message may have; `None` is without bound.
    pub max_frames: Option<u32>,
    /// The most octets of metadata in the handshake of a peer; `None` is the most that is ever held, 64 KiB.
    pub max_metadata_size: Option<usize>,
    /// The most properties in them; `None` is the most that is ever held, 64.
    pub max_metadata_properties: Option<usize>,
    /// The longest topic a peer may subscribe to, in octets; `None` is without bound.
    pub max_topic_length: Option<usize>,
    /// The most topics one peer may subscribe to, or groups it may join; `None` is without bound.
    pub max_subscriptions: Option<usize>,
    /// The most peers that may have connected to this socket at once; `None` is without bound.
    pub max_peers: Option<usize>,
    /// The most connections of one bound endpoint that may be in their handshake at once; `None` is without bound.
    pub max_handshakes: Option<usize>,
    /// The same, of one address.
    pub max_handshakes_per_address: Option<usize>,
    /// Whether an address that is not this machine's own may be bound without a mechanism.
    pub open_to_network: bool,

    // -- security
    /// The mechanism and what belongs to it.
    pub security: SecurityOptions,

    // -- transports
    /// Bit set of the I/O threads new connections may use; 0 is any.
    pub affinity: u64,
    /// Connections that may wait to be accepted. libzmq's default of 100 makes the system drop what comes beyond, and a
    /// dropped TCP connect tries again only after a second; the system has its own bound besides (somaxconn).
    pub backlog: u32,
    /// Whether names resolve to IPv6 addresses and wildcards listen on them.
    pub ipv6: bool,
    /// Kernel send buffer in octets; `None` leaves it to the system.
    pub send_buffer: Option<usize>,
    /// Kernel receive buffer in octets; `None` leaves it to the system.
    pub receive_buffer: Option<usize>,
    /// TCP keepalive; `None` leaves it to the system.
    pub tcp_keepalive: Option<bool>,
    /// Probes before the connection is given up.
    pub tcp_keepalive_count: Option<u32>,
    /// Silence before the first probe.
    pub tcp_keepalive_idle: Option<Duration>,
    /// Time between probes.
    pub tcp_keepalive_interval: Option<Duration>,
    /// TCP_USER_TIMEOUT.
    pub tcp_max_retransmit: Option<Duration>,
    /// Addresses that may connect; empty lets everyone. `address[/bits]`.
    pub tcp_accept_filters: Vec<String>,
    /// Processes that may connect over ipc; all three lists empty lets everyone.
    pub ipc_filter_process_ids: Vec<u32>,
    /// Users that may connect over ipc.
    pub ipc_filter_user_ids: Vec<u32>,
    /// Groups that may connect over ipc.
    pub ipc_filter_group_ids: Vec<u32>,
    /// IP type of service.
    pub type_of_service: u8,
    /// SO_PRIORITY.
    pub priority: Option<u32>,
    /// SO_BUSY_POLL.
    pub busy_poll: Option<Duration>,
    /// How long a blocked call polls before it sleeps; zero is not at all.
    pub busy_wait: Duration,
    /// SO_BINDTODEVICE.
    pub bind_to_device: Option<String>,
    /// How many networks a multicast datagram may cross (udp); 1 stays on this network.
    pub multicast_hops: u8,
    /// Whether multicast datagrams reach listeners on this machine too (udp).
    pub multicast_loop: bool,
    /// `host:port` of a SOCKS5 proxy for TCP connects, or `source;host:port`.
    pub socks_proxy: Option<String>,
    /// User and password for it, in whatever encoding the proxy has.
    pub socks_credentials: Option<(Vec<u8>, Vec<u8>)>,
}

/// Which comings and goings a ROUTER reports.
///
/// ```
/// use zeroxide_proto::options::RouterNotify;
/// let arrivals = RouterNotify { connect: true, ..RouterNotify::default() };
/// assert!(!arrivals.disconnect);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct RouterNotify {
    /// Report new peers.
    pub connect: bool,
    /// Report lost peers.
    pub disconnect: bool,
}

/// After what a connecting side does not try again.
///
/// ```
/// use zeroxide_proto::options::ReconnectStop;
/// // A job that is only worth doing while the server that started it is there.
/// let stop = ReconnectStop { connection_refused: true, after_disconnect: true, ..ReconnectStop::default() };
/// assert!(!stop.handshake_failed, "a peer that is shutting down is asked again");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ReconnectStop {
    /// The peer's host refused.
    pub connection_refused: bool,
    /// The handshake failed.
    pub handshake_failed: bool,
    /// An established connection was lost.
    pub after_disconnect: bool,
}

/// The oldest ZMTP version a socket speaks.
///
/// ```
/// use zeroxide_proto::{Version, options::MinimumVersion};
/// let minimum = MinimumVersion::default();
/// assert!(Version::V2.meets(minimum), "ZeroMQ 3 is welcome");
/// assert!(!Version::V1.meets(minimum), "what may be anything is not");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MinimumVersion {
    /// ZeroMQ 2.x. Anything that is not ZMTP at all looks like such a peer.
    V1,
    /// ZeroMQ 3.x.
    #[default]
    V2,
    /// ZeroMQ 4.x.
    V3,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            send_high_water_mark: Some(1000),
            receive_high_water_mark: Some(1000),
            conflate: false,
            linger: None,
            send_timeout: None,
            receive_timeout: None,
            immediate: false,
            routing_id: Frame::EMPTY,
            connect_routing_id: None,
            router_mandatory: false,
            router_handover: false,
            router_raw: false,
            version_two: false,
            router_notify: RouterNotify::default(),
            probe_router: false,
            req_correlate: false,
            req_relaxed: false,
            xpub_verbose: false,
            xpub_verboser: false,
            xpub_manual: false,
            xpub_manual_last_value: false,
            xpub_to_last_subscriber: false,
            xpub_nodrop: false,
            xpub_welcome_message: None,
            xsub_verbose_unsubscribe: false,
            invert_matching: false,
            only_first_subscribe: false,
            stream_notify: true,
            hello_message: None,
            disconnect_message: None,
            hiccup_message: None,
            metadata: Vec::new(),
            as_in_libzmq: false,
            heartbeat_interval: None,
            heartbeat_timeout: None,
            heartbeat_ttl: None,
            handshake_interval: Some(Duration::from_secs(30)),
            minimum_version: MinimumVersion::default(),
            reconnect_interval: Some(Duration::from_millis(100)),
            reconnect_interval_max: None,
            reconnect_stop: ReconnectStop::default(),
            connect_timeout: None,
            max_message_size: None,
            max_multipart_size: None,
            max_frames: None,
            max_metadata_size: None,
            max_metadata_properties: None,
            max_topic_length: None,
            max_subscriptions: None,
            max_peers: None,
            max_handshakes: None,
            max_handshakes_per_address: None,
            open_to_network: true,
            security: SecurityOptions::default(),
            affinity: 0,
            backlog: 4096,
            ipv6: false,
            send_buffer: None,
            receive_buffer: None,
            tcp_keepalive: None,
            tcp_keepalive_count: None,
            tcp_keepalive_idle: None,
            tcp_keepalive_interval: None,
            tcp_max_retransmit: None,
            tcp_accept_filters: Vec::new(),
            ipc_filter_process_ids: Vec::new(),
            ipc_filter_user_ids: Vec::new(),
            ipc_filter_group_ids: Vec::new(),
            type_of_service: 0,
            priority: None,
            busy_poll: None,
            busy_wait: Duration::ZERO,
            bind_to_device: None,
            multicast_hops: 1,
            multicast_loop: true,
            socks_proxy: None,
            socks_credentials: None,
        }
    }
}
