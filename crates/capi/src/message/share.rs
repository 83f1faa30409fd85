//! Bodies that others may hold, too, or that lie in memory of which others hold other parts.

use bytes::Bytes;
use std::{mem::ManuallyDrop, ptr::with_exposed_provenance_mut, slice};

/// Octets that others may hold, too, and where they are. C may write them, so they are not looked at through `bytes`: a reference
/// once was, and promised that nobody writes.
pub(super) struct Share {
    bytes: Bytes,
    place: *mut u8,
}

impl Share {
    /// Where the octets lie may be written as long as they are held: it is memory of `reuse`, which has exposed it, or was handed
    /// over by C. Only C writes there, and it has a message for these octets; what others look at in the same memory is other
    /// octets, unless C sent these to several of its own sockets: they share them then, as libzmq's do.
    #[inline(always)]
    pub(super) fn of(bytes: Bytes) -> ManuallyDrop<Self> {
        let place = with_exposed_provenance_mut(bytes.as_ptr().expose_provenance());
        ManuallyDrop::new(Self { bytes, place })
    }

    /// The same octets for another message.
    pub(super) fn again(&self) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self { bytes: self.bytes.clone(), place: self.place })
    }

    /// The octets.
    #[inline]
    pub(super) fn octets(&self) -> &[u8] {
        // SAFETY: so many octets are there, as long as they are held. C writes none of them while one of its calls looks at them.
        unsafe { slice::from_raw_parts(self.place, self.bytes.len()) }
    }

    /// Where the octets are.
    #[inline]
    pub(super) fn place(&self) -> *mut u8 {
        self.place
    }

    /// The octets, for others than C.
    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes
    }
}
