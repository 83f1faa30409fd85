//! One type a socket type: what a socket cannot do, its type does not have.
//!
//! The verbs are the same everywhere: `send`/`recv` wait as long as the socket's timeout options say, `try_*` never wait,
//! `*_timeout` wait at most so long, `*_async` give a future for any executor.

use crate::{
    blocking::Patience,
    context::Context,
    error::{
        OptionError, OptionErrorCause, RecvError, RecvErrorCause, SendError, SendErrorCause, SocketError,
    },
    future::{RecvFuture, SendFuture},
    origin::Origin,
    socket::{Handle, core::Core},
    stream::{MessageSink, MessageStream},
};
use std::{ops::Deref, time::Duration};
use zeroxide_proto::{
    Machine, Message, SocketType,
    socket::{Effect, Refusal},
};

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
                Self(typed.0)
            }
        }

        impl TryFrom<Socket> for $name {
            type Error = Socket;
            fn try_from(socket: Socket) -> Result<Self, Socket> {
                if socket.socket_type() == SocketType::$name { Ok(Self(socket.0)) } else { Err(socket) }
            }
        }

        $($verb!($name);)*
    )*};
}

macro_rules! sends {
    ($name:ident) => {
        impl $name {
            /// Sends a message: all its frames or none. Waits for room as long as
            /// [`set_send_timeout`](Handle::set_send_timeout) says.
            ///
            /// # Errors
            /// The message comes back in the error, unchanged.
            #[inline]
            pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
                self.send_message(message.into())
            }

            /// Sends a message if that needs no waiting.
            ///
            /// # Errors
            /// As [`send`](Self::send); [`SendErrorCause::WouldBlock`] if there is no peer with room.
            pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
                self.core.try_send(message.into())
            }

            /// Sends a message, waiting for room at most this long.
            ///
            /// # Errors
            /// As [`send`](Self::send); [`SendErrorCause::TimedOut`] if there was no room in time.
            pub fn send_timeout(
                &self,
                message: impl Into<Message>,
                timeout: Duration,
            ) -> Result<(), SendError> {
                timed_out_send(self.core.send(message.into(), Patience::from_timeout(Some(timeout))))
            }

            /// Sends a message without blocking a thread, however long that takes.
            ///
            /// # Cancel safety
            /// Dropping the future before it is done sends nothing.
            pub fn send_async(&self, message: impl Into<Message>) -> SendFuture<'_> {
                SendFuture::new(&self.core, message.into())
            }
        }
    };
}

macro_rules! receives {
    ($name:ident) => {
        impl $name {
            /// Receives a message, with all its frames. Waits as long as
            /// [`set_receive_timeout`](Handle::set_receive_timeout) says.
            #[inline]
            pub fn recv(&self) -> Result<Message, RecvError> {
                self.recv_message()
            }

            /// Receives a message if one is there.
            ///
            /// # Errors
            /// As [`recv`](Self::recv); [`RecvErrorCause::WouldBlock`] if none is there.
            pub fn try_recv(&self) -> Result<Message, RecvError> {
                self.core.try_recv()
            }

            /// Receives a message, waiting at most this long.
            ///
            /// # Errors
            /// As [`recv`](Self::recv); [`RecvErrorCause::TimedOut`] if none came in time.
            pub fn recv_timeout(&self, timeout: Duration) -> Result<Message, RecvError> {
                let received = self.core.recv(Patience::from_timeout(Some(timeout)));
                timed_out_recv(received)
            }

            /// Receives a message as [`recv`](Self::recv), and says where it came from.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn recv_from(&self) -> Result<(Message, Origin), RecvError> {
                let patience = Patience::from_timeout(self.core.options.lock().receive_timeout);
                self.core.recv_by(patience, Core::try_recv_from)
            }

            /// Receives a message if one is there, and says where it came from.
            ///
            /// # Errors
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_from(&self) -> Result<(Message, Origin), RecvError> {
                self.core.try_recv_from()
            }

            /// Receives a message without blocking a thread.
            ///
            /// # Cancel safety
            /// Dropping the future loses no message.
            pub fn recv_async(&self) -> RecvFuture<'_> {
                RecvFuture::new(&self.core)
            }
        }
    };
}

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
            /// assert!(router.wait_connected(1, Duration::from_secs(5)));
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

