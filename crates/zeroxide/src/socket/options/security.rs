//! Who may enter, and whether others can listen: mechanism, keys, passwords, authenticators.
//!
//! Each setter sets a whole mechanism, so that none is half set. They are for all types but STREAM.

use super::valid;
use crate::{error::OptionError, security::Authenticator, socket::Handle};
use std::sync::Arc;
use zeroxide_proto::security::{Keypair, Mechanism, Password, PublicKey};

const TEXT: &str = "user and password have at most 255 octets each";
const KEYS: &str = "the public key is not the one that belongs to the secret key, or they are not set";

impl Handle {
    /// Makes this side a CURVE server with these keys: everything is encrypted, and each client has to prove that it owns
    /// a key. Who may enter is for the authenticator to say: the one that was [set here](Self::set_authenticator), or
    /// the context's, or the ZAP handler at `inproc://zeromq.zap.01`. Without any of them nobody enters (in libzmq:
    /// everybody). Acts on connections made later.
    ///
    /// libzmq: `ZMQ_CURVE_SERVER`, `ZMQ_CURVE_SECRETKEY`.
    ///
    /// # Errors
    /// On STREAM, and for keys that do not belong together.
    pub fn set_curve_server(&self, keys: &Keypair) -> Result<(), OptionError> {
        let allowed = self.speaks_zmtp().and_then(|()| valid(is_pair(keys), KEYS));
        self.set("ZMQ_CURVE_SERVER", allowed, |options| {
            options.security.set_curve_public_key(keys.public);
            options.security.set_curve_secret_key(keys.secret.clone());
            options.security.set_curve_server(true);
        })
    }

    /// All that a secure server needs in one call: [`set_curve_server`](Self::set_curve_server) and
    /// [`set_authenticator`](Self::set_authenticator).
    ///
    /// ```
    /// use zeroxide::{AllowAny, Context, Rep, Req};
    /// let context = Context::new();
    /// let (server_keys, client_keys) = (zeroxide::curve_keypair()?, zeroxide::curve_keypair()?);
    /// let server = Rep::new(&context)?;
    /// server.secure_server(&server_keys, AllowAny)?;
    /// let client = Req::new(&context)?;
    /// client.set_curve_client(server_keys.public, &client_keys)?;
    /// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
    /// client.send("in secret")?;
    /// let (message, origin) = server.recv_from()?;
    /// assert_eq!(message, "in secret".into());
    /// assert_eq!(origin.user_id(), Some(&*client_keys.public.to_z85()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_curve_server`](Self::set_curve_server).
    pub fn secure_server(
        &self,
        keys: &Keypair,
        authenticator: impl Authenticator,
    ) -> Result<(), OptionError> {
        self.set_curve_server(keys)?;
        self.set_authenticator(authenticator)
    }

    /// Makes this side a CURVE client with these keys, of the server with that public key and of no other: everything is
    /// encrypted, and nobody else can pass for the server. Acts on endpoints connected later.
    ///
    /// libzmq: `ZMQ_CURVE_SERVERKEY`, `ZMQ_CURVE_PUBLICKEY`, `ZMQ_CURVE_SECRETKEY`.
    ///
    /// # Errors
    /// On STREAM, for keys that do not belong together, and for a server key of zeros.
    pub fn set_curve_client(&self, server: PublicKey, keys: &Keypair) -> Result<(), OptionError> {
        let allowed = self
            .speaks_zmtp()
            .and_then(|()| valid(is_pair(keys), KEYS))
            .and_then(|()| valid(!server.is_zero(), "the server's key is not set"));
        self.set("ZMQ_CURVE_SERVERKEY", allowed, |options| {
            options.security.set_curve_public_key(keys.public);
            options.security.set_curve_secret_key(keys.secret.clone());
            options.security.set_curve_server_key(server);
        })
    }

    /// Makes this side a PLAIN server: each client has to say a user name and a password, which travel in the clear. Who
    /// may enter is for the authenticator to say, as with [`set_curve_server`](Self::set_curve_server). Acts on
    /// connections made later.
    ///
    /// libzmq: `ZMQ_PLAIN_SERVER`.
    ///
    /// # Errors
    /// On STREAM.
    pub fn set_plain_server(&self) -> Result<(), OptionError> {
        self.set("ZMQ_PLAIN_SERVER", self.speaks_zmtp(), |options| options.security.set_plain_server(true))
    }

    /// Makes this side a PLAIN client with this user name and password. Acts on endpoints connected later.
    ///
    /// libzmq: `ZMQ_PLAIN_USERNAME`, `ZMQ_PLAIN_PASSWORD`.
    ///
    /// # Errors
    /// On STREAM, and for more than 255 octets.
    pub fn set_plain_client(
        &self,
        username: impl Into<Vec<u8>>,
        password: impl Into<Password>,
    ) -> Result<(), OptionError> {
        let (username, password) = (username.into(), password.into());
        let fits = username.len() <= 255 && password.as_bytes().len() <= 255;
        let allowed = self.speaks_zmtp().and_then(|()| valid(fits, TEXT));
        self.set("ZMQ_PLAIN_USERNAME", allowed, |options| {
            options.security.set_plain_username(username);
            options.security.set_plain_password(password);
        })
    }

    /// Uses no mechanism, as by default: no encryption, and peers say nothing that proves who they are. Acts on connections
    /// made later.
    pub fn set_no_mechanism(&self) {
        self.change_options(|options| options.security.set_null());
    }

    /// The mechanism that was set last. libzmq: `ZMQ_MECHANISM`.
    pub fn mechanism(&self) -> Mechanism {
        self.get(|options| options.security.mechanism())
    }

    /// Who decides about the peers of this socket if it is a server, or has no mechanism: then about all peers. It is asked
    /// instead of the context's and of any ZAP handler. Acts on handshakes from now on. Over inproc nobody is asked, and
    /// `udp://` is refused.
    ///
    /// # Errors
    /// On STREAM.
    pub fn set_authenticator(&self, authenticator: impl Authenticator) -> Result<(), OptionError> {
        self.set("no such option", self.speaks_zmtp(), |_| ())?;
        self.core.set_authenticator(Some(Arc::new(authenticator)));
        Ok(())
    }

    /// In whose name authenticators are asked. On a socket without a mechanism, one that is not empty means that the
    /// context's authenticator or the ZAP handler is asked about each peer, and that none enters if there is neither.
    ///
    /// Default: empty. Acts on connections made later.
    ///
    /// libzmq: `ZMQ_ZAP_DOMAIN`; and as if `ZMQ_ZAP_ENFORCE_DOMAIN` were set.
    ///
    /// # Errors
    /// On STREAM, and for more than 255 octets.
    pub fn set_zap_domain(&self, domain: impl Into<Vec<u8>>) -> Result<(), OptionError> {
        let domain = domain.into();
        let fits = valid(domain.len() <= 255, "a domain has at most 255 octets");
        let allowed = self.speaks_zmtp().and(fits);
        self.set("ZMQ_ZAP_DOMAIN", allowed, |options| options.security.zap_domain = domain)
    }

    /// What [`set_zap_domain`](Self::set_zap_domain) was given last.
    pub fn zap_domain(&self) -> Vec<u8> {
        self.get(|options| options.security.zap_domain.clone())
    }
}

fn is_pair(keys: &Keypair) -> bool {
    !keys.secret.is_zero() && keys.secret.public() == keys.public
}
