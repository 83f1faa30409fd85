//! ZeroMQ in Rust: fast by default, wire-compatible, blocking and async.
//!
//! ```
//! use zeroxide::{Context, Rep, Req};
//!
//! let context = Context::new();
//! let server = Rep::new(&context)?;
//! let endpoint = server.bind("tcp://127.0.0.1:*")?;
//!
//! let client = Req::new(&context)?;
//! client.connect(&endpoint)?;
//!
//! client.send("Hello")?;
//! assert_eq!(server.recv()?, "Hello".into());
//! server.send("World")?;
//! assert_eq!(client.recv()?, "World".into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sockets
//!
//! A socket talks to any number of peers, by the rules of its type. It has only the verbs of its type: a [`Pull`] has no
//! `send`. What all types share, endpoints and options above all, stands at [`Handle`], to which each of them
//! dereferences. Where the type is known at run time only there is [`Socket`].
//!
//! | types | for |
//! |---|---|
//! | [`Req`], [`Rep`] | questions and answers, one at a time |
//! | [`Dealer`], [`Router`] | the same, many at a time, and addressed by name |
//! | [`Pub`], [`Sub`] | publications, filtered by what they begin with |
//! | [`Xpub`], [`Xsub`] | the same, with subscriptions as messages: for brokers |
//! | [`Push`], [`Pull`] | work, handed out and gathered |
//! | [`Pair`] | exactly one peer |
//! | [`Stream`] | plain TCP peers |
//! | [`Client`], [`Server`] | questions and answers in any number and order, addressed by number |
//! | [`Radio`], [`Dish`] | publications to groups, also by UDP |
//! | [`Scatter`], [`Gather`] | work, in messages of one frame |
//! | [`Channel`], [`Peer`] | one peer, or many by number, in messages of one frame |
//! | [`Dgram`] | plain UDP peers |
//!
//! # Sending and receiving
//!
//! | form | waits |
//! |---|---|
//! | `send`, `recv` | as long as [`set_send_timeout`](Handle::set_send_timeout) and [`set_receive_timeout`](Handle::set_receive_timeout) say: for ever unless told otherwise |
//! | `try_send`, `try_recv` | never |
//! | `send_timeout`, `recv_timeout` | at most so long |
//! | `send_async`, `recv_async` | without blocking a thread, on any executor |
//!
//! A [`Message`] has one [`Frame`] or more, and arrives whole or not at all. A call that fails gives it back in the
//! [`SendError`]. `recv_from` and its forms tell the [`Origin`] of a message, `stream` and `sink` give a socket the shape
//! that async programs are composed of, and a [`Poller`] waits for many sockets and file descriptors at once.
//!
//! # Security
//!
//! Nothing is encrypted, and everybody may enter, unless a socket is told otherwise: by
//! [`secure_server`](Handle::secure_server) and [`set_curve_client`](Handle::set_curve_client) for encryption with keys,
//! which [`curve_keypair`] makes, or [`set_plain_server`](Handle::set_plain_server) for user names and passwords. Who may
//! enter is for an [`Authenticator`] to say; [`AllowKeys`] and [`Passwords`] are the usual ones.
//!
//! # Knowing rather than hoping
//!
//! Nothing here has to be slept for. [`wait_connected`](Handle::wait_connected) returns when connections are up,
//! [`wait_for_subscribers`](Pub::wait_for_subscribers) and [`subscribe_confirmed`](Sub::subscribe_confirmed) when
//! subscriptions act, [`unbind`](Handle::unbind) when the address is free, and [`shutdown`](Context::shutdown) when all
//! that was sent is out, or tells how much is not. A [`Monitor`] tells what happens to connections, and
//! [`statistics`](Handle::statistics) of each lost message why it was lost.

#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc, missing_debug_implementations)]

// This room is where protocol, lanes and bytes meet. It knows all three; they do not know each other.

mod block_on;
mod blocking;
mod busy;
mod clock;
mod context;
mod counters;
#[doc(hidden)]
pub mod door;
mod error;
mod full_peer;
mod future;
mod inproc;
mod io;
mod link;
mod moment;
mod monitor;
mod nest;
mod nesting;
mod origin;
mod payload;
mod peer;
mod poll_nested;
mod poller;
mod proxy;
mod reactor;
mod rest;
mod seat;
mod security;
#[cfg(feature = "simulation")]
pub mod simulation;
mod socket;
mod stream;
mod sync;
mod turns;
mod wait;

pub use block_on::block_on;
pub use context::{Context, ContextBuilder, ShutdownReport};
pub use counters::Statistics;
pub use error::{
    EndpointCause, EndpointFailure, GroupError, GroupErrorCause, OptionError, OptionErrorCause, ProxyError,
    RecvError, RecvErrorCause, SendError, SendErrorCause, SocketError,
};
pub use future::{RecvFromFuture, RecvFuture, SendFuture};
pub use monitor::{Event, Monitor};
pub use origin::Origin;
pub use payload::Payload;
pub use poller::{Interest, PollError, Poller, Readiness, Ready};
pub use proxy::{Moved, Proxy, ProxyControl, ProxyStatistics, proxy};
pub use reactor::{Connection, Reactor, Watch};
pub use security::{
    AddressError, Addresses, AllowAny, AllowKeys, Applicant, Authenticator, AuthorizedKeys, Passwords,
    curve_keypair, curve_public,
};
pub use socket::{
    Channel, Client, Dealer, Dgram, Dish, Gather, Handle, Pair, Peer, PeerInfo, Pub, Pull, Push, Radio, Rep,
    Req, Router, Scatter, Server, Socket, Stream, Sub, Xpub, Xsub,
};
pub use stream::{MessageSink, MessageStream};
pub use zeroxide_proto::{
    EndpointError, Frame, Limit, Loss, Message, Options, RoutingId, SocketType,
    connection::HandshakeFailure,
    options::{MinimumVersion, ReconnectStop, RouterNotify},
    security::{
        Admission, Credentials, Denial, KeyError, Keypair, Mechanism, Password, PublicKey, SecretKey,
        SecurityOptions, zap::Grant,
    },
    z85,
};

/// The example of the README, kept true.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
