//! Load balancing: each request goes to a worker that is free, and a worker says when it is.
//!
//! A broker with two sides: clients (REQ, or DEALER with the empty frame) ask at the front, workers register at the back.
//! It speaks to its workers in one of two [dialects](Dialect): that of the Guide's load balancing broker and Simple
//! Pirate, or the Paranoid Pirate Protocol with its heartbeats (RFC 6).
//!
//! ```
//! use zeroxide::{Context, Req};
//! use zeroxide_patterns::balance::{BalancerOptions, BalancerServer};
//! use zeroxide_patterns::pirate::{PirateOptions, PirateWorker};
//!
//! let context = Context::new();
//! let broker = BalancerServer::new(&context, BalancerOptions::default())?;
//! let front = broker.bind_front("tcp://127.0.0.1:*")?;
//! let back = broker.bind_back("tcp://127.0.0.1:*")?;
//! let broker_control = broker.control();
//! let running = std::thread::spawn(move || broker.run());
//!
//! let mut worker = PirateWorker::new(&context, &back, PirateOptions::default())?;
//! let worker_control = worker.control();
//! let working = std::thread::spawn(move || worker.serve(|body| body)); // an echo
//!
//! let client = Req::new(&context)?;
//! client.connect(&front)?;
//! client.send("HELLO")?;
//! assert_eq!(client.recv()?, "HELLO".into());
//!
//! worker_control.stop();
//! working.join().unwrap()?;
//! broker_control.stop();
//! running.join().unwrap()?;
//! assert_eq!(broker_control.statistics().replies, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod rules;
mod server;
mod word;

pub use rules::{Balancer, BalancerOptions, BalancerStatistics, Choice, Dialect, Outgoing};
pub use server::BalancerServer;
pub(crate) use word::{HEARTBEAT, READY, VERSION};
