//! Who the peer is, and whether others can listen: one mechanism a file, each a value that is stepped.
//!
//! A mechanism sees the commands of the handshake and the metadata to send, and answers with commands, until both
//! sides agree. Then it leaves behind a [`Sealer`] and an [`Opener`], one for each direction, where frames are not
//! sent in the clear. It does not know sockets, greetings or frames headers.

mod choice;
mod keys;
mod null;
#[cfg(test)]
mod toy;

use crate::{
    connection::{HandshakeError, ProtocolError},
    wire::{Command, metadata::Properties},
};
pub use choice::{Admission, Mechanism, Password, SecurityOptions};
pub use keys::{KEY_SIZE, KEY_TEXT_SIZE, KeyError, Keypair, PublicKey, SecretKey};
use null::Null;

/// The mechanism a socket is told to use. All its peers must use the same; nothing is negotiated.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Security {
    /// No authentication and no encryption.
    #[default]
    Null,
    #[cfg(test)]
    #[doc(hidden)]
    Toy,
}

impl Security {
    /// The name in the greeting.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            #[cfg(test)]
            Self::Toy => "TOY",
        }
    }

    /// What stands in the as-server octet; NULL has no server and must say 0.
    pub const fn is_server(&self) -> bool {
        match self {
            Self::Null => false,
            #[cfg(test)]
            Self::Toy => false,
        }
    }

    /// Whether peers of versions before 3.0, which know no mechanism, may be talked to (rule R3).
    pub const fn allows_versions_without_security(&self) -> bool {
        match self {
            Self::Null => true,
            #[cfg(test)]
            Self::Toy => false,
        }
    }

    pub(crate) fn begin(&self) -> Exchange {
        match self {
            Self::Null => Exchange::Null(Null),
            #[cfg(test)]
            Self::Toy => Exchange::Toy(toy::Toy::new()),
        }
    }
}

/// A mechanism on its way from the first command to the last.
#[derive(Debug)]
pub(crate) enum Exchange {
    Null(Null),
    #[cfg(test)]
    Toy(toy::Toy),
}

impl Exchange {
    /// Sends what does not wait for the peer. `own` is the metadata of this side.
    pub(crate) fn start(&mut self, own: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Null(null) => null.start(own, out),
            #[cfg(test)]
            Self::Toy(toy) => toy.start(own, out),
        }
    }

    /// Takes one command of the peer and answers it.
    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match self {
            Self::Null(null) => null.receive(command, out),
            #[cfg(test)]
            Self::Toy(toy) => toy.receive(command, out),
        }
    }
}

/// What one command did.
#[derive(Debug)]
pub(crate) enum Step {
    /// The peer has to speak again.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "NULL is over after one command; PLAIN and CURVE are not")
    )]
    Continue,
    /// Both sides agree, and traffic may flow.
    Done(Agreement),
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
pub trait Sealer: Send + std::fmt::Debug {
    /// Appends the body of the frame that carries `body`; `flags` are MORE and COMMAND as in a frame header.
    fn seal(&mut self, flags: u8, body: &[u8], out: &mut Vec<u8>);
}

/// Decrypts what comes in.
pub trait Opener: Send + std::fmt::Debug {
    /// Octets by which a frame is longer than what it carries.
    fn overhead(&self) -> u64;

    /// Replaces `out` by what the body of a frame carries and returns its flags, MORE and COMMAND as in a header.
    ///
    /// # Errors
    /// Whatever does not open ends the connection.
    fn open(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<u8, ProtocolError>;
}
