//! What a peer may cost: its messages, its subscriptions, its place among the others, and whether strangers may come at
//! all.

use super::{Allowed, options, valid, when};
use crate::{error::OptionError, socket::Handle};
use zeroxide_proto::{
    Options,
    SocketType::{Pub, Radio, Xpub},
    wire::metadata::{OCTETS_MAX, PROPERTIES_MAX},
};

/// The bounds that a native socket begins with. The C API begins without, as libzmq does.
pub(crate) fn begin_with_limits(options: &mut Options) {
    options.max_message_size = Some(64 << 20);
    options.max_multipart_size = Some(64 << 20);
    options.max_frames = Some(65_536);
    options.max_metadata_size = Some(2048);
    options.max_metadata_properties = Some(64);
    options.max_topic_length = Some(128 << 10);
    options.max_subscriptions = Some(1_000_000);
    options.max_peers = Some(65_536);
    options.max_handshakes = Some(1024);
    options.max_handshakes_per_address = Some(256);
    options.open_to_network = false;
}

/// As `options!`, for what libzmq has no option for.
macro_rules! limits {
    ($($(#[$doc:meta])* $set:ident($field:ident: $type:ty) if |$socket:ident| $allowed:expr;)*) => {
        impl Handle {$(
            $(#[$doc])*
            ///
            /// libzmq has no such option.
            ///
            /// # Errors
            /// [`OptionError`]: sockets of this type have no use for it, or none could honour the value. Nothing was changed
            /// then.
            pub fn $set(&self, $field: $type) -> Result<(), OptionError> {
                let $socket = self;
                self.set(stringify!($field), $allowed, |options| options.$field = $field)
            }

            #[doc = concat!("What [`", stringify!($set), "`](Self::", stringify!($set), ") was given last, or the default.")]
            pub fn $field(&self) -> $type {
                self.get(|options| options.$field)
            }
        )*}
    };
}

options! {
    /// The longest frame that is accepted, in octets; `None` is without bound. A peer that sends a longer one is
    /// disconnected before anything is allocated for it; a longer datagram is dropped and counted. For all types but
    /// STREAM and DGRAM.
    ///
    /// Default: 64 MiB. Acts on connections made later.
    set_max_message_size(max_message_size: Option<u64>) "ZMQ_MAXMSGSIZE" if |socket| socket.speaks_zmtp();
}

limits! {
    /// The most octets that all frames of one message may have together; `None` is without bound. A peer that sends more
    /// is disconnected before they are stored. For all types but STREAM and DGRAM.
    ///
    /// Default: 64 MiB. Acts on connections made later.
    set_max_multipart_size(max_multipart_size: Option<u64>) if |socket| socket.speaks_zmtp();

    /// The most frames that one message may have; `None` is without bound. A peer that sends more is disconnected. For all
    /// types but STREAM and DGRAM.
    ///
    /// Default: 65536. Acts on connections made later. 0 is refused.
    set_max_frames(max_frames: Option<u32>)
        if |socket| socket.speaks_zmtp().and(at_least_one(max_frames.map(|most| most as usize)));

    /// The most octets of metadata that a peer may send in the handshake; `None` is the most that is ever accepted,
    /// 64 KiB. A peer that sends more is disconnected before they are stored. For all types but STREAM and DGRAM.
    ///
    /// Until a peer has proved who it is, no more is held of it than this and some hundred octets. Socket type and routing id
    /// take at most 299 octets; the rest is for [`set_metadata`](Self::set_metadata) of the peer.
    ///
    /// Default: 2048. Acts on connections made later. Less than 512 is refused.
    set_max_metadata_size(max_metadata_size: Option<usize>)
        if |socket| socket.speaks_zmtp().and(valid(
            max_metadata_size.is_none_or(|most| (512..=OCTETS_MAX).contains(&most)),
            "512 to 65536 octets",
        ));

    /// The most properties that a peer may send in the handshake; `None` is the most that is ever accepted, 64. A peer that
    /// sends more is disconnected. For all types but STREAM and DGRAM.
    ///
    /// Default: 64. Acts on connections made later. Less than 2, which each peer has, is refused.
    set_max_metadata_properties(max_metadata_properties: Option<usize>)
        if |socket| socket.speaks_zmtp().and(valid(
            max_metadata_properties.is_none_or(|most| (2..=PROPERTIES_MAX).contains(&most)),
            "2 to 64 properties",
        ));

    /// The longest topic that a peer may subscribe to, in octets; `None` is without bound. A subscriber that sends a longer
    /// one is disconnected: left connected it would wait for what never comes. For PUB and XPUB. (On a RADIO it bounds
    /// commands only: groups have 255 octets at most.)
    ///
    /// Default: 128 KiB. Acts at once on topics, on connections made later before they are stored.
    set_max_topic_length(max_topic_length: Option<usize>) if |socket| socket.is_one_of(&[Pub, Xpub, Radio]);

    /// The most topics that one peer may subscribe to, or groups that it may join; `None` is without bound. A peer that wants
    /// more is disconnected, and so is one whose topics are longer than 64 MiB together. Peers in the same process have
    /// no bound. For PUB, XPUB and RADIO.
    ///
    /// Default: 1000000. Acts at once. 0 is refused.
    set_max_subscriptions(max_subscriptions: Option<usize>)
        if |socket| socket.is_one_of(&[Pub, Xpub, Radio]).and(at_least_one(max_subscriptions));

    /// The most peers that may have connected to this socket at once, over tcp and ipc; `None` is without bound. One more is
    /// disconnected. Those that this side connected to do not count, nor do those in the same process. For all types but
    /// DGRAM.
    ///
    /// Default: 65536. Acts on peers that come later. 0 is refused.
    set_max_peers(max_peers: Option<usize>)
        if |socket| when(socket.core.kind != zeroxide_proto::SocketType::Dgram).and(at_least_one(max_peers));

    /// The most connections to one bound endpoint that may be in their handshake at once; `None` is without bound.
    ///
    /// One more takes the place of the oldest, if that has had a tenth of
    /// [`handshake_interval`](Self::set_handshake_interval) and no authenticator decides about it; else it is disconnected,
    /// and a legitimate peer tries again. For all types but STREAM and DGRAM.
    ///
    /// Default: 1024. Acts on peers that come later. 0 is refused.
    set_max_handshakes(max_handshakes: Option<usize>)
        if |socket| socket.speaks_zmtp().and(at_least_one(max_handshakes));

    /// The same, of one IP address. Over ipc nobody has one. For all types but STREAM and DGRAM.
    ///
    /// Default: 256. Acts on peers that come later. 0 is refused. To be raised where very many clients come from one machine,
    /// or from behind one, and their handshakes take long.
    set_max_handshakes_per_address(max_handshakes_per_address: Option<usize>)
        if |socket| socket.speaks_zmtp().and(at_least_one(max_handshakes_per_address));
}

impl Handle {
    /// Whether this socket may bind an address that others than this machine can reach without a mechanism, so that
    /// whoever reaches it can connect and send.
    ///
    /// Default: false: such a bind is refused, as [`EndpointCause::OpenToNetwork`](crate::EndpointCause::OpenToNetwork).
    /// Not asked for with PLAIN or CURVE, on loopback, over ipc and inproc. Where the mechanism is taken back after the bind,
    /// only peers on this machine are accepted from then on. Acts on endpoints bound later.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// use zeroxide::{EndpointCause, Pull};
    /// let pull = Pull::new(&context)?;
    /// let refused = pull.bind("tcp://*:*").unwrap_err();
    /// assert!(matches!(refused.cause, EndpointCause::OpenToNetwork));
    /// pull.set_open_to_network(true);
    /// pull.bind("tcp://*:*")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// libzmq has no such option.
    pub fn set_open_to_network(&self, open_to_network: bool) {
        self.change_options(|options| options.open_to_network = open_to_network);
    }

    /// What [`set_open_to_network`](Self::set_open_to_network) was given last, or the default.
    pub fn open_to_network(&self) -> bool {
        self.get(|options| options.open_to_network)
    }
}

fn at_least_one(most: Option<usize>) -> Allowed {
    valid(most != Some(0), "a limit of 0 lets nobody through; None is without bound")
}
