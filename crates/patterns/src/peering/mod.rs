//! Inter-broker peering: clusters that lend each other their free workers.
//!
//! Each cluster has clients, workers and one broker; clients and workers know only their own broker. A request goes to a
//! local worker if one is free, otherwise to a peer that has said that it has some, otherwise it waits.
//!
//! ```text
//!            clients            peers ask us      peers hear how many workers are free
//!            ROUTER             ROUTER            PUB
//!          .--'--------------------'---------------'--.
//!          |                  broker                  |
//!          '--.--------------------.---------------.--'
//!            ROUTER             ROUTER            SUB         the last two once for each peer
//!            workers            we ask a peer     a peer's state
//! ```
//!
//! | flow | frames |
//! |---|---|
//! | a client asks, and is answered | `[client.., "", body..]` |
//! | a worker | as at a [balancer](crate::balance), in either of its dialects |
//! | a peer asks, and is answered | `[peer, address.., "", body..]` on its ROUTER, which has the asker's name as routing id |
//! | state | `[name, free workers in decimal]` |
//!
//! These are the Guide's; its `peering3` can be a peer. Where its programs pass the client's address on, ours put a number
//! of their own, which peers and workers return as they return any address. So an answer is never taken for another's.
//!
//! A state is told when it changed, at most once in [`PeeringOptions::pace`]; at once, when peers have sent as many requests
//! as they were told that there are workers, and somebody is free; and every [`PeeringOptions::beat`].
//!
//! **What is promised.** A request from a peer is never sent out again. A peer that has been silent for
//! [`PeeringOptions::state_age`] is asked nothing, whatever it said last. What cannot be sent to a peer was not sent: it
//! waits here, or goes to another. An answer counts only from whoever has the request. Queues are bounded; what is dropped
//! is counted. A request is tried once, unless [`attempts`](crate::balance::BalancerOptions::attempts) says more.
//!
//! **What is not.** A request at a worker or peer that dies is lost (with one attempt): its client asks again. A peer's
//! state is a moment old: several brokers may send it more than it can do at once, and what is too much waits there.
//!
//! ```
//! use zeroxide::{Context, Req};
//! use zeroxide_patterns::{balance::{BalancerOptions, Dialect}, peering::{PeeringOptions, PeeringServer}};
//!
//! let context = Context::new();
//! let simple = BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() };
//! let options = PeeringOptions { local: simple, ..PeeringOptions::default() };
//! let (busy, idle) = (
//!     PeeringServer::new(&context, "busy", options.clone())?,
//!     PeeringServer::new(&context, "idle", options)?,
//! );
//! let clients = busy.bind_clients("tcp://127.0.0.1:*")?;
//! let workers = idle.bind_workers("tcp://127.0.0.1:*")?;
//! let (cloud, state) = (idle.bind_cloud("tcp://127.0.0.1:*")?, idle.bind_state("tcp://127.0.0.1:*")?);
//! let controls = [busy.control(), idle.control()];
//! let running = [busy, idle].map(|broker| std::thread::spawn(move || broker.run()));
//! // Peers may be added at any time.
//! let peer = controls[0].peer("idle")?;
//! peer.connect(&cloud, &state)?;
//! controls[0].add(peer);
//!
//! let worker = Req::new(&context)?;
//! worker.connect(&workers)?;
//! worker.send("READY")?;
//! std::thread::spawn(move || loop {
//!     let Ok(request) = worker.recv() else { return };
//!     let _ = worker.send(request);
//! });
//! let client = Req::new(&context)?;
//! client.connect(&clients)?;
//! client.send("HELLO")?;
//! assert_eq!(client.recv()?, "HELLO".into());
//!
//! controls.iter().for_each(|control| control.stop());
//! for thread in running {
//!     thread.join().unwrap()?;
//! }
//! assert_eq!(controls[0].statistics().exported, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: the Guide, chapter 3, "Worked example: inter-broker routing".

mod control;
mod options;
mod peers;
mod rules;
mod server;
mod telling;
mod words;

pub use control::{Peer, PeeringControl};
pub use options::{PeerState, PeeringOptions, PeeringStatistics};
pub use rules::{Outgoing, Peering};
pub use server::PeeringServer;
