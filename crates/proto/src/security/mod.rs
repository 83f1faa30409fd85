//! Who the peer is, and whether others can listen: one mechanism a file, each a value that is stepped.
//!
//! A mechanism sees the commands of the handshake and the metadata to send, and answers with commands, until both
//! sides agree. A server's may stop to ask about the peer; whoever drives the handshake finds somebody who knows. In the
//! end it leaves behind a `Sealer` and an `Opener`, one for each direction, where frames are not sent in the clear.
//! It does not know sockets, greetings or frame headers, nor where random numbers come from.

mod choice;
mod cipher;
mod curve;
mod keys;
mod mac;
#[cfg(target_arch = "x86_64")]
mod mac_wide;
mod null;
mod plain;
mod question;
mod stream;
#[cfg(test)]
mod toy;
#[cfg(target_arch = "x86_64")]
mod wide;
pub mod zap;

use crate::{
    connection::{HandshakeCommand, HandshakeError, ProtocolError},
    wire::{Command, metadata::Properties},
};
pub use choice::{Admission, Mechanism, Password, SecurityOptions};
pub use curve::{CurveClient, CurveServer};
pub use keys::{KEY_SIZE, KEY_TEXT_SIZE, KeyError, Keypair, PublicKey, SecretKey};
use null::Null;
pub use plain::PlainClient;
pub use question::{Credentials, Denial, Question, Verdict};
use std::{fmt, sync::Arc};

/// The mechanism a socket is told to use, with all that it needs. All its peers must use the same; nothing is negotiated.
///
/// ```
/// # #[derive(Debug)]
/// # struct Dice; // take numbers that nobody can guess
/// # impl Entropy for Dice {
/// #     fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
/// #         octets.fill(4);
/// #         Ok(())
/// #     }
/// # }
/// # use zeroxide_proto::security::{Entropy, NoEntropy};
/// use std::sync::Arc;
/// use zeroxide_proto::security::{Keypair, Security, SecurityOptions};
/// let entropy: Arc<dyn Entropy> = Arc::new(Dice);
/// let mut options = SecurityOptions::default();
/// assert_eq!(Security::new(&options, &entropy).name(), "NULL");
/// options.set_curve_secret_key(Keypair::from_random([7; 32]).secret);
/// options.set_curve_server(true);
/// let security = Security::new(&options, &entropy);
/// assert_eq!((security.name(), security.is_server()), ("CURVE", true));
/// assert!(!security.allows_versions_without_security());
/// ```
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub enum Security {
    /// No authentication and no encryption.
    #[default]
    Null,
    /// Says user and password.
    PlainClient(Arc<PlainClient>),
    /// Wants user and password.
    PlainServer,
    /// Proves to have a key, to one server.
    CurveClient(Arc<CurveClient>),
    /// Wants proof of a key.
    CurveServer(Arc<CurveServer>),
    #[cfg(test)]
    #[doc(hidden)]
    Toy,
}

/// Where random numbers come from: the operating system, or in tests a script.
///
/// ```
/// use std::{fs::File, io::Read, sync::Mutex};
/// use zeroxide_proto::security::{Entropy, NoEntropy};
///
/// #[derive(Debug)]
/// struct Device(Mutex<File>);
///
/// impl Entropy for Device {
///     fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
///         self.0.lock().unwrap().read_exact(octets).map_err(|_| NoEntropy)
///     }
/// }
///
/// let device = Device(Mutex::new(File::open("/dev/urandom")?));
/// let mut numbers = [0; 32];
/// assert_eq!(device.fill(&mut numbers), Ok(()));
/// assert_ne!(numbers, [0; 32]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `octets` with numbers that nobody can guess.
    ///
    /// # Errors
    /// If there are none; the handshake then fails.
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy>;
}

