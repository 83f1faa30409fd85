//! Sockets: the shared core, and the typed and dynamic faces over it.

mod confirm;
pub(crate) mod core;
mod dynamic;
pub(crate) mod endpoints;
mod handle;
mod incoming;
mod options;
mod typed;
mod typed_draft;
mod udp;
mod verbs;

pub use dynamic::Socket;
pub use handle::{Handle, PeerInfo};
pub(crate) use incoming::Sender;
pub(crate) use options::begin_with_limits;
pub use typed::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Stream, Sub, Xpub, Xsub};
pub use typed_draft::{Channel, Client, Dgram, Dish, Gather, Peer, Radio, Scatter, Server};
