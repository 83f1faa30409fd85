//! Routing ids: which peer answers to which name.

use crate::{Frame, routing::PeerId};
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
};

/// The names of the peers of one ROUTER or STREAM; each name belongs to one peer.
///
/// Generated names are an octet 00 and a number of four octets that counts up from a start that the caller draws, so
/// that a name of an earlier life of the socket does not reach a stranger. No peer can choose such a name for itself.
/// For programs of ZeroMQ 2.x they are [lengthened](Self::lengthen) to 17 octets.
///
/// ```
/// use zeroxide_proto::routing::{Names, PeerId};
/// let mut names = Names::new(7);
/// let generated = names.generate(PeerId(0));
/// assert_eq!(generated, b"\0\0\0\0\x07");
/// assert_eq!(names.assign(b"worker", PeerId(1)), None);
/// assert_eq!(names.assign(b"worker", PeerId(2)), Some(PeerId(1)), "who had it before");
/// assert_eq!(names.find(b"worker"), Some(PeerId(2)));
/// ```
#[derive(Clone, Debug)]
pub struct Names {
    chosen: HashMap<Box<[u8]>, PeerId>,
    /// Apart from the chosen ones because nobody but us chooses the numbers: a cheap hash is safe.
    generated: HashMap<u32, PeerId, BuildHasherDefault<Spread>>,
    next: u32,
    /// What follows the number in a long name.
    tail: [u8; 12],
    long: bool,
}

impl Names {
    /// No names yet; generated ones count up from `start`.
    pub fn new(start: u32) -> Self {
        let mut tail = [0; 12];
        let mut spread = Spread::default();
        for octets in tail.chunks_mut(4) {
            spread.write_u32(start);
            let [.., a, b, c, d] = spread.finish().to_be_bytes();
            octets.copy_from_slice(&[a, b, c, d]);
        }
        Self { chosen: HashMap::new(), generated: HashMap::default(), next: start, tail, long: false }
    }

    /// Whether names that are generated from now on have 17 octets, as those of ZeroMQ 2.x, instead of 5. Both are found.
    pub fn lengthen(&mut self, long: bool) {
        self.long = long;
    }

    /// The number of a generated name.
    #[inline]
    fn number_in(&self, name: &[u8]) -> Option<u32> {
        match name {
            &[0, a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
            [0, a, b, c, d, tail @ ..] if *tail == self.tail => Some(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => None,
        }
    }

    /// Who has this name.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<PeerId> {
        match self.number_in(name) {
            Some(number) => self.generated.get(&number).copied(),
            None => self.chosen.get(name).copied(),
        }
    }

    /// Gives a peer this name, taken or not, and returns who had it before.
    pub fn assign(&mut self, name: &[u8], peer: PeerId) -> Option<PeerId> {
        match self.number_in(name) {
            Some(number) => self.generated.insert(number, peer),
            None => self.chosen.insert(name.into(), peer),
        }
    }

    /// Gives a peer a name that nobody has.
    pub fn generate(&mut self, peer: PeerId) -> Frame {
        loop {
            let number = self.next;
            self.next = number.wrapping_add(1);
            if let Entry::Vacant(free) = self.generated.entry(number) {
                free.insert(peer);
                let [a, b, c, d] = number.to_be_bytes();
                let short = [0, a, b, c, d];
                return Frame::from(&if self.long {
                    [&short[..], &self.tail].concat()
                } else {
                    short.to_vec()
                });
            }
        }
    }

    /// Frees a name if this peer still has it.
    pub fn release(&mut self, name: &[u8], peer: PeerId) {
        if self.find(name) != Some(peer) {
            return;
        }
        match self.number_in(name) {
            Some(number) => self.generated.remove(&number),
            None => self.chosen.remove(name),
        };
    }
}

/// Spreads numbers that follow one another over the whole range of a hash.
#[derive(Clone, Copy, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u32(u32::from(*octet)));
    }

    fn write_u32(&mut self, number: u32) {
        // 2^64 divided by the golden ratio: neighbours land far apart in the high bits, the fold brings those down.
        let product = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ (product >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_count_up_from_the_start_and_over_its_end() {
        let mut names = Names::new(u32::MAX);
        assert_eq!(names.generate(PeerId(0)), [0, 255, 255, 255, 255]);
        assert_eq!(names.generate(PeerId(1)), [0, 0, 0, 0, 0]);
        assert_eq!(names.find(&[0, 0, 0, 0, 0]), Some(PeerId(1)));
    }

    #[test]
    fn long_names_have_seventeen_octets_and_short_ones_are_still_found() {
        let mut names = Names::new(7);
        let short = names.generate(PeerId(0));
        names.lengthen(true);
        let (one, two) = (names.generate(PeerId(1)), names.generate(PeerId(2)));
        assert_eq!((one.len(), one[0], two.len()), (17, 0, 17));
        assert_ne!(one, two);
        for (name, peer) in [(&short, 0), (&one, 1), (&two, 2)] {
            assert_eq!(names.find(name), Some(PeerId(peer)));
        }
        names.release(&one, PeerId(1));
        assert_eq!(names.find(&one), None);
        let mut other = one.to_vec();
        other[16] ^= 1;
        assert_eq!(names.find(&other), None, "a name of another socket is nobody's");
    }

    #[test]
    fn a_generated_name_avoids_one_the_application_chose() {
        let mut names = Names::new(7);
        names.assign(&[0, 0, 0, 0, 7], PeerId(1));
        assert_eq!(names.generate(PeerId(2)), [0, 0, 0, 0, 8]);
    }

    #[test]
    fn a_name_that_was_taken_over_is_not_freed_by_its_former_owner() {
        let mut names = Names::new(0);
        assert_eq!(names.assign(b"ann", PeerId(1)), None);
        assert_eq!(names.assign(b"ann", PeerId(2)), Some(PeerId(1)));
        names.release(b"ann", PeerId(1));
        assert_eq!(names.find(b"ann"), Some(PeerId(2)));
        names.release(b"ann", PeerId(2));
        assert_eq!(names.find(b"ann"), None);
    }
}
