//! Majordomo: services by name. Clients ask a broker for a service, workers offer one, and neither knows the other.
//!
//! ```text
//!  client  --- request "echo" --->  +--------+  --- REQUEST --->  worker "echo"
//!  client  <------ reply ---------  | broker |  <--- REPLY -----  worker "echo"
//!  client  --- request "sum" ---->  +--------+  <--- HEARTBEAT -> worker "sum"
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `command` | the frames of MDP 0.1 and 0.2 |
//! | `broker`, `staff`, `mmi` | the broker's rules, whom it knows, and what it answers itself |
//! | `server` | the rules on a ROUTER |
//! | `client`, `dial` | asks, and asks again, of which broker |
//! | `pipeline`, `outstanding` | asks many things at once |
//! | `once` | acts once, though asked twice |
//! | `worker`, `pulse` | offers a service, and stays registered |
//! | `held` | short messages that go out together |
//!
//! A broker, a worker and a client:
//!
//! ```
//! use zeroxide::{Context, Message};
//! use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer, Client, ClientOptions, Worker, WorkerOptions};
//!
//! let context = Context::new();
//! let broker = BrokerServer::new(&context, BrokerOptions::default())?;
//! let endpoint = broker.bind("tcp://127.0.0.1:*")?;
//! let stop = broker.control();
//! let running = std::thread::spawn(move || broker.run());
//!
//! let mut worker = Worker::new(&context, &[&endpoint], "echo", WorkerOptions::default())?;
//! let leave = worker.control();
//! let working = std::thread::spawn(move || worker.serve(|request| request.clone()));
//!
//! let mut client = Client::new(&context, &[&endpoint], ClientOptions::default())?;
//! assert_eq!(client.call("echo", "Hello")?, Message::from("Hello"));
//!
//! leave.stop();
//! stop.stop();
//! working.join().unwrap()?;
//! running.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod broker;
mod broker_options;
mod client;
mod command;
mod dial;
mod held;
mod journal;
mod mmi;
mod once;
mod outstanding;
mod pipeline;
mod pulse;
mod server;
mod staff;
mod worker;

pub use broker::Broker;
pub use broker_options::{BrokerOptions, BrokerStatistics};
pub use client::{Client, ClientOptions, Parts};
pub use command::Version;
pub use once::{Doubt, Once, OnceOptions};
pub use pipeline::{Answer, Pipeline, PipelineOptions, Ticket};
pub use server::{BrokerControl, BrokerServer};
pub use worker::{PartSender, Worker, WorkerOptions};
