//! Handles: what C holds as `void *`.
//!
//! They are addresses, because there are programs that look behind them: CZMQ reads four octets to tell its own sockets
//! from libzmq's. But nothing of ours is there, only a mark, in memory that is never given back; and whatever C hands in
//! is looked up and never followed. So null, closed and foreign handles, and those of another kind, are told safely.
//!
//! - The address of what was closed rests before it is used again, until many others have been: a handle of what is gone
//!   finds nothing for a long time.
//! - In a child process all handles of the parent are known as such and touch nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::c_void,
    sync::{
        Arc, PoisonError, RwLock, TryLockError,
        atomic::{AtomicUsize, Ordering::*},
    },
};

/// So many addresses rest before one is used again.
const RESTING: usize = 4096;

/// So many addresses are made at once: they follow each other, so that those of a program that has few sockets differ in the
/// bits that [`spread`] looks at.
const AT_ONCE: usize = 64;

/// So many generations of processes are told apart.
const GENERATIONS: usize = 8;

/// What is behind a handle, for those who look.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Mark([u32; 4]);

const MARK: Mark = Mark([0xbadd_ecaf; 4]);

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
/// Each generation of processes has its own list: in a child process the parent's may be locked by a thread that is not
/// there.
pub struct Table<T> {
    lists: [RwLock<List<T>>; GENERATIONS],
}

struct List<T> {
    open: BTreeMap<usize, Arc<T>>,
    resting: VecDeque<usize>,
    /// Addresses that were never used.
    fresh: &'static [Mark],
}

impl<T> List<T> {
    const fn new() -> Self {
        Self { open: BTreeMap::new(), resting: VecDeque::new(), fresh: &[] }
    }

    fn fresh(&mut self) -> Option<usize> {
        if self.fresh.is_empty() {
            self.fresh = Box::leak(Box::new([MARK; AT_ONCE]));
        }
        let (first, others) = self.fresh.split_first()?;
        self.fresh = others;
        Some((&raw const *first).expose_provenance())
    }
}

/// How often this process's line was forked since the library was loaded.
pub(crate) static FORKS: AtomicUsize = AtomicUsize::new(0);

impl<T> Table<T> {
    /// A table with nothing in it.
    pub const fn new() -> Self {
        Self { lists: [const { RwLock::new(List::new()) }; GENERATIONS] }
    }

    fn ours(&self) -> Option<&RwLock<List<T>>> {
        self.lists.get(FORKS.load(Relaxed) % GENERATIONS)
    }

    /// Takes in what `make` makes of its handle. `None` cannot be expected.
    pub fn insert(&self, make: impl FnOnce(usize) -> Arc<T>) -> Option<usize> {
        let mut list = self.ours()?.write().unwrap_or_else(PoisonError::into_inner);
        let rested = if list.resting.len() > RESTING { list.resting.pop_front() } else { None };
        let handle = rested.or_else(|| list.fresh())?;
        list.open.insert(handle, make(handle));
        Some(handle)
    }

    /// What the handle stands for.
    pub fn get(&self, handle: usize) -> Result<Arc<T>, Missing> {
        let list = self.ours().ok_or(Missing::Unknown)?.read().unwrap_or_else(PoisonError::into_inner);
        list.open.get(&handle).cloned().ok_or_else(|| self.missing(handle))
    }

    /// What the handle stood for; from now on it stands for nothing.
    pub fn remove(&self, handle: usize) -> Result<Arc<T>, Missing> {
        let mut list = self.ours().ok_or(Missing::Unknown)?.write().unwrap_or_else(PoisonError::into_inner);
        let value = list.open.remove(&handle).ok_or_else(|| self.missing(handle))?;
        list.resting.push_back(handle);
        Ok(value)
    }

    /// Nothing is known of the handle; whether the parent, or its parent, knew it. A list that is locked was so when the
    /// process was forked, and nobody is there to unlock it.
    fn missing(&self, handle: usize) -> Missing {
        let forks = FORKS.load(Relaxed);
        let mut parents = self.lists.iter().take(forks.min(GENERATIONS));
        let knew = |list: &RwLock<List<T>>| match list.try_read() {
            Ok(list) => list.open.contains_key(&handle),
            Err(TryLockError::Poisoned(list)) => list.into_inner().open.contains_key(&handle),
            Err(TryLockError::WouldBlock) => true,
        };
        if parents.any(|list| !self.ours().is_some_and(|ours| std::ptr::eq(ours, list)) && knew(list)) {
            Missing::Inherited
        } else {
            Missing::Unknown
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A handle as C holds it.
pub fn to_c(handle: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(handle)
}

/// The number in what C handed in.
#[inline]
pub fn from_c(handle: *const c_void) -> usize {
    handle.addr()
}

/// A number whose low bits differ between handles that were made one after the other.
#[inline]
pub fn spread(handle: usize) -> usize {
    handle / size_of::<Mark>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_leads_to_its_own_and_to_nothing_once_removed() {
        let table = Table::new();
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
        let sockets: Table<()> = Table::new();
        let contexts = Table::new();
        let context = contexts.insert(|_| Arc::new(())).unwrap();
        for foreign in [0, 1, 16, context, usize::MAX, &raw const context as usize] {
            assert_eq!(sockets.get(foreign), Err(Missing::Unknown), "{foreign:x}");
        }
    }

    #[test]
    fn an_address_rests_before_it_is_used_again() {
        let table = Table::new();
        let first = table.insert(|_| Arc::new(())).unwrap();
        table.remove(first).unwrap();
        for round in 0..3 * RESTING {
            let handle = table.insert(|_| Arc::new(())).unwrap();
            assert!(round >= RESTING || handle != first);
            table.remove(handle).unwrap();
        }
        assert!(table.lists[0].read().unwrap().resting.len() <= RESTING + 1);
    }

    #[test]
    fn handles_made_one_after_the_other_are_told_by_few_bits() {
        let table = Table::new();
        let handles: Vec<usize> = (0..AT_ONCE).map(|_| table.insert(|_| Arc::new(())).unwrap()).collect();
        for eight in handles.chunks(8) {
            let places: std::collections::BTreeSet<usize> =
                eight.iter().map(|handle| spread(*handle) % 8).collect();
            assert_eq!(places.len(), 8, "{eight:x?}");
        }
    }

    #[test]
    fn whoever_looks_behind_a_handle_finds_a_mark() {
        let table = Table::new();
        let handle = table.insert(|_| Arc::new(())).unwrap();
        assert!(handle % 16 == 0 && handle != 0);
        // SAFETY: a mark is there, for ever.
        assert_eq!(unsafe { to_c(handle).cast::<u32>().read() }, 0xbadd_ecaf);
    }
}
