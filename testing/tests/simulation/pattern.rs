//! The patterns that stories are about.

use zeroxide::SocketType::{self, *};

/// Who talks to whom.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) name: &'static str,
    pub(crate) sender: SocketType,
    pub(crate) receiver: SocketType,
    /// Each message comes back.
    pub(crate) echo: bool,
    /// All receivers get each message, and what is lost on the way is lost.
    pub(crate) everybody: bool,
    /// One sender and one receiver.
    pub(crate) exclusive: bool,
}

const fn pattern(name: &'static str, sender: SocketType, receiver: SocketType, echo: bool) -> Pattern {
    Pattern { name, sender, receiver, echo, everybody: false, exclusive: false }
}

pub(crate) const PATTERNS: [Pattern; 10] = [
    pattern("PUSH-PULL", Push, Pull, false),
    pattern("SCATTER-GATHER", Scatter, Gather, false),
    pattern("DEALER-DEALER", Dealer, Dealer, true),
    pattern("DEALER-ROUTER", Dealer, Router, true),
    pattern("DEALER-ROUTER, one way", Dealer, Router, false),
    pattern("CLIENT-SERVER", Client, Server, true),
    pattern("REQ-REP", Req, Rep, true),
    Pattern { exclusive: true, ..pattern("PAIR-PAIR", Pair, Pair, true) },
    Pattern { everybody: true, ..pattern("PUB-SUB", Pub, Sub, false) },
    Pattern { everybody: true, ..pattern("XPUB-XSUB", Xpub, Xsub, false) },
];
