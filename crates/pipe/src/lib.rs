//! How threads hand over: carries, never decides.
//!
//! This room knows nothing of messages, sockets or ZMTP. It has four things, all of them safe code, all of them checked
//! with loom; the first three are over one short mutex each:
//!
//! - [`EventCount`]: the one way to wait. Threads ([`ThreadParker`]), file descriptors and async tasks all park in it
//!   as a [`std::task::Waker`]; whoever makes a condition true calls [`EventCount::notify`].
//! - [`Lane`]: a bounded hand-over of batches. Producers append to the open batch, the consumer takes it by a swap.
//! - [`Token`]: the right to do a piece of work, held by whoever finds it free; nothing stays behind when it is let go.
//! - [`Tenure`]: who reads, a watcher for all or a reader that comes and goes; nothing stays unread between the two.
//!
//! ```
//! use std::{sync::Arc, thread};
//! use zeroxide_pipe::{Carry, EventCount, Lane};
//!
//! #[derive(Default)]
//! struct Numbers(Vec<u64>);
//! impl Carry for Numbers {
//!     fn messages(&self) -> usize { self.0.len() }
//!     fn size(&self) -> usize { self.0.len() * 8 }
//!     fn clear(&mut self) { self.0.clear() }
//! }
//!
//! let shared = Arc::new((Lane::<Numbers>::new(Some(10)), EventCount::new(), EventCount::new()));
//! let producer = thread::spawn({
//!     let shared = shared.clone();
//!     move || {
//!         let (lane, filled, room) = &*shared;
//!         for number in 0..100 {
//!             let pushed = room.wait(None, || lane.push_with(|batch| batch.0.push(number)).ok());
//!             if pushed.is_some_and(|pushed| pushed.dormant) {
//!                 filled.notify();
//!             }
//!         }
//!     }
//! });
//! let (lane, filled, room) = &*shared;
//! let (mut batch, mut sum, mut taken) = (Numbers::default(), 0, 0);
//! while taken < 100 {
//!     filled.wait(None, || lane.take_into(&mut batch).then_some(()));
//!     let count = batch.0.len();
//!     taken += count;
//!     sum += batch.0.drain(..).sum::<u64>();
//!     if lane.credit(count).resume {
//!         room.notify();
//!     }
//! }
//! assert_eq!(sum, (0..100).sum());
//! # producer.join().unwrap();
//! ```

#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc, missing_debug_implementations)]

mod answers;
mod event_count;
mod futex;
mod lane;
mod parker;
pub mod sync;
mod tenure;
mod token;

pub use answers::{Credit, Drained, Pushed, Rejected, Replaced};
pub use event_count::{EventCount, Key, Ticket};
pub use lane::{Carry, Lane};
pub use parker::{Interrupted, Signals, ThreadParker};
pub use tenure::{Beside, Looked, Seen, Tenure};
pub use token::{Ran, Token};
