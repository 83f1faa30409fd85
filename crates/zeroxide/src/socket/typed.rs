//! One type a socket type: what a socket cannot do, its type does not have.

use super::verbs::{
    names_peers, publishes, publishes_by_hand, receives, sends, sinks, streams, subscribes,
    subscribes_for_sure,
};
use crate::{
    blocking::Patience,
    context::Context,
    error::{OptionError, RecvError, SendError, SocketError},
    future::{RecvFromFuture, RecvFuture, SendFuture},
    origin::Origin,
    socket::{Handle, Socket, core::Core},
    stream::{MessageSink, MessageStream},
};
use std::{ops::Deref, time::Duration};
use zeroxide_proto::{Message, SocketType};

macro_rules! sockets {
    ($($(#[$doc:meta])* $name:ident: $($verb:ident)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Handle);

        impl $name {
            /// A new socket of this type.
            ///
            /// # Errors
            /// The context was shut down, or has as many sockets as it may have.
            pub fn new(context: &Context) -> Result<Self, SocketError> {
                Handle::new(context, SocketType::$name).map(Self)
            }
        }

        impl Deref for $name {
            type Target = Handle;
            fn deref(&self) -> &Handle {
                &self.0
            }
        }

        impl From<$name> for Socket {
            fn from(typed: $name) -> Self {
                Self::of(typed.0)
            }
        }

        impl TryFrom<Socket> for $name {
            type Error = Socket;
            fn try_from(socket: Socket) -> Result<Self, Socket> {
                if socket.socket_type() == SocketType::$name { Ok(Self(socket.into_handle())) } else { Err(socket) }
            }
        }

        $($verb!($name);)*
    )*};
}

sockets! {
    /// Asks: sends a request, then receives its reply. See RFC 28.
    ///
    /// Requests go to the connected peers in turn. Sending twice, or receiving first, is an error
    /// ([`SendErrorCause::IllegalState`]) unless [`set_req_relaxed`](Handle::set_req_relaxed) allows it.
    Req: sends receives;

    /// Answers: receives a request, then sends its reply to whoever asked. See RFC 28.
    ///
    /// A reply to a peer that is gone is dropped and counted.
    Rep: sends receives;

    /// Asks many at once: sends to the connected peers in turn, receives from all. See RFC 28.
    Dealer: sends receives streams sinks;

    /// Talks to each peer by name: the first frame of a received message is the peer's routing id, and the first frame
    /// of a sent one says where it goes. See RFC 28.
    ///
    /// What is sent to an unknown or full peer is dropped and counted, unless
    /// [`set_router_mandatory`](Handle::set_router_mandatory) makes it an error.
    Router: sends receives streams sinks names_peers;

    /// Publishes: every subscriber gets the messages whose first frame begins with a topic it asked for. See RFC 29.
    ///
    /// Never waits: a subscriber whose queue is full misses messages, and each miss is counted.
    Pub: sends publishes sinks;

    /// Subscribes to publishers. Receives nothing before [`subscribe`](Sub::subscribe). See RFC 29.
    Sub: receives subscribes subscribes_for_sure streams;

    /// Publishes as [`Pub`], and receives subscriptions as messages: `1` or `0` followed by the topic. See RFC 29.
    Xpub: sends receives streams sinks publishes publishes_by_hand;

    /// Subscribes as [`Sub`], by sending messages: `1` or `0` followed by the topic. Filters nothing. See RFC 29.
    Xsub: sends receives streams sinks;

    /// Hands out work to the connected peers in turn; waits while all of them are full. See RFC 30.
    Push: sends sinks;

    /// Takes work from all connected peers in turn. See RFC 30.
    Pull: receives streams;

    /// Talks to exactly one peer, both ways. See RFC 31.
    Pair: sends receives streams sinks;

    /// Talks to plain TCP peers: messages are a connection's routing id and the octets.
    Stream: sends receives streams sinks names_peers;
}
