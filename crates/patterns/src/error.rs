//! What can go wrong.

use crate::binary_star::StarFault;
use std::{error::Error, fmt, time::Duration};
use zeroxide::{EndpointFailure, OptionError, PollError, RecvError, SendError, SocketError};

/// A socket could not do what the pattern needs.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::{PatternError, majordomo::{Client, ClientOptions}};
/// let failure = Client::new(&Context::new(), &["nowhere"], ClientOptions::default()).unwrap_err();
/// assert!(matches!(failure, PatternError::Endpoint(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PatternError {
    /// No socket could be opened.
    Socket(SocketError),
    /// An endpoint could not be bound or connected.
    Endpoint(EndpointFailure),
    /// A socket does not take an option.
    Option(OptionError),
    /// Nothing can be sent any more: the context was shut down.
    Send(Box<SendError>),
    /// Nothing can be received any more: the context was shut down.
    Receive(RecvError),
    /// The sockets could not be waited for.
    Poll(PollError),
    /// No endpoint was given to connect to.
    NoEndpoint,
    /// A service has a name of 1 to 255 octets.
    Service,
    /// An answer in parts needs MDP 0.2.
    NoParts,
    /// No thread could be started.
    Thread(std::io::Error),
    /// Two servers cannot be a pair.
    Star(StarFault),
}

/// A call got no answer.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::Context;
/// use zeroxide_patterns::{CallError, majordomo::{Client, ClientOptions}};
/// // Nobody is there, and nothing is tried twice.
/// let options = ClientOptions { timeout: Duration::from_millis(10), tries: 1, ..ClientOptions::default() };
/// let mut client = Client::new(&Context::new(), &["inproc://nobody"], options)?;
/// assert!(matches!(client.call("echo", "hi"), Err(CallError::NoAnswer { tries: 1, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// No answer came, however often the request was sent.
    NoAnswer {
        /// How often it was sent.
        tries: u32,
        /// How long each try was waited for.
        timeout: Duration,
    },
    /// An answer began and did not go on. It was not asked for again, since a part of it has been delivered.
    Broken,
    /// Too many requests have no answer yet.
    Full,
    /// The service does not return the stamp of a request: it may act twice.
    Unstamped,
    /// What the call was made with cannot be sent.
    Pattern(PatternError),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => error.fmt(f),
            Self::Endpoint(error) => error.fmt(f),
            Self::Option(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Receive(error) => error.fmt(f),
            Self::Poll(error) => error.fmt(f),
            Self::NoEndpoint => f.write_str("no endpoint was given"),
            Self::Service => f.write_str("the name of a service has 1 to 255 octets"),
            Self::NoParts => f.write_str("an answer in parts needs MDP 0.2"),
            Self::Thread(error) => error.fmt(f),
            Self::Star(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer { tries, timeout } => {
                write!(f, "no answer, though asked {tries} times for {timeout:?} each")
            }
            Self::Broken => f.write_str("the answer began and did not go on"),
            Self::Full => f.write_str("too many requests have no answer yet"),
            Self::Unstamped => f.write_str("the service does not return stamps"),
            Self::Pattern(error) => error.fmt(f),
        }
    }
}

impl Error for PatternError {}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Pattern(error) => Some(error),
            Self::NoAnswer { .. } | Self::Broken | Self::Full | Self::Unstamped => None,
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),*) => {$(
        impl From<$error> for PatternError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}
from!(SocketError => Socket, EndpointFailure => Endpoint, OptionError => Option, RecvError => Receive, PollError => Poll,
    StarFault => Star);

impl From<SendError> for PatternError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

impl<E: Into<PatternError>> From<E> for CallError {
    fn from(error: E) -> Self {
        Self::Pattern(error.into())
    }
}
