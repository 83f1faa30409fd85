//! Node coordination: a publisher that begins when all its subscribers hear it. Nobody sleeps.
//!
//! ```text
//!  Coordinator  PUB  ---- [topic, epoch] again and again --------->  SUB     Node
//!               ROUTER <- "" HERE epoch name ---------------------   DEALER  whenever it hears a call
//!                      -- "" OK epoch ---------------------------->
//!               PUB  ---- [topic, epoch, "GO"] ------------------->  SUB     in order before all that follows
//! ```
//!
//! A connection of a SUB may be slower than that of a REQ beside it; so a subscriber answers only what it has *heard*, on
//! the very socket that is to be ready. It subscribes to all it wants before it joins: a publisher takes subscriptions in
//! their order, and so has them all when it hears the last.
//!
//! **What is promised.** A node whose [`join`](Node::join) returns in time gets all that is published after it, as long
//! as its connection holds and its queue has room. [`Coordinator::gather`] is complete only if so many nodes were heard
//! within the last [`silence`](CoordinatorOptions::silence): one that died after it had joined does not count. Both end at
//! their deadline.
//!
//! **Late nodes.** Whoever comes after the GO is told so, as long as the coordinator [attends](Coordinator::attend): it is
//! refused or let in ([`Late`]), and knows that it has missed something. So does a node that joined, and whose connection
//! broke before the GO came.
//!
//! **If the coordinator dies** before the GO, nodes wait for the next one at its endpoints: that calls with another epoch,
//! and they join again. What was said to the one before counts nothing.
//!
//! **What is not.** Nothing holds a publisher back afterwards: what does not fit into a subscriber's queue is lost. A SUB
//! that is connected to several publishers joins at one of them.
//!
//! ```
//! use std::{thread, time::Duration};
//! use zeroxide::{Context, Pub, Sub};
//! use zeroxide_patterns::coordination::{Coordinator, CoordinatorOptions, Node};
//!
//! let context = Context::new();
//! let publisher = Pub::new(&context)?;
//! let updates = publisher.bind("tcp://127.0.0.1:*")?;
//! let mut coordinator = Coordinator::new(&context, "join", CoordinatorOptions::default())?;
//! let desk = coordinator.bind("tcp://127.0.0.1:*")?;
//!
//! let subscriber = Sub::new(&context)?;
//! subscriber.subscribe("weather")?;
//! subscriber.connect(&updates)?;
//! let mut node = Node::new(&context, &desk, "node 1")?;
//! let receiving = thread::spawn(move || {
//!     let joined = node.join(&subscriber, "join", Duration::from_secs(60))?;
//!     assert!(joined.in_time);
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(subscriber.recv()?)
//! });
//!
//! let gathered = coordinator.gather(&publisher, 1, Duration::from_secs(60))?;
//! assert!(gathered.is_complete);
//! publisher.send("weather: fair")?;
//! assert_eq!(receiving.join().unwrap()?, "weather: fair".into());
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! Source: the Guide, chapter 2, "Node coordination".

mod coordinator;
mod gathering;
mod joining;
mod node;

pub use coordinator::{Coordinator, CoordinatorOptions, Gathered};
pub use gathering::{Gathering, GatheringStatistics, Late};
pub use joining::{Joined, Joining, Step};
pub use node::{JoinError, Node};

/// What follows the epoch in a message of the publisher.
const GO: &[u8] = b"GO";
/// Behind that, when it is said again.
const AGAIN: &[u8] = b"AGAIN";
/// What a node says.
const HERE: &[u8] = b"HERE";
/// What it is answered.
const OK: &[u8] = b"OK";
const OTHER: &[u8] = b"OTHER";
const LATE: &[u8] = b"LATE";
const ADMITTED: &[u8] = b"ADMITTED";
const FULL: &[u8] = b"FULL";
