//! Options whose value is an `int`: one line each, with libzmq's default and the values it takes.

use super::{
    Entry,
    Get::{self, Kept, Read},
    Set::Int,
};
use std::{ffi::c_int, time::Duration};
use zeroxide::{
    Options, ReconnectStop, RouterNotify,
    SocketType::{self, Dealer, Pub, Pull, Push, Radio, Rep, Req, Router, Stream, Sub, Xpub, Xsub},
};

/// Which numbers are taken, and as what they are kept.
pub(super) type Rule = fn(c_int) -> Option<c_int>;

const ANY: Rule = Some;
const FLAG: Rule = |value| (value == 0 || value == 1).then_some(value);
const POSITIVE: Rule = |value| (value > 0).then_some(value);
const NOT_NEGATIVE: Rule = |value| (value >= 0).then_some(value);
const OR_MINUS_ONE: Rule = |value| (value >= -1).then_some(value);
/// Any number is yes but 0, and is read back as 1.
const TRUTH: Rule = |value| Some(c_int::from(value != 0));

/// All socket types.
const ALL: &[SocketType] = &[];
const PUBLISHERS: &[SocketType] = &[Pub, Xpub];
/// libzmq makes a REP out of a ROUTER, so it takes the ROUTER's options.
const ROUTERS: &[SocketType] = &[Rep, Router];
const CONFLATING: [SocketType; 5] = [Dealer, Push, Pull, Pub, Sub];

pub(super) type Apply = fn(&mut Options, SocketType, c_int);

const fn int(
    number: c_int,
    name: &'static str,
    get: Get,
    on: &'static [SocketType],
    rule: Rule,
    apply: Apply,
) -> Entry {
    Entry { number, name, get, set: Int { on, rule, apply } }
}

/// Kept and read back, as libzmq does where the transport that would use it is not built in.
const NO_USE: Apply = |_, _, _| {};

