//! A compact radix tree over topics: one node for each topic and for each place where topics part.
//!
//! ```text
//! topics "", "weather", "wear"     root(1) --"wea"-- fork --"ther"-- (1)
//!                                                        '--"r"----- (1)
//! ```
//!
//! What a match needs of each node is drawn anew in the atlas whenever the node changes; nothing else is read then.
//!
//! Labels are ranges of one text, so splitting a node copies nothing. No operation is recursive: the depth of the tree
//! is chosen by peers. Invariant: a node other than the root has subscribers or at least two children.

use super::{
    arena::{Arena, NONE, grow},
    atlas::{
        Atlas, NOBODY, NOTHING, Plan, Whom, is_alone, is_block,
        twig::{self, is_twig},
        whom,
    },
    edges::{Block, Edges},
};
use std::ops::ControlFlow;

pub(super) const ROOT: u32 = 0;

/// Octets of all labels together. Numbers of four octets reach four times as far: what tidying up appends to the text
/// before the waste is found worth removing has a place too.
const OCTETS: usize = 1 << 30;

#[derive(Clone, Debug)]
pub(super) struct Radix {
    nodes: Arena<Node>,
    edges: Edges,
    atlas: Atlas,
    text: Vec<u8>,
    /// Octets of `text` that no label uses.
    waste: usize,
    /// The slot of the root, which each match begins with.
    root: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// First of the subscriptions to this very topic, in the arena of the owner.
    pub(super) first: u32,
    /// How many those are.
    pub(super) count: u32,
    parent: u32,
    label: u32,
    length: u32,
    block: Block,
    /// What the atlas has of it.
    slot: u32,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            first: NONE,
            count: 0,
            parent: NONE,
            label: 0,
            length: 0,
            block: Block::default(),
            slot: NOTHING,
        }
    }
}

impl Radix {
    pub(super) fn new() -> Self {
        let mut nodes = Arena::new();
        nodes.add(Node::default());
        let (edges, atlas) = (Edges::default(), Atlas::new());
        let mut tree = Self { nodes, edges, atlas, text: Vec::new(), waste: 0, root: NOTHING };
        tree.draw(ROOT, NOBODY);
        tree
    }

    #[inline]
    pub(super) fn node(&self, at: u32) -> &Node {
        self.nodes.at(at)
    }

    pub(super) fn node_mut(&mut self, at: u32) -> &mut Node {
        self.nodes.at_mut(at)
    }

    #[inline]
    pub(super) fn has_children(&self, at: u32) -> bool {
        self.node(at).block.fanout() > 0
    }

    /// Meets the subscribers of each prefix of a topic, the shortest first, until told to stop.
    #[inline]
    pub(super) fn walk<B>(
        &self,
        topic: &[u8],
        mut meet: impl FnMut(Whom) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (mut at, mut rest) = (self.root, topic);
        let Some(mut block) = self.atlas.block(at) else { return ControlFlow::Continue(()) };
        loop {
            let (_, head) = block;
            if head[1] != NOBODY {
                meet(whom(head[1]))?;
            }
            let Some((octet, behind)) = rest.split_first() else { return ControlFlow::Continue(()) };
            at = self.atlas.child(at, block, *octet);
            if at == NOTHING {
                return ControlFlow::Continue(());
            }
            if is_alone(at) {
                return meet(whom(at));
            }
            if is_twig(at) {
                let last = behind.first().map_or(NOTHING, |octet| twig::child(at, *octet));
                return if last == NOTHING { ControlFlow::Continue(()) } else { meet(whom(last)) };
            }
            let Some(next) = self.atlas.block(at) else { return ControlFlow::Continue(()) };
            block = next;
            let in_tree = |node| self.label(node).get(1..).unwrap_or_default();
            let Some(left) = self.atlas.strip(at, block.1, behind, in_tree) else {
                return ControlFlow::Continue(());
            };
            rest = left;
        }
    }

    /// Notes who has subscribed to the topic of a node.
    pub(super) fn tell(&mut self, at: u32, whom: u32) {
        let slot = self.node(at).slot;
        if !is_block(slot) || self.in_one_word(at, whom).is_some() {
            self.draw(at, whom);
            self.hang(at);
        } else {
            self.atlas.tell(slot, whom);
        }
    }