/// There are no random numbers.
///
/// ```
/// use zeroxide_proto::security::{Entropy, NoEntropy};
///
/// #[derive(Debug)]
/// struct Empty;
///
/// impl Entropy for Empty {
///     fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
///         Err(NoEntropy) // the handshake fails, rather than use what can be guessed
///     }
/// }
/// assert_eq!(Empty.fill(&mut [0; 32]), Err(NoEntropy));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("there are no random numbers")
    }
}

impl std::error::Error for NoEntropy {}

impl Security {
    /// What the options of a socket come to.
    pub fn new(options: &SecurityOptions, entropy: &Arc<dyn Entropy>) -> Self {
        let keys =
            || Keypair { public: options.curve_public_key(), secret: options.curve_secret_key().clone() };
        match (options.mechanism(), options.is_server()) {
            (Mechanism::Null, _) => Self::Null,
            (Mechanism::Plain, true) => Self::PlainServer,
            (Mechanism::Plain, false) => Self::PlainClient(Arc::new(PlainClient {
                username: options.plain_username().to_vec(),
                password: options.plain_password().clone(),
            })),
            (Mechanism::Curve, true) => {
                // What a server says of itself must be what its secret proves, or no client could enter.
                let keys = Keypair::from(options.curve_secret_key().clone());
                Self::CurveServer(Arc::new(CurveServer { keys, entropy: entropy.clone() }))
            }
            (Mechanism::Curve, false) => Self::CurveClient(Arc::new(CurveClient {
                keys: keys(),
                server: options.curve_server_key(),
                entropy: entropy.clone(),
            })),
        }
    }

    /// The name in the greeting.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Null => Mechanism::Null.name(),
            Self::PlainClient(_) | Self::PlainServer => Mechanism::Plain.name(),
            Self::CurveClient(_) | Self::CurveServer(_) => Mechanism::Curve.name(),
            #[cfg(test)]
            Self::Toy => "TOY",
        }
    }

    /// What stands in the as-server octet; NULL has no server and must say 0.
    pub const fn is_server(&self) -> bool {
        matches!(self, Self::PlainServer | Self::CurveServer(_))
    }

    /// Whether peers of versions before 3.0, which know no mechanism, may be talked to (rule R3).
    pub const fn allows_versions_without_security(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn begin(&self) -> Exchange {
        match self {
            Self::Null => Exchange::Null(Null),
            Self::PlainClient(client) => Exchange::PlainClient(plain::Client::Welcome(client.clone())),
            Self::PlainServer => Exchange::PlainServer(plain::Server::Hello),
            Self::CurveClient(client) => Exchange::CurveClient(curve::Client::Start(client.clone())),
            Self::CurveServer(server) => Exchange::CurveServer(curve::Server::Hello(server.clone())),
            #[cfg(test)]
            Self::Toy => Exchange::Toy(toy::Toy),
        }
    }
}

/// A mechanism on its way from the first command to the last.
#[derive(Debug)]
pub(crate) enum Exchange {
    Null(Null),
    PlainClient(plain::Client),
    PlainServer(plain::Server),
    CurveClient(curve::Client),
    CurveServer(curve::Server),
    #[cfg(test)]
    Toy(toy::Toy),
}

/// Makes the metadata of this side. They are not kept for peers that may never come to see them.
pub(crate) type OwnMetadata<'a> = &'a dyn Fn() -> Vec<u8>;

impl Exchange {
    /// Sends what does not wait for the peer.
    pub(crate) fn start(&mut self, out: &mut Vec<u8>) -> Result<Step, HandshakeError> {
        match self {
            Self::Null(null) => Ok(null.start()),
            Self::PlainClient(client) => Ok(client.start(out)),
            Self::CurveClient(client) => client.start(out),
            Self::PlainServer(_) | Self::CurveServer(_) => Ok(Step::Continue),
            #[cfg(test)]
            Self::Toy(toy) => Ok(toy.start(out)),
        }
    }

