//! Pirates: requests that survive lost messages, dead servers and dead brokers.
//!
//! | who | does |
//! |---|---|
//! | [`LazyPirate`] | a client that asks again, and asks others (the Guide's Lazy Pirate, and Freelance 1 and 2) |
//! | [`PirateWorker`] in [`Dialect::Simple`](crate::balance::Dialect::Simple) | Simple Pirate: serves a [load balancer](crate::balance) |
//! | [`PirateWorker`] in [`Dialect::Paranoid`](crate::balance::Dialect::Paranoid) | Paranoid Pirate (RFC 6): beats, hears beats, and comes back |
//!
//! The brokers of both are [`BalancerServer`](crate::balance::BalancerServer). Where services have names,
//! [`majordomo`](crate::majordomo) is the better choice.
//!
//! What survives: a server or worker that dies or freezes, a lost request or reply, a broker that restarts (of paranoid
//! workers), any order of starting. What does not: the loss of all servers for longer than a client is patient. A request
//! may be done twice, since nobody can tell a lost request from a lost reply: services must bear that.

mod lazy;
mod worker;
mod worker_rules;

pub use lazy::LazyPirate;
pub use worker::{PirateOptions, PirateRequest, PirateWorker};
