//! Values in one run of memory, linked by numbers of four octets.

/// No value.
pub(super) const NONE: u32 = u32::MAX;

/// Values that keep their number until they are released; released numbers are used again.
#[derive(Clone, Debug)]
pub(super) struct Arena<T> {
    items: Vec<T>,
    free: Vec<u32>,
    /// What a wrong number leads to: in a release build a broken link of ours must cost neither the process nor others.
    astray: T,
}

impl<T: Clone + Default> Arena<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), free: Vec::new(), astray: T::default() }
    }

    /// Whether `count` more values fit.
    pub(super) fn fits(&self, count: usize) -> bool {
        self.free.len() >= count || self.items.len() + count < NONE as usize
    }

    pub(super) fn add(&mut self, item: T) -> u32 {
        if let Some(at) = self.free.pop() {
            *self.at_mut(at) = item;
            return at;
        }
        grow(&mut self.items, 1);
        self.items.push(item);
        (self.items.len() - 1) as u32
    }

    pub(super) fn release(&mut self, at: u32) {
        *self.at_mut(at) = T::default();
        self.free.push(at);
    }

    #[inline]
    pub(super) fn at(&self, at: u32) -> &T {
        debug_assert!((at as usize) < self.items.len(), "link {at} leads nowhere");
        self.items.get(at as usize).unwrap_or(&self.astray)
    }

    #[inline]
    pub(super) fn at_mut(&mut self, at: u32) -> &mut T {
        debug_assert!((at as usize) < self.items.len(), "link {at} leads nowhere");
        self.items.get_mut(at as usize).unwrap_or(&mut self.astray)
    }

    /// How many places there are, released ones too.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Every place, released ones too: those hold the default.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    pub(super) fn memory(&self) -> usize {
        self.items.capacity() * size_of::<T>() + self.free.capacity() * size_of::<u32>()
    }
}

/// Makes room for `more` values, and a quarter beyond: doubling would waste half of what a million small topics need.
pub(super) fn grow<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more.max(items.len() / 4).max(8));
    }
}
