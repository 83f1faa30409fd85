use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::*};

const SIZES: [usize; 8] =
    [0, 1, INLINE_CAPACITY, INLINE_CAPACITY + 1, FRAME_INLINE, FRAME_INLINE + 1, 5000, 100_000];

fn octets(size: usize) -> Vec<u8> {
    (0..size).map(|at| at as u8).collect()
}

#[test]
fn a_part_is_what_it_was_made_of_whatever_its_size() {
    for size in SIZES {
        let mut part = Part::new(Body::Copied(&octets(size)));
        assert_eq!(part.octets(), octets(size));
        assert_eq!(part.copy().octets(), octets(size));
        let frame = part.lend();
        assert_eq!(frame, octets(size));
        part.restore(frame);
        assert_eq!(part.octets(), octets(size));
        assert_eq!(part.lend(), octets(size));
        part.sent();
        assert!(part.octets().is_empty());
    }
}

#[test]
fn a_restored_part_has_its_octets_where_they_were() {
    for size in SIZES {
        let mut part = Part::new(Body::Copied(&octets(size)));
        let before = part.data();
        let frame = part.lend();
        part.restore(frame);
        assert_eq!(part.data(), before);
    }
}

extern "C" fn count(_: *mut c_void, hint: *mut c_void) {
    // SAFETY: the tests below hand in a counter that outlives the message.
    unsafe { &*hint.cast::<AtomicUsize>() }.fetch_add(1, SeqCst);
}

#[test]
fn the_free_function_is_called_once_when_the_last_copy_goes() {
    for size in SIZES {
        let (mut memory, calls) = (octets(size), AtomicUsize::new(0));
        // SAFETY: the memory and the counter outlive the message.
        let bytes =
            unsafe { foreign(memory.as_mut_ptr().cast(), size, count, (&raw const calls).cast_mut().cast()) };
        let mut part = Part::new(Body::Lent(bytes));
        assert_eq!(part.octets(), octets(size));
        assert!(!part.is_shared());
        let mut copy = part.copy();
        assert!(part.is_shared());
        part.close();
        assert!(!lent::give_back());
        drop(copy.lend());
        copy.sent();
        assert_eq!(calls.load(SeqCst), 0, "not where something may be locked");
        assert!(lent::give_back() && !lent::give_back());
        assert_eq!(calls.load(SeqCst), 1, "{size}");
    }
}

#[test]
fn closed_null_and_never_made_messages_are_refused() {
    let mut part = Part::empty();
    part.close();
    let mut zeros = [0u64; 8];
    for bad in [null_mut(), &raw mut part, zeros.as_mut_ptr().cast()] {
        // SAFETY: null, or a message, or zeros.
        assert_eq!(unsafe { Part::at(bad) }.err(), Some(Errno::EFAULT));
    }
}

#[test]
fn a_part_becomes_what_it_receives_whatever_it_was() {
    for before in SIZES {
        for size in SIZES {
            let mut part = Part::new(Body::Copied(&octets(before)));
            part.set_group(b"weather").unwrap();
            part.set_routing_id(7);
            part.flags = MORE;
            part.receive(&octets(size), false, &Origin::default());
            assert_eq!(part.octets(), octets(size), "{size} after {before}");
            assert_eq!((part.more(), part.routing_id(), part.group()), (false, 0, c""));
            assert!(!part.is_shared());
        }
    }
}

#[test]
fn memory_that_fits_is_used_again_and_far_too_much_is_not() {
    let mut part = Part::empty();
    part.receive(&octets(1000), false, &Origin::default());
    let place = part.data();
    part.receive(&octets(999), false, &Origin::default());
    part.receive(&octets(1000), false, &Origin::default());
    assert_eq!(part.data(), place);
    part.receive(&octets(INLINE_CAPACITY + 1), false, &Origin::default());
    assert!(part.pieces().is_some_and(|owned| !owned.fit(1000)));
}

#[test]
fn octets_stay_where_they_are_when_a_received_part_is_copied() {
    let mut part = Part::empty();
    // The second has more memory than it needs.
    for size in [1000, 900] {
        part.receive(&octets(size), false, &Origin::default());
        let place = part.data();
        let mut copy = part.copy();
        assert_eq!((part.data(), copy.data()), (place, place));
        assert!(part.is_shared() && copy.is_shared());
        part.close();
        assert_eq!(copy.octets(), octets(size));
        part = Part::empty();
        part.receive(&octets(1000), false, &Origin::default());
    }
}

/// A message of so many octets for the caller to fill.
fn unfilled(size: usize) -> Result<Part, Errno> {
    let mut place = MaybeUninit::uninit();
    // SAFETY: the place is as long as a message.
    unsafe { Part::make_unfilled(place.as_mut_ptr(), size) }?;
    // SAFETY: a message was made there.
    Ok(unsafe { place.assume_init() })
}

#[test]
fn a_part_made_for_the_caller_to_fill_has_room_and_keeps_what_is_put_there() {
    for size in SIZES {
        let mut part = unfilled(size).unwrap();
        // SAFETY: the part has so much room, and nobody else writes there.
        unsafe { part.data().cast::<u8>().copy_from_nonoverlapping(octets(size).as_ptr(), size) };
        assert_eq!(part.octets(), octets(size));
    }
    assert_eq!(unfilled(usize::MAX).err(), Some(Errno::ENOMEM));
}

#[test]
fn a_large_body_is_in_memory_that_was_given_back() {
    // A size that no other test of this process asks for.
    const SIZE: usize = 3_210_123;
    let mut part = unfilled(SIZE).unwrap();
    let place = part.data();
    part.close();
    let mut part = unfilled(SIZE).unwrap();
    assert_eq!(part.data(), place);
    let copy = part.copy();
    part.close();
    let mut part = unfilled(SIZE).unwrap();
    assert_ne!(part.data(), place, "the copy still has it");
    part.close();
    drop(copy);
    let mut part = unfilled(SIZE).unwrap();
    assert_eq!(part.data(), place);
    part.close();
}
