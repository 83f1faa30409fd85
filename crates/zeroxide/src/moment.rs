//! A moment's patience: a call that found nothing looks again for a few microseconds before it sleeps, where the other side
//! is a thread of this process, or any of many connections. Two threads that are both at work then meet without a wake-up,
//! which would take each longer than dozens of messages.
//!
//! ```text
//!   nothing there -> pause, look, pause, look ... 4 us -> sleep       found: the next call may do so again
//!                                                                    in vain: the next 1, 3, 7 ... 255 calls sleep at once
//! ```
//! Nothing is touched while it pauses: whoever is about to bring something wants the locks, and each message that is
//! taken for itself costs both sides more than one of many. Where it is in vain, an idle socket soon pays next to nothing.

use std::{
    hint::spin_loop,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a call looks again.
const MOMENT: Duration = Duration::from_micros(4);
/// Pauses of the processor between two looks, some 25 ns each.
const PAUSES: usize = 20;
/// So many calls sleep at once, at most, before one looks again: in a round trip both sides look in vain, and together in less
/// than one of a hundred.
const MOST_SKIPPED: u32 = 255;

/// With one processor the other side cannot be at work while this one looks.
static ALONE: LazyLock<bool> =
    LazyLock::new(|| thread::available_parallelism().is_ok_and(|count| count.get() == 1));

/// Whether looking again was worth it lately. A hint: threads that change it at once do no harm.
#[derive(Default, Debug)]
pub(crate) struct Moment {
    /// Calls that are still to sleep at once.
    skip: AtomicU32,
    /// How many those were the last time.
    skipped: AtomicU32,
}

impl Moment {
    /// Looks again for a moment, or not at all.
    pub(crate) fn look<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> Option<R> {
        let skip = self.skip.load(Relaxed);
        if skip > 0 {
            self.skip.store(skip - 1, Relaxed);
            return None;
        }
        if *ALONE {
            return None;
        }
        let begin = Instant::now();
        loop {
            (0..PAUSES).for_each(|_| spin_loop());
            if let Some(found) = attempt() {
                self.skipped.store(0, Relaxed);
                return Some(found);
            }
            if begin.elapsed() >= MOMENT {
                break;
            }
        }
        let skip = (self.skipped.load(Relaxed) * 2 + 1).min(MOST_SKIPPED);
        self.skipped.store(skip, Relaxed);
        self.skip.store(skip, Relaxed);
        None
    }
}

/// Leaves a sender alone for half a microsecond: a receiver that is faster would take each message by itself, and each time
/// both would fetch the lane from the other's cache.
pub(crate) fn pause() {
    if !*ALONE {
        (0..PAUSES).for_each(|_| spin_loop());
    }
}
