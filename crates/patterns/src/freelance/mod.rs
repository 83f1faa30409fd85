//! Freelance: many clients and a few equal servers, without anything between them.
//!
//! | the Guide's model | here |
//! |---|---|
//! | 1: one server after the other | [`LazyPirate`](crate::pirate::LazyPirate) with several endpoints |
//! | 2: all at once, the first answer counts | the same with [`hedge`](crate::request::RequestOptions::hedge) of zero and [`Form::Numbered`](crate::request::Form) |
//! | 3: addressed, with signs of life (RFC 10) | [`FreelanceClient`] and [`FreelanceServer`] |
//!
//! A client pings each server when it has been silent for a while, and so knows who lives before it asks. A server that
//! dies in the middle of a request costs it one try; the next server is asked, and those that are silent come last until
//! they are heard again. A request may be done more than once.
//!
//! ```text
//! client sends   endpoint PING            server answers   client PONG
//!                endpoint number body..                    client number body..
//! ```
//!
//! ```
//! use zeroxide::Context;
//! use zeroxide_patterns::freelance::{FreelanceClient, FreelanceOptions, FreelanceServer};
//! let context = Context::new();
//! let server = FreelanceServer::bind(&context, "tcp://127.0.0.1:*")?;
//! let endpoint = server.endpoint().to_owned();
//! let control = server.control();
//! let serving = std::thread::spawn(move || server.run(|body| body)); // an echo
//!
//! let client = FreelanceClient::new(&context, &[&endpoint], FreelanceOptions::default())?;
//! assert_eq!(client.call("hi")?, "hi".into());
//! let later = client.request("and again");
//! assert_eq!(zeroxide::block_on(later)?, "and again".into());
//!
//! control.stop();
//! serving.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod pulse;
mod server;

pub use client::{FreelanceClient, FreelanceOptions};
pub use server::{FreelanceServer, FreelanceStatistics};
