//! What a match reads. The tree knows everything and lies far apart; here is only what leads a topic to its subscribers,
//! each node in one block, so that a step costs one access to memory and not five.
//!
//! ```text
//! word  0                                 1        2   3        4 ...
//!      | kind, class, first, many, label | whom | label      | children of octets first, first + 1, ...     RANGE
//!      |                                 |      | label      | the same, from an octet that 16 divides        GROUP
//!      |                                 |      | label      | octets, four a word | children               FEW
//!      |                                 |      | label, up to 56 octets                                    LEAF
//! ```
//!
//! A child is named by one word, a *slot*: nothing, a block, or at once the peer, where a topic ends whose last octet is
//! the edge and which has one subscriber. Most topics of a large index are such, and have no block at all. A node with such
//! children only needs none either, where their octets are near each other and the peer the same: its slot is a [`twig`].
//! Blocks are whole sheets of 32 octets; what fits a line of the cache lies in one.

use self::twig::{TWIG, is_twig};
use super::arena::grow;
use crate::routing::PeerId;

#[cfg(test)]
mod tests;
pub(super) mod twig;

/// The slot where no topic goes on.
pub(super) const NOTHING: u32 = 0;
/// Nobody has subscribed to this very topic.
pub(super) const NOBODY: u32 = 0;
/// With a peer's number: it and nobody else. As a slot: and that is all there is.
const ALONE: u32 = 1 << 31;

const SHEET: usize = 8;
type Sheet = [u32; SHEET];

/// What a processor fetches at once.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Line([u32; 2 * SHEET]);

const LEAF: u8 = 0;
const RANGE: u8 = 1;
const FEW: u8 = 2;
/// As `RANGE`, where the octets differ in their last four bits only and the block lies in one line.
const GROUP: u8 = 3;

/// Words before the children.
const HEAD: usize = 4;
/// Octets of a label beside children, and of one without.
const SHORT: usize = 8;
const LONG: usize = 56;
/// Octets of a label in one sheet.
const LONG_IN_ONE: usize = 24;
/// Stands for the length of a label that is to be read in the tree, at the node in the third word.
const IN_TREE: u8 = 255;
/// So many octets may be in a group; those whose last bits are the highest have no place in a line.
const GROUPED: u8 = 16;
/// Children that are looked for by their octets.
const FEW_MOST: usize = 16;

/// A block of class 0 has one sheet, of class 1 two, of class n four times n - 1.
const CLASSES: usize = 11;
/// So many sheets, and some blocks more, can be told from twigs and peers.
const SHEETS: usize = 1 << 29;

/// The blocks of one tree.
#[derive(Clone, Debug)]
pub(super) struct Atlas {
    lines: Vec<Line>,
    free: [Vec<u32>; CLASSES],
    /// Sheets of free blocks.
    waste: usize,
    /// Where blocks are put together.
    words: Vec<u32>,
}

/// The subscribers to one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// One.
    Peer(PeerId),
    /// Those in the list of this node.
    Node(u32),
}

/// Subscribers as a word.
pub(super) fn word(whom: Whom) -> u32 {
    match whom {
        Whom::Peer(PeerId(peer)) => ALONE | peer,
        Whom::Node(node) => node + 1,
    }
}

/// Whether a peer's number leaves room for the mark.
pub(super) fn fits_alone(peer: PeerId) -> bool {
    peer.0 < ALONE
}

#[inline]
pub(super) fn is_alone(word: u32) -> bool {
    word & ALONE != 0
}

#[inline]
pub(super) fn is_block(slot: u32) -> bool {
    slot != NOTHING && slot < TWIG
}

/// The subscribers of a word that is not [`NOBODY`].
#[inline]
pub(super) fn whom(word: u32) -> Whom {
    if is_alone(word) { Whom::Peer(PeerId(word & !ALONE)) } else { Whom::Node(word - 1) }
}

/// What is to be drawn.
pub(super) struct Plan<'a> {
    pub(super) node: u32,
    pub(super) whom: u32,
    /// What follows the octet of the edge.
    pub(super) label: &'a [u8],
    /// Of the children, in order.
    pub(super) octets: &'a [u8],
}

impl Atlas {
    pub(super) fn new() -> Self {
        // The first sheet is nobody's, because its number is no slot.
        Self { lines: vec![Line::default()], free: Default::default(), waste: 0, words: Vec::new() }
    }

