//! What the tests send through lanes.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses some of it, and fails by panicking")]

#[cfg(loom)]
use loom::sync::Arc;
#[cfg(not(loom))]
use std::sync::Arc;
use zeroxide_pipe::{Carry, EventCount, Lane, Rejected};

/// A batch of plain numbers; the size of each is what the test wants it to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers<const SIZE: usize = 1>(pub(crate) Vec<usize>);

impl<const SIZE: usize> Carry for Numbers<SIZE> {
    fn messages(&self) -> usize {
        self.0.len()
    }

    fn size(&self) -> usize {
        self.0.len() * SIZE
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// A lane as the core uses it: producers ring a dormant consumer, credit rings refused producers.
pub(crate) struct Pipe {
    pub(crate) lane: Lane<Numbers>,
    pub(crate) filled: EventCount,
    pub(crate) room: EventCount,
}

impl Pipe {
    pub(crate) fn new(limit: Option<usize>) -> Arc<Self> {
        Arc::new(Self { lane: Lane::new(limit), filled: EventCount::new(), room: EventCount::new() })
    }

    pub(crate) fn push(&self, number: usize) -> Result<(), Rejected> {
        let pushed = self.lane.push_with(|batch| batch.0.push(number))?;
        if pushed.dormant {
            self.filled.notify();
        }
        Ok(())
    }

    pub(crate) fn push_waiting(&self, number: usize) -> Result<(), Rejected> {
        let pushed = self.room.wait(None, || match self.push(number) {
            Err(Rejected::Full) => None,
            ended => Some(ended),
        });
        pushed.unwrap()
    }

    pub(crate) fn close(&self) {
        self.lane.close();
        self.filled.notify();
        self.room.notify();
    }
}

/// All interleavings with at most `preemptions` preemptions; two find nearly everything, `None` finds all.
#[cfg(loom)]
pub(crate) fn model(preemptions: Option<usize>, story: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(story);
}
