//! A pipeline by credit: whoever asks for work gets it, and what a consumer does not finish is given to another.
//!
//! ```text
//!  Source  ROUTER <--- "CREDIT" session done received window ---  DEALER  Consumer
//!                 ---- session number body.. ------------------->
//! ```
//!
//! PUSH gives each worker as much as fits into its queue, at once, and what is queued for a worker that dies is lost. Here
//! a consumer has so many items as it asked for (`window`), and gets the next when it has done some: who is slow gets
//! less.
//!
//! **What is promised.**
//! - At least once: every item that [`Source::send`] took is given until a consumer says that it is done. One that is
//!   killed, frozen or cut off is taken for gone after [`SourceOptions::lifetime`]; one that ends, or fails at an item, says
//!   so at once. Its items are given again, before all that waits.
//! - Once, if no consumer is lost: what comes twice over a connection that broke, or was sent again, is dropped by its
//!   number.
//! - Bounded memory: a source holds [`SourceOptions::queue`] items that wait, and a window for each consumer; `send` waits.
//! - A consumer gets items in the order in which they were sent.
//!
//! **What is not.**
//! - An item may be done twice: a consumer that was taken for gone may only have been slow. A body may carry a key to
//!   notice that by.
//! - The source remembers in memory. If its process dies, what is not done is lost; consumers go on with the next source
//!   at that endpoint. [`Source::finish`] tells what was done.
//! - Among several consumers there is no order, and none between an item that is given again and those after it.
//! - Consumers trust each other: whoever knows another's session can speak for it.
//!
//! ```
//! use std::{thread, time::Duration};
//! use zeroxide::Context;
//! use zeroxide_patterns::credit::{Consumer, ConsumerOptions, Source, SourceOptions};
//!
//! let context = Context::new();
//! let source = Source::new(&context, SourceOptions::default())?;
//! let endpoint = source.bind("tcp://127.0.0.1:*")?;
//! let consumers: Vec<_> = (0..2)
//!     .map(|_| Consumer::new(&context, &endpoint, ConsumerOptions::default()))
//!     .collect::<Result<_, _>>()?;
//! let working: Vec<_> =
//!     consumers.into_iter().map(|consumer| thread::spawn(move || consumer.run(|_task| ()))).collect();
//! for task in 0..100 {
//!     source.send(task.to_string())?;
//! }
//! let report = source.finish(Duration::from_secs(60))?;
//! assert!(report.is_done());
//! let mut done = 0;
//! for thread in working {
//!     done += thread.join().unwrap()?;
//! }
//! assert_eq!(done, 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: the Guide, chapters 7 and 8, on flow control by credit (file transfer). The frames are ours.

mod consumer;
mod dealing;
mod options;
mod source;
mod taking;
mod words;

pub use consumer::{Consumer, Item};
pub use dealing::Dealing;
pub use options::{ConsumerOptions, SourceOptions, SourceStatistics};
pub use source::Source;
pub use taking::{Taken, Taking};
