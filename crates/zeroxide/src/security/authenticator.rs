//! Who decides about peers natively.

use std::sync::Arc;
use zeroxide_proto::{
    Frame,
    security::{Credentials, Denial, Mechanism, zap::Grant},
};

/// Decides who may enter. Any `Fn(&Applicant) -> Result<Grant, Denial>` is one.
///
/// - It is asked in the middle of a handshake, in a thread of the context that does nothing else: it may take its time,
///   look into a file or a database, and no traffic waits for it. Other handshakes wait, and each is given up when its
///   [`handshake_interval`](crate::Handle::set_handshake_interval) is over.
/// - One that panics has not let anybody in.
///
/// ```
/// use zeroxide::{Applicant, Context, Credentials, Denial, Grant, Rep};
/// let context = Context::new();
/// let server = Rep::new(&context)?;
/// server.set_plain_server()?;
/// server.set_authenticator(|applicant: &Applicant| match &applicant.credentials {
///     Credentials::Plain { username, password } if *password == "secret".into() => {
///         Ok(Grant { user_id: String::from_utf8_lossy(username).into_owned(), ..Grant::default() })
///     }
///     _ => Err(Denial::Refused),
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// Decides about one peer: who it is, or why it may not enter.
    ///
    /// # Errors
    /// [`Denial`]: the peer may not enter.
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial>;
}

/// A peer that wants to enter.
///
/// ```
/// use zeroxide::{Applicant, Denial, Grant};
/// let at_home = |applicant: &Applicant| match applicant.address.as_str() {
///     "127.0.0.1" => Ok(Grant { user_id: applicant.name(), ..Grant::default() }),
///     _ => Err(Denial::Refused),
/// };
/// # fn is_one(_: impl zeroxide::Authenticator) {}
/// # is_one(at_home);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Applicant {
    /// In whose name it is asked: what [`set_zap_domain`](crate::Handle::set_zap_domain) was given.
    pub domain: String,
    /// Where the peer is: an IP address without port, or over ipc `:user:group:process`.
    pub address: String,
    /// The name by which the peer asks to be known, where that is known already: with CURVE.
    pub routing_id: Frame,
    /// By what it says who it is. With CURVE the peer has proven to own the key.
    pub credentials: Credentials,
}

impl Applicant {
    pub(crate) fn new(domain: String, address: String, routing_id: Frame, credentials: Credentials) -> Self {
        Self { domain, address, routing_id, credentials }
    }

    /// The mechanism of the server.
    pub fn mechanism(&self) -> Mechanism {
        self.credentials.mechanism()
    }

    /// What identifies the peer, in text: its key in Z85, or its user name. Empty with NULL.
    pub fn name(&self) -> String {
        match &self.credentials {
            Credentials::Null => String::new(),
            Credentials::Plain { username, .. } => String::from_utf8_lossy(username).into_owned(),
            Credentials::Curve(key) => key.to_z85(),
        }
    }
}

impl<F: Fn(&Applicant) -> Result<Grant, Denial> + Send + Sync + 'static> Authenticator for F {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        self(applicant)
    }
}

impl Authenticator for Arc<dyn Authenticator> {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        (**self).authenticate(applicant)
    }
}

/// Lets everybody in. With CURVE the traffic is still secret, and each peer has the key that it says; with PLAIN nothing
/// is proven. The user id is the key or the user name.
///
/// ```
/// # let context = zeroxide::Context::new();
/// let server = zeroxide::Pull::new(&context)?;
/// server.secure_server(&zeroxide::curve_keypair()?, zeroxide::AllowAny)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AllowAny;

impl Authenticator for AllowAny {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        Ok(Grant { user_id: applicant.name(), ..Grant::default() })
    }
}
