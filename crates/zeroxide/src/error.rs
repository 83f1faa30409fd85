//! What can go wrong, one small type per operation, sorted by who is to blame.

use std::{error::Error, fmt, io};
pub use zeroxide_proto::socket::GroupRefusal as GroupErrorCause;
use zeroxide_proto::{Message, SocketType, endpoint::EndpointError};

/// Why a message was not sent. The message is given back.
///
/// ```
/// use zeroxide::{Context, Push, SendErrorCause};
/// let context = Context::new();
/// let push = Push::new(&context)?;
/// let error = push.try_send("precious").unwrap_err();
/// assert_eq!(error.cause, SendErrorCause::WouldBlock);
/// assert_eq!(error.into_message(), "precious".into(), "nothing is lost, so try another way");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// The type of the socket.
    pub socket: SocketType,
    /// What was in the way.
    pub cause: SendErrorCause,
    /// The message, unchanged.
    pub message: Message,
}

/// What kept a message from being sent.
///
/// ```
/// use zeroxide::{Context, Req, SendErrorCause};
/// let context = Context::new();
/// let client = Req::new(&context)?;
/// client.connect("inproc://oracle")?;
/// client.send("question")?;
/// match client.send("another question").unwrap_err().cause {
///     SendErrorCause::WouldBlock | SendErrorCause::TimedOut => println!("busy: try later"),
///     SendErrorCause::IllegalState(advice) => println!("a mistake in this program: {advice}"),
///     other => println!("it will not get better by trying again: {other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendErrorCause {
    /// No peer, or none with room, and the call does not wait.
    WouldBlock,
    /// No peer, or none with room, until the time was over.
    TimedOut,
    /// The socket has to do something else first; the text says what.
    IllegalState(&'static str),
    /// The addressed peer is not connected.
    Unroutable,
    /// Sockets of this type do not send.
    NotSupported,
    /// The message does not have the form this socket type asks for; the text says which.
    Invalid(&'static str),
    /// The message has several frames, and sockets of this type send one.
    Multipart,
    /// The body is longer than the octets that fit into a datagram: so many.
    Oversized(usize),
    /// The context was shut down.
    Terminated,
    /// The socket was closed.
    Closed,
    /// A signal handler ran while the call waited. Only doors that promise this to their users (the C API) meet it.
    Interrupted,
}

/// Why no message was received.
///
/// ```
/// use zeroxide::{Context, Pull, RecvErrorCause, SocketType};
/// let context = Context::new();
/// let pull = Pull::new(&context)?;
/// let error = pull.try_recv().unwrap_err();
/// assert_eq!((error.socket, error.cause), (SocketType::Pull, RecvErrorCause::WouldBlock));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecvError {
    /// The type of the socket.
    pub socket: SocketType,
    /// What was in the way.
    pub cause: RecvErrorCause,
}

/// What kept a message from being received.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::{Context, Pull, RecvErrorCause};
/// let context = Context::new();
/// let pull = Pull::new(&context)?;
/// pull.bind("tcp://127.0.0.1:*")?;
/// loop {
///     match pull.recv_timeout(Duration::from_millis(1)) {
///         Ok(message) => println!("{message}"),
///         // Time to look at something else.
///         Err(error) if error.cause == RecvErrorCause::TimedOut => context.terminate(),
///         Err(error) => {
///             assert_eq!(error.cause, RecvErrorCause::Terminated);
///             break;
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecvErrorCause {
    /// Nothing is there, and the call does not wait.
    WouldBlock,
    /// Nothing came until the time was over.
    TimedOut,
    /// The socket has to do something else first; the text says what.
    IllegalState(&'static str),
    /// Sockets of this type do not receive.
    NotSupported,
    /// The context was shut down.
    Terminated,
    /// The socket was closed.
    Closed,
    /// A signal handler ran while the call waited. Only doors that promise this to their users (the C API) meet it.
    Interrupted,
}

/// Why an endpoint could not be bound, connected, unbound or disconnected.
///
/// ```
/// use zeroxide::{Context, EndpointCause, Rep};
/// let context = Context::new();
/// let (first, second) = (Rep::new(&context)?, Rep::new(&context)?);
/// let endpoint = first.bind("tcp://127.0.0.1:*")?;
/// let failure = second.bind(&endpoint).unwrap_err();
/// assert!(matches!(failure.cause, EndpointCause::InUse));
/// assert_eq!(failure.to_string(), format!("REP socket, endpoint \"{endpoint}\": the address is in use"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EndpointFailure {
    /// The type of the socket.
    pub socket: SocketType,
    /// The endpoint as it was given.
    pub endpoint: String,
    /// What was in the way.
    pub cause: EndpointCause,
}

