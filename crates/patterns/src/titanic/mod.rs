//! Titanic: requests that are written to disk before they are accepted, done when somebody can, and fetched later (RFC 9).
//!
//! It stands beside a [`majordomo`](crate::majordomo) broker: a worker for clients, and a client of the services.
//!
//! | service | body | answer |
//! |---|---|---|
//! | `titanic.request` | service, body.. | `200` and a number of 32 hexadecimal digits, or `500`: not accepted |
//! | `titanic.request.once` | a number the client made, service, body.. | the same; asked again with the same number, it is the same request |
//! | `titanic.reply` | number | `200` and the answer; `300`: not yet; `400`: no such number; `500`: it could not be done |
//! | `titanic.close` | number | `200`, and all about it is forgotten |
//!
//! `titanic.request.once` is of this library; all else is RFC 9.
//!
//! # What holds
//! - After the `200` the request survives the death of this process at any moment, and of the machine as far as its disk
//!   keeps what it says it has written. Many requests share one write to the disk ([`FileStore`]). With the feature `postgres`
//!   they are kept in a database instead, and Titanics on several hosts share one queue (`PostgresStore`).
//! - It is done at least once, by whichever worker of its service comes, be it an hour later. It is tried again when no
//!   answer comes, up to [`TitanicOptions::attempts`]; then it is `500`.
//! - A request for a service that is named in [`TitanicOptions::once`] is handed to the broker at most once. If this
//!   process or its worker dies while it is under way, nobody knows whether it was done: it becomes `500`, and is not done
//!   again. So it is at most once, and known to be once if there is an answer. (The broker must not repeat it either:
//!   [`attempts`](crate::majordomo::BrokerOptions::attempts) of 1.)
//! - What is stored is bounded in number and octets; beyond that nothing is accepted.
//!
//! # What does not
//! The loss of the disk. And a client that gets no `200` does not know whether its request was accepted: it asks
//! `titanic.request.once` again, or accepts that a second request may be stored. [`TitanicClient`] does the former.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::Context;
//! use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer, ClientOptions, Worker, WorkerOptions};
//! use zeroxide_patterns::titanic::{FileStore, StoreLimits, TitanicClient, TitanicOptions, TitanicServer};
//!
//! let context = Context::new();
//! let broker = BrokerServer::new(&context, BrokerOptions::default())?;
//! let endpoint = broker.bind("tcp://127.0.0.1:*")?;
//! let broker_control = broker.control();
//! let broking = std::thread::spawn(move || broker.run());
//!
//! # let directory = std::env::temp_dir().join(format!("titanic-example-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! let store = FileStore::open(directory.join("titanic.redb"), StoreLimits::default())?;
//! let titanic = TitanicServer::new(&context, &[&endpoint], store, TitanicOptions::default())?;
//! let titanic_control = titanic.control();
//! let sailing = std::thread::spawn(move || titanic.run());
//!
//! // Nobody serves echo yet.
//! let mut client = TitanicClient::new(&context, &[&endpoint], ClientOptions::default())?;
//! let number = client.request("echo", "Hello world")?;
//! assert_eq!(client.reply(number)?, None);
//!
//! let mut worker = Worker::new(&context, &[&endpoint], "echo", WorkerOptions::default())?;
//! let worker_control = worker.control();
//! let working = std::thread::spawn(move || worker.serve(|request| request.clone()));
//! assert_eq!(client.wait(number, Duration::from_secs(60))?, "Hello world".into());
//! client.close(number)?;
//!
//! worker_control.stop();
//! working.join().unwrap()?;
//! titanic_control.stop();
//! sailing.join().unwrap()?;
//! broker_control.stop();
//! broking.join().unwrap()?;
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
pub(crate) mod committer;
mod dispatch;
mod file_store;
mod index;
mod number;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
mod server;
mod store;
mod words;

pub use client::{TitanicClient, TitanicError};
pub use file_store::FileStore;
pub use number::{NotANumber, RequestNumber};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
pub use server::{TitanicControl, TitanicOptions, TitanicServer, TitanicStatistics};
pub use store::{Job, Operation, Outcome, Store, StoreError, StoreErrorKind, StoreLimits, StoreUse};
