//! What an authenticator is asked about a peer, and what it can answer.

use super::{Mechanism, Password, PublicKey, zap::ZapError};
use crate::Frame;
use std::fmt;

/// By what a peer says who it is.
///
/// ```
/// use zeroxide_proto::security::Credentials;
/// let name = |credentials: &Credentials| match credentials {
///     Credentials::Null => "somebody".to_owned(),
///     Credentials::Plain { username, .. } => String::from_utf8_lossy(username).into_owned(),
///     Credentials::Curve(key) => key.to_z85(),
/// };
/// let plain = Credentials::Plain { username: b"joe".to_vec(), password: "pass".into() };
/// assert_eq!(name(&plain), "joe");
/// assert_eq!(plain.mechanism().name(), "PLAIN");
/// ```
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
///
/// ```
/// # use zeroxide_proto::{Handshake, Options, Settings, SocketType, security::Security};
/// # let mut settings = Settings::new(SocketType::Pull, &Options::default());
/// # settings.security = Security::PlainServer;
/// # settings.asks = true;
/// # let mut out = Vec::new();
/// # let mut handshake = Handshake::new(settings, &mut out);
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01PLAIN".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x0F\x05HELLO\x03joe\x04pass");
/// use zeroxide_proto::security::{Credentials, Verdict};
/// let progress = handshake.receive(&heard, &mut out)?;
/// let question = progress.question.ok_or("nothing to decide")?;
/// let verdict = match question.credentials {
///     Credentials::Plain { username, .. } if username == b"joe" => Verdict::Allow,
///     _ => Verdict::NoAuthenticator,
/// };
/// handshake.answer(verdict, &mut out)?; // and the handshake goes on
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// By what the peer says who it is.
    pub credentials: Credentials,
    /// The name the peer asks to be known by, where that is known already: with CURVE. Empty otherwise.
    pub routing_id: Frame,
}

/// What was decided about a peer.
///
/// ```
/// # use zeroxide_proto::{Handshake, Options, Settings, SocketType, security::Security};
/// # let mut settings = Settings::new(SocketType::Pull, &Options::default());
/// # settings.security = Security::PlainServer;
/// # settings.asks = true;
/// # let mut out = Vec::new();
/// # let mut handshake = Handshake::new(settings, &mut out);
/// # let mut heard = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01PLAIN".to_vec();
/// # heard.resize(64, 0);
/// # heard.extend(b"\x04\x0F\x05HELLO\x03joe\x04pass");
/// use zeroxide_proto::{HandshakeError, security::{Denial, Verdict}};
/// handshake.receive(&heard, &mut out)?;
/// let refused = handshake.answer(Verdict::Deny(Denial::Refused), &mut out);
/// assert_eq!(refused.err(), Some(HandshakeError::Denied(Denial::Refused)));
/// assert!(out.ends_with(b"\x05ERROR\x03400"), "the peer is told");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may enter.
    Allow,
    /// It may not.
    Deny(Denial),
    /// Nobody could be asked.
    NoAuthenticator,
    /// Who was asked went away without an answer.
    Deserted,
    /// The answer of a ZAP handler made no sense.
    Nonsense(ZapError),
}

/// Why a peer may not enter; the number is ZAP's status.
///
/// ```
/// use zeroxide_proto::security::Denial;
/// assert_eq!(Denial::Refused.status(), 400);
/// assert_eq!(Denial::TryLater.to_string(), "300, try again later");
/// ```
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

impl std::error::Error for Denial {}
