//! The socket whose type is a value.

use super::verbs::{connects_peers, joins, names_peers, publishes, receives, sends, sinks, streams};
use crate::{
    blocking::Patience,
    context::Context,
    error::{EndpointFailure, GroupError, OptionError, RecvError, SendError, SocketError},
    future::{RecvFromFuture, RecvFuture, SendFuture},
    origin::Origin,
    socket::{Handle, core::Core},
    stream::{MessageSink, MessageStream},
};
use std::{ops::Deref, time::Duration};
use zeroxide_proto::{Message, RoutingId, SocketType};

/// A socket whose type is known at run time only. Verbs that its type does not have return an error.
///
/// ```
/// use zeroxide::{Context, Pull, Push, RecvErrorCause, Socket, SocketType};
/// let context = Context::new();
/// let from_configuration = SocketType::from_name(b"PUSH").ok_or("no such type")?;
/// let socket = Socket::new(&context, from_configuration)?;
/// assert_eq!(socket.try_recv().unwrap_err().cause, RecvErrorCause::NotSupported);
///
/// let typed = Push::try_from(socket).map_err(|socket| format!("a {} socket", socket.socket_type()))?;
/// let untyped: Vec<Socket> = vec![typed.into(), Pull::new(&context)?.into()];
/// assert_eq!(untyped[1].socket_type(), SocketType::Pull);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Socket(Handle);

impl Socket {
    /// A new socket.
    ///
    /// # Errors
    /// The context was shut down, or has as many sockets as it may have.
    pub fn new(context: &Context, kind: SocketType) -> Result<Self, SocketError> {
        Handle::new(context, kind).map(Self)
    }

    /// Receives from now on what begins with `topic` (SUB), or lets the peer whose subscription was received last have it
    /// (XPUB with [`set_xpub_manual`](Handle::set_xpub_manual)).
    ///
    /// # Errors
    /// On sockets of the other types, on an XPUB without that option, and where all topics together exceed 1 GiB. An XSUB
    /// subscribes by sending.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.change_subscription(true, topic.as_ref())
    }

    /// Takes one subscription back (SUB), or all copies of one that such a peer has (XPUB).
    ///
    /// # Errors
    /// On sockets of the other types, and on an XPUB without that option.
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.change_subscription(false, topic.as_ref())
    }

    /// Ends the connection of the peer with this number (SERVER, PEER), once what is queued for it is written. False if
    /// there is no such peer.
    pub fn disconnect_number(&self, number: RoutingId) -> bool {
        self.close_numbered(number)
    }

    pub(super) fn of(handle: Handle) -> Self {
        Self(handle)
    }

    pub(super) fn into_handle(self) -> Handle {
        self.0
    }
}

impl Deref for Socket {
    type Target = Handle;
    fn deref(&self) -> &Handle {
        &self.0
    }
}

sends!(Socket);
receives!(Socket);
streams!(Socket);
sinks!(Socket);
publishes!(Socket);
names_peers!(Socket);
joins!(Socket);
connects_peers!(Socket);
