//! The reliability patterns of the ZeroMQ Guide, as types to build on.
//!
//! | room | what it gives |
//! |---|---|
//! | [`balance`] | a load balancing broker: each request to a worker that is free |
//! | [`binary_star`] | two servers of which one serves: failover that clients decide |
//! | [`black_box`] | a feed too fast for one thread, spread over workers, in order for each key |
//! | [`clone`] | a map that many clients share (CHP): snapshots, updates, lifetimes, failover |
//! | [`coordination`] | a publisher that begins when all its subscribers hear it |
//! | [`credit`] | a pipeline in which consumers ask for as much as they can do |
//! | [`freelance`] | clients that know which of their servers live (FLP) |
//! | [`kill`] | workers of a pipeline are told to end, and answer that they have |
//! | [`lvc`] | a last value cache: who subscribes late gets the last of each topic |
//! | [`majordomo`] | services by name behind a broker (MDP 0.1 and 0.2, MMI): broker, worker, client |
//! | [`peering`] | clusters that lend each other their free workers |
//! | [`pirate`] | clients that ask again (Lazy Pirate), workers that come back (Simple and Paranoid Pirate) |
//! | [`pool`] | the asynchronous server: any number of answers from a pool of threads |
//! | [`request`] | requests as futures, with deadlines, retries, failover and hedging |
//! | [`snail`] | a subscriber that is too slow notices, and can stop |
//! | [`tap`] | what passes between publishers and subscribers, shown without holding it up |
//! | [`titanic`] | requests that are on the disk before they are accepted, and done when somebody can |
//!
//! Every protocol here is a state machine without sockets or clocks, which is given messages and times and says what is to
//! be sent; what runs it on a socket is a thin loop beside it. So every rule can be tested at its very moment, and nothing
//! a peer sends can do more than be counted.

#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc, missing_debug_implementations)]

pub mod balance;
pub mod binary_star;
pub mod black_box;
mod clock;
pub mod clone;
mod control;
pub mod coordination;
pub mod credit;
mod crew;
mod delay;
mod envelope;
mod error;
mod figures;
pub mod freelance;
pub mod kill;
mod lookout;
pub mod lvc;
pub mod majordomo;
pub mod peering;
pub mod pirate;
pub mod pool;
pub mod request;
mod server_control;
pub mod snail;
pub mod tap;
pub mod titanic;

pub use control::Control;
pub use envelope::Envelope;
pub use error::{CallError, PatternError};
pub use server_control::ServerControl;

/// The example of the README, kept true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
