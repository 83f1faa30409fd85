//! What the table says beside "works". An entry without a line here works as in libzmq.

/// How far something is as in libzmq.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Works,
    Differs,
    NotSupported,
}

use State::{Differs, NotSupported, Works};

/// Functions, by name.
pub(crate) const FUNCTIONS: &[(&str, State, &str)] = &[
    ("zmq_atomic_counter_inc", Works, "null is 0 here, and ends the process there; so with all of its kin"),
    (
        "zmq_bind",
        Differs,
        "ports above 65535 and port ranges are EINVAL (there they wrap, or are cut off); an ipc file that somebody listens at, or that is no socket, is EADDRINUSE (there it is removed)",
    ),
    ("zmq_disconnect", Differs, "what was received before is still handed over (there it is lost)"),
    (
        "zmq_socket_monitor_pipes_stats",
        Differs,
        "tells how many messages wait (there a number that moves in steps of half the high-water mark)",
    ),
    (
        "zmq_ppoll",
        Works,
        "a signal that the mask lets in ends it even if there are events (there one of the two wins)",
    ),
    ("zmq_ctx_get_ext", Differs, "writes the length of its answer (there it stays what it was)"),
    ("zmq_curve_keypair", Works, "never ENOTSUP: CURVE is always built in"),
    ("zmq_has", Works, "\"ipc\", \"curve\" and \"draft\" are there; the rest is not: see Transports"),
    (
        "zmq_socket_monitor_versioned",
        Differs,
        "of an outgoing connection only ZMQ_EVENT_CONNECTED tells the local address, the others the endpoint (there all do)",
    ),
    ("zmq_stopwatch_start", Works, "null is 0 here, and ends the process there; so with its kin"),
    (
        "zmq_timers_cancel",
        Differs,
        "a cancelled timer is gone at once (there it can still be changed until the next round)",
    ),
    (
        "zmq_timers_execute",
        Differs,
        "a timer of 0 ms runs once a call (there the call never ends); threads may share timers",
    ),
    ("zmq_version", Works, "4.3.6"),
    (
        "zmq_z85_decode",
        Works,
        "null arguments are EINVAL here, and end the process there; so in zmq_z85_encode",
    ),
];

/// Options of sockets, by number.
pub(crate) const SOCKET_OPTIONS: &[(i32, State, &str)] = &[
    (5, Works, "on a STREAM it is read as that of the latest peer"),
    (8, Works, "kept and read back; for pgm, which is not built in"),
    (9, Works, "kept and read back; for pgm, which is not built in"),
    (15, Differs, "a DISH is never ready to send (there it always is, and cannot)"),
    (17, Differs, "can still be set when the context was shut down (there ETERM, in some calls)"),
    (18, Differs, "up to a quarter is added or taken off at random; 0 and -1 never try again"),
    (
        19,
        Works,
        "until it is set, the system is asked for 4096: a thousand that come at once are not made to wait",
    ),
    (21, Differs, "the doubled waits vary by a quarter as well"),
    (38, Differs, "IPv6 addresses are taken whatever ZMQ_IPV6 says (there only when it is set before)"),
    (61, Differs, "a name that is taken is an error of zmq_connect (there it ends the process)"),
    (76, Differs, "more than 65.5 s is understood (there the receiver's number wraps)"),
    (81, Works, "answers what libzmq answers; threads may share sockets of every type"),
    (84, Works, "kept and read back; for pgm, which is not built in"),
    (94, Works, "kept and read back; acts on Windows only"),
    (95, Differs, "a value may have four octets (there it is taken for a number)"),
    (101, Differs, "kept and read back; buffers size themselves"),
    (102, Differs, "kept and read back; buffers size themselves"),
    (109, Differs, "honoured by every transport (there after a disconnect by ipc only)"),
    (113, Works, "cannot be read, as in libzmq"),
    (115, Differs, "null is EINVAL (there it ends the process)"),
];

