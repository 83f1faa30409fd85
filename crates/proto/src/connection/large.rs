//! The body of a large frame on its way in: read straight into the memory it will be delivered in.
//!
//! ```text
//! | .. start .. | body so far ....... | room for the rest | slack |
//!                                      octets of the next frames land in the slack: one read for both
//! ```
//! Memory grows with the octets that came, never with what the header claims.

use crate::{batch::COMMAND, reuse};
use bytes::Bytes;

/// What is given to a body before any of it came.
const FIRST: usize = 256 * 1024;
/// Room behind the body, so that the next header comes with the end of this body.
const SLACK_MAX: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Large {
    octets: Vec<u8>,
    start: usize,
    end: usize,
    flags: u8,
}

impl Large {
    /// A body of `size` octets, of which these came.
    pub(super) fn copied(size: usize, flags: u8, begin: &[u8]) -> Self {
        let whole = size.saturating_add(slack(size));
        // Memory that is there already may be given at once, whatever the header claims.
        let mut octets =
            reuse::take_kept(whole).unwrap_or_else(|| reuse::take(whole.min(FIRST.max(begin.len()))));
        octets.extend_from_slice(begin);
        Self { octets, start: 0, end: size, flags }
    }

    /// A body of `size` octets that keeps the memory in which its beginning lies, from `start` on.
    pub(super) fn in_place(octets: Vec<u8>, start: usize, size: usize, flags: u8) -> Self {
        Self { octets, start, end: start.saturating_add(size), flags }
    }

    /// Octets still to come.
    pub(super) fn missing(&self) -> usize {
        self.end.saturating_sub(self.octets.len())
    }

    /// The vector to read into: at least doubled when full, but never beyond what is due.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        if self.octets.len() == self.octets.capacity() {
            let due = self.missing().saturating_add(slack(self.end - self.start));
            self.octets.reserve_exact(due.min(self.octets.len().max(FIRST)));
        }
        &mut self.octets
    }

    /// Takes what belongs to the body off the front of `octets`; returns how many that were.
    pub(super) fn fill(&mut self, octets: &[u8]) -> usize {
        let taken = octets.get(..self.missing()).unwrap_or(octets);
        if self.octets.capacity() - self.octets.len() < taken.len() {
            self.room();
        }
        self.octets.extend_from_slice(taken);
        taken.len()
    }

    /// Moves what was read beyond the body to `surplus`.
    pub(super) fn split_surplus(&mut self, surplus: &mut Vec<u8>) {
        surplus.clear();
        surplus.extend_from_slice(self.octets.get(self.end..).unwrap_or_default());
        self.octets.truncate(self.end);
    }

    pub(super) fn is_command(&self) -> bool {
        self.flags & COMMAND != 0
    }

    pub(super) fn flags(&self) -> u8 {
        self.flags
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.octets.capacity()
    }

    /// The memory it was read into, and where in it the whole body begins.
    pub(super) fn into_memory(self) -> (Vec<u8>, usize) {
        debug_assert_eq!(self.octets.len(), self.end);
        (self.octets, self.start)
    }

    /// The whole body, in the memory it was read into.
    pub(super) fn into_body(self) -> Bytes {
        debug_assert_eq!(self.octets.len(), self.end);
        let mut body = reuse::share(self.octets);
        if self.start <= body.len() { body.split_off(self.start) } else { Bytes::new() }
    }
}

fn slack(size: usize) -> usize {
    (size / 8).min(SLACK_MAX)
}