    /// Whether all that one subscription needs could still be drawn.
    pub(super) fn fits(&self) -> bool {
        self.lines.len() * 2 < SHEETS
    }

    pub(super) fn memory(&self) -> usize {
        let free: usize = self.free.iter().map(|blocks| blocks.capacity() * size_of::<u32>()).sum();
        self.lines.capacity() * size_of::<Line>() + free
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.lines.len() * size_of::<Line>() - self.waste * size_of::<Sheet>()
    }

    /// Whether most of the memory is in free blocks, and worth a look at all of so many nodes.
    pub(super) fn is_wasteful(&self, nodes: usize) -> bool {
        const WORTH_IT: usize = 256;
        self.waste > self.lines.len().max(nodes / 4).max(WORTH_IT)
    }

    #[inline]
    pub(super) fn head(&self, at: u32) -> &Sheet {
        const ASTRAY: &Sheet = &[0; SHEET];
        let Some(Line(words)) = self.lines.get(at as usize / 2) else { return ASTRAY };
        let begin = at as usize % 2 * SHEET;
        words.get(begin..).and_then(|sheet| sheet.first_chunk()).unwrap_or(ASTRAY)
    }

    /// One word of a block, found without a branch that depends on where it lies: which octets a topic has cannot be
    /// foretold, and a processor that guesses wrong loses more than it takes to fetch the word.
    #[inline]
    fn word(&self, at: u32, place: usize) -> u32 {
        let place = at as usize * SHEET + place;
        let line = self.lines.get(place / (2 * SHEET));
        line.and_then(|Line(words)| words.get(place % (2 * SHEET))).copied().unwrap_or(NOTHING)
    }

    fn sheet_mut(&mut self, at: u32) -> &mut Sheet {
        debug_assert!(at > 0 && at as usize / 2 < self.lines.len(), "no block at {at}");
        let line = self.lines.get_mut(at as usize / 2..).unwrap_or_default();
        let [Line(words), ..] = line else { unreachable!("blocks are made whole") };
        let (even, odd) = words.split_at_mut(SHEET);
        let sheet = if at & 1 == 0 { even } else { odd };
        sheet.first_chunk_mut().unwrap_or_else(|| unreachable!("a line is two sheets"))
    }

    fn word_mut(&mut self, at: u32, place: usize) -> &mut u32 {
        let sheet = self.sheet_mut(at + (place / SHEET) as u32);
        let [word, ..] = sheet.get_mut(place % SHEET..).unwrap_or_default() else {
            unreachable!("a remainder is smaller")
        };
        word
    }

    /// A block, its line and its head: what is not there is `None`, so that nothing waits for that to be known.
    #[inline]
    pub(super) fn block(&self, at: u32) -> Option<(&Line, &Sheet)> {
        let line = self.lines.get(at as usize / 2)?;
        Some((line, line.0.get(begin(at)..)?.first_chunk()?))
    }

    /// The slot of the child under an octet. The way from slot to slot is all that a match waits for, so it is short where
    /// a block lies in one line. In a group, where ten digits are, the octet alone says where the slot lies: it is fetched
    /// beside the head, which only says whether it is there, and a processor need not wait to be told what it guessed.
    #[inline]
    pub(super) fn child(&self, at: u32, (line, head): (&Line, &Sheet), octet: u8) -> u32 {
        let [kind_and_class, first, many, _] = head[0].to_le_bytes();
        let place = octet.wrapping_sub(first);
        if kind_and_class & 3 == GROUP {
            if place > many {
                return NOTHING;
            }
            let place = begin(at) + HEAD + usize::from(octet % GROUPED);
            return line.0.get(place % (2 * SHEET)).copied().unwrap_or(NOTHING);
        }
        if kind_and_class & !(1 << 4) == RANGE {
            if place > many {
                return NOTHING;
            }
            let place = begin(at) + HEAD + usize::from(place);
            return line.0.get(place % (2 * SHEET)).copied().unwrap_or(NOTHING);
        }
        self.place(head, octet).map_or(NOTHING, |place| self.word(at, place))
    }