pub(super) const NUMBERS: &[Entry] = &[
    int(8, "ZMQ_RATE", Kept(100), ALL, POSITIVE, NO_USE),
    int(9, "ZMQ_RECOVERY_IVL", Kept(10_000), ALL, NOT_NEGATIVE, NO_USE),
    int(11, "ZMQ_SNDBUF", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| o.send_buffer = count(v)),
    int(12, "ZMQ_RCVBUF", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| o.receive_buffer = count(v)),
    int(17, "ZMQ_LINGER", Read(|o| as_milliseconds(o.linger)), ALL, OR_MINUS_ONE, |o, _, v| {
        o.linger = milliseconds(v);
    }),
    int(18, "ZMQ_RECONNECT_IVL", Kept(100), ALL, OR_MINUS_ONE, |o, _, v| o.reconnect_interval = some_time(v)),
    int(19, "ZMQ_BACKLOG", Kept(100), ALL, NOT_NEGATIVE, |o, _, v| o.backlog = v.unsigned_abs()),
    int(21, "ZMQ_RECONNECT_IVL_MAX", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| {
        o.reconnect_interval_max = some_time(v)
    }),
    int(23, "ZMQ_SNDHWM", Kept(1000), ALL, NOT_NEGATIVE, |o, _, v| o.send_high_water_mark = limit(v)),
    int(24, "ZMQ_RCVHWM", Kept(1000), ALL, NOT_NEGATIVE, |o, _, v| o.receive_high_water_mark = limit(v)),
    int(25, "ZMQ_MULTICAST_HOPS", Kept(1), ALL, POSITIVE, |o, _, v| {
        // There are no more in the world.
        o.multicast_hops = u8::try_from(v).unwrap_or(u8::MAX);
    }),
    int(27, "ZMQ_RCVTIMEO", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| o.receive_timeout = milliseconds(v)),
    int(28, "ZMQ_SNDTIMEO", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| o.send_timeout = milliseconds(v)),
    int(31, "ZMQ_IPV4ONLY", Read(|o| c_int::from(!o.ipv6)), ALL, FLAG, |o, _, v| o.ipv6 = v == 0),
    int(33, "ZMQ_ROUTER_MANDATORY", Get::Never, ROUTERS, NOT_NEGATIVE, |o, _, v| o.router_mandatory = v != 0),
    int(
        34,
        "ZMQ_TCP_KEEPALIVE",
        Kept(-1),
        ALL,
        |v| (-1..=1).contains(&v).then_some(v),
        |o, _, v| {
            o.tcp_keepalive = if v < 0 { None } else { Some(v == 1) };
        },
    ),
    int(35, "ZMQ_TCP_KEEPALIVE_CNT", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| {
        o.tcp_keepalive_count = u32::try_from(v).ok();
    }),
    int(36, "ZMQ_TCP_KEEPALIVE_IDLE", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| {
        o.tcp_keepalive_idle = seconds(v)
    }),
    int(37, "ZMQ_TCP_KEEPALIVE_INTVL", Kept(-1), ALL, OR_MINUS_ONE, |o, _, v| {
        o.tcp_keepalive_interval = seconds(v);
    }),
    int(39, "ZMQ_IMMEDIATE", Kept(0), ALL, FLAG, |o, _, v| o.immediate = v == 1),
    int(40, "ZMQ_XPUB_VERBOSE", Get::Never, PUBLISHERS, NOT_NEGATIVE, |o, _, v| {
        (o.xpub_verbose, o.xpub_verboser) = (v != 0, false);
    }),
    int(41, "ZMQ_ROUTER_RAW", Get::Never, ROUTERS, NOT_NEGATIVE, |o, kind, v| {
        o.router_raw = v != 0 && kind == Router;
    }),
    int(42, "ZMQ_IPV6", Read(|o| c_int::from(o.ipv6)), ALL, FLAG, |o, _, v| o.ipv6 = v == 1),
    int(51, "ZMQ_PROBE_ROUTER", Get::Never, &[Req, Rep, Dealer, Router], NOT_NEGATIVE, |o, kind, v| {
        // A REP has no peers that would need to know it before it answers.
        o.probe_router = v != 0 && kind != Rep;
    }),
    int(52, "ZMQ_REQ_CORRELATE", Get::Never, &[Req], NOT_NEGATIVE, |o, _, v| o.req_correlate = v != 0),
    int(53, "ZMQ_REQ_RELAXED", Get::Never, &[Req], NOT_NEGATIVE, |o, _, v| o.req_relaxed = v != 0),
    int(54, "ZMQ_CONFLATE", Kept(0), ALL, FLAG, |o, kind, v| {
        o.conflate = v == 1 && CONFLATING.contains(&kind)
    }),
    int(56, "ZMQ_ROUTER_HANDOVER", Get::Never, ROUTERS, NOT_NEGATIVE, |o, _, v| o.router_handover = v != 0),
    int(57, "ZMQ_TOS", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| {
        // The system takes the lowest octet.
        let [lowest, ..] = v.to_le_bytes();
        o.type_of_service = lowest;
    }),
    int(66, "ZMQ_HANDSHAKE_IVL", Kept(30_000), ALL, NOT_NEGATIVE, |o, _, v| {
        o.handshake_interval = some_time(v)
    }),
    int(69, "ZMQ_XPUB_NODROP", Get::Never, &[Pub, Xpub, Radio], NOT_NEGATIVE, |o, _, v| {
        o.xpub_nodrop = v != 0
    }),
    int(71, "ZMQ_XPUB_MANUAL", Get::Never, PUBLISHERS, NOT_NEGATIVE, |o, _, v| o.xpub_manual = v != 0),
    int(73, "ZMQ_STREAM_NOTIFY", Get::Never, &[Stream], FLAG, |o, _, v| o.stream_notify = v == 1),
    int(74, "ZMQ_INVERT_MATCHING", Kept(0), ALL, TRUTH, |o, _, v| o.invert_matching = v != 0),
    int(75, "ZMQ_HEARTBEAT_IVL", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| o.heartbeat_interval = some_time(v)),
    int(76, "ZMQ_HEARTBEAT_TTL", Kept(0), ALL, whole_tenths, |o, _, v| o.heartbeat_ttl = some_time(v)),
    int(77, "ZMQ_HEARTBEAT_TIMEOUT", Kept(-1), ALL, NOT_NEGATIVE, |o, _, v| {
        // 0: the peer may take as long as it likes.
        o.heartbeat_timeout = Some(some_time(v).unwrap_or(Duration::MAX));
    }),
    int(78, "ZMQ_XPUB_VERBOSER", Get::Never, PUBLISHERS, NOT_NEGATIVE, |o, _, v| {
        (o.xpub_verbose, o.xpub_verboser) = (v != 0, v != 0);
    }),
    int(79, "ZMQ_CONNECT_TIMEOUT", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| o.connect_timeout = some_time(v)),
    int(80, "ZMQ_TCP_MAXRT", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| o.tcp_max_retransmit = some_time(v)),
    int(84, "ZMQ_MULTICAST_MAXTPDU", Kept(1500), ALL, POSITIVE, NO_USE),
    int(89, "ZMQ_USE_FD", Kept(-1), ALL, OR_MINUS_ONE, NO_USE),
    int(94, "ZMQ_LOOPBACK_FASTPATH", Kept(0), ALL, TRUTH, NO_USE),
    int(96, "ZMQ_MULTICAST_LOOP", Kept(1), ALL, TRUTH, |o, _, v| o.multicast_loop = v != 0),
    int(
        97,
        "ZMQ_ROUTER_NOTIFY",
        Kept(0),
        ROUTERS,
        |v| (0..=3).contains(&v).then_some(v),
        |o, _, v| {
            o.router_notify = RouterNotify { connect: v & 1 != 0, disconnect: v & 2 != 0 };
        },
    ),
    int(98, "ZMQ_XPUB_MANUAL_LAST_VALUE", Get::Never, PUBLISHERS, NOT_NEGATIVE, |o, _, v| {
        (o.xpub_manual, o.xpub_manual_last_value) = (v != 0, v != 0);
    }),
    int(101, "ZMQ_IN_BATCH_SIZE", Kept(8192), ALL, POSITIVE, NO_USE),
    int(102, "ZMQ_OUT_BATCH_SIZE", Kept(8192), ALL, POSITIVE, NO_USE),
    int(108, "ZMQ_ONLY_FIRST_SUBSCRIBE", Get::Never, &[Pub, Xpub, Xsub], NOT_NEGATIVE, |o, _, v| {
        o.only_first_subscribe = v != 0;
    }),
    int(109, "ZMQ_RECONNECT_STOP", Kept(0), ALL, ANY, |o, _, v| {
        o.reconnect_stop = ReconnectStop {
            connection_refused: v & 1 != 0,
            handshake_failed: v & 2 != 0,
            after_disconnect: v & 4 != 0,
        };
    }),
    int(112, "ZMQ_PRIORITY", Kept(0), ALL, NOT_NEGATIVE, |o, _, v| {
        o.priority = u32::try_from(v).ok().filter(|priority| *priority > 0);
    }),
    int(113, "ZMQ_BUSY_POLL", Get::Never, ALL, ANY, |o, _, v| {
        let microseconds = u64::try_from(v).ok().filter(|time| *time > 0);
        o.busy_poll = microseconds.map(Duration::from_micros);
    }),
];

