//! Sockets: the shared core, and the typed and dynamic faces over it.

mod confirm;
pub(crate) mod core;
pub(crate) mod endpoints;
mod handle;
mod incoming;
mod options;
mod typed;

pub use handle::{Handle, PeerInfo};
pub use typed::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Socket, Stream, Sub, Xpub, Xsub};