/// What was wrong with an endpoint operation.
///
/// ```
/// use zeroxide::{Context, EndpointCause, EndpointError, Req};
/// let context = Context::new();
/// let client = Req::new(&context)?;
/// let cause = |endpoint: &str| client.connect(endpoint).unwrap_err().cause;
/// assert!(matches!(cause("localhost:5555"), EndpointCause::Malformed(EndpointError::NoTransport)));
/// assert!(matches!(client.disconnect("tcp://localhost:5555").unwrap_err().cause, EndpointCause::NotFound));
/// context.terminate();
/// assert!(matches!(cause("tcp://localhost:5555"), EndpointCause::Terminated));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum EndpointCause {
    /// The text is no endpoint.
    Malformed(EndpointError),
    /// The operating system refused.
    System(io::Error),
    /// Another socket of this context, or another process, has it.
    InUse,
    /// Without a mechanism, whoever can reach this address could connect: set one, such as
    /// [`set_curve_server`](crate::Handle::set_curve_server), or bind a loopback address, or say that it is meant by
    /// [`set_open_to_network`](crate::Handle::set_open_to_network).
    OpenToNetwork,
    /// The socket never bound or connected it.
    NotFound,
    /// An option does not fit; the text says which.
    Option(&'static str),
    /// Sockets of this type do not use the endpoint's transport so, or cannot be asked this.
    NotForThisType,
    /// The peer's socket type, known at once over inproc, cannot talk to this one.
    Incompatible(SocketType),
    /// The context has no I/O thread, so only inproc works.
    NoIoThread,
    /// The context was shut down.
    Terminated,
    /// The socket was closed.
    Closed,
}

/// Why a group was not joined or left. Nothing has changed.
///
/// ```
/// # let context = zeroxide::Context::new();
/// use zeroxide::{Dish, GroupErrorCause};
/// let dish = Dish::new(&context)?;
/// dish.join("TV")?;
/// let refused = dish.join("TV").map_err(|error| error.cause);
/// assert_eq!(refused, Err(GroupErrorCause::AlreadyJoined));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupError {
    /// The type of the socket.
    pub socket: SocketType,
    /// What was in the way.
    pub cause: GroupErrorCause,
}

/// Why a socket could not be made.
///
/// ```
/// use zeroxide::{Context, Pub, SocketError};
/// let context = Context::new();
/// context.terminate();
/// assert_eq!(Pub::new(&context).unwrap_err(), SocketError::Terminated);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketError {
    /// The context was shut down.
    Terminated,
    /// The context has as many open sockets as it may have, which is this many.
    TooMany(usize),
}

/// Why an option was refused.
///
/// ```
/// use zeroxide::{Context, Push};
/// let context = Context::new();
/// let push = Push::new(&context)?;
/// let error = push.set_req_relaxed(true).unwrap_err();
/// assert_eq!(error.option, "ZMQ_REQ_RELAXED");
/// assert_eq!(
///     error.to_string(),
///     "PUSH socket, option ZMQ_REQ_RELAXED: sockets of this type have no use for it"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionError {
    /// The type of the socket.
    pub socket: SocketType,
    /// The option, by its libzmq name where it has one.
    pub option: &'static str,
    /// What was in the way.
    pub cause: OptionErrorCause,
}

