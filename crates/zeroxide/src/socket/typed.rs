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
pub(super) use sockets;

sockets! {
    /// Asks: sends a request, then receives its reply. See RFC 28.
    ///
    /// Requests go to the connected peers in turn. Receiving before a request was sent is the error
    /// [`IllegalState`](crate::RecvErrorCause::IllegalState), and so is
    /// [sending](crate::SendErrorCause::IllegalState) a second one before the reply, unless
    /// [`set_req_relaxed`](Handle::set_req_relaxed) allows it. Where the peer that was asked goes away, no reply will come:
    /// only a relaxed REQ can ask again.
    ///
    /// ```
    /// use zeroxide::{Context, Rep, Req, SendErrorCause};
    /// # let context = Context::new();
    /// let (server, client) = (Rep::new(&context)?, Req::new(&context)?);
    /// client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
    /// client.send("2 + 2")?;
    /// let refused = client.send("3 + 3").unwrap_err();
    /// assert!(matches!(refused.cause, SendErrorCause::IllegalState(_)), "first the reply");
    /// server.recv()?;
    /// server.send("4")?;
    /// assert_eq!(client.recv()?, "4".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Req: sends receives;

    /// Answers: receives a request, then sends its reply to whoever asked. See RFC 28.
    ///
    /// A reply to a peer that is gone is dropped and counted.
    ///
    /// ```
    /// use zeroxide::{Context, Rep, Req};
    /// # let context = Context::new();
    /// let server = Rep::new(&context)?;
    /// let endpoint = server.bind("tcp://127.0.0.1:*")?;
    /// let clients = [Req::new(&context)?, Req::new(&context)?];
    /// for client in &clients {
    ///     client.connect(&endpoint)?;
    ///     client.send("who am I?")?;
    /// }
    /// for number in ["first", "second"] {
    ///     server.recv()?;
    ///     server.send(number)?; // to whoever sent what was received last
    /// }
    /// assert_ne!(clients[0].recv()?, clients[1].recv()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Rep: sends receives;

    /// Asks many at once: sends to the connected peers in turn, receives from all. See RFC 28.
    ///
    /// Sending waits while all peers are full, or nobody is there.
    ///
    /// ```
    /// use zeroxide::{Context, Dealer, Rep};
    /// # let context = Context::new();
    /// let dealer = Dealer::new(&context)?;
    /// let endpoint = dealer.bind("tcp://127.0.0.1:*")?;
    /// let workers = [Rep::new(&context)?, Rep::new(&context)?];
    /// for worker in &workers {
    ///     worker.connect(&endpoint)?;
    /// }
    /// assert!(dealer.wait_connected(2, std::time::Duration::from_secs(30)));
    /// // A REP wants an empty frame before the request, and puts it before its reply.
    /// dealer.send(["", "one"])?;
    /// dealer.send(["", "two"])?;
    /// for worker in &workers {
    ///     let request = worker.recv()?;
    ///     worker.send(request)?;
    /// }
    /// assert_eq!(dealer.recv()?.len(), 2);
    /// assert_eq!(dealer.recv()?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Dealer: sends receives streams sinks;

    /// Talks to each peer by name: the first frame of a received message is the peer's routing id, and the first frame
    /// of a sent one says where it goes. See RFC 28.
    ///
    /// What is sent to an unknown or full peer is dropped and counted, unless
    /// [`set_router_mandatory`](Handle::set_router_mandatory) makes it an error.
    ///
    /// ```
    /// use zeroxide::{Context, Dealer, Router};
    /// # let context = Context::new();
    /// let (router, dealer) = (Router::new(&context)?, Dealer::new(&context)?);
    /// dealer.set_routing_id("worker-7")?;
    /// dealer.connect(&router.bind("tcp://127.0.0.1:*")?)?;
    /// dealer.send("ready")?;
    /// assert_eq!(router.recv()?, ["worker-7", "ready"].into());
    /// router.send(["worker-7", "peel the potatoes"])?;
    /// assert_eq!(dealer.recv()?, "peel the potatoes".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Router: sends receives streams sinks names_peers;

    /// Publishes: every subscriber gets the messages whose first frame begins with a topic it asked for. See RFC 29.
    ///
    /// Never waits: a subscriber whose queue is full misses messages, and each miss is counted.
    ///
    /// ```
    /// use zeroxide::{Context, Pub, Sub};
    /// # let context = Context::new();
    /// let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
    /// subscriber.subscribe("10001")?;
    /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
    /// assert!(publisher.wait_for_subscribers("10001", 1, std::time::Duration::from_secs(30)));
    /// publisher.send("90210 31 degrees")?;
    /// publisher.send("10001 -7 degrees")?;
    /// assert_eq!(subscriber.recv()?, "10001 -7 degrees".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Pub: sends publishes sinks;

    /// Subscribes to publishers. Receives nothing before [`subscribe`](Sub::subscribe). See RFC 29.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide::{Context, Pub, Sub};
    /// # let context = Context::new();
    /// let publishers = [Pub::new(&context)?, Pub::new(&context)?];
    /// let subscriber = Sub::new(&context)?;
    /// for publisher in &publishers {
    ///     subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
    /// }
    /// assert!(subscriber.subscribe_confirmed("goal", Duration::from_secs(30))?);
    /// publishers[1].send(["goal", "1:0"])?;
    /// assert_eq!(subscriber.recv()?, ["goal", "1:0"].into());
    /// subscriber.unsubscribe("goal")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Sub: receives subscribes subscribes_for_sure streams;

    /// Publishes as [`Pub`], and receives subscriptions as messages: an octet 1 and the topic that somebody wants, or an
    /// octet 0 and the topic that nobody wants any more. See RFC 29.
    ///
    /// With [`set_xpub_manual`](Handle::set_xpub_manual) it decides itself what a subscriber gets, see
    /// [`manual_subscribe`](Xpub::manual_subscribe).
    ///
    /// They come in one order, that in which they took effect, whichever subscriber they are of.
    ///
    /// ```
    /// use zeroxide::{Context, Sub, Xpub};
    /// # let context = Context::new();
    /// let (publisher, subscriber) = (Xpub::new(&context)?, Sub::new(&context)?);
    /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
    /// subscriber.subscribe("prices")?;
    /// assert_eq!(publisher.recv()?.body(), b"\x01prices");
    /// publisher.send("prices: somebody listens, so they are worth computing")?;
    /// subscriber.unsubscribe("prices")?;
    /// assert_eq!(publisher.recv()?.body(), b"\x00prices");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Xpub: sends receives streams sinks publishes publishes_by_hand;

    /// Subscribes as [`Sub`], by sending messages: an octet 1 and the topic, or an octet 0 and the topic to take a
    /// subscription back. See RFC 29.
    ///
    /// What it receives it does not filter again, and other messages that it sends go to the publishers: with an [`Xpub`] at
    /// the other end, a broker can hand both on.
    ///
    /// Other messages go to the publishers that receive, which are XPUB, in one order with the subscriptions. Only messages
    /// count for the high-water mark; those for which there is no room are dropped.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide::{Context, Pub, Xsub};
    /// # let context = Context::new();
    /// let (publisher, subscriber) = (Pub::new(&context)?, Xsub::new(&context)?);
    /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
    /// subscriber.send(b"\x01weather")?;
    /// assert!(publisher.wait_for_subscribers("weather", 1, Duration::from_secs(30)));
    /// publisher.send("weather: rain")?;
    /// assert_eq!(subscriber.recv()?, "weather: rain".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Xsub: sends receives streams sinks;

    /// Hands out work to the connected peers in turn; waits while all of them are full, or nobody is there. See RFC 30.
    ///
    /// ```
    /// use zeroxide::{Context, Pull, Push};
    /// # let context = Context::new();
    /// let push = Push::new(&context)?;
    /// let endpoint = push.bind("tcp://127.0.0.1:*")?;
    /// let workers = [Pull::new(&context)?, Pull::new(&context)?];
    /// for worker in &workers {
    ///     worker.connect(&endpoint)?;
    /// }
    /// assert!(push.wait_connected(2, std::time::Duration::from_secs(30)));
    /// push.send("one for each")?;
    /// push.send("one for each")?;
    /// for worker in &workers {
    ///     assert_eq!(worker.recv()?, "one for each".into());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Push: sends sinks;

    /// Takes work from all connected peers in turn. See RFC 30.
    ///
    /// ```
    /// use zeroxide::{Context, Pull, Push};
    /// # let context = Context::new();
    /// let sink = Pull::new(&context)?;
    /// let endpoint = sink.bind("tcp://127.0.0.1:*")?;
    /// for part in 1..=3 {
    ///     let worker = Push::new(&context)?;
    ///     worker.connect(&endpoint)?;
    ///     worker.send(part.to_string())?;
    /// } // dropped sockets still deliver
    /// let mut sum = 0;
    /// for _ in 0..3 {
    ///     sum += sink.recv()?.frames()[0].as_str().ok_or("no text")?.parse::<u32>()?;
    /// }
    /// assert_eq!(sum, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Pull: receives streams;

    /// Talks to exactly one peer, both ways. See RFC 31.
    ///
    /// A second one is refused for as long as the first is there.
    ///
    /// ```
    /// use zeroxide::{Context, Pair};
    /// # let context = Context::new();
    /// let (ours, theirs) = (Pair::new(&context)?, Pair::new(&context)?);
    /// theirs.connect(&ours.bind("inproc://helper")?)?;
    /// let helper = std::thread::spawn(move || {
    ///     let task = theirs.recv()?;
    ///     theirs.send(format!("{task}: done"))?;
    ///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// });
    /// ours.send("tidy up")?;
    /// assert_eq!(ours.recv()?, "tidy up: done".into());
    /// assert!(helper.join().unwrap().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Pair: sends receives streams sinks;

    /// Talks to plain TCP peers: messages are a connection's routing id and the octets.
    ///
    /// A message is what one read gave: where one thing that the peer says ends and the next begins is for the application to
    /// know. An empty second frame is received when a connection comes or goes, unless
    /// [`set_stream_notify`](Handle::set_stream_notify) says otherwise, and closes the connection when sent.
    ///
    /// ```
    /// use std::{io::{Read, Write}, net::TcpStream};
    /// use zeroxide::{Context, Stream};
    /// # let context = Context::new();
    /// let server = Stream::new(&context)?;
    /// server.set_stream_notify(false)?; // no message when a connection comes or goes
    /// let endpoint = server.bind("tcp://127.0.0.1:*")?;
    ///
    /// let mut browser = TcpStream::connect(endpoint.trim_start_matches("tcp://"))?;
    /// browser.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    /// let request = server.recv()?;
    /// let id = &request.frames()[0];
    /// server.send([id.clone(), "HTTP/1.0 200 OK\r\n\r\nHello".into()])?;
    /// server.send([id.clone(), "".into()])?; // closes the connection
    /// let mut answer = String::new();
    /// browser.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("Hello"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Stream: sends receives streams sinks names_peers;
}
