//! What the tests send through lanes.
#![allow(dead_code, reason = "each test file uses some of it")]

use zeroxide_pipe::Carry;

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

/// All interleavings with at most `preemptions` preemptions; two find nearly everything, `None` finds all.
#[cfg(loom)]
pub(crate) fn model(preemptions: Option<usize>, story: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(story);
}