macro_rules! streams {
    ($name:ident) => {
        impl $name {
            /// What this socket receives, as a `Stream`.
            pub fn stream(&self) -> MessageStream<'_> {
                MessageStream::new(&self.core)
            }
        }
    };
}

macro_rules! sinks {
    ($name:ident) => {
        impl $name {
            /// What this socket is to send, as a `Sink`.
            pub fn sink(&self) -> MessageSink<'_> {
                MessageSink::new(&self.core)
            }
        }
    };
}

macro_rules! subscribes {
    ($name:ident) => {
        impl $name {
            /// Receives from now on what begins with `topic`; the empty topic is everything. Subscribing twice needs
            /// unsubscribing twice.
            pub fn subscribe(&self, topic: impl AsRef<[u8]>) {
                let _ = self.core.with_machine(|machine, effects| machine.subscribe(topic.as_ref(), effects));
            }

            /// Takes one subscription back.
            pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) {
                let _ =
                    self.core.with_machine(|machine, effects| machine.unsubscribe(topic.as_ref(), effects));
            }
        }
    };
}

macro_rules! subscribes_for_sure {
    ($name:ident) => {
        impl $name {
            /// Subscribes as [`subscribe`](Self::subscribe), and waits until every publisher knows: what they publish
            /// after this call is true is received.
            ///
            /// True when every endpoint that was connected to is up, there is at least one publisher, and all of them
            /// have read the subscription. They are asked by a PING behind it; for publishers of ZMTP 3.0 or older, which
            /// have none, it must do that the subscription was written. An XPUB in manual mode has been told, no more.
            /// libzmq answers from its I/O thread, and its socket looks at new subscriptions at most once a millisecond: of
            /// what it publishes in that time something may be missed.
            ///
            /// False if that was not so in time, or the socket ended; the subscription holds all the same. It may also
            /// come of a queue that is full because nobody receives: the answers come behind the messages.
            ///
            /// ```
            /// use std::time::Duration;
            /// # use zeroxide::{Context, Pub, Sub};
            /// # let context = Context::new();
            /// let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
            /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
            /// assert!(subscriber.subscribe_confirmed("news", Duration::from_secs(5)));
            /// publisher.send("news: no sleep was needed")?;
            /// assert_eq!(subscriber.recv()?, "news: no sleep was needed".into());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn subscribe_confirmed(&self, topic: impl AsRef<[u8]>, timeout: Duration) -> bool {
                self.subscribe(topic);
                self.core.confirm(timeout)
            }
        }
    };
}

macro_rules! publishes {
    ($name:ident) => {
        impl $name {
            /// How many peers would receive a message that begins with `topic`.
            pub fn subscribers(&self, topic: impl AsRef<[u8]>) -> usize {
                self.core.with_machine(|machine, _| machine.subscribers(topic.as_ref()))
            }

            /// Waits until at least `count` peers would receive a message that begins with `topic`: what is published
            /// then reaches them. False if `timeout` was over first, or the socket ended.
            pub fn wait_for_subscribers(
                &self,
                topic: impl AsRef<[u8]>,
                count: usize,
                timeout: Duration,
            ) -> bool {
                let topic = topic.as_ref();
                self.wait_until(timeout, || self.subscribers(topic) >= count)
            }
        }
    };
}

