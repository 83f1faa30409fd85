//! Memory of large bodies, used again: the system would hand out fresh pages each time, and clearing those costs more than
//! copying into them.
//!
//! ```text
//! take ---> filled by a send or a read ---> Bytes, on its way to the last owner ---> dropped: back here
//! ```
//! A few MiB at most are kept, whatever is in flight; nothing below 32 KiB, for which the allocator is good enough.

use bytes::Bytes;
use std::{
    ops::RangeInclusive,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// From so much on memory is kept.
pub(crate) const WORTH: usize = 32 * 1024;
/// Memory of batches is kept up to here; a full one has about half.
const RUN_MAX: usize = 128 * 1024;
/// So much is kept at most, by the whole process.
const KEPT_MAX: usize = 8 * 1024 * 1024;
/// So many pieces are kept at most.
const PIECES_MAX: usize = 64;
/// Memory that is more than so many times what is asked for stays for others.
const WASTE_MAX: usize = 4;

/// So much memory is held at most, in the whole process, by bodies that are only a part of it.
pub const PINNED_MAX: usize = 4 * 1024 * 1024;

/// Only a number: nothing else is read or written by it.
static PINNED: AtomicUsize = AtomicUsize::new(0);

static KEPT: Mutex<Kept> = Mutex::new(Kept { pieces: Vec::new(), octets: 0 });

struct Kept {
    pieces: Vec<Vec<u8>>,
    octets: usize,
}

/// An empty vector with room for `capacity` octets, if one is kept that fits.
pub fn take_kept(capacity: usize) -> Option<Vec<u8>> {
    take_within(capacity..=capacity.saturating_mul(WASTE_MAX))
}

/// An empty vector with room for just about `capacity` octets, for whoever judges by the capacity how full it is.
pub fn take_just(capacity: usize) -> Vec<u8> {
    take_kept_just(capacity).unwrap_or_else(|| Vec::with_capacity(capacity))
}

/// As [`take_just`], if some is kept.
pub fn take_kept_just(capacity: usize) -> Option<Vec<u8>> {
    take_within(capacity..=capacity + capacity / 8)
}

fn take_within(capacities: RangeInclusive<usize>) -> Option<Vec<u8>> {
    if *capacities.start() < WORTH {
        return None;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |piece: &Vec<u8>| capacities.contains(&piece.capacity());
    let at = kept.pieces.iter().rposition(fits)?;
    let piece = kept.pieces.swap_remove(at);
    kept.octets -= piece.capacity();
    Some(piece)
}

/// An empty vector with room for `capacity` octets.
pub fn take(capacity: usize) -> Vec<u8> {
    take_kept(capacity).unwrap_or_else(|| Vec::with_capacity(capacity))
}

/// Gives memory back; it is kept if it is worth it. Allocates nothing, but for the first piece of all.
pub fn give(mut octets: Vec<u8>) {
    let capacity = octets.capacity();
    if !(WORTH..=KEPT_MAX).contains(&capacity) {
        return;
    }
    octets.clear();
    loop {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.octets + capacity <= KEPT_MAX && kept.pieces.len() < PIECES_MAX {
            kept.octets += capacity;
            let free = PIECES_MAX - kept.pieces.len();
            kept.pieces.reserve_exact(free);
            return kept.pieces.push(octets);
        }
        // The oldest goes: its pages are the coldest.
        let oldest = kept.pieces.remove(0);
        kept.octets -= oldest.capacity();
        drop(kept);
        drop(oldest);
    }
}

/// As [`give`], for memory of batches: what is much longer than they are as a rule goes back to the system.
pub(crate) fn give_run(octets: Vec<u8>) {
    if octets.capacity() <= RUN_MAX {
        give(octets);
    }
}

/// Gives all that is kept back to the system: how much is read at once depends on what there is, and whoever wants the same
/// to happen again begins without.
pub fn forget() {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let dropped_unlocked = std::mem::replace(&mut *kept, Kept { pieces: Vec::new(), octets: 0 });
    drop(kept);
    drop(dropped_unlocked);
}

/// Shares octets whose memory comes back here when the last share is dropped.
///
/// Who holds a share that nobody else looks at may write it, by a pointer whose provenance was exposed: that of this memory is,
/// and no box or reference claims it, as with other kinds of [`Bytes`]. C's messages can be written wherever they lie.
pub fn share(octets: Vec<u8>) -> Bytes {
    Bytes::from_owner(Lent(exposed(octets)))
}

/// Octets whose memory may be written by whoever knows where it is, and may by the rules that apply.
fn exposed(mut octets: Vec<u8>) -> Vec<u8> {
    octets.as_mut_ptr().expose_provenance();
    octets
}

/// [Shares](share) octets of which parts will be kept, nobody knows how long, while not too much is held like that.
///
/// # Errors
/// It is too much: the octets, as they were.
pub(crate) fn pin(octets: Vec<u8>) -> Result<Bytes, Vec<u8>> {
    let size = octets.capacity();
    if size > PINNED_MAX || PINNED.load(Relaxed) > PINNED_MAX - size {
        return Err(octets);
    }
    // Counted before it is looked at: of two threads at once none is let in that the bound does not allow.
    if PINNED.fetch_add(size, Relaxed) > PINNED_MAX - size {
        PINNED.fetch_sub(size, Relaxed);
        return Err(octets);
    }
    Ok(Bytes::from_owner(Pinned(exposed(octets))))
}

/// Memory that counts as held.
struct Pinned(Vec<u8>);

impl AsRef<[u8]> for Pinned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        PINNED.fetch_sub(self.0.capacity(), Relaxed);
        give_run(std::mem::take(&mut self.0));
    }
}

/// A copy, in memory that is used again.
pub fn copy(octets: &[u8]) -> Bytes {
    let mut room = take(octets.len());
    room.extend_from_slice(octets);
    share(room)
}

struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_when_the_last_share_is_dropped_and_not_before() {
        // A capacity that no other test of this process asks for.
        const SIZE: usize = 3_333_333;
        let first = copy(&[7; SIZE]);
        let (place, share) = (first.as_ptr(), first.slice(1..2));
        drop(first);
        assert!(take_kept(SIZE).is_none_or(|other| other.as_ptr() != place), "a share still reads it");
        drop(share);
        assert_eq!(take_kept(SIZE).map(|piece| (piece.as_ptr(), piece.len())), Some((place, 0)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        for _ in 0..100 {
            give(Vec::with_capacity(1024 * 1024));
        }
        let kept = KEPT.lock().unwrap();
        assert!(kept.octets <= KEPT_MAX && kept.pieces.len() <= PIECES_MAX);
        assert_eq!(kept.octets, kept.pieces.iter().map(Vec::capacity).sum::<usize>());
    }
}
