//! The life of a connection: how it begins, how its health is watched, when it is tried again.

use super::{Allowed, not_zero, options, valid};
use crate::{error::OptionError, socket::Handle};
use std::time::Duration;
use zeroxide_proto::options::{MinimumVersion, ReconnectStop};

impl Handle {
    /// The oldest protocol version that is spoken; older peers are refused. For all types but STREAM and DGRAM.
    ///
    /// Default: ZMTP 2.0 (ZeroMQ 3.x). Acts on connections made later.
    ///
    /// libzmq has no such option: it speaks all versions, and takes whatever does not begin like ZMTP for a peer of
    /// ZeroMQ 2.x.
    ///
    /// # Errors
    /// On STREAM and DGRAM.
    pub fn set_minimum_version(&self, minimum_version: MinimumVersion) -> Result<(), OptionError> {
        self.set("minimum version", self.speaks_zmtp(), |options| options.minimum_version = minimum_version)
    }

    /// What [`set_minimum_version`](Self::set_minimum_version) was given last, or the default.
    pub fn minimum_version(&self) -> MinimumVersion {
        self.get(|options| options.minimum_version)
    }
}

options! {
    /// How often to ask a silent peer for a sign of life (PING); `None` never asks. For all types but STREAM and DGRAM.
    ///
    /// A peer that stays silent for [`heartbeat_timeout`](Self::set_heartbeat_timeout) after that is taken for dead: the
    /// connection is closed, and tried again where this side made it. Default: `None`. Acts on connections that come up
    /// later. Peers that speak ZMTP 3.0 or older are not asked.
    set_heartbeat_interval(heartbeat_interval: Option<Duration>) "ZMQ_HEARTBEAT_IVL"
        if |socket| socket.speaks_zmtp().and(not_zero(heartbeat_interval));

    /// How long a peer may stay silent after a PING; `None` is the interval. For all types but STREAM and DGRAM.
    ///
    /// Default: `None`. Acts on connections that come up later.
    set_heartbeat_timeout(heartbeat_timeout: Option<Duration>) "ZMQ_HEARTBEAT_TIMEOUT"
        if |socket| socket.speaks_zmtp().and(not_zero(heartbeat_timeout));

    /// What PINGs tell the peer: after so long a silence it may take *this* side for dead. At most 6553.5 seconds, in
    /// tenths of a second; `None` tells nothing. For all types but STREAM and DGRAM.
    ///
    /// Default: `None`. Acts on connections that come up later. libzmq before 4.3.6 misreads more than 65.5 seconds.
    set_heartbeat_ttl(heartbeat_ttl: Option<Duration>) "ZMQ_HEARTBEAT_TTL"
        if |socket| socket.speaks_zmtp().and(fits_ttl(heartbeat_ttl));

    /// How long greeting and handshake together may take before the connection is closed; `None` is for ever, which lets
    /// silent strangers hold descriptors. The time begins when the connection is accepted, or begins to be made: what a peer
    /// or a proxy trickles in does not prolong it. For all types but STREAM and DGRAM.
    ///
    /// Default: 30 seconds. Acts on connections made later.
    set_handshake_interval(handshake_interval: Option<Duration>) "ZMQ_HANDSHAKE_IVL"
        if |socket| socket.speaks_zmtp().and(not_zero(handshake_interval));

    /// How long to wait before a lost or failed connection is tried again; `None` never tries again. Up to a quarter is
    /// added or taken off at random, so that many clients of one server do not return in step.
    ///
    /// Zero, which would keep a processor busy, is refused (libzmq takes it for "never"). Default: 100 milliseconds. Acts
    /// on endpoints connected later.
    set_reconnect_interval(reconnect_interval: Option<Duration>) "ZMQ_RECONNECT_IVL"
        if |_socket| not_zero(reconnect_interval);

    /// Doubles the wait with each failed try, up to this long; `None` does not double. Less than the interval is taken
    /// for the interval.
    ///
    /// Default: `None`. Acts on endpoints connected later.
    set_reconnect_interval_max(reconnect_interval_max: Option<Duration>) "ZMQ_RECONNECT_IVL_MAX"
        if |_socket| not_zero(reconnect_interval_max);

    /// After what a connection is not tried again.
    ///
    /// Default: all are. Acts on endpoints connected later.
    set_reconnect_stop(reconnect_stop: ReconnectStop) "ZMQ_RECONNECT_STOP";

    /// How long the operating system may take to connect over TCP before the next address is tried; `None` leaves it to
    /// the system, which takes minutes.
    ///
    /// Default: `None`. Acts on endpoints connected later.
    set_connect_timeout(connect_timeout: Option<Duration>) "ZMQ_CONNECT_TIMEOUT" if |_socket| not_zero(connect_timeout);
}

fn fits_ttl(ttl: Option<Duration>) -> Allowed {
    const LONGEST: Duration = Duration::from_millis(6_553_599);
    const SHORTEST: Duration = Duration::from_millis(100);
    let fits = ttl.is_none_or(|ttl| (SHORTEST..=LONGEST).contains(&ttl));
    valid(fits, "a time to live is between 0.1 and 6553.5 seconds; None tells none")
}