macro_rules! publishes_by_hand {
    ($name:ident) => {
        impl $name {
            /// Subscribes the peer whose subscription or cancellation was received last to what begins with `topic`; it
            /// need not be what the peer asked for. Does nothing if that peer is gone.
            ///
            /// ```
            /// # use zeroxide::{Context, Sub, Xpub};
            /// # let context = Context::new();
            /// let publisher = Xpub::new(&context)?;
            /// publisher.set_xpub_manual(true)?;
            /// let subscriber = Sub::new(&context)?;
            /// subscriber.connect(&publisher.bind("inproc://weather")?)?;
            /// subscriber.subscribe("rain");
            /// assert_eq!(publisher.recv()?.body(), b"\x01rain");
            /// publisher.manual_subscribe("rain.north")?;
            /// publisher.send("rain.south: 1 mm")?;
            /// publisher.send("rain.north: 3 mm")?;
            /// assert_eq!(subscriber.recv()?, "rain.north: 3 mm".into());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// libzmq: setting `ZMQ_SUBSCRIBE`.
            ///
            /// # Errors
            /// [`set_xpub_manual`](Handle::set_xpub_manual) has not been set.
            pub fn manual_subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.subscription("ZMQ_SUBSCRIBE", |machine, effects| {
                    machine.subscribe(topic.as_ref(), effects)
                })
            }

            /// Takes such a subscription back, of the peer whose subscription or cancellation was received last.
            ///
            /// libzmq: setting `ZMQ_UNSUBSCRIBE`.
            ///
            /// # Errors
            /// [`set_xpub_manual`](Handle::set_xpub_manual) has not been set.
            pub fn manual_unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.subscription("ZMQ_UNSUBSCRIBE", |machine, effects| {
                    machine.unsubscribe(topic.as_ref(), effects)
                })
            }
        }
    };
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

/// A socket whose type is known at run time only. Verbs that its type does not have return an error.
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
    /// On sockets of the other types, and on an XPUB without that option. An XSUB subscribes by sending.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.subscription("ZMQ_SUBSCRIBE", |machine, effects| machine.subscribe(topic.as_ref(), effects))
    }

    /// Takes one subscription back.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.subscription("ZMQ_UNSUBSCRIBE", |machine, effects| machine.unsubscribe(topic.as_ref(), effects))
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

impl Handle {
    fn subscription(
        &self,
        option: &'static str,
        change: impl FnOnce(&mut Machine, &mut Vec<Effect>) -> Result<(), Refusal>,
    ) -> Result<(), OptionError> {
        self.core.with_machine(change).map_err(|refusal| {
            let cause = match (self.core.kind, refusal) {
                (SocketType::Xpub, Refusal::NotSupported) => {
                    OptionErrorCause::IllegalState("set_xpub_manual first")
                }
                (_, Refusal::NotSupported) => OptionErrorCause::NotForThisType,
                _ => OptionErrorCause::Invalid("there is no room for another topic"),
            };
            OptionError { socket: self.core.kind, option, cause }
        })
    }

    #[inline]
    fn send_message(&self, message: Message) -> Result<(), SendError> {
        match self.core.try_send(message) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message, .. }) => {
                let patience = Patience::from_timeout(self.core.options.lock().send_timeout);
                self.core.send(message, patience)
            }
            done => done,
        }
    }

    #[inline]
    fn recv_message(&self) -> Result<Message, RecvError> {
        match self.core.try_recv() {
            Err(RecvError { cause: RecvErrorCause::WouldBlock, .. }) => {
                let patience = Patience::from_timeout(self.core.options.lock().receive_timeout);
                self.core.recv(patience)
            }
            done => done,
        }
    }
}

/// A wait of no time at all has timed out as well.
fn timed_out_send(result: Result<(), SendError>) -> Result<(), SendError> {
    result.map_err(|error| match error.cause {
        SendErrorCause::WouldBlock => SendError { cause: SendErrorCause::TimedOut, ..error },
        _ => error,
    })
}

fn timed_out_recv(result: Result<Message, RecvError>) -> Result<Message, RecvError> {
    result.map_err(|error| match error.cause {
        RecvErrorCause::WouldBlock => RecvError { cause: RecvErrorCause::TimedOut, ..error },
        _ => error,
    })
}
