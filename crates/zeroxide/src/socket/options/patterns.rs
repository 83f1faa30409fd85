//! What single socket types do differently: names, notices, subscriptions, greetings.

use super::{Allowed, options, valid};
use crate::{error::OptionError, socket::Handle};
use zeroxide_proto::{
    Frame,
    SocketType::{Client, Dealer, Peer, Pub, Radio, Rep, Req, Router, Server, Stream, Sub, Xpub, Xsub},
    options::RouterNotify,
};

impl Handle {
    /// The name by which a ROUTER at the other end shall know this socket: 1 to 255 octets, the first not zero (such
    /// names are for the ROUTER to choose). Empty, the default, lets the ROUTER choose. For REQ, DEALER and ROUTER.
    ///
    /// Acts on connections made later.
    ///
    /// libzmq: `ZMQ_ROUTING_ID`.
    ///
    /// # Errors
    /// On sockets of the other types (libzmq also takes it on REP, where no peer can use it), and for other octets.
    pub fn set_routing_id(&self, routing_id: impl Into<Frame>) -> Result<(), OptionError> {
        let routing_id = routing_id.into();
        let named = routing_id.is_empty() || is_routing_id(&routing_id).is_ok();
        let allowed = self.is_one_of(&[Req, Dealer, Router]).and(valid(named, ROUTING_ID));
        self.set("ZMQ_ROUTING_ID", allowed, |options| options.routing_id = routing_id)
    }

    /// What [`set_routing_id`](Self::set_routing_id) was given last; empty by default.
    pub fn routing_id(&self) -> Frame {
        self.get(|options| options.routing_id.clone())
    }

    /// The name that the peer of the *next* `connect` shall have here, whatever it calls itself: messages can be sent to
    /// it at once. 1 to 255 octets, the first not zero. For ROUTER and STREAM.
    ///
    /// Used up by the next connect, which fails if another peer has the name.
    ///
    /// libzmq: `ZMQ_CONNECT_ROUTING_ID`.
    ///
    /// # Errors
    /// On sockets of the other types, and for other octets.
    pub fn set_connect_routing_id(&self, routing_id: impl Into<Frame>) -> Result<(), OptionError> {
        let routing_id = routing_id.into();
        let allowed = self.is_one_of(&[Router, Stream]).and_then(|()| is_routing_id(&routing_id));
        self.set("ZMQ_CONNECT_ROUTING_ID", allowed, |options| options.connect_routing_id = Some(routing_id))
    }

    /// What [`set_connect_routing_id`](Self::set_connect_routing_id) was given, until a connect uses it up.
    pub fn connect_routing_id(&self) -> Option<Frame> {
        self.get(|options| options.connect_routing_id.clone())
    }

    /// Properties that peers are told in the handshake: names begin with `X-` and have letters, digits, `-`, `_`, `.` and
    /// `+`. Replaces what was set before. For all types but STREAM and DGRAM.
    ///
    /// Default: none. Acts on connections made later.
    ///
    /// libzmq: `ZMQ_METADATA`, one `X-name:value` a call.
    ///
    /// # Errors
    /// On STREAM and DGRAM, for other names, and for more than 60 properties or 60 KiB, which peers may refuse.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// let socket = zeroxide::Req::new(&context)?;
    /// socket.set_metadata([("X-region", "north")])?;
    /// assert!(socket.set_metadata([("region", "north")]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_metadata<N, V>(&self, properties: impl IntoIterator<Item = (N, V)>) -> Result<(), OptionError>
    where
        N: Into<String>,
        V: Into<Vec<u8>>,
    {
        let properties: Vec<_> =
            properties.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let allowed = self.speaks_zmtp().and_then(|()| are_properties(&properties));
        self.set("ZMQ_METADATA", allowed, |options| options.metadata = properties)
    }

    /// What [`set_metadata`](Self::set_metadata) was given last.
    pub fn metadata(&self) -> Vec<(String, Vec<u8>)> {
        self.get(|options| options.metadata.clone())
    }
}

