//! Peers that have a name here.

macro_rules! names_peers {
    ($name:ident) => {
        impl $name {
            /// Ends the connection of the peer with this routing id, once what is queued for it is written. False if there is
            /// no such peer.
            ///
            /// A connection that this socket made is made again, as after any loss; use
            /// [`disconnect`](Handle::disconnect) to end it for good.
            ///
            /// ```
            /// # use std::time::Duration;
            /// use zeroxide::{Context, Dealer, Router};
            /// let context = Context::new();
            /// let (router, dealer) = (Router::new(&context)?, Dealer::new(&context)?);
            /// dealer.set_routing_id("noisy")?;
            /// dealer.set_reconnect_interval(None)?;
            /// dealer.connect(&router.bind("tcp://127.0.0.1:*")?)?;
            /// assert!(router.wait_connected(1, Duration::from_secs(30)));
            /// assert!(router.disconnect_peer("noisy"));
            /// assert!(!router.disconnect_peer("nobody"));
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn disconnect_peer(&self, routing_id: impl AsRef<[u8]>) -> bool {
                let named = self.core.with_machine(|machine, _| machine.peer_named(routing_id.as_ref()));
                let peer = named.and_then(|peer| self.core.peer(peer));
                peer.inspect(|peer| self.core.close_peer(peer)).is_some()
            }
        }
    };
}

pub(in crate::socket) use names_peers;
