//! What the tests lean on. This room knows sockets, processes and octets; it knows nothing of Zeroxide, so that
//! what it says about the wire is an independent witness.
//!
//! - [`PythonPeer`]: a child process with the real libzmq inside, commanded socket by socket.
//! - [`raw`]: a peer that is only octets, for greetings and frames no honest library would send.
//! - [`matrix`] and [`interop`]: every legal socket pair, as data and as named tests.
//! - [`Script`]: a program in Python that is talked with by lines; [`stage`]: programs that play together.
//! - [`Postgres`]: a database server of one's own, that can be crashed, frozen and restarted.
//! - [`block_on`]: an executor that knows nothing of sockets.
//! - [`eventually`], [`with_cores_loaded`], [`IpcPath`], [`free_tcp`], [`own_address`], [`Process`]: small helps.
//!
//! No wait here sleeps: each waits for an event, up to a deadline that fails the test.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness: its failure is the failure of a test"
)]

pub mod interop;
pub mod matrix;
pub mod octets;
pub mod raw;
pub mod stage;

mod channel;
mod executor;
mod heard;
mod hexdump;
mod ipc_path;
mod kind;
mod load;
mod patience;
mod port;
mod postgres;
mod process;
mod python;
mod remote_job;
mod remote_socket;
mod script;

pub use executor::block_on;
pub use hexdump::{difference, dump};
pub use ipc_path::IpcPath;
pub use kind::Kind;
pub use load::with_cores_loaded;
pub use patience::{PATIENCE, eventually, eventually_some};
pub use port::{free_tcp, own_address};
pub use postgres::Postgres;
pub use process::Process;
pub use python::{PythonPeer, interpreter};
pub use remote_job::{Counted, RemoteJob};
pub use remote_socket::{Digest, MonitorEvent, RemoteSocket, ZmqError};
pub use script::Script;
