//! What sockets can do beyond what all of them can: one group of verbs a file, each a macro that gives it to a type, so
//! that a type has the verbs it is listed with and no other.
//!
//! The forms are the same everywhere: the plain verb waits as long as the socket's timeout options say, `try_*` never
//! waits, `*_timeout` waits at most so long, `*_async` gives a future for any executor.

mod grouping;
mod naming;
mod numbering;
mod publishing;
mod receiving;
mod sending;
mod subscribing;

pub(super) use grouping::{broadcasts, joins, joins_for_sure};
pub(super) use naming::names_peers;
pub(super) use numbering::{connects_peers, numbers_peers};
pub(super) use publishing::{publishes, publishes_by_hand};
pub(super) use receiving::{receives, streams};
pub(super) use sending::{sends, sinks};
pub(super) use subscribing::{subscribes, subscribes_for_sure};
