//! How bytes move: sockets, readiness and addresses, never ZMTP.
//!
//! What holds everywhere in this room:
//!
//! - Every descriptor is non-blocking and closed on `exec`; a write to a closed peer is an error, never `SIGPIPE`.
//! - Nothing here blocks except [`Poller::wait`], [`poll`] and [`resolve_blocking`], which say so, and the threads of
//!   the [`Resolver`], which nobody waits for.
//! - Whatever the system can answer is a value. Nothing panics, nothing kills the process.
//! - Interrupted calls are made again; "would block" is handed to the caller.
//! - What was opened here is cleaned up here, and only that: a socket file that someone else has put in the place
//!   of ours stays.
//!
//! This room does not know messages, sockets of ZeroMQ or their options: it takes plain settings.

#![warn(clippy::missing_errors_doc, missing_debug_implementations)]

pub mod descriptors;
pub mod error;
pub mod fault;
pub mod filter;
pub mod groups;
pub mod interfaces;
pub mod ipc;
pub mod listener;
pub mod poll;
pub mod poller;
pub mod resolve;
pub mod ring;
pub mod socks;
pub mod stream;
pub mod tcp;
pub mod udp;

mod ipc_file;

pub use descriptors::make_room_for_descriptors;
pub use error::{NetError, Operation};
pub use filter::{AcceptFilter, FilterError};
pub use interfaces::Family;
pub use ipc::{IpcListener, IpcName, IpcSettings};
pub use listener::{AcceptError, Listener};
pub use poll::{PollFd, PollFlags, wait_fds, wait_fds_interruptible};
pub use poller::{Event, Interest, Poller};
pub use resolve::{Resolver, resolve_blocking};
pub use ring::Ring;
pub use socks::{Progress, Socks, SocksError, SocksTarget};
pub use stream::{PeerCredentials, Stream};
pub use tcp::{Connecting, TcpListener, TcpSettings};
pub use udp::{UdpSettings, UdpSocket, Unsent};
