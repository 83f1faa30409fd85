//! What a peer wants to hear has its place among the messages it sends.

use super::{
    secure::{agreed, curve_pair},
    *,
};

/// All in the order in which it was handed over, and what else came.
#[derive(Default)]
struct Heard {
    all: Vec<String>,
    batches: usize,
}

impl Sink for Heard {
    fn messages(&mut self, mut batch: Batch) {
        self.batches += 1;
        self.all.extend(std::iter::from_fn(|| batch.pop()).map(|message| format!("{message:?}")));
    }

    fn command(&mut self, command: Command<'_>) {
        match command {
            Command::Subscribe(topic) => self.all.push(format!("wants {topic:?}")),
            Command::Cancel(topic) => self.all.push(format!("has enough of {topic:?}")),
            _ => {}
        }
    }
}

/// Messages of one and of many frames, short, long and very long, with a wish or a sign of life behind each.
fn story(encoder: &mut Encoder) -> (Vec<u8>, Vec<String>) {
    let (mut octets, mut expected) = (vec![], vec![]);
    let sizes = [1, 0, 300, 9_000, 2, 70_000, 3].into_iter().cycle();
    for (number, size) in (0_u8..60).zip(sizes) {
        let frames = usize::from(number % 3) + 1;
        let message = Message::from_frames(vec![vec![number; size]; frames]);
        octets.extend(wire(&encoder.encode(batch(std::slice::from_ref(&message)))));
        expected.push(format!("{message:?}"));
        let topic = [number; 2];
        match number % 4 {
            0 => encoder.ping(0, &[], &mut octets),
            1 => {}
            even => {
                encoder.subscription(&topic, even == 2, &mut octets);
                expected.push(match even {
                    2 => format!("wants {topic:?}"),
                    _ => format!("has enough of {topic:?}"),
                });
            }
        }
    }
    (octets, expected)
}

#[test]
fn a_wish_comes_behind_the_messages_before_it() {
    for portion in [1, 7, 1_000, 16_384, 65_536, usize::MAX] {
        let (octets, expected) = story(&mut Encoder::new(Version::V3_1, None));
        let mut heard = Heard::default();
        feed_to(&mut decoder(Version::V3_1), &octets, portion, &mut heard).unwrap();
        assert!(heard.all == expected, "in the clear by {portion}");

        let [left, right] = agreed(curve_pair(), [SocketType::Xsub, SocketType::Xpub], 64);
        let (octets, expected) = story(&mut left.up.unwrap().encoder);
        let mut heard = Heard::default();
        feed_to(&mut right.up.unwrap().decoder, &octets, portion, &mut heard).unwrap();
        assert!(heard.all == expected, "sealed by {portion}");
    }
}

#[test]
fn a_wish_in_the_middle_of_a_message_is_heard_before_it() {
    let subscribe = b"\x04\x0b\x09SUBSCRIBEA";
    let octets = [&b"\x00\x01a\x01\x01b"[..], subscribe, b"\x00\x01c"].concat();
    let mut heard = Heard::default();
    feed_to(&mut decoder(Version::V3_1), &octets, usize::MAX, &mut heard).unwrap();
    let messages = [Message::from("a"), Message::from(["b", "c"])].map(|message| format!("{message:?}"));
    assert_eq!(heard.all, [&messages[0], "wants [65]", &messages[1]]);
}

#[test]
fn signs_of_life_do_not_part_what_was_read_at_once() {
    let octets = [&b"\x00\x01a"[..], b"\x04\x07\x04PING\x00\x0a", b"\x00\x01b"].concat();
    let mut heard = Heard::default();
    feed_to(&mut decoder(Version::V3_1), &octets, usize::MAX, &mut heard).unwrap();
    assert_eq!((heard.batches, heard.all.len()), (1, 2));
}