    /// The word of the slot under an octet.
    #[inline]
    fn place(&self, head: &Sheet, octet: u8) -> Option<usize> {
        let [kind_and_class, first, many, _] = head[0].to_le_bytes();
        let many = usize::from(many);
        match kind_and_class & 3 {
            RANGE | GROUP => {
                let place = usize::from(octet.wrapping_sub(first));
                (place <= many).then_some(HEAD + place)
            }
            FEW => {
                // Behind the octets of less than 16 children stand slots: what is found there is nothing.
                let place = position(pair(head[4], head[5]), octet)
                    .or_else(|| Some(8 + position(pair(head[6], head[7]), octet)?))?;
                (place < many).then_some(HEAD + many.div_ceil(4) + place)
            }
            _ => None,
        }
    }

    /// What is left of `rest` behind the label of a block; `in_tree` reads a label that is too long for it.
    #[inline]
    pub(super) fn strip<'a, 't>(
        &self,
        at: u32,
        head: &Sheet,
        rest: &'a [u8],
        in_tree: impl FnOnce(u32) -> &'t [u8],
    ) -> Option<&'a [u8]> {
        let [.., length] = head[0].to_le_bytes();
        let octets = usize::from(length);
        if length == 0 {
            return Some(rest);
        }
        if length == IN_TREE {
            return rest.strip_prefix(in_tree(head[2]));
        }
        let (begin, behind) = rest.split_at_checked(octets)?;
        if octets <= SHORT {
            let differ = pair(head[2], head[3]) ^ first_eight(rest);
            return (differ << (64 - 8 * octets) == 0).then_some(behind);
        }
        let [.., third, fourth, fifth, sixth, seventh, eighth] = *head;
        let below = if octets > LONG_IN_ONE { self.head(at + 1) } else { head };
        let words = [
            pair(third, fourth),
            pair(fifth, sixth),
            pair(seventh, eighth),
            pair(below[0], below[1]),
            pair(below[2], below[3]),
            pair(below[4], below[5]),
            pair(below[6], below[7]),
        ];
        let mut words = begin.chunks(8).zip(words);
        words.all(|(octets, word)| first_eight(octets) == word).then_some(behind)
    }

    /// Draws a node, in the block it had or another. Its children's slots come in the order of their octets.
    pub(super) fn draw(&mut self, before: u32, plan: &Plan<'_>, slots: impl Iterator<Item = u32>) -> u32 {
        let length = plan.label.len();
        let (first, span) = match (plan.octets.first(), plan.octets.last()) {
            (Some(first), Some(last)) => (*first, usize::from(last - first) + 1),
            _ => (0, 0),
        };
        let many = plan.octets.len();
        let (few, range) = (HEAD + many.div_ceil(4) + many, HEAD + span);
        let group = plan.octets.last().map_or(usize::MAX, |last| HEAD + usize::from(last % GROUPED) + 1);
        let is_group = first / GROUPED == plan.octets.last().map_or(0, |last| last / GROUPED)
            && group <= 2 * SHEET
            && class(group) <= class(range).min(class(few));
        let (first, span) = if is_group { (first - first % GROUPED, group - HEAD) } else { (first, span) };
        let (kind, words) = match many {
            0 => (LEAF, 2 + if length <= LONG { length.div_ceil(4) } else { 1 }),
            _ if is_group => (GROUP, group),
            ..=FEW_MOST if class(few) < class(range) => (FEW, few),
            _ => (RANGE, range),
        };
        let inline = length <= if many == 0 { LONG } else { SHORT };
        let class = class(words);
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        words.push(u32::from_le_bytes([
            kind | (class as u8) << 4,
            first,
            if matches!(kind, RANGE | GROUP) { span - 1 } else { many } as u8,
            if inline { length as u8 } else { IN_TREE },
        ]));
        words.push(plan.whom);
        if inline {
            words.extend(plan.label.chunks(4).map(up_to_four));
        } else {
            words.push(plan.node);
        }
        words.resize(words.len().max(HEAD), 0);
        if kind == FEW {
            words.extend(plan.octets.chunks(4).map(up_to_four));
        }
        for (slot, octet) in slots.zip(plan.octets) {
            if matches!(kind, RANGE | GROUP) {
                words.resize(HEAD + usize::from(octet - first), NOTHING);
            }
            words.push(slot);
        }
        words.resize(sheets(class) * SHEET, 0);
        let at = self.take(before, class);
        for (words, sheet) in words.chunks_exact(SHEET).zip(at..) {
            self.sheet_mut(sheet).copy_from_slice(words);
        }
        self.words = words;
        at
    }

    /// Makes a place for a child under an octet that has none, with nothing in it yet, if that is a matter of one word.
    pub(super) fn widen(&mut self, at: u32, octet: u8) -> bool {
        let head = self.head(at)[0];
        let [kind_and_class, first, many, label] = head.to_le_bytes();
        if !matches!(kind_and_class & 3, RANGE | GROUP) || octet < first {
            return false;
        }
        let place = octet - first;
        if place > many {
            if class(HEAD + usize::from(place) + 1) != usize::from(kind_and_class >> 4) {
                return false;
            }
            *self.word_mut(at, 0) = u32::from_le_bytes([kind_and_class, first, place, label]);
        }
        *self.word_mut(at, HEAD + usize::from(place)) = NOTHING;
        true
    }

    /// Forgets the child under an octet, if that is a matter of one word and a smaller block would not do half the time.
    pub(super) fn forget(&mut self, at: u32, octet: u8, left: usize) -> bool {
        let is_range = matches!(self.head(at)[0] as u8 & 3, RANGE | GROUP);
        if !is_range || left.is_power_of_two() || left == 0 {
            return false;
        }
        self.replace(at, octet, NOTHING);
        true
    }

    /// Writes another slot under an octet that has one.
    pub(super) fn replace(&mut self, at: u32, octet: u8, slot: u32) {
        if let Some(place) = self.place(self.head(at), octet) {
            *self.word_mut(at, place) = slot;
        }
    }

    /// The subscribers that a slot tells of.
    pub(super) fn whom(&self, slot: u32) -> u32 {
        match is_block(slot) {
            true => self.head(slot)[1],
            false if is_twig(slot) => NOBODY,
            false => slot,
        }
    }

    /// Writes other subscribers into a block.
    pub(super) fn tell(&mut self, at: u32, whom: u32) {
        *self.word_mut(at, 1) = whom;
    }

    /// Gives the block of a slot back, if it has one.
    pub(super) fn release(&mut self, slot: u32) {
        if !is_block(slot) {
            return;
        }
        let class = usize::from(self.head(slot)[0] as u8 >> 4);
        if let Some(free) = self.free.get_mut(class) {
            free.push(slot);
            self.waste += sheets(class);
        }
    }

    /// A block of this class: that of the slot, if it is one.
    fn take(&mut self, before: u32, class: usize) -> u32 {
        if is_block(before) && usize::from(self.head(before)[0] as u8 >> 4) == class {
            return before;
        }
        self.release(before);
        if let Some(at) = self.free.get_mut(class).and_then(Vec::pop) {
            self.waste -= sheets(class);
            return at;
        }
        let at = self.lines.len() as u32 * 2;
        let more = sheets(class).div_ceil(2);
        grow(&mut self.lines, more);
        self.lines.resize(self.lines.len() + more, Line::default());
        if class == 0
            && let Some(free) = self.free.first_mut()
        {
            free.push(at + 1);
            self.waste += 1;
        }
        at
    }
}

/// The class of a block of so many words.
fn class(words: usize) -> usize {
    match words.div_ceil(SHEET) {
        sheets @ 0..=2 => sheets.saturating_sub(1),
        sheets => 1 + sheets.div_ceil(4),
    }
}

fn sheets(class: usize) -> usize {
    if class < 2 { class + 1 } else { (class - 1) * 4 }
}

/// Where a block begins in its line.
#[inline]
fn begin(at: u32) -> usize {
    at as usize % 2 * SHEET
}

#[inline]
fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Where the first octet of this value is among eight.
#[inline]
fn position(eight: u64, octet: u8) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let differ = eight ^ (ONES * u64::from(octet));
    // A borrow may mark octets above a zero, never one below the first.
    let zeros = differ.wrapping_sub(ONES) & !differ & (ONES << 7);
    (zeros != 0).then(|| zeros.trailing_zeros() as usize / 8)
}

#[inline]
fn first_eight(octets: &[u8]) -> u64 {
    if let Some(eight) = octets.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    octets.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet))
}

fn up_to_four(octets: &[u8]) -> u32 {
    octets.iter().take(4).rev().fold(0, |word, octet| word << 8 | u32::from(*octet))
}