/// Options of sockets that are not there, by number: they answer EINVAL.
pub(crate) const ABSENT_OPTIONS: &[(i32, &str, &str)] = &[
    (62, "ZMQ_GSSAPI_SERVER", GSSAPI),
    (63, "ZMQ_GSSAPI_PRINCIPAL", GSSAPI),
    (64, "ZMQ_GSSAPI_SERVICE_PRINCIPAL", GSSAPI),
    (65, "ZMQ_GSSAPI_PLAINTEXT", GSSAPI),
    (85, "ZMQ_VMCI_BUFFER_SIZE", VMCI),
    (86, "ZMQ_VMCI_BUFFER_MIN_SIZE", VMCI),
    (87, "ZMQ_VMCI_BUFFER_MAX_SIZE", VMCI),
    (88, "ZMQ_VMCI_CONNECT_TIMEOUT", VMCI),
    (90, "ZMQ_GSSAPI_PRINCIPAL_NAMETYPE", GSSAPI),
    (91, "ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE", GSSAPI),
    (103, "ZMQ_WSS_KEY_PEM", WSS),
    (104, "ZMQ_WSS_CERT_PEM", WSS),
    (105, "ZMQ_WSS_TRUST_PEM", WSS),
    (106, "ZMQ_WSS_HOSTNAME", WSS),
    (107, "ZMQ_WSS_TRUST_SYSTEM", WSS),
    (117, "ZMQ_NORM_MODE", NORM),
    (118, "ZMQ_NORM_UNICAST_NACK", NORM),
    (119, "ZMQ_NORM_BUFFER_SIZE", NORM),
    (120, "ZMQ_NORM_SEGMENT_SIZE", NORM),
    (121, "ZMQ_NORM_BLOCK_SIZE", NORM),
    (122, "ZMQ_NORM_NUM_PARITY", NORM),
    (123, "ZMQ_NORM_NUM_AUTOPARITY", NORM),
    (124, "ZMQ_NORM_PUSH", NORM),
];

const GSSAPI: &str = "EINVAL, as in libzmq built without GSSAPI";
const VMCI: &str = "EINVAL, as in libzmq built without VMCI";
const WSS: &str = "EINVAL, as in libzmq built without TLS";
const NORM: &str = "EINVAL, as in libzmq built without NORM";

/// Options of contexts, by name.
pub(crate) const CONTEXT_OPTIONS: &[(&str, State, &str)] = &[
    ("ZMQ_IO_THREADS", Differs, "more than 256 are 256 (there as many as the system can start, or its end)"),
    (
        "ZMQ_MAX_MSGSZ",
        Works,
        "kept and read back, and nothing else, as in libzmq; ZMQ_MAXMSGSIZE is what limits",
    ),
    ("ZMQ_ZERO_COPY_RECV", Works, "kept and read back; large messages are never copied"),
];

/// Options that are not an `int`, by number.
pub(crate) const FORMS: &[(i32, &str)] = &[
    (4, "uint64"),
    (5, "octets"),
    (6, "octets"),
    (7, "octets"),
    (22, "int64"),
    (32, "text"),
    (38, "text"),
    (45, "text"),
    (46, "text"),
    (48, "key"),
    (49, "key"),
    (50, "key"),
    (55, "text"),
    (58, "pid_t"),
    (59, "uid_t"),
    (60, "gid_t"),
    (61, "octets"),
    (68, "text"),
    (72, "octets"),
    (92, "text"),
    (95, "text"),
    (99, "text"),
    (100, "text"),
    (110, "octets"),
    (111, "octets"),
    (114, "octets"),
];

/// Socket types, and what is to be said about them.
pub(crate) const TYPES: &[(i32, &str)] = &[
    (0, "PAIR"),
    (1, "PUB"),
    (2, "SUB"),
    (3, "REQ"),
    (4, "REP"),
    (5, "DEALER"),
    (6, "ROUTER"),
    (7, "PULL"),
    (8, "PUSH"),
    (9, "XPUB"),
    (10, "XSUB"),
    (11, "STREAM"),
    (12, "SERVER"),
    (13, "CLIENT"),
    (14, "RADIO"),
    (15, "DISH"),
    (16, "GATHER"),
    (17, "SCATTER"),
    (18, "DGRAM"),
    (19, "PEER"),
    (20, "CHANNEL"),
];

/// Transports that libzmq has in some build, and the answer of `zmq_bind` and `zmq_connect` where there is none here.
pub(crate) const TRANSPORTS: &[(&str, State, &str)] = &[
    ("tcp", Works, "with SOCKS5, accept filters, source addresses, IPv6"),
    ("ipc", Works, "files, abstract names, `*`"),
    ("inproc", Works, ""),
    (
        "udp",
        Differs,
        "a unicast address has one listener; datagrams up to 65507 octets; names are looked up by zmq_connect",
    ),
    ("ws", NotSupported, "EPROTONOSUPPORT"),
    ("wss", NotSupported, "EPROTONOSUPPORT"),
    ("pgm", NotSupported, "EPROTONOSUPPORT"),
    ("epgm", NotSupported, "EPROTONOSUPPORT"),
    ("norm", NotSupported, "EPROTONOSUPPORT"),
    ("tipc", NotSupported, "EPROTONOSUPPORT"),
    ("vmci", NotSupported, "EPROTONOSUPPORT"),
    ("vsock", NotSupported, "EPROTONOSUPPORT"),
];
