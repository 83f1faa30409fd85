//! Requests to a few equal servers, with deadlines, retries, failover and hedging.
//!
//! [`Requester`] has any number of requests under way at once, each a [`Reply`] that can be waited for or awaited.
//! [`LazyPirate`](crate::pirate::LazyPirate) is the same for one request at a time, in the caller's thread.
//!
//! ```
//! use zeroxide::{Context, Rep};
//! use zeroxide_patterns::request::{RequestOptions, Requester};
//! let context = Context::new();
//! let server = Rep::new(&context)?;
//! let endpoint = server.bind("tcp://127.0.0.1:*")?;
//! let serving = std::thread::spawn(move || {
//!     for _ in 0..2 {
//!         server.send(server.recv()?)?; // an echo
//!     }
//!     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! });
//!
//! let requester = Requester::new(&context, &[&endpoint], RequestOptions::default())?;
//! let first = requester.request("one");
//! let second = requester.request("two");
//! assert_eq!(second.wait()?, "two".into());
//! assert_eq!(zeroxide::block_on(first)?, "one".into()); // or on any executor: `first.await?`
//! assert!(serving.join().is_ok_and(|served| served.is_ok()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agent;
mod form;
mod lines;
mod options;
mod rules;

pub use agent::{Reply, Requester};
pub use form::Form;
pub(crate) use lines::{Lines, Wires};
pub use options::{RequestOptions, RequestStatistics};
pub(crate) use rules::{Act, Calls, Outcome};
