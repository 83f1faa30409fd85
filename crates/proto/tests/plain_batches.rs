//! What may be sent on as it was read: messages, and nothing that was said to whoever read them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use zeroxide_proto::{Batch, Message};

#[test]
fn a_command_between_messages_is_not_for_others() {
    let ping = b"\x04\x07\x04PING\0\0";
    let message = b"\0\x02hi";
    for octets in [[&message[..], ping, message].concat(), [message, &ping[..]].concat()] {
        let batch = Batch::from_octets(octets.clone(), octets.len() / 10);
        assert_eq!(batch.plain_octets(), None);
    }
    assert_eq!(Batch::from_octets(message.repeat(3), 3).plain_octets(), Some(6));
}

#[test]
fn a_frame_in_the_long_form_that_had_no_need_of_it_is_not_sent_on() {
    let long = b"\x02\0\0\0\0\0\0\0\x02hi";
    assert_eq!(Batch::from_octets(long.to_vec(), 1).plain_octets(), None);
}

proptest! {
    #[test]
    fn the_octets_are_those_of_the_bodies_that_are_left(
        messages in prop::collection::vec(prop::collection::vec(0..20_000_usize, 1..4), 0..20),
        taken in 0..20_usize,
    ) {
        let mut batch = Batch::new();
        for sizes in &messages {
            let message: Message = sizes.iter().map(|size| vec![7; *size]).collect();
            batch.push_message(&[], &message);
        }
        for _ in 0..taken {
            batch.pop();
        }
        let left = messages.iter().skip(taken).flatten().sum::<usize>();
        prop_assert_eq!(batch.plain_octets(), Some(left));
    }
}
