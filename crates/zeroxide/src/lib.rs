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
//! This room is where protocol, lanes and bytes meet. It knows all three; they do not know each other.

#![forbid(unsafe_code)]

mod blocking;
mod context;
mod counters;
#[doc(hidden)]
pub mod door;
mod error;
mod future;
mod inproc;
mod io;
mod link;
mod monitor;
mod origin;
mod peer;
mod poller;
mod proxy;
mod seat;
mod security;
mod socket;
mod stream;
mod sync;
mod wait;

pub use context::{Context, ContextBuilder, ShutdownReport};
pub use counters::Statistics;
pub use error::{
    EndpointCause, EndpointFailure, OptionError, OptionErrorCause, ProxyError, RecvError, RecvErrorCause,
    SendError, SendErrorCause, SocketError,
};
pub use future::{RecvFromFuture, RecvFuture, SendFuture};
pub use monitor::{Event, Monitor};
pub use origin::Origin;
pub use poller::{Interest, PollError, Poller, Readiness, Ready};
pub use proxy::{Moved, Proxy, ProxyControl, ProxyStatistics, proxy};
pub use security::{curve_keypair, curve_public};
pub use socket::{
    Dealer, Handle, Pair, PeerInfo, Pub, Pull, Push, Rep, Req, Router, Socket, Stream, Sub, Xpub, Xsub,
};
pub use stream::{MessageSink, MessageStream};
pub use zeroxide_proto::{
    Frame, Loss, Message, Options, SocketType,
    options::{MinimumVersion, ReconnectStop, RouterNotify},
    security::{Admission, KeyError, Keypair, Mechanism, Password, PublicKey, SecretKey, SecurityOptions},
    z85,
};

/// The example of the README, kept true.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
