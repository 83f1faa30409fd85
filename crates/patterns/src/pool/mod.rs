//! The asynchronous server: clients send requests in any number, and each is answered never, once or often, by a pool of
//! threads.
//!
//! Clients are DEALER sockets, and a message is all body. What one client may have under way is bounded, and so is what
//! waits for a thread.
//!
//! ```
//! use zeroxide::{Context, Dealer};
//! use zeroxide_patterns::pool::{PoolOptions, PoolServer};
//! let context = Context::new();
//! let server = PoolServer::new(&context, PoolOptions::default())?;
//! let endpoint = server.bind("tcp://127.0.0.1:*")?;
//! let control = server.control();
//! let serving = std::thread::spawn(move || {
//!     server.run(|request, answers| {
//!         for part in ["one", "two"] {
//!             answers.send([request.body(), part.as_bytes()]);
//!         }
//!     })
//! });
//!
//! let client = Dealer::new(&context)?;
//! client.connect(&endpoint)?;
//! client.send("hi")?;
//! assert_eq!(client.recv()?, ["hi", "one"].into());
//! assert_eq!(client.recv()?, ["hi", "two"].into());
//! control.stop();
//! serving.join().unwrap()?;
//! assert_eq!(control.statistics().requests, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clients;
mod server;

pub use clients::{PoolOptions, PoolStatistics};
pub use server::{Answers, PoolServer};