    /// Takes one command of the peer and answers it.
    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match self {
            Self::Null(null) => null.receive(command),
            Self::PlainClient(client) => client.receive(command, own, out),
            Self::PlainServer(server) => server.receive(command, own, out),
            Self::CurveClient(client) => client.receive(command, own, out),
            Self::CurveServer(server) => server.receive(command, out),
            #[cfg(test)]
            Self::Toy(toy) => toy.receive(command, own, out),
        }
    }

    /// Goes on after [`Step::Ask`]: the peer may enter.
    pub(crate) fn approved(
        &mut self,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match self {
            Self::Null(null) => Ok(null.approved(own, out)),
            Self::PlainServer(server) => Ok(server.approved(out)),
            Self::CurveServer(server) => server.approved(own, out),
            _ => Err(HandshakeError::UnexpectedCommand),
        }
    }

    /// What the peer means by something that is no command, where that is known.
    pub(crate) fn misspelt(&self, body: &[u8]) -> Option<HandshakeError> {
        match self {
            Self::PlainClient(_) => plain::misspelt_error(body),
            _ => None,
        }
    }

    /// Refuses a command that is longer than any that is due, before it is stored: strangers get no memory.
    pub(crate) fn check_size(&self, size: u64) -> Result<(), HandshakeError> {
        let most = match self {
            Self::PlainServer(plain::Server::Hello) => plain::HELLO_MAX,
            Self::CurveServer(curve::Server::Hello(_)) => curve::HELLO_COMMAND_SIZE,
            _ => return Ok(()),
        };
        if size > most {
            return Err(HandshakeError::Malformed(HandshakeCommand::Hello)); // R7, R9
        }
        Ok(())
    }
}

/// What one command did.
#[derive(Debug)]
pub(crate) enum Step {
    /// The peer has to speak again.
    Continue,
    /// Somebody has to decide about the peer.
    Ask(Box<Question>),
    /// Both sides agree, and traffic may flow.
    Done(Agreement),
}

/// Asks about a peer whose name is not known yet.
fn question(credentials: Credentials) -> Step {
    Step::Ask(Box::new(Question { credentials, routing_id: crate::Frame::EMPTY }))
}

/// What a mechanism leaves behind.
#[derive(Debug)]
pub(crate) struct Agreement {
    /// What the peer says about itself.
    pub(crate) metadata: Properties,
    /// How frames are encrypted, if they are.
    pub(crate) stages: Option<Stages>,
}

/// Both directions of an encrypted connection.
#[derive(Debug)]
pub(crate) struct Stages {
    pub(crate) sealer: Box<dyn Sealer>,
    pub(crate) opener: Box<dyn Opener>,
}

/// Encrypts what goes out.
pub(crate) trait Sealer: Send + fmt::Debug {
    /// Octets by which a frame is longer than what it carries.
    fn overhead(&self) -> usize;

    /// Appends the body of the frame that carries `body`, longer by [`Sealer::overhead`]; `flags` are MORE and COMMAND
    /// as in a frame header.
    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>);
}

/// Decrypts what comes in.
pub(crate) trait Opener: Send + fmt::Debug {
    /// Octets by which a frame is longer than what it carries.
    fn overhead(&self) -> usize;

    /// Decrypts the body of a frame in place, so that what it carries stands behind the first [`Opener::overhead`]
    /// octets, and returns its flags, MORE and COMMAND as in a header.
    ///
    /// # Errors
    /// Whatever does not open ends the connection.
    fn open(&mut self, body: &mut [u8]) -> Result<u8, ProtocolError>;
}

/// The key under which the client of the vectors sends messages.
#[cfg(test)]
pub(crate) fn message_key_of_the_vectors() -> cipher::Subkey {
    let server = Keypair::from_random([0x22; 32]).public;
    let key = cipher::BoxKey::agree(&SecretKey::from([0x11; 32]), &server);
    key.map(|key| key.subkey(b"CurveZMQMESSAGEC")).unwrap_or_else(|| unreachable!())
}
