//! The memory of a batch: how it grows, and how bodies that are taken out of it share it.
//!
//! ```text
//! octets           | 02 .. 04 00 aaaa | 02 .. 04 00 bbbb | ...      grows; its memory is used again
//!                       take a, take b
//! behind bodies         '--> a             '--> b                   used again when the last of them is dropped
//! ```
//! A body that shares the run holds all of it for as long as it lives. So that messages that are kept do not hold much more
//! than themselves, this happens only where a body is a good part of the run, or while little memory is held like that in
//! the whole process ([`reuse::pin`]); elsewhere bodies are copied.
//!
//! A run that is shared has left `octets`, which are empty from then on, and stands behind all bodies that stand apart, where
//! none of them belongs. So whoever appends or takes short bodies asks nothing more than before. What was shared has gone from
//! it: nobody looks here at octets that are somebody else's by now, who may write them if that is C.

use super::Batch;
use crate::{Frame, frame::INLINE_CAPACITY, reuse};
use bytes::{Buf, Bytes};
use std::{
    mem,
    ops::{Deref, DerefMut},
};

/// Room for a full run, and for one read: what one system call writes or a frame of 64 KiB, with the header of the next and
/// the rest of the last.
pub(crate) const FULL: usize = 68 * 1024;

/// A run that outgrows this takes the memory of a full one, if there is some to be used again.
const BEGUN: usize = FULL / GROWN_FOR;

/// A run that outgrows this gets the memory of a full one at once.
const DOUBLED_TO: usize = 32 * 1024;

/// Memory that is written ahead of messages. Below 2 KiB, from where on the C library begins with what starts slowly.
const AHEAD: usize = 3 * 512;

/// Octets of the longest head of a frame.
const HEAD_MAX: usize = 9;

/// Memory that an empty run may keep whatever it held last.
const KEPT_IDLE: usize = 2 * 1024;

/// An empty run keeps memory of which it last used a part of so many.
const GROWN_FOR: usize = 8;

/// A body may always hold so many times its own size.
const WASTE_MAX: usize = 4;

/// Beside the places of bodies stands a run that is shared: this, and how much has gone from its beginning.
const SHARED: usize = 1 << (usize::BITS - 1);

/// What is there of a run. Offsets count what has gone from its beginning.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    octets: &'a [u8],
    gone: usize,
}

impl<'a> Run<'a> {
    /// The offset behind the last octet.
    #[inline]
    pub(super) fn end(self) -> usize {
        self.gone + self.octets.len()
    }

    /// What is there from this offset on.
    #[inline]
    pub(super) fn behind(self, at: usize) -> Option<&'a [u8]> {
        self.octets.get(at.checked_sub(self.gone)?..)
    }

    /// What is there between these offsets.
    #[inline]
    pub(super) fn between(self, from: usize, to: usize) -> Option<&'a [u8]> {
        self.octets.get(from.checked_sub(self.gone)?..to.checked_sub(self.gone)?)
    }
}

/// The octets of a batch. Their memory is used again, whoever drops them.
#[derive(Default, Clone, Debug)]
pub(super) struct Memory(Vec<u8>);

impl Memory {
    pub(super) const NONE: Self = Self(Vec::new());

