//! Handles: what C holds as `void *`. They are numbers, never addresses, so whatever C hands in is looked up safely: null,
//! closed, foreign, or of another kind.
//!
//! ```text
//!  63        47         31      27     24            4    0
//!   | 0 ... 0 | generation | forks | kind | slot         | 0 |
//! ```
//! - The generation grows each time a slot is used again: a handle of what is gone finds nothing. Slots are reused in the
//!   order they became free, and not before many are free, so that a number comes again after millions of others.
//! - Forks are counted: in a child process all handles of the parent are known as such and touch nothing.
//! - Bits above 47 and the lowest 4 are zero, as in real addresses, because some languages keep flags there.

use std::{
    collections::VecDeque,
    ffi::c_void,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering::*},
    },
};

const SLOT_SHIFT: u32 = 4;
const SLOT_BITS: u32 = if usize::BITS >= 64 { 20 } else { 14 };
const KIND_SHIFT: u32 = SLOT_SHIFT + SLOT_BITS;
const KIND_BITS: u32 = 3;
const FORKS_SHIFT: u32 = KIND_SHIFT + KIND_BITS;
const FORKS_BITS: u32 = if usize::BITS >= 64 { 4 } else { 2 };
const GENERATION_SHIFT: u32 = FORKS_SHIFT + FORKS_BITS;
const GENERATION_BITS: u32 = if usize::BITS >= 64 { 16 } else { 9 };

/// So many slots are left free before one is used again.
const RESTING: usize = 256;

/// What a handle stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Kind {
    /// A context.
    Context = 1,
    /// A socket.
    Socket = 2,
    /// A `zmq_poller`.
    Poller = 3,
    /// A `zmq_timers`.
    Timers = 4,
}

/// Why a handle led to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Null, closed, foreign, or of another kind.
    Unknown,
    /// It is the parent process's.
    Inherited,
}

/// What is open of one kind.
///
/// The slots are apart for each fork: in a child process the parent's may be locked by a thread that is not there.
pub struct Table<T> {
    kind: Kind,
    slots: [RwLock<Slots<T>>; 1 << FORKS_BITS],
}

struct Slots<T> {
    entries: Vec<Entry<T>>,
    free: VecDeque<usize>,
}

struct Entry<T> {
    generation: usize,
    value: Option<Arc<T>>,
}

/// How often this process's line was forked since the library was loaded.
pub(crate) static FORKS: AtomicUsize = AtomicUsize::new(0);

impl<T> Table<T> {
    /// A table with nothing in it.
    pub const fn new(kind: Kind) -> Self {
        let slots =
            [const { RwLock::new(Slots { entries: Vec::new(), free: VecDeque::new() }) }; 1 << FORKS_BITS];
        Self { kind, slots }
    }

    fn ours(&self) -> Option<&RwLock<Slots<T>>> {
        self.slots.get(forks_now())
    }

    /// Takes in what `make` makes of its handle. `None`: there is no slot left.
    pub fn insert(&self, make: impl FnOnce(usize) -> Arc<T>) -> Option<usize> {
        let mut slots = self.ours()?.write().unwrap_or_else(PoisonError::into_inner);
        let at = if slots.free.len() > RESTING || slots.entries.len() >= 1 << SLOT_BITS {
            slots.free.pop_front()?
        } else {
            slots.entries.push(Entry { generation: 1, value: None });
            slots.entries.len() - 1
        };
        let entry = slots.entries.get_mut(at)?;
        let handle = self.encode(at, entry.generation);
        entry.value = Some(make(handle));
        Some(handle)
    }

    /// What the handle stands for.
    pub fn get(&self, handle: usize) -> Result<Arc<T>, Missing> {
        let at = self.decode(handle)?;
        let slots = self.ours().ok_or(Missing::Unknown)?.read().unwrap_or_else(PoisonError::into_inner);
        let entry = slots.entries.get(at).ok_or(Missing::Unknown)?;
        if entry.generation != generation(handle) {
            return Err(Missing::Unknown);
        }
        entry.value.clone().ok_or(Missing::Unknown)
    }