    /// Draws what a match needs of a node.
    fn draw(&mut self, at: u32, whom: u32) {
        let node = *self.node(at);
        let slot = if let Some(slot) = self.in_one_word(at, whom) {
            self.atlas.release(node.slot);
            slot
        } else {
            let label = node.label as usize + 1..(node.label + node.length) as usize;
            let label = self.text.get(label).unwrap_or_default();
            let (octets, children) = self.edges.all(node.block);
            let slots = children.iter().map(|child| self.nodes.at(*child).slot);
            self.atlas.draw(node.slot, &Plan { node: at, whom, label, octets }, slots)
        };
        self.node_mut(at).slot = slot;
        if at == ROOT {
            self.root = slot;
        }
    }

    /// Draws a node whose children or label changed.
    fn draw_again(&mut self, at: u32) {
        let whom = self.atlas.whom(self.node(at).slot);
        self.draw(at, whom);
    }

    /// The slot of a node that needs no block.
    fn in_one_word(&self, at: u32, whom: u32) -> Option<u32> {
        let node = self.node(at);
        match node.block.fanout() {
            // It is about to go.
            0 if whom == NOBODY && node.length > 0 => Some(NOTHING),
            0 => (node.length == 1 && is_alone(whom)).then_some(whom),
            1..=twig::MOST if node.length == 1 && whom == NOBODY => {
                let (octets, children) = self.edges.all(node.block);
                let slots = children.iter().map(|child| self.node(*child).slot);
                twig::twig(octets.iter().copied().zip(slots))
            }
            _ => None,
        }
    }

    /// Shows the parent of a node what is drawn of it. A parent that becomes one word by that, or is one no more, shows it to
    /// its own.
    fn hang(&mut self, at: u32) {
        let (mut at, mut goes_on) = (at, true);
        while goes_on && let Some(octet) = self.label(at).first().copied() {
            let Node { parent, slot, .. } = *self.node(at);
            let above = self.node(parent).slot;
            match is_twig(above) {
                true => match twig::with(above, octet, slot) {
                    Some(twig) => {
                        goes_on = twig != above;
                        self.node_mut(parent).slot = twig;
                    }
                    None => self.draw_again(parent),
                },
                false => {
                    self.atlas.replace(above, octet, slot);
                    goes_on = !is_block(slot) && self.in_one_word(parent, self.atlas.whom(above)).is_some();
                    if goes_on {
                        self.draw_again(parent);
                    }
                }
            }
            at = parent;
        }
    }

    /// Draws everything anew where most of the atlas is free: on average a constant cost for each block freed.
    fn tidy_atlas(&mut self) {
        if !self.atlas.is_wasteful(self.nodes.len()) {
            return;
        }
        let before = std::mem::replace(&mut self.atlas, Atlas::new());
        let places = self.nodes.len() as u32;
        let drawn = |tree: &Self, at| at == ROOT || tree.node(at).length > 0;
        for at in 0..places {
            if drawn(self, at) {
                let whom = before.whom(self.node(at).slot);
                self.node_mut(at).slot = NOTHING;
                self.draw(at, whom);
            }
        }
        // A child may have been drawn after its parent.
        for at in 1..places {
            if drawn(self, at) {
                self.hang(at);
            }
        }
    }

