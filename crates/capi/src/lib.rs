//! libzmq's door: the functions of `zmq.h`, with the same symbols, numbers, defaults, errnos and struct sizes, so that
//! programs linked to libzmq run on Zeroxide unchanged.
//!
//! This room translates between C and the native library, and decides nothing about messaging. What it knows that no
//! other room does: handles that may be null, closed or foreign ([`handles`]), errno ([`errno`]), memory that C owns,
//! messages that come part by part, and panics, which end here ([`border`]).
//!
//! The functions are exported for C; Rust programs use the crate `zeroxide`.

#![allow(unsafe_code, reason = "C hands over pointers; each block argues for itself")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contracts are those of libzmq's manual, for every function alike"
)]
#![allow(unreachable_pub, reason = "what is exported is exported by its C name")]

pub mod border;
pub mod clock;
pub mod context;
pub mod counters;
pub mod draft;
pub mod endpoints;
pub mod errno;
pub mod events;
pub mod fork;
pub mod handles;
pub mod keys;
pub mod library;
pub mod message;
pub mod monitor;
pub mod options;
pub mod poll;
pub mod poller;
pub mod proxy;
pub mod scheduling;
pub mod socket;
mod thread;
pub mod timers;
pub mod transfer;
