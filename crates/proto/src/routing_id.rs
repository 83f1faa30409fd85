//! The number by which a SERVER or PEER knows its peers (RFC 41, RFC 51).

use std::{fmt, num::NonZeroU32};

/// A peer of a SERVER or PEER socket: a number that the socket gives out, never zero. A number is given again only after
/// all others were.
///
/// ```
/// use zeroxide_proto::RoutingId;
/// assert_eq!(RoutingId::new(7).map(RoutingId::get), Some(7));
/// assert_eq!(RoutingId::new(0), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RoutingId(NonZeroU32);

impl RoutingId {
    /// The routing id of this number; zero is none.
    #[inline]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[inline]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for RoutingId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