    /// The octets, for whoever has another use for them.
    pub(super) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for Memory {
    #[inline]
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl Deref for Memory {
    type Target = Vec<u8>;
    #[inline(always)]
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Memory {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        if self.0.capacity() >= reuse::WORTH {
            reuse::give_run(self.take());
        }
    }
}

impl Batch {
    /// Forgets everything but keeps the memory, unless it is far more than was needed last: then an idle peer does not
    /// sit on what a burst once took. What is shared is left to those who share it.
    pub fn clear(&mut self) {
        let capacity = self.octets.capacity();
        // What was cleared before and not used since tells nothing.
        if capacity > KEPT_IDLE && (1..capacity / GROWN_FOR).contains(&self.octets.len()) {
            self.octets = Memory::NONE;
        }
        self.octets.clear();
        self.bodies.clear();
        (self.apart, self.read, self.messages, self.prepared) = (0, 0, 0, 0);
    }

    /// Whether nobody minds when it is [cleared](Self::clear): it holds no memory of others, and little of its own.
    #[inline]
    pub(crate) fn may_stay(&self) -> bool {
        self.bodies.is_empty() && self.octets.capacity() <= KEPT_IDLE
    }

    /// Gets memory for as much as there is in `full`: whoever filled that one will fill this one too, which is empty.
    pub fn follow(&mut self, full: &Self) {
        let size = full.run().end();
        if size > self.octets.capacity().max(BEGUN) {
            self.octets = reuse::take_just(size.max(FULL)).into();
        }
    }

    /// Makes `octets` ready to be appended a frame with a body of this size, and others like it.
    ///
    /// Memory that comes behind short frames is written over. It was read by another thread before, so each line of it has to
    /// be fetched back from another processor's cache; and whoever pushes unlocks a mutex after each message, which waits for
    /// that. Here it waits once for many lines, that come at the same time.
    #[cold]
    pub(super) fn prepare(&mut self, size: usize) {
        let length = self.own().len();
        let needed = length + size + HEAD_MAX;
        if needed > self.octets.capacity() {
            self.grow(needed);
        }
        // Where it would have to grow, it comes back here.
        self.prepared = self.octets.capacity() + 1 - HEAD_MAX;
        if size <= AHEAD / 4 {
            self.prepared = self.prepared.min(length + size + AHEAD);
            self.octets.resize(self.prepared.max(length), 0);
            self.octets.truncate(length);
        }
    }

    /// Gets memory for so many octets, and as a rule for more.
    fn grow(&mut self, needed: usize) {
        if (BEGUN..=FULL).contains(&needed)
            && let Some(mut roomy) = reuse::take_kept_just(FULL)
        {
            roomy.extend_from_slice(&self.octets);
            return self.octets = roomy.into();
        }
        let (length, twice) = (self.octets.len(), 2 * self.octets.capacity());
        match needed <= DOUBLED_TO {
            true => self.octets.reserve(needed - length),
            false => self.octets.reserve_exact(needed.max(FULL).max(twice) - length),
        }
    }

    /// The run to append to.
    #[inline]
    pub(super) fn own(&mut self) -> &mut Vec<u8> {
        if self.is_shared() {
            self.unshare();
        }
        &mut self.octets
    }

    /// Nothing is read of what is not there.
    #[inline]
    fn is_shared(&self) -> bool {
        self.read > self.octets.len()
    }

    #[cold]
    fn unshare(&mut self) {
        if let Some((mark, run)) = self.bodies.pop_back() {
            let gone = mark & !SHARED;
            self.apart -= gone + run.len();
            self.read -= gone;
            self.bodies.iter_mut().for_each(|(at, _)| *at -= gone);
            self.octets = Vec::from(run).into();
        }
    }

    /// All octets but those that stand apart.
    #[inline]
    pub(super) fn run(&self) -> Run<'_> {
        match self.bodies.back() {
            Some((mark, run)) if mark & SHARED != 0 => Run { octets: run, gone: mark & !SHARED },
            _ => Run { octets: &self.octets, gone: 0 },
        }
    }

    /// The bodies that stand apart, and the offsets in the run where they belong.
    pub(super) fn bodies_apart(&self) -> impl Iterator<Item = &(usize, Bytes)> {
        self.bodies.iter().filter(|(at, _)| at & SHARED == 0)
    }

    /// The body that lies there in the run: a share of it, where that may be, or a copy.
    #[inline]
    pub(super) fn cut(&mut self, from: usize, to: usize) -> Option<Frame> {
        if to - from > INLINE_CAPACITY
            && let Some(body) = self.share(from, to)
        {
            return Some(Frame::from(body));
        }
        Some(Frame::copy_from(self.run().between(from, to)?))
    }

    /// The body that lies there, without a copy, if it may hold the whole run; that is shared from then on. With the last
    /// body nothing is left here.
    #[inline]
    pub(super) fn share(&mut self, from: usize, to: usize) -> Option<Bytes> {
        if !self.octets.is_empty() && !self.freeze(to - from) {
            return None;
        }
        let (mark, run) = self.bodies.back_mut()?;
        let gone = *mark & !SHARED;
        let (skipped, taken) = (from.checked_sub(gone)?, to.checked_sub(gone)?);
        if taken < run.len() {
            *mark = SHARED | to;
            let mut body = run.split_to(taken);
            body.advance(skipped);
            return Some(body);
        }
        let (_, mut run) = self.bodies.pop_back()?;
        self.apart -= gone + run.len();
        self.read = 0;
        run.advance(skipped.min(run.len()));
        Some(run)
    }

    /// Shares the run, if a body of this size may hold it.
    fn freeze(&mut self, size: usize) -> bool {
        let octets = self.octets.take();
        let small = octets.capacity() <= size.saturating_mul(WASTE_MAX);
        let shared = if small { Ok(reuse::share(octets)) } else { reuse::pin(octets) };
        match shared {
            Ok(run) => {
                self.apart += run.len();
                self.prepared = 0;
                self.bodies.push_back((SHARED, run));
                true
            }
            Err(octets) => {
                self.octets = octets.into();
                false
            }
        }
    }
}
