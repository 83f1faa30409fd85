//! Contexts without threads, in a time that somebody else makes: what simulations drive. Never for production.
//!
//! A simulated context has its I/O loops where others have I/O threads: each runs a turn when it is told to, and never
//! waits. All of it is the code that runs elsewhere, but for what blocks a thread: the calls that wait are not to be used,
//! nor what needs threads of its own (names to resolve, authenticators).
//!
//! ```
//! use std::time::{Duration, Instant};
//! use zeroxide::{Context, Pull, Push, simulation};
//! let start = Instant::now();
//! simulation::set_time(Some(start));
//! let context = Context::builder().simulated(42).build();
//! let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
//! push.connect(&pull.bind("ipc://*")?)?;
//! push.try_send("hello")?;
//! let mut now = start;
//! let message = loop {
//!     while simulation::turn(&context) > 0 {}
//!     match pull.try_recv() {
//!         Ok(message) => break message,
//!         Err(_) => now = simulation::next_due(&context).unwrap_or(now + Duration::from_millis(1)),
//!     }
//!     simulation::set_time(Some(now));
//! };
//! assert_eq!(message, "hello".into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{context::Context, io::run::Loop, sync::Mutex};
use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

thread_local! {
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Says what time it is on this thread from now on; `None` gives it back to the system.
///
/// ```
/// use std::time::{Duration, Instant};
/// zeroxide::simulation::set_time(Some(Instant::now() + Duration::from_secs(3600)));
/// ```
pub fn set_time(now: Option<Instant>) {
    NOW.set(now);
}

/// What a simulation says that it is.
pub(crate) fn now() -> Option<Instant> {
    NOW.get()
}

/// Gives each I/O loop of a simulated context one turn; says how much there was to do.
///
/// ```
/// use zeroxide::{Context, Rep, simulation};
/// let context = Context::builder().simulated(1).build();
/// Rep::new(&context)?.bind("ipc://*")?;
/// assert!(simulation::turn(&context) > 0, "it begins to listen");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn turn(context: &Context) -> usize {
    context.inner().simulation.as_ref().map_or(0, Simulation::turn)
}

/// When a simulated context has something to do though nothing happens.
///
/// ```
/// use zeroxide::{Context, simulation};
/// assert_eq!(simulation::next_due(&Context::builder().simulated(1).build()), None);
/// ```
pub fn next_due(context: &Context) -> Option<Instant> {
    let simulation = context.inner().simulation.as_ref()?;
    simulation.loops.lock().iter().filter_map(Loop::next_due).min()
}

/// Whether all sockets of a context are closed, and nothing that was sent is still on its way.
///
/// ```
/// use zeroxide::{Context, Rep, simulation};
/// let context = Context::builder().simulated(1).build();
/// assert!(simulation::is_over(&context));
/// let _open = Rep::new(&context)?;
/// assert!(!simulation::is_over(&context));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_over(context: &Context) -> bool {
    context.inner().is_over()
}

/// What a simulated context has in place of threads and of chance.
pub(crate) struct Simulation {
    pub(crate) loops: Mutex<Vec<Loop>>,
    random: AtomicU64,
}

impl Simulation {
    pub(crate) fn new(seed: u64) -> Self {
        // Memory left by others would decide how much is read at once.
        zeroxide_proto::reuse::forget();
        Self { loops: Mutex::default(), random: AtomicU64::new(seed) }
    }

    /// The next number of a sequence that the seed decides (SplitMix64).
    pub(crate) fn random(&self) -> u64 {
        let state = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn turn(&self) -> usize {
        // Nobody who is woken waits for this lock: the one thread that turns is in here.
        self.loops.take().iter_mut().map(Loop::turn_at_once).sum()
    }

    /// Turns until nothing is left to do at this moment.
    pub(crate) fn settle(&self) {
        while self.turn() > 0 {}
    }
}
