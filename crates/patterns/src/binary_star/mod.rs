//! Binary Star: two servers, of which at most one serves. Clients decide who.
//!
//! ```text
//!            requests                                    requests, when the primary does not answer
//!  client ------------->  primary  <-- reports -->  backup  <------------- client
//!                        (active)      every second  (passive)
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `star` | the rules: who serves |
//! | `report` | what the servers tell each other |
//! | `link` | the rules on two sockets, for any loop |
//! | `server` | a server with a loop of its own |
//! | `client` | asks one server, then the other |
//!
//! It survives the death, stop or restart of either server, in any order, and a cut between the servers. It does not
//! survive a cut that leaves a server and clients on both sides without two serving for that time; when it heals, one of
//! them steps back. State is not copied between the servers, and what an active server had accepted and not answered is
//! asked again by the clients.
//!
//! ```
//! use std::time::Duration;
//! use zeroxide::{Context, Message, Router};
//! use zeroxide_patterns::binary_star::{Role, StarClient, StarClientOptions, StarOptions, StarServer};
//!
//! let context = Context::new();
//! let options = StarOptions { heartbeat: Duration::from_millis(50), peer_timeout: Duration::from_millis(500) };
//! let primary = StarServer::new(&context, Role::Primary, options)?;
//! let backup = StarServer::new(&context, Role::Backup, options)?;
//! let (first, second) = (primary.bind("tcp://127.0.0.1:*")?, backup.bind("tcp://127.0.0.1:*")?);
//! primary.link().connect(&backup.link().bind("tcp://127.0.0.1:*")?)?;
//! backup.link().connect(&primary.link().bind("tcp://127.0.0.1:*")?)?;
//!
//! let controls = [primary.control(), backup.control()];
//! let echo = |request: Message, router: &Router| drop(router.try_send(request));
//! let one = std::thread::spawn(move || primary.run(echo));
//! let other = std::thread::spawn(move || backup.run(echo));
//!
//! let patience = StarClientOptions { settle: Duration::from_millis(600), ..StarClientOptions::default() };
//! let mut client = StarClient::new(&context, [&first, &second], patience)?;
//! assert_eq!(client.call("Hello")?, Message::from("Hello"));
//!
//! controls[0].stop(); // the primary ends, and the backup answers
//! one.join().unwrap()?;
//! assert_eq!(client.call("still there?")?, Message::from("still there?"));
//! # controls[1].stop();
//! # other.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod link;
mod report;
mod server;
mod star;

pub use client::{StarClient, StarClientOptions};
pub use link::StarLink;
pub(crate) use link::new_node;
pub use report::{NodeId, Phase, Report, Role};
pub use server::{Service, StarControl, StarServer, StarStatistics};
pub use star::{BinaryStar, Change, StarFault, StarOptions};
