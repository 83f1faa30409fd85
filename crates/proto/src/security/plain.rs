//! PLAIN: user and password in the clear (RFC 24; zmtp.md section 8).
//!
//! ```text
//! client                                        server
//!   HELLO  ulen user plen password   ------->   asks about them
//!                                    <-------   WELCOME
//!   INITIATE  metadata               ------->
//!                                    <-------   READY  metadata
//! ```
//! A server says ERROR instead of WELCOME to whom it does not let in.

use super::{Agreement, Credentials, OwnMetadata, Password, Step, question};
use crate::{
    connection::{HandshakeCommand, HandshakeError},
    wire::{Command, metadata},
};
use std::sync::Arc;
use zeroize::Zeroize;

/// The longest HELLO: its name, and two texts of 255 octets with their lengths.
pub(super) const HELLO_MAX: u64 = 6 + 2 * 256;

/// What a client says of itself. Of texts longer than 255 octets only the beginning travels.
///
/// ```
/// use std::sync::Arc;
/// use zeroxide_proto::{Options, Settings, SocketType, security::{PlainClient, Security}};
/// let client = PlainClient { username: b"admin".to_vec(), password: "open sesame".into() };
/// let mut settings = Settings::new(SocketType::Req, &Options::default());
/// settings.security = Security::PlainClient(Arc::new(client));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlainClient {
    /// User.
    pub username: Vec<u8>,
    /// Password.
    pub password: Password,
}

/// A client on its way.
#[derive(Debug)]
pub(crate) enum Client {
    Welcome(Arc<PlainClient>),
    Ready,
}

/// A server on its way.
#[derive(Debug)]
pub(crate) enum Server {
    Hello,
    Initiate,
}

impl Client {
    pub(crate) fn start(&mut self, out: &mut Vec<u8>) -> Step {
        if let Self::Welcome(client) = self {
            let mut data = Vec::with_capacity(512);
            for text in [&client.username[..], client.password.as_bytes()] {
                let text = text.get(..usize::from(u8::MAX)).unwrap_or(text);
                data.push(text.len() as u8);
                data.extend_from_slice(text);
            }
            Command::Unknown { name: b"HELLO", data: &data }.write(out);
            data.zeroize();
        }
        Step::Continue
    }

    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match (&self, command) {
            (Self::Welcome(_), Command::Unknown { name: b"WELCOME", data }) => {
                if !data.is_empty() {
                    return Err(HandshakeError::Malformed(HandshakeCommand::Welcome)); // R7
                }
                Command::Unknown { name: b"INITIATE", data: &own() }.write(out);
                *self = Self::Ready;
                Ok(Step::Continue)
            }
            (Self::Ready, Command::Ready(data)) => {
                let metadata = metadata::parse(data).map_err(HandshakeError::Metadata)?;
                Ok(Step::Done(Agreement { metadata, stages: None }))
            }
            (_, Command::Error(data)) => Err(HandshakeError::refused(data)),
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }
}

impl Server {
    pub(crate) fn receive(
        &mut self,
        command: Command<'_>,
        own: OwnMetadata<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Step, HandshakeError> {
        match (&self, command) {
            (Self::Hello, Command::Unknown { name: b"HELLO", data }) => {
                let credentials =
                    credentials(data).ok_or(HandshakeError::Malformed(HandshakeCommand::Hello))?;
                *self = Self::Initiate;
                Ok(question(credentials))
            }
            (Self::Initiate, Command::Unknown { name: b"INITIATE", data }) => {
                let metadata = metadata::parse(data).map_err(HandshakeError::Metadata)?;
                Command::Ready(&own()).write(out);
                Ok(Step::Done(Agreement { metadata, stages: None }))
            }
            _ => Err(HandshakeError::UnexpectedCommand), // R7
        }
    }

    pub(crate) fn approved(&mut self, out: &mut Vec<u8>) -> Step {
        Command::Unknown { name: b"WELCOME", data: b"" }.write(out);
        Step::Continue
    }
}

/// What libzmq 4.3 writes for ERROR: in its source the length of the name, 5, and the E behind it run together to one
/// octet, 5E. Its client knows no other spelling, and takes a proper ERROR for an unexpected command.
const ERROR_OF_LIBZMQ: &[u8] = b"\x5eRROR";

/// The refusal in an ERROR as libzmq spells it.
pub(super) fn misspelt_error(body: &[u8]) -> Option<HandshakeError> {
    body.strip_prefix(ERROR_OF_LIBZMQ).map(HandshakeError::refused)
}

/// User and password, with nothing behind them.
fn credentials(data: &[u8]) -> Option<Credentials> {
    let (username, rest) = text(data)?;
    let (password, rest) = text(rest)?;
    if !rest.is_empty() {
        return None; // R7
    }
    Some(Credentials::Plain { username: username.to_vec(), password: password.into() })
}

fn text(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = data.split_first()?;
    rest.split_at_checked(length.into()) // R7
}
