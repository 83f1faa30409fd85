//! The children of radix tree nodes: sorted blocks of (octet, child) in one run of memory.
//!
//! ```text
//! octets    | a c f . | b x | ...      block {at: 0, fanout: 3, class: 2}: room for 2^2
//! children  | 7 2 9 . | 4 5 | ...
//! ```

use super::arena::{NONE, grow};

const CLASSES: usize = 9;

/// Where the children of one node are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    at: u32,
    fanout: u16,
    /// The block has room for 2^class children, if it has any.
    class: u8,
}

impl Block {
    pub(super) fn fanout(self) -> usize {
        usize::from(self.fanout)
    }

    fn used(self) -> std::ops::Range<usize> {
        self.at as usize..self.at as usize + self.fanout()
    }

    fn room(self) -> usize {
        if self.fanout == 0 { 0 } else { 1 << self.class }
    }
}

/// All blocks of one tree. Freed blocks are used again by others of their size.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    octets: Vec<u8>,
    children: Vec<u32>,
    free: [Vec<u32>; CLASSES],
}

impl Edges {
    /// Whether a block of any size could still be made.
    pub(super) fn fits(&self) -> bool {
        self.octets.len() + 256 < NONE as usize
    }

    #[inline]
    pub(super) fn find(&self, block: Block, octet: u8) -> Option<u32> {
        let octets = self.octets.get(block.used())?;
        // Most nodes have few children, where a plain scan beats a search.
        let place = if octets.len() <= 8 {
            octets.iter().position(|other| *other == octet)?
        } else {
            octets.binary_search(&octet).ok()?
        };
        self.children.get(block.at as usize + place).copied()
    }

    /// The child of a block with exactly one.
    pub(super) fn only(&self, block: Block) -> Option<u32> {
        if block.fanout == 1 { self.children.get(block.at as usize).copied() } else { None }
    }

    /// Adds a child under an octet that has none.
    pub(super) fn insert(&mut self, block: &mut Block, octet: u8, child: u32) {
        if block.fanout() == block.room() {
            self.resize(block, if block.fanout == 0 { 0 } else { block.class + 1 });
        }
        let used = block.used();
        let place = match self.octets.get(used.clone()) {
            Some(octets) => used.start + octets.partition_point(|other| *other < octet),
            None => return,
        };
        if let (Some(octets), Some(children)) =
            (self.octets.get_mut(place..=used.end), self.children.get_mut(place..=used.end))
        {
            octets.rotate_right(1);
            children.rotate_right(1);
            if let (Some(first), Some(at)) = (octets.first_mut(), children.first_mut()) {
                (*first, *at) = (octet, child);
            }
            block.fanout += 1;
        }
    }

    /// Puts another child under an octet that has one.
    pub(super) fn replace(&mut self, block: Block, octet: u8, child: u32) {
        let place = self.octets.get(block.used()).and_then(|octets| octets.binary_search(&octet).ok());
        if let Some(slot) = place.and_then(|place| self.children.get_mut(block.at as usize + place)) {
            *slot = child;
        }
    }

    /// Removes the child under an octet.
    pub(super) fn remove(&mut self, block: &mut Block, octet: u8) {
        let used = block.used();
        let Some(place) = self.octets.get(used.clone()).and_then(|octets| octets.binary_search(&octet).ok())
        else {
            return;
        };
        let tail = used.start + place..used.end;
        if let (Some(octets), Some(children)) =
            (self.octets.get_mut(tail.clone()), self.children.get_mut(tail))
        {
            octets.rotate_left(1);
            children.rotate_left(1);
        }
        if block.fanout == 1 {
            return self.release(block);
        }
        block.fanout -= 1;
        if block.fanout() * 4 <= block.room() {
            self.resize(block, block.class - 1);
        }
    }

    /// Gives the whole block back.
    pub(super) fn release(&mut self, block: &mut Block) {
        if block.fanout > 0
            && let Some(free) = self.free.get_mut(usize::from(block.class))
        {
            free.push(block.at);
        }
        *block = Block::default();
    }

    /// Moves a block to one of another size.
    fn resize(&mut self, block: &mut Block, class: u8) {
        let room = 1 << class;
        let at = match self.free.get_mut(usize::from(class)).and_then(Vec::pop) {
            Some(at) => at,
            None => {
                let at = self.octets.len();
                grow(&mut self.octets, room);
                grow(&mut self.children, room);
                self.octets.resize(at + room, 0);
                self.children.resize(at + room, NONE);
                at as u32
            }
        };
        let used = block.used();
        debug_assert!(used.len() <= room && self.octets.len() >= used.end);
        self.octets.copy_within(used.clone(), at as usize);
        self.children.copy_within(used, at as usize);
        let fanout = block.fanout;
        self.release(block);
        *block = Block { at, fanout, class };
    }

    /// The octets of a block, in order, and the child of each.
    pub(super) fn all(&self, block: Block) -> (&[u8], &[u32]) {
        let (octets, children) = (self.octets.get(block.used()), self.children.get(block.used()));
        (octets.unwrap_or_default(), children.unwrap_or_default())
    }

    pub(super) fn memory(&self) -> usize {
        let free: usize = self.free.iter().map(|blocks| blocks.capacity() * 4).sum();
        self.octets.capacity() + self.children.capacity() * 4 + free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_every_octet_and_gives_its_memory_back() {
        let (mut edges, mut block) = (Edges::default(), Block::default());
        for round in 0..3 {
            for octet in (0..=255).rev() {
                edges.insert(&mut block, octet, u32::from(octet) + round);
            }
            assert!((0..=255).all(|octet| edges.find(block, octet) == Some(u32::from(octet) + round)));
            assert_eq!(block.fanout(), 256);
            for octet in 0..=255 {
                edges.remove(&mut block, octet);
                assert_eq!(edges.find(block, octet), None);
                assert_eq!(block.fanout(), 255 - usize::from(octet));
            }
        }
        assert!(edges.octets.len() < 1024, "freed blocks are used again");
    }
}
