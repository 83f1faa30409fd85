//! What a socket has been told about security, option by option, in the way of libzmq: the mechanism follows from the
//! option that was set last.

use super::{PublicKey, SecretKey};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who the peer is and whether others can listen: the mechanism of a socket. All its peers must use the same.
///
/// ```
/// use zeroxide_proto::security::{Mechanism, SecurityOptions};
/// let mut options = SecurityOptions::default();
/// assert_eq!(options.mechanism(), Mechanism::Null);
/// options.set_plain_username("admin");
/// assert_eq!(options.mechanism().to_string(), "PLAIN");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Mechanism {
    /// No authentication, no encryption.
    #[default]
    Null,
    /// User and password, sent in the clear.
    Plain,
    /// Public keys, everything encrypted.
    Curve,
}

impl Mechanism {
    /// The name in greetings and in questions to authenticators.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Plain => "PLAIN",
            Self::Curve => "CURVE",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A password: wiped when dropped, compared in constant time, not shown by `Debug`.
///
/// ```
/// use zeroxide_proto::security::Password;
/// let password = Password::from("open sesame");
/// assert!(password == Password::from("open sesame"));
/// assert!(!format!("{password:?}").contains("sesame"), "safe to log");
/// ```
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Password(Vec<u8>);

impl Password {
    /// The octets. Whoever copies them has to wipe the copy.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Into<Vec<u8>>> From<T> for Password {
    fn from(octets: T) -> Self {
        Self(octets.into())
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(not shown)")
    }
}

/// Whom a server lets in when nobody is there who could be asked.
///
/// ```
/// use zeroxide_proto::security::{Admission, SecurityOptions};
/// let mut options = SecurityOptions::default();
/// assert_eq!(options.admission, Admission::OnlyAuthenticated, "nobody enters by default");
/// options.admission = Admission::AsLibzmq;
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Nobody. A server that anyone may enter has an authenticator that says so.
    #[default]
    OnlyAuthenticated,
    /// As libzmq: PLAIN peers are refused; NULL and CURVE peers enter, unless
    /// [`zap_enforce_domain`](SecurityOptions::zap_enforce_domain) is set and there is a domain. And with
    /// `zap_enforce_domain` but without a domain, CURVE peers enter unasked.
    AsLibzmq,
}

/// The options of a socket that make up its mechanism.
///
/// ```
/// use zeroxide_proto::security::{Keypair, Mechanism, SecurityOptions};
/// let keys = Keypair::from_random([7; 32]); // take octets that nobody can guess
/// let mut server = SecurityOptions::default();
/// server.set_curve_secret_key(keys.secret);
/// server.set_curve_server(true);
/// assert_eq!((server.mechanism(), server.is_server()), (Mechanism::Curve, true));
/// let mut client = SecurityOptions::default();
/// client.set_curve_server_key(keys.public);
/// assert!(!client.is_server());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct SecurityOptions {
    mechanism: Mechanism,
    as_server: bool,
    plain_username: Vec<u8>,
    plain_password: Password,
    curve_public_key: PublicKey,
    curve_secret_key: SecretKey,
    curve_server_key: PublicKey,
    /// What ZAP is asked in the name of; at most 255 octets. With NULL a domain means that ZAP is asked at all.
    pub zap_domain: Vec<u8>,
    /// Has a meaning only with [`Admission::AsLibzmq`].
    pub zap_enforce_domain: bool,
    /// Whom to let in when nobody can be asked.
    pub admission: Admission,
}

impl SecurityOptions {
    /// The mechanism that the setters below led to. libzmq: `ZMQ_MECHANISM`.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Whether this side decides who enters; false for NULL.
    pub fn is_server(&self) -> bool {
        self.as_server && self.mechanism != Mechanism::Null
    }

    /// No mechanism.
    pub fn set_null(&mut self) {
        (self.mechanism, self.as_server) = (Mechanism::Null, false);
    }

