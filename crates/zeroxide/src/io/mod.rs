//! The I/O threads: they dial, listen, shake hands, keep time, and move bytes while the application is elsewhere.
//!
//! An I/O thread never runs code of the application and never waits for it.

pub(crate) mod dialer;
mod drive;
pub(crate) mod listener;
pub(crate) mod run;
mod seats;
pub(crate) mod session;
pub(crate) mod shared;
pub(crate) mod timers;
pub(crate) mod udp;
pub(crate) mod waiting_room;
