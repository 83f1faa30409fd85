//! What an authenticator is asked about a peer, and what it can answer.

use super::{Mechanism, Password, PublicKey, zap::ZapError};
use crate::Frame;
use std::fmt;

/// By what a peer says who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// NULL: by nothing.
    Null,
    /// PLAIN.
    Plain {
        /// Up to 255 octets of anything.
        username: Vec<u8>,
        /// Up to 255 octets of anything.
        password: Password,
    },
    /// CURVE: by a key that the peer has proven to own.
    Curve(PublicKey),
}

impl Credentials {
    /// The mechanism they belong to.
    pub const fn mechanism(&self) -> Mechanism {
        match self {
            Self::Null => Mechanism::Null,
            Self::Plain { .. } => Mechanism::Plain,
            Self::Curve(_) => Mechanism::Curve,
        }
    }
}

/// A handshake cannot go on before somebody has decided about the peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// By what the peer says who it is.
    pub credentials: Credentials,
    /// The name the peer asks to be known by, where that is known already: with CURVE. Empty otherwise.
    pub routing_id: Frame,
}

/// What was decided about a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may enter.
    Allow,
    /// It may not.
    Deny(Denial),
    /// Nobody could be asked.
    NoAuthenticator,
    /// The answer of a ZAP handler made no sense.
    Nonsense(ZapError),
}

/// Why a peer may not enter; the number is ZAP's status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u16)]
pub enum Denial {
    /// Not now: the peer may try again. It is told nothing.
    TryLater = 300,
    /// Not with these credentials.
    Refused = 400,
    /// Whoever decides has a fault.
    Fault = 500,
}

impl Denial {
    /// The status of ZAP: 300, 400 or 500.
    pub const fn status(self) -> u16 {
        self as u16
    }

    /// What the peer is told in an ERROR, if it is told anything.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::TryLater => None,
            Self::Refused => Some("400"),
            Self::Fault => Some("500"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TryLater => "300, try again later",
            Self::Refused => "400, the credentials are refused",
            Self::Fault => "500, the authenticator has a fault",
        })
    }
}
