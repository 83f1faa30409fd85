//! Octets to values and back, one form a file. Nothing here remembers anything between two calls.
//!
//! Does not know connections, sockets or what a value is good for.

pub mod command;
pub mod datagram;
pub mod greeting;
pub mod legacy;
pub mod metadata;
pub mod z85;

pub use command::{Command, CommandError};
pub use greeting::Greeting;
pub use metadata::MetadataError;