    /// The child of `at` whose label begins `rest`, and what is left of `rest` behind it.
    #[inline]
    pub(super) fn step<'a>(&self, at: u32, rest: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (octet, behind) = rest.split_first()?;
        let child = self.edges.find(self.node(at).block, *octet)?;
        // The edge has compared the first octet already; most labels in a full tree have no other, and the text is far.
        if self.node(child).length == 1 {
            return Some((child, behind));
        }
        Some((child, rest.strip_prefix(self.label(child))?))
    }

    /// The node of exactly this topic.
    pub(super) fn find(&self, topic: &[u8]) -> Option<u32> {
        let (mut at, mut rest) = (ROOT, topic);
        while !rest.is_empty() {
            (at, rest) = self.step(at, rest)?;
        }
        Some(at)
    }

    /// The node of this topic, made where missing. The caller gives it a subscriber or tidies it away.
    /// `None` if the tree is at its limits.
    pub(super) fn insert(&mut self, topic: &[u8]) -> Option<u32> {
        let octets = (self.text.len() - self.waste).saturating_add(topic.len());
        if octets > OCTETS || !self.nodes.fits(2) || !self.edges.fits() || !self.atlas.fits() {
            return None;
        }
        let (mut at, mut rest) = (ROOT, topic);
        while let Some(&octet) = rest.first() {
            let Some(child) = self.edges.find(self.node(at).block, octet) else {
                return Some(self.add_leaf(at, octet, rest));
            };
            let label = self.label(child);
            let common = common_prefix(label, rest);
            at = if common < label.len() { self.split(child, common) } else { child };
            rest = rest.get(common..).unwrap_or_default();
        }
        Some(at)
    }

    /// Restores the invariant around a node that lost its last subscriber.
    pub(super) fn tidy(&mut self, at: u32) {
        let node = *self.node(at);
        if at == ROOT || node.count > 0 {
            return;
        }
        if node.block.fanout() > 0 {
            return self.merge(at);
        }
        self.unlink(at);
        self.atlas.release(node.slot);
        self.nodes.release(at);
        self.waste += node.length as usize;
        self.compact();
        if node.parent != ROOT && self.node(node.parent).count == 0 {
            self.merge(node.parent);
        }
        self.tidy_atlas();
    }

    /// Writes the topic of a node into `topic`.
    pub(super) fn topic_of(&self, at: u32, topic: &mut Vec<u8>) {
        let mut octets = 0;
        let mut node = self.node(at);
        while node.parent != NONE {
            octets += node.length as usize;
            node = self.node(node.parent);
        }
        topic.clear();
        topic.resize(octets, 0);
        let (mut at, mut end) = (at, octets);
        while self.node(at).parent != NONE {
            let label = self.label(at);
            if let Some(place) = topic.get_mut(end - label.len()..end) {
                place.copy_from_slice(label);
            }
            end -= label.len();
            at = self.node(at).parent;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.nodes.memory() + self.edges.memory() + self.atlas.memory() + self.text.capacity()
    }

    #[inline]
    fn label(&self, at: u32) -> &[u8] {
        let node = self.node(at);
        self.text.get(node.label as usize..node.label as usize + node.length as usize).unwrap_or_default()
    }

    fn add_leaf(&mut self, parent: u32, octet: u8, rest: &[u8]) -> u32 {
        let label = self.text.len() as u32;
        grow(&mut self.text, rest.len());
        self.text.extend_from_slice(rest);
        let leaf = self.nodes.add(Node { parent, label, length: rest.len() as u32, ..Node::default() });
        self.edges.insert(&mut self.nodes.at_mut(parent).block, octet, leaf);
        // What is drawn of the leaf follows with its first subscriber.
        let slot = self.node(parent).slot;
        if !is_twig(slot) && (is_alone(slot) || !self.atlas.widen(slot, octet)) {
            self.draw_again(parent);
            self.hang(parent);
        }
        leaf
    }

    /// Puts a node between `child` and its parent that takes the first `length` octets of its label.
    fn split(&mut self, child: u32, length: usize) -> u32 {
        let below = *self.node(child);
        let (length, octet) = (length as u32, self.label(child).first().copied().unwrap_or_default());
        let next = self.label(child).get(length as usize).copied().unwrap_or_default();
        let middle =
            self.nodes.add(Node { parent: below.parent, label: below.label, length, ..Node::default() });
        self.edges.insert(&mut self.nodes.at_mut(middle).block, next, child);
        self.edges.replace(self.node(below.parent).block, octet, middle);
        let below = self.node_mut(child);
        (below.parent, below.label, below.length) = (middle, below.label + length, below.length - length);
        self.draw_again(child);
        self.draw(middle, NOBODY);
        self.hang(middle);
        middle
    }

    /// Joins a node without subscribers to its child, if that is its only one.
    fn merge(&mut self, at: u32) {
        let node = *self.node(at);
        let Some(child) = self.edges.only(node.block) else { return };
        let below = *self.node(child);
        let octet = self.label(at).first().copied().unwrap_or_default();
        let label =
            if node.label + node.length == below.label { node.label } else { self.join(&node, &below) };
        self.edges.replace(self.node(node.parent).block, octet, child);
        let mut block = node.block;
        self.edges.release(&mut block);
        self.nodes.release(at);
        self.atlas.release(node.slot);
        let joined = self.node_mut(child);
        (joined.parent, joined.label, joined.length) = (node.parent, label, node.length + below.length);
        self.draw_again(child);
        self.hang(child);
        self.compact();
    }

    /// Writes two labels one behind the other.
    fn join(&mut self, first: &Node, second: &Node) -> u32 {
        let at = self.text.len() as u32;
        grow(&mut self.text, (first.length + second.length) as usize);
        for part in [first, second] {
            self.text.extend_from_within(part.label as usize..(part.label + part.length) as usize);
        }
        self.waste += (first.length + second.length) as usize;
        at
    }

    fn unlink(&mut self, at: u32) {
        let Some(octet) = self.label(at).first().copied() else { return };
        let parent = self.node(at).parent;
        self.edges.remove(&mut self.nodes.at_mut(parent).block, octet);
        let Node { slot, block, .. } = *self.node(parent);
        // What is in a twig went when its subscriber did.
        if !is_twig(slot) && !self.atlas.forget(slot, octet, block.fanout()) {
            self.draw_again(parent);
            self.hang(parent);
        }
    }

    /// Writes the text anew when more than half of it is waste, and worth a look at every node: on average a constant
    /// cost for each octet removed.
    fn compact(&mut self) {
        const WORTH_IT: usize = 4096;
        if self.waste < WORTH_IT.max(self.text.len() / 2).max(self.nodes.len()) {
            return;
        }
        let mut text = Vec::with_capacity(self.text.len() - self.waste);
        for node in self.nodes.all_mut().filter(|node| node.length > 0) {
            let label = self.text.get(node.label as usize..(node.label + node.length) as usize);
            node.label = text.len() as u32;
            text.extend_from_slice(label.unwrap_or_default());
        }
        (self.text, self.waste) = (text, 0);
    }

    /// Checks the invariant and the links; for tests.
    #[cfg(test)]
    pub(super) fn check(&self) -> usize {
        let mut todo = vec![ROOT];
        let (mut seen, mut octets) = (0, 0);
        while let Some(at) = todo.pop() {
            let node = self.node(at);
            seen += 1;
            octets += node.length as usize;
            let (octets, children) = self.edges.all(node.block);
            let (octets, children) = (octets.to_vec(), children.to_vec());
            self.check_drawing(at, &octets, &children);
            assert!(at == ROOT || node.count > 0 || children.len() > 1, "a node without purpose");
            for child in &children {
                let octet = self.label(*child)[0];
                assert_eq!(self.edges.find(node.block, octet), Some(*child));
                assert_eq!(self.node(*child).parent, at);
                assert!(self.node(*child).length > 0);
            }
            todo.extend(children);
        }
        assert_eq!(self.root, self.node(ROOT).slot);
        assert_eq!(octets + self.waste, self.text.len(), "text that is neither used nor known as waste");
        seen
    }

    /// Octets of the blocks in use; for tests.
    #[cfg(test)]
    pub(super) fn drawn(&self) -> usize {
        self.atlas.used()
    }

    #[cfg(test)]
    fn check_drawing(&self, at: u32, octets: &[u8], children: &[u32]) {
        let node = self.node(at);
        match self.atlas.whom(node.slot) {
            NOBODY => assert_eq!(node.count, 0),
            word => match whom(word) {
                Whom::Peer(_) => assert_eq!(node.count, 1),
                Whom::Node(other) => assert!(other == at && node.count > 1),
            },
        }
        let in_one_word = self.in_one_word(at, self.atlas.whom(node.slot));
        assert_eq!(in_one_word.unwrap_or(node.slot), node.slot, "{octets:?}");
        assert_eq!(in_one_word.is_none(), is_block(node.slot));
        if is_alone(node.slot) {
            return;
        }
        let nearby = octets.iter().flat_map(|octet| [*octet, octet.wrapping_add(1), octet.wrapping_sub(1)]);
        for octet in nearby.chain([0, 255]) {
            let child = octets.binary_search(&octet).map_or(NOTHING, |place| self.node(children[place]).slot);
            if is_twig(node.slot) {
                assert_eq!(twig::child(node.slot, octet), child);
                continue;
            }
            assert_eq!(self.atlas.child(node.slot, self.atlas.block(node.slot).unwrap(), octet), child);
        }
        if is_twig(node.slot) {
            return;
        }
        let (head, label) = (self.atlas.head(node.slot), self.label(at).get(1..).unwrap_or_default());
        assert_eq!(self.atlas.strip(node.slot, head, label, |_| label), Some(&[][..]));
    }
}

/// How many octets two topics begin with in common; by blocks first, as topics may be long.
fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let start = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let rest = one.iter().skip(start).zip(other.iter().skip(start));
    start + rest.take_while(|(one, other)| one == other).count()
}