/// A time to live is kept in tenths of a second, 16 bits of them; what is less than one is none.
fn whole_tenths(value: c_int) -> Option<c_int> {
    let tenths = u16::try_from(value / 100).ok()?;
    Some(c_int::from(tenths) * 100)
}

/// -1 is for ever.
fn milliseconds(value: c_int) -> Option<Duration> {
    u64::try_from(value).ok().map(Duration::from_millis)
}

fn as_milliseconds(time: Option<Duration>) -> c_int {
    time.map_or(-1, |time| c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX))
}

/// 0 and -1 switch it off.
fn some_time(value: c_int) -> Option<Duration> {
    milliseconds(value).filter(|time| !time.is_zero())
}

/// -1 leaves it to the system.
fn seconds(value: c_int) -> Option<Duration> {
    u64::try_from(value).ok().map(Duration::from_secs)
}

/// -1 leaves it to the system.
fn count(value: c_int) -> Option<usize> {
    usize::try_from(value).ok()
}

/// 0 is without bound.
fn limit(value: c_int) -> Option<usize> {
    count(value).filter(|limit| *limit > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_kept_in_tenths_of_a_second() {
        let kept = [0, 99, 100, 6_553_599, 6_553_600, -1, -99, -100].map(whole_tenths);
        assert_eq!(kept, [Some(0), Some(0), Some(100), Some(6_553_500), None, Some(0), Some(0), None]);
    }
}
