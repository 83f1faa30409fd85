//! Clone: a map that many clients share. Each has a copy, hears of every change, and can make changes.
//!
//! ```text
//!              ICANHAZ?, snapshot (DEALER - ROUTER)
//!   client  <======================================>  server         |  of a pair: the passive one
//!  (a copy) <--------------------------------------  (the map)  ---->|  follows the active one as
//!              every change, numbered (SUB - PUB)        ^           |  a client does, and keeps the
//!       |                                                |           |  changes that it has not heard
//!       '------------------------------------------------'           |  published yet
//!              own changes (PUB - SUB, to both of a pair)
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `message` | the frames of the protocol (CHP) |
//! | `store` | the map, lifetimes, pages of it |
//! | `rules`, `recent`, `transfer` | the server: numbers changes, sends snapshots piece by piece |
//! | `sync` | how a copy follows a server |
//! | `outbox` | a client's changes until they are published |
//! | `server`, `client`, `agent`, `source`, `watch` | all that on sockets |
//!
//! The Guide's six models: 1 and 2 are a server that makes the changes itself ([`CloneControl::set`]) with
//! [`Format::Simple`]; 3 and 4 take changes by PUSH ([`Changes::Pushed`]), 4 with subtrees; 5 has [`Format::Full`] and
//! lifetimes; 6 is [`CloneServer::pair`] and [`Changes::Published`]. The Guide's own programs can talk to each.
//!
//! What it keeps: all copies become the same, and each change is seen by all in the same order. What it does not: two
//! clients that change one key at once (the later number wins), both servers of a pair dead at once (the map is in memory
//! only), a server that dies together with the client whose change only it had.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::Context;
//! use zeroxide_patterns::clone::{
//!     Changes, ClientOptions, CloneClient, CloneServer, Endpoints, ServerOptions, WatchEvent,
//! };
//!
//! let context = Context::new();
//! let server = CloneServer::new(&context, Changes::Published, ServerOptions::default())?;
//! let anywhere = "tcp://127.0.0.1:*".to_owned();
//! let anywhere = Endpoints { snapshots: anywhere.clone(), updates: anywhere.clone(), changes: anywhere };
//! let endpoints = server.bind(&anywhere)?;
//! let control = server.control();
//! let running = std::thread::spawn(move || server.run());
//!
//! let patience = Duration::from_secs(30);
//! let one = CloneClient::new(&context, &[endpoints.clone()], ClientOptions::default())?;
//! one.set_published("/colours/sky", "blue", None, patience)?;
//!
//! let other = CloneClient::new(&context, &[endpoints], ClientOptions::default())?;
//! assert!(other.wait_synced(patience));
//! assert_eq!(other.get("/colours/sky"), Some("blue".into()));
//!
//! let watch = other.watch();
//! one.set("/colours/sky", "grey", Some(Duration::from_secs(60)))?;
//! let Some(WatchEvent::Changed(change)) = watch.recv() else { unreachable!() };
//! assert_eq!((change.value, other.get("/colours/sky")), ("grey".into(), Some("grey".into())));
//!
//! control.stop();
//! running.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agent;
mod client;
mod message;
mod outbox;
mod recent;
mod rules;
mod server;
mod source;
mod store;
mod sync;
mod transfer;
mod watch;

pub use client::{ClientOptions, ClientStatistics, CloneClient, SetError};
pub use message::{Format, KeyValue, LONGEST_KEY, Malformed, Properties, Uuid};
pub use rules::{ServerOptions, ServerRules, ServerStatistics};
pub use server::{Changes, CloneControl, CloneServer};
pub use source::Endpoints;
pub use transfer::Fed;
pub use watch::{Watch, WatchEvent};
