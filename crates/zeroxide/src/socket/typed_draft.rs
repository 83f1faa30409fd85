//! The types whose API is a draft in libzmq: messages have one frame, and any number of threads may use a socket.

use super::{
    typed::sockets,
    verbs::{
        broadcasts, connects_peers, joins, joins_for_sure, numbers_peers, receives, sends, sinks, streams,
    },
};
use crate::{
    blocking::Patience,
    context::Context,
    error::{EndpointFailure, GroupError, RecvError, SendError, SocketError},
    future::{RecvFromFuture, RecvFuture, SendFuture},
    origin::Origin,
    socket::{Handle, Socket, core::Core},
    stream::{MessageSink, MessageStream},
};
use std::{ops::Deref, time::Duration};
use zeroxide_proto::{Frame, Message, RoutingId, SocketType};

sockets! {
    /// Asks: sends messages of one frame to the connected [`Server`]s in turn, receives from all. See RFC 41.
    ///
    /// As [`Dealer`](crate::Dealer), for messages of one frame:
    /// [`Multipart`](crate::SendErrorCause::Multipart) is the answer to any other.
    Client: sends receives streams sinks;

    /// Answers [`Client`]s, which it knows by number: the [`routing_id`](Message::routing_id) of a message that came from
    /// one. See RFC 41.
    ///
    /// Nothing is dropped: sending to a full client waits, and to one that is gone is
    /// [`Unroutable`](crate::SendErrorCause::Unroutable).
    ///
    /// ```
    /// use zeroxide::{Client, Context, Server};
    /// let context = Context::new();
    /// let (server, client) = (Server::new(&context)?, Client::new(&context)?);
    /// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
    /// client.send("how much?")?;
    /// let question = server.recv()?;
    /// if let Some(asker) = question.routing_id() {
    ///     server.send_to(asker, "42")?;
    /// }
    /// assert_eq!(client.recv()?, "42".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Server: sends receives streams sinks numbers_peers;

    /// Broadcasts messages of one frame to groups: every [`Dish`] that joined the [`group`](Message::group) of a message
    /// gets it. See RFC 48. A message without a group is for the group of no octets.
    ///
    /// Never waits: a DISH whose queue is full misses messages, and each miss is counted.
    Radio: sends sinks broadcasts;

    /// Listens to groups of [`Radio`]s. Receives nothing before [`join`](Dish::join). See RFC 48.
    Dish: receives streams joins joins_for_sure;

    /// Hands out messages of one frame to the connected [`Gather`]s in turn; waits while all of them are full. See RFC 49.
    Scatter: sends sinks;

    /// Takes what is scattered, from all connected [`Scatter`]s in turn. See RFC 49.
    Gather: receives streams;

    /// Talks to other PEERs, which it knows by number, and may speak first to those it connected to. See RFC 51.
    ///
    /// Nothing is dropped: sending to a full peer waits, and to one that is gone is
    /// [`Unroutable`](crate::SendErrorCause::Unroutable).
    Peer: sends receives streams sinks numbers_peers connects_peers;

    /// Talks to exactly one CHANNEL, both ways, in messages of one frame. See RFC 52.
    Channel: sends receives streams sinks;

    /// Sends and receives plain UDP datagrams: a message is the address of the other side, `1.2.3.4:5` or `[v6]:5`, and
    /// the octets. Binds one `udp://` endpoint, connects to none.
    ///
    /// As UDP has it, datagrams may be lost: each one that this side lost is counted. What no datagram holds is
    /// [`Oversized`](crate::SendErrorCause::Oversized).
    ///
    /// ```
    /// use zeroxide::{Context, Dgram};
    /// let context = Context::new();
    /// let dgram = Dgram::new(&context)?;
    /// let at = dgram.bind("udp://127.0.0.1:*")?;
    /// let stranger = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// stranger.send_to(b"ping", at.trim_start_matches("udp://"))?;
    /// let message = dgram.recv()?;
    /// assert_eq!(&message[1], "ping");
    /// dgram.send([&message[0][..], b"pong"])?;
    /// let mut answer = [0; 10];
    /// assert_eq!(stranger.recv(&mut answer)?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Dgram: sends receives streams sinks;
}