options! {
    /// ROUTER: sending to a peer that is not connected is the error
    /// [`Unroutable`](crate::SendErrorCause::Unroutable), and sending to a full one is the error
    /// [`WouldBlock`](crate::SendErrorCause::WouldBlock); otherwise both drop the message and count it.
    ///
    /// `send` and `send_async` do not wait for a full peer, for that would hold up what is for all others (RFC 28: a
    /// ROUTER never blocks; libzmq waits). To wait for this one peer, say how long: `send_timeout`.
    ///
    /// Default: false. Acts at once.
    set_router_mandatory(router_mandatory: bool) "ZMQ_ROUTER_MANDATORY" if |socket| socket.is_one_of(&[Router]);

    /// ROUTER: a new peer with the name of another takes its place, and the other is disconnected; otherwise the newcomer
    /// is not let in.
    ///
    /// Default: false. Acts at once.
    set_router_handover(router_handover: bool) "ZMQ_ROUTER_HANDOVER" if |socket| socket.is_one_of(&[Router]);

    /// ROUTER: talk to plain TCP peers, as [`Stream`](crate::Stream) does: no greeting, `[routing id, octets]` in both
    /// directions, `[routing id, ""]` received when a connection comes or goes, and closing it when sent. libzmq has
    /// deprecated it in favour of STREAM; so should you, unless you have a program to bring over.
    ///
    /// Default: false. Acts on connections made later, so set it before `bind` and `connect`. Peers in this process are
    /// as ever.
    set_router_raw(router_raw: bool) "ZMQ_ROUTER_RAW" if |socket| socket.is_one_of(&[Router]);

    /// ROUTER: receive `[routing id, ""]` whenever a peer comes, goes, or both.
    ///
    /// Default: neither. Acts at once.
    set_router_notify(router_notify: RouterNotify) "ZMQ_ROUTER_NOTIFY" if |socket| socket.is_one_of(&[Router]);

    /// Sends an empty message to each new peer, so that a ROUTER there learns this socket's name before it has anything
    /// to say. For REQ, DEALER and ROUTER.
    ///
    /// Default: false. Acts on connections that come up later.
    set_probe_router(probe_router: bool) "ZMQ_PROBE_ROUTER" if |socket| socket.is_one_of(&[Req, Dealer, Router]);

    /// REQ: numbers the requests and drops replies that bear another number, so that a reply that comes too late cannot
    /// answer the wrong request.
    ///
    /// Default: false. Acts at once.
    set_req_correlate(req_correlate: bool) "ZMQ_REQ_CORRELATE" if |socket| socket.is_one_of(&[Req]);

    /// REQ: another request may be sent before the reply to the last one; its reply is then dropped, and counted. Best with
    /// [`set_req_correlate`](Self::set_req_correlate).
    ///
    /// Default: false. Acts at once.
    set_req_relaxed(req_relaxed: bool) "ZMQ_REQ_RELAXED" if |socket| socket.is_one_of(&[Req]);

    /// XPUB: receive every subscription, not only the first of each topic.
    ///
    /// Default: false. Acts at once.
    set_xpub_verbose(xpub_verbose: bool) "ZMQ_XPUB_VERBOSE" if |socket| socket.is_one_of(&[Xpub]);

    /// XPUB: receive every subscription and every cancellation, not only the first and last of each topic.
    ///
    /// Default: false. Acts at once.
    set_xpub_verboser(xpub_verboser: bool) "ZMQ_XPUB_VERBOSER" if |socket| socket.is_one_of(&[Xpub]);

    /// XPUB: subscriptions are only received; what a peer gets is what
    /// [`manual_subscribe`](crate::Xpub::manual_subscribe) says.
    ///
    /// Default: false. Acts at once.
    set_xpub_manual(xpub_manual: bool) "ZMQ_XPUB_MANUAL" if |socket| socket.is_one_of(&[Xpub]);

    /// XPUB: as [`set_xpub_manual`](Self::set_xpub_manual), and the next message goes only to the peer whose subscription
    /// was received last: for a last value cache.
    ///
    /// Default: false. Acts at once.
    set_xpub_manual_last_value(xpub_manual_last_value: bool) "ZMQ_XPUB_MANUAL_LAST_VALUE"
        if |socket| socket.is_one_of(&[Xpub]);

    /// A subscriber whose queue is full makes the send wait, for all subscribers, instead of losing the message. For
    /// PUB, XPUB and RADIO.
    ///
    /// Default: false. Acts at once.
    set_xpub_nodrop(xpub_nodrop: bool) "ZMQ_XPUB_NODROP" if |socket| socket.is_one_of(&[Pub, Xpub, Radio]);

    /// XPUB: sent to each new subscriber before anything else.
    ///
    /// Default: `None`. Acts on connections that come up later.
    set_xpub_welcome_message(xpub_welcome_message: Option<Frame>) "ZMQ_XPUB_WELCOME_MSG"
        if |socket| socket.is_one_of(&[Xpub]);

    /// XSUB: passes every cancellation on to the publishers, not only the last of each topic.
    ///
    /// Default: false. Acts at once.
    set_xsub_verbose_unsubscribe(xsub_verbose_unsubscribe: bool) "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE"
        if |socket| socket.is_one_of(&[Xsub]);

    /// Delivers what matches *no* subscription. For PUB, XPUB and SUB; both ends of a connection must agree.
    ///
    /// Default: false. Acts at once.
    set_invert_matching(invert_matching: bool) "ZMQ_INVERT_MATCHING" if |socket| socket.is_one_of(&[Pub, Xpub, Sub]);

    /// Only the first frame of a message can be a subscription; the others are the user's, whatever they begin with. For
    /// PUB, XPUB and XSUB.
    ///
    /// Default: false. Acts at once.
    set_only_first_subscribe(only_first_subscribe: bool) "ZMQ_ONLY_FIRST_SUBSCRIBE"
        if |socket| socket.is_one_of(&[Pub, Xpub, Xsub]);

    /// STREAM: receive `[routing id, ""]` whenever a connection comes or goes.
    ///
    /// Default: true. Acts at once.
    set_stream_notify(stream_notify: bool) "ZMQ_STREAM_NOTIFY" if |socket| socket.is_one_of(&[Stream]);

    /// Sent to each new peer before anything else. For DEALER, ROUTER, REP, CLIENT, SERVER and PEER.
    ///
    /// Default: `None`. Acts on connections that come up later.
    set_hello_message(hello_message: Option<Frame>) "ZMQ_HELLO_MSG"
        if |socket| socket.is_one_of(&[Dealer, Router, Rep, Client, Server, Peer]);

    /// Received, behind or with its routing id, when a peer that connected to this socket goes. For ROUTER, SERVER and
    /// PEER.
    ///
    /// Default: `None`. Acts at once.
    set_disconnect_message(disconnect_message: Option<Frame>) "ZMQ_DISCONNECT_MSG"
        if |socket| socket.is_one_of(&[Router, Server, Peer]);

    /// Received when a connection that this socket made is lost and will be tried again. For DEALER, CLIENT and PEER.
    ///
    /// Default: `None`. Acts at once.
    set_hiccup_message(hiccup_message: Option<Frame>) "ZMQ_HICCUP_MSG"
        if |socket| socket.is_one_of(&[Dealer, Client, Peer]);
}

const ROUTING_ID: &str = "a routing id has 1 to 255 octets, the first not zero";
/// What a peer accepts, with room left for the properties of the protocol.
const PROPERTIES: usize = 60;
const PROPERTY_OCTETS: usize = 60 * 1024;

fn is_routing_id(octets: &[u8]) -> Allowed {
    let fits = octets.len() <= usize::from(u8::MAX) && octets.first().is_some_and(|first| *first != 0);
    valid(fits, ROUTING_ID)
}

fn are_properties(properties: &[(String, Vec<u8>)]) -> Allowed {
    let legal = |name: &String| {
        let octets = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.+".contains(&octet);
        name.starts_with("X-") && name.len() <= usize::from(u8::MAX) && name.bytes().all(octets)
    };
    valid(properties.iter().all(|(name, _)| legal(name)), "a name is X- and letters, digits, - _ . +")?;
    let octets: usize = properties.iter().map(|(name, value)| name.len() + value.len() + 5).sum();
    let few = properties.len() <= PROPERTIES && octets <= PROPERTY_OCTETS;
    valid(few, "more than 60 properties or 60 KiB: peers may refuse the handshake")
}
