//! Peers that have a number here.

macro_rules! numbers_peers {
    ($name:ident) => {
        impl $name {
            /// Sends a message of one frame to the peer with this number: the [`routing_id`](crate::Message::routing_id)
            /// of a message it sent. Waits for room as long as [`set_send_timeout`](Handle::set_send_timeout) says.
            ///
            /// # Errors
            /// As `send` of [`Message::routed`](crate::Message::routed);
            /// [`Unroutable`](crate::SendErrorCause::Unroutable) if there is no such peer, or no more.
            pub fn send_to(&self, to: RoutingId, body: impl Into<Frame>) -> Result<(), SendError> {
                self.send_payload(Message::routed(to, body).into())
            }

            /// Ends the connection of the peer with this number, once what is queued for it is written. False if there is
            /// no such peer.
            ///
            /// A connection that this socket made is made again, as after any loss; use
            /// [`disconnect`](Handle::disconnect) to end it for good.
            pub fn disconnect_number(&self, number: RoutingId) -> bool {
                self.close_numbered(number)
            }
        }
    };
}

macro_rules! connects_peers {
    ($name:ident) => {
        impl $name {
            /// Connects as [`connect`](Handle::connect), and says by which number the peer is known here: messages can be
            /// sent to it at once, and wait for the connection.
            ///
            /// ```
            /// use zeroxide::{Context, Peer};
            /// let context = Context::new();
            /// let (ann, bob) = (Peer::new(&context)?, Peer::new(&context)?);
            /// let to_bob = ann.connect_peer(&bob.bind("tcp://127.0.0.1:*")?)?;
            /// ann.send_to(to_bob, "hello, bob")?;
            /// let hello = bob.recv()?;
            /// if let Some(to_ann) = hello.routing_id() {
            ///     bob.send_to(to_ann, "hello, ann")?;
            /// }
            /// assert_eq!(ann.recv()?.routing_id(), Some(to_bob));
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As [`connect`](Handle::connect); [`NotForThisType`](crate::EndpointCause::NotForThisType) on sockets that
            /// are no PEER.
            pub fn connect_peer(&self, endpoint: &str) -> Result<RoutingId, EndpointFailure> {
                self.connect_numbered(endpoint)
            }
        }
    };
}

pub(in crate::socket) use {connects_peers, numbers_peers};

use crate::{error::EndpointFailure, socket::Handle};
use zeroxide_proto::RoutingId;

impl Handle {
    pub(in crate::socket) fn close_numbered(&self, number: RoutingId) -> bool {
        let numbered = self.core.with_machine(|machine, _| machine.peer_numbered(number));
        let peer = numbered.and_then(|peer| self.core.peer(peer));
        peer.inspect(|peer| self.core.close_peer(peer)).is_some()
    }

    pub(in crate::socket) fn connect_numbered(&self, endpoint: &str) -> Result<RoutingId, EndpointFailure> {
        self.core.connect_peer(endpoint).map_err(|cause| self.failure(endpoint, cause))
    }
}