    /// What the handle stood for; from now on it stands for nothing.
    pub fn remove(&self, handle: usize) -> Result<Arc<T>, Missing> {
        let at = self.decode(handle)?;
        let mut slots = self.ours().ok_or(Missing::Unknown)?.write().unwrap_or_else(PoisonError::into_inner);
        let entry = slots.entries.get_mut(at).ok_or(Missing::Unknown)?;
        if entry.generation != generation(handle) {
            return Err(Missing::Unknown);
        }
        let value = entry.value.take().ok_or(Missing::Unknown)?;
        // Zero is left out: it would make a null handle possible.
        entry.generation = if entry.generation + 1 < 1 << GENERATION_BITS { entry.generation + 1 } else { 1 };
        slots.free.push_back(at);
        Ok(value)
    }

    fn encode(&self, at: usize, generation: usize) -> usize {
        (generation << GENERATION_SHIFT)
            | (forks_now() << FORKS_SHIFT)
            | ((self.kind as usize) << KIND_SHIFT)
            | (at << SLOT_SHIFT)
    }

    fn decode(&self, handle: usize) -> Result<usize, Missing> {
        let low = handle & ((1 << SLOT_SHIFT) - 1);
        let kind = (handle >> KIND_SHIFT) & ((1 << KIND_BITS) - 1);
        let beyond = handle >> (GENERATION_SHIFT + GENERATION_BITS);
        if low != 0 || kind != self.kind as usize || beyond != 0 || generation(handle) == 0 {
            return Err(Missing::Unknown);
        }
        let forks = (handle >> FORKS_SHIFT) & ((1 << FORKS_BITS) - 1);
        if forks == forks_now() {
            return Ok(slot(handle));
        }
        // A number from the future is no handle at all.
        Err(if forks < FORKS.load(Relaxed) { Missing::Inherited } else { Missing::Unknown })
    }
}

/// A handle as C holds it.
pub fn to_c(handle: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(handle)
}

/// The number in what C handed in.
#[inline]
pub fn from_c(handle: *const c_void) -> usize {
    handle.addr()
}

/// The slot of a handle.
#[inline]
pub fn slot(handle: usize) -> usize {
    (handle >> SLOT_SHIFT) & ((1 << SLOT_BITS) - 1)
}

fn generation(handle: usize) -> usize {
    (handle >> GENERATION_SHIFT) & ((1 << GENERATION_BITS) - 1)
}

fn forks_now() -> usize {
    FORKS.load(Relaxed) & ((1 << FORKS_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_leads_to_its_own_and_to_nothing_once_removed() {
        let table = Table::new(Kind::Socket);
        let one = table.insert(|_| Arc::new(1)).unwrap();
        let two = table.insert(|_| Arc::new(2)).unwrap();
        assert_eq!((*table.get(one).unwrap(), *table.get(two).unwrap()), (1, 2));
        assert_eq!(*table.remove(one).unwrap(), 1);
        assert_eq!(table.get(one), Err(Missing::Unknown));
        assert_eq!(table.remove(one), Err(Missing::Unknown));
        assert_eq!(*table.get(two).unwrap(), 2);
    }

    #[test]
    fn what_is_no_handle_of_this_kind_leads_to_nothing() {
        let sockets: Table<()> = Table::new(Kind::Socket);
        let contexts = Table::new(Kind::Context);
        let context = contexts.insert(|_| Arc::new(())).unwrap();
        for foreign in [0, 1, 16, context, usize::MAX, &raw const context as usize] {
            assert_eq!(sockets.get(foreign), Err(Missing::Unknown), "{foreign:x}");
        }
    }

    #[test]
    fn a_slot_is_used_again_under_another_number() {
        let table = Table::new(Kind::Socket);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10 * RESTING {
            let handle = table.insert(|_| Arc::new(())).unwrap();
            assert!(seen.insert(handle));
            table.remove(handle).unwrap();
        }
        assert!(table.slots[0].read().unwrap().entries.len() <= RESTING + 1);
    }

    #[test]
    fn handles_look_like_aligned_addresses() {
        let table = Table::new(Kind::Timers);
        let handle = table.insert(|_| Arc::new(())).unwrap();
        assert!(handle % 16 == 0 && handle != 0);
        assert!(usize::BITS < 64 || handle < 1 << 47);
    }
}
