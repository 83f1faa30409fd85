//! A node that is nothing but a few last octets of topics, each of which one and the same peer subscribed to, in a slot:
//!
//! ```text
//! bit  31 | 30 | 29 ... 20 | 19 ... 16         | 15 ... 0
//!       0 |  1 | the peer  | octets / 16: group | which octets of the group
//! ```
//!
//! Numbered topics are such, ten to a node, and these nodes are nine of ten of all that would have blocks.

use super::{ALONE, NOTHING, is_alone};

/// The mark of these slots. Blocks have lower numbers, peers that are alone higher ones.
pub(in super::super) const TWIG: u32 = 1 << 30;
const PEER: u32 = 20;
const GROUP: u32 = 16;
/// Peers with a number that fits.
const PEERS: u32 = TWIG >> PEER;

/// As many children as there may be.
pub(in super::super) const MOST: usize = 16;

/// The slot of a node with these children, each an octet and a slot, if it can be one. A child with nothing in it yet is none.
pub(in super::super) fn twig(children: impl Iterator<Item = (u8, u32)>) -> Option<u32> {
    let mut children = children.filter(|(_, slot)| *slot != NOTHING);
    let (octet, slot) = children.next()?;
    let peer = slot ^ ALONE;
    let begun = (peer < PEERS).then(|| TWIG | peer << PEER | u32::from(octet / 16) << GROUP | bit(octet))?;
    children.try_fold(begun, |twig, (octet, slot)| with(twig, octet, slot))
}

#[inline]
pub(in super::super) fn is_twig(slot: u32) -> bool {
    slot & (ALONE | TWIG) == TWIG
}

/// The slot of the child under an octet.
#[inline]
pub(in super::super) fn child(twig: u32, octet: u8) -> u32 {
    let is_there = twig >> GROUP & 15 == u32::from(octet / 16) && twig & bit(octet) != 0;
    if is_there { alone(twig) } else { NOTHING }
}

/// The same with another slot under an octet, if it is one then.
pub(in super::super) fn with(twig: u32, octet: u8, slot: u32) -> Option<u32> {
    let is_in_group = twig >> GROUP & 15 == u32::from(octet / 16);
    match slot {
        NOTHING if !is_in_group => Some(twig),
        NOTHING => Some(twig & !bit(octet)).filter(|twig| *twig as u16 != 0),
        _ => (is_in_group && slot == alone(twig)).then_some(twig | bit(octet)),
    }
}

#[inline]
fn bit(octet: u8) -> u32 {
    1 << (octet % 16)
}

/// The slot of each of the children.
#[inline]
fn alone(twig: u32) -> u32 {
    debug_assert!(is_twig(twig) && !is_alone(twig), "{twig:x} has a mark of its own");
    ALONE | (twig & !TWIG) >> PEER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(twig: u32) -> Vec<(u8, u32)> {
        (0..=u8::MAX).map(|octet| (octet, child(twig, octet))).filter(|(_, slot)| *slot != NOTHING).collect()
    }

    #[test]
    fn a_twig_knows_its_children_whatever_their_group_and_peer() {
        for group in 0..16 {
            for peer in [0, 1, 1023] {
                for octets in [&[0][..], &[15], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[3, 15]] {
                    let children: Vec<_> =
                        octets.iter().map(|octet| (group * 16 + octet, ALONE | peer)).collect();
                    let twig = twig(children.iter().copied()).unwrap();
                    assert!(is_twig(twig) && !is_alone(twig));
                    assert_eq!(slots(twig), children);
                }
            }
        }
    }

    #[test]
    fn what_a_twig_cannot_hold_is_none() {
        assert_eq!(twig([].into_iter()), None, "nobody");
        assert_eq!(twig([(0, NOTHING)].into_iter()), None);
        assert_eq!(twig([(0, ALONE | PEERS)].into_iter()), None, "a peer with a great number");
        assert_eq!(twig([(0, 2)].into_iter()), None, "a block");
        assert_eq!(twig([(0, TWIG)].into_iter()), None, "another twig");
        assert_eq!(twig([(15, ALONE), (16, ALONE)].into_iter()), None, "two groups");
        assert_eq!(twig([(0, ALONE), (1, ALONE | 1)].into_iter()), None, "two peers");
        assert_eq!(twig([(0, ALONE), (1, 2)].into_iter()), None, "a peer and a block");
    }

    #[test]
    fn children_come_and_go_in_place() {
        let begun = twig([(b'0', NOTHING), (b'1', ALONE | 7), (b'a', NOTHING)].into_iter()).unwrap();
        assert_eq!(slots(begun), [(b'1', ALONE | 7)], "others have nothing yet");
        let two = with(begun, b'9', ALONE | 7).unwrap();
        assert_eq!(slots(two), [(b'1', ALONE | 7), (b'9', ALONE | 7)]);
        assert_eq!(with(two, b'9', ALONE | 7), Some(two));
        assert_eq!(with(two, b'1', ALONE | 6), None);
        assert_eq!(with(two, b'a', ALONE | 7), None);
        assert_eq!(with(two, b'a', NOTHING), Some(two));
        assert_eq!(with(two, b'5', NOTHING), Some(two));
        assert_eq!(with(two, b'9', NOTHING), Some(begun));
        assert_eq!(with(begun, b'1', NOTHING), None, "nothing would be left");
    }
}
