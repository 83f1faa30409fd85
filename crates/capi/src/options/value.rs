//! Octets that C hands in and wants out, and libzmq's rules for their lengths.

use crate::errno::Errno;
use std::ffi::{c_int, c_void};

/// What `zmq_setsockopt` was given.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    octets: &'a [u8],
    null: bool,
}

impl<'a> Given<'a> {
    /// These octets.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, null: false }
    }

    /// What C points to.
    ///
    /// # Safety
    /// `value` is null, or `length` octets can be read there for as long as `'a` lasts.
    pub unsafe fn from_c(value: *const c_void, length: usize) -> Result<Self, Errno> {
        if value.is_null() {
            // A length without octets would be read by libzmq, and end the process.
            return if length == 0 { Ok(Self { octets: &[], null: true }) } else { Err(Errno::EINVAL) };
        }
        // SAFETY: by the contract of this function.
        Ok(Self::new(unsafe { std::slice::from_raw_parts(value.cast(), length) }))
    }

    /// All there is.
    pub fn octets(self) -> &'a [u8] {
        self.octets
    }

    /// Null and no length, by which several options are cleared.
    pub fn is_null(self) -> bool {
        self.null
    }

    /// An `int`, and nothing shorter or longer.
    pub fn int(self) -> Result<c_int, Errno> {
        self.octets.try_into().map(c_int::from_ne_bytes).map_err(|_| Errno::EINVAL)
    }

    /// An `int64_t`, and nothing shorter or longer.
    pub fn int64(self) -> Result<i64, Errno> {
        self.octets.try_into().map(i64::from_ne_bytes).map_err(|_| Errno::EINVAL)
    }

    /// So many octets at least and at most.
    pub fn between(self, least: usize, most: usize) -> Result<&'a [u8], Errno> {
        if (least..=most).contains(&self.octets.len()) { Ok(self.octets) } else { Err(Errno::EINVAL) }
    }
}

/// Where `zmq_getsockopt` is to put its answer.
#[derive(Debug)]
pub struct Wanted<'a> {
    place: &'a mut [u8],
    length: usize,
}

impl<'a> Wanted<'a> {
    /// An empty answer, for what fits into `place`.
    pub fn new(place: &'a mut [u8]) -> Self {
        Self { place, length: 0 }
    }

    /// How many octets the answer has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many octets there is room for.
    pub fn room(&self) -> usize {
        self.place.len()
    }

    /// An answer for which the room must be exactly right.
    pub fn exactly(&mut self, answer: &[u8]) -> Result<(), Errno> {
        if self.place.len() == answer.len() { self.at_least(answer) } else { Err(Errno::EINVAL) }
    }

    /// An answer that must fit; what room is left is zeroed.
    pub fn at_least(&mut self, answer: &[u8]) -> Result<(), Errno> {
        let (head, tail) = self.place.split_at_mut_checked(answer.len()).ok_or(Errno::EINVAL)?;
        head.copy_from_slice(answer);
        tail.fill(0);
        self.length = answer.len();
        Ok(())
    }

    /// A text, with the zero that ends it.
    pub fn text(&mut self, answer: &[u8]) -> Result<(), Errno> {
        self.at_least(&[answer, &[0]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_int_has_exactly_its_octets() {
        let (one, wide) = (1_i32.to_ne_bytes(), 1_i64.to_ne_bytes());
        let given = |octets| Given::new(octets);
        assert_eq!(given(&one).int(), Ok(1));
        assert_eq!(given(&one[..3]).int(), Err(Errno::EINVAL));
        assert_eq!(given(&wide).int(), Err(Errno::EINVAL));
        assert_eq!(given(&wide).int64(), Ok(1));
    }

    #[test]
    fn null_with_a_length_is_refused() {
        // SAFETY: null is allowed.
        let refused = unsafe { Given::from_c(std::ptr::null(), 4) };
        assert_eq!(refused.map(Given::is_null), Err(Errno::EINVAL));
        // SAFETY: as above.
        let cleared = unsafe { Given::from_c(std::ptr::null(), 0) };
        assert!(cleared.unwrap().is_null());
    }

    #[test]
    fn an_answer_zeroes_what_room_is_left() {
        let mut place = [9; 6];
        let mut wanted = Wanted::new(&mut place);
        wanted.text(b"abc").unwrap();
        assert_eq!(wanted.length(), 4);
        assert_eq!(place, *b"abc\0\0\0");
        assert_eq!(Wanted::new(&mut [9; 3]).text(b"abc"), Err(Errno::EINVAL));
        assert_eq!(Wanted::new(&mut [9; 8]).exactly(&[1, 2, 3, 4]), Err(Errno::EINVAL));
    }
}