/// What kept an option from being changed. Nothing was changed.
///
/// ```
/// use zeroxide::{Context, OptionErrorCause, Push};
/// let context = Context::new();
/// let push = Push::new(&context)?;
/// match push.set_send_high_water_mark(Some(0)).unwrap_err().cause {
///     OptionErrorCause::Invalid(advice) => assert!(advice.starts_with("a limit of 0 lets nothing through")),
///     other => unreachable!("{other:?}"),
/// }
/// assert_eq!(push.send_high_water_mark(), Some(1000), "nothing was changed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionErrorCause {
    /// Sockets of this type have no use for it.
    NotForThisType,
    /// No socket can honour this value; the text says what it must be.
    Invalid(&'static str),
    /// Another option has to be set first; the text says which.
    IllegalState(&'static str),
}

/// Why a proxy ended without being told to.
///
/// ```
/// use zeroxide::{Context, ProxyError, Pull, SocketType, proxy};
/// let context = Context::new();
/// let (one, other) = (Pull::new(&context)?, Pull::new(&context)?);
/// let refused = proxy(&one, &other).unwrap_err();
/// assert_eq!(refused, ProxyError::NoDirection(SocketType::Pull, SocketType::Pull));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyError {
    /// The context was shut down.
    Terminated,
    /// A signal came; see [`Proxy::interruptible`](crate::Proxy::interruptible).
    Interrupted,
    /// The two sockets cannot pass anything on: neither receives what the other could send.
    NoDirection(SocketType, SocketType),
    /// Sockets of this type send nothing, so they cannot capture.
    CannotCapture(SocketType),
    /// Sockets of this type receive nothing, so they cannot control.
    CannotControl(SocketType),
}

impl SendError {
    /// Takes the message back.
    pub fn into_message(self) -> Message {
        self.message
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} socket cannot send: {}", self.socket, self.cause)
    }
}

impl fmt::Display for SendErrorCause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Oversized(limit) => return write!(out, "a datagram holds {limit} octets of it"),
            Self::Multipart => "sockets of this type send messages of one frame",
            Self::WouldBlock => "no peer has room now",
            Self::TimedOut => "no peer had room in time",
            Self::IllegalState(advice) | Self::Invalid(advice) => advice,
            Self::Unroutable => "the addressed peer is not connected",
            Self::NotSupported => "sockets of this type only receive",
            Self::Terminated => "the context was shut down",
            Self::Closed => "the socket was closed",
            Self::Interrupted => "a signal came",
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} socket cannot receive: {}", self.socket, self.cause)
    }
}

impl fmt::Display for RecvErrorCause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::WouldBlock => "no message is there now",
            Self::TimedOut => "no message came in time",
            Self::IllegalState(advice) => advice,
            Self::NotSupported => "sockets of this type only send",
            Self::Terminated => "the context was shut down",
            Self::Closed => "the socket was closed",
            Self::Interrupted => "a signal came",
        })
    }
}

impl fmt::Display for EndpointFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} socket, endpoint \"{}\": {}", self.socket, self.endpoint, self.cause)
    }
}

impl fmt::Display for EndpointCause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(out),
            Self::System(error) => error.fmt(out),
            Self::InUse => out.write_str("the address is in use"),
            Self::OpenToNetwork => out.write_str(
                "whoever reaches it could connect: set a mechanism, bind a loopback address, or set_open_to_network(true)",
            ),
            Self::NotFound => out.write_str("this socket neither bound nor connected it"),
            Self::Option(reason) => out.write_str(reason),
            Self::NotForThisType => out.write_str("sockets of this type do not do that"),
            Self::Incompatible(kind) => write!(out, "a {kind} socket is at the other end"),
            Self::NoIoThread => out.write_str("the context has no I/O thread, only inproc works"),
            Self::Terminated => out.write_str("the context was shut down"),
            Self::Closed => out.write_str("the socket was closed"),
        }
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminated => out.write_str("the context was shut down"),
            Self::TooMany(limit) => write!(out, "the context already has {limit} open sockets"),
        }
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} socket, group: {}", self.socket, self.cause)
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} socket, option {}: {}", self.socket, self.option, self.cause)
    }
}

impl fmt::Display for OptionErrorCause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotForThisType => "sockets of this type have no use for it",
            Self::Invalid(advice) | Self::IllegalState(advice) => advice,
        })
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminated => out.write_str("the context was shut down"),
            Self::Interrupted => out.write_str("a signal came"),
            Self::NoDirection(front, back) => {
                write!(out, "a proxy between {front} and {back}: neither receives what the other could send")
            }
            Self::CannotCapture(kind) => write!(out, "{kind} sockets send nothing, so they cannot capture"),
            Self::CannotControl(kind) => {
                write!(out, "{kind} sockets receive nothing, so they cannot control")
            }
        }
    }
}

impl Error for SendError {}
impl Error for ProxyError {}
impl Error for RecvError {}
impl Error for SocketError {}
impl Error for OptionError {}
impl Error for GroupError {}
impl Error for EndpointFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            EndpointCause::System(error) => Some(error),
            _ => None,
        }
    }
}
