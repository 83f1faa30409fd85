//! The eleven socket types that speak ZMTP, written down a second time on purpose: a witness shares nothing with
//! what it testifies about. Facts: zmtp.md section 6.

use std::fmt;

/// A socket type, with libzmq's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names of ZeroMQ's socket types explain themselves")]
pub enum Kind {
    Pair = 0,
    Pub = 1,
    Sub = 2,
    Req = 3,
    Rep = 4,
    Dealer = 5,
    Router = 6,
    Pull = 7,
    Push = 8,
    Xpub = 9,
    Xsub = 10,
}

impl Kind {
    /// All eleven.
    pub const ALL: [Self; 11] = [
        Self::Pair,
        Self::Pub,
        Self::Sub,
        Self::Req,
        Self::Rep,
        Self::Dealer,
        Self::Router,
        Self::Pull,
        Self::Push,
        Self::Xpub,
        Self::Xsub,
    ];

    /// The text that travels in READY.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "PAIR",
            Self::Pub => "PUB",
            Self::Sub => "SUB",
            Self::Req => "REQ",
            Self::Rep => "REP",
            Self::Dealer => "DEALER",
            Self::Router => "ROUTER",
            Self::Pull => "PULL",
            Self::Push => "PUSH",
            Self::Xpub => "XPUB",
            Self::Xsub => "XSUB",
        }
    }

    /// The octet of a ZMTP 2.0 greeting, as libzmq sends it.
    pub const fn octet(self) -> u8 {
        self as u8
    }

    /// Whom this type may talk to.
    pub const fn peers(self) -> &'static [Self] {
        match self {
            Self::Pair => &[Self::Pair],
            Self::Pub | Self::Xpub => &[Self::Sub, Self::Xsub],
            Self::Sub | Self::Xsub => &[Self::Pub, Self::Xpub],
            Self::Req => &[Self::Rep, Self::Router],
            Self::Rep => &[Self::Req, Self::Dealer],
            Self::Dealer => &[Self::Rep, Self::Dealer, Self::Router],
            Self::Router => &[Self::Req, Self::Dealer, Self::Router],
            Self::Pull => &[Self::Push],
            Self::Push => &[Self::Pull],
        }
    }

    /// Whether libzmq's READY for this type has an Identity property, be it empty.
    pub const fn announces_identity(self) -> bool {
        matches!(self, Self::Req | Self::Dealer | Self::Router)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