    /// libzmq: `ZMQ_PLAIN_SERVER`. False makes the mechanism NULL.
    pub fn set_plain_server(&mut self, server: bool) {
        self.as_server = server;
        self.mechanism = if server { Mechanism::Plain } else { Mechanism::Null };
    }

    /// Whether this is a PLAIN server.
    pub fn plain_server(&self) -> bool {
        self.as_server && self.mechanism == Mechanism::Plain
    }

    /// libzmq: `ZMQ_PLAIN_USERNAME`, at most 255 octets; makes this side a PLAIN client.
    pub fn set_plain_username(&mut self, username: impl Into<Vec<u8>>) {
        self.plain_username = username.into();
        (self.mechanism, self.as_server) = (Mechanism::Plain, false);
    }

    /// What was set last.
    pub fn plain_username(&self) -> &[u8] {
        &self.plain_username
    }

    /// libzmq: `ZMQ_PLAIN_PASSWORD`, at most 255 octets; makes this side a PLAIN client.
    pub fn set_plain_password(&mut self, password: impl Into<Password>) {
        self.plain_password = password.into();
        (self.mechanism, self.as_server) = (Mechanism::Plain, false);
    }

    /// What was set last.
    pub fn plain_password(&self) -> &Password {
        &self.plain_password
    }

    /// libzmq: `ZMQ_CURVE_SERVER`. False makes the mechanism NULL.
    pub fn set_curve_server(&mut self, server: bool) {
        self.as_server = server;
        self.mechanism = if server { Mechanism::Curve } else { Mechanism::Null };
    }

    /// Whether this is a CURVE server.
    pub fn curve_server(&self) -> bool {
        self.as_server && self.mechanism == Mechanism::Curve
    }

    /// libzmq: `ZMQ_CURVE_PUBLICKEY`, this side's own; makes the mechanism CURVE.
    pub fn set_curve_public_key(&mut self, key: PublicKey) {
        self.curve_public_key = key;
        self.mechanism = Mechanism::Curve;
    }

    /// What was set last; zeros by default.
    pub fn curve_public_key(&self) -> PublicKey {
        self.curve_public_key
    }

    /// libzmq: `ZMQ_CURVE_SECRETKEY`, this side's own; makes the mechanism CURVE.
    pub fn set_curve_secret_key(&mut self, key: SecretKey) {
        self.curve_secret_key = key;
        self.mechanism = Mechanism::Curve;
    }

    /// What was set last; zeros by default.
    pub fn curve_secret_key(&self) -> &SecretKey {
        &self.curve_secret_key
    }

    /// libzmq: `ZMQ_CURVE_SERVERKEY`, the server's public key; makes this side a CURVE client.
    pub fn set_curve_server_key(&mut self, key: PublicKey) {
        self.curve_server_key = key;
        (self.mechanism, self.as_server) = (Mechanism::Curve, false);
    }

    /// What was set last; zeros by default.
    pub fn curve_server_key(&self) -> PublicKey {
        self.curve_server_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_set_last_decides() {
        let mut options = SecurityOptions::default();
        let is = |options: &SecurityOptions| (options.mechanism(), options.is_server());
        assert_eq!(is(&options), (Mechanism::Null, false));
        options.set_plain_server(true);
        assert_eq!(is(&options), (Mechanism::Plain, true));
        options.set_plain_username("me");
        assert_eq!(is(&options), (Mechanism::Plain, false));
        options.set_curve_server(true);
        options.set_curve_secret_key(SecretKey::from([1; 32]));
        assert_eq!(is(&options), (Mechanism::Curve, true));
        options.set_curve_server_key(PublicKey::from([2; 32]));
        assert_eq!(is(&options), (Mechanism::Curve, false));
        options.set_curve_server(false);
        assert_eq!(is(&options), (Mechanism::Null, false));
        options.set_plain_password("secret");
        assert_eq!(is(&options), (Mechanism::Plain, false));
        assert_eq!(options.plain_username(), b"me", "what was set before is still there");
        options.set_null();
        assert_eq!(is(&options), (Mechanism::Null, false));
        assert!(!format!("{options:?}").contains("115, 101"), "the password is not shown");
    }
}
