//! Where octets lie: large bodies are not copied, small messages do not pin large buffers, claims allocate nothing.

use super::*;
use crate::batch::SHARED_FROM;

/// Keeps batches as they are.
#[derive(Default)]
struct Batches(Vec<Batch>);

impl Sink for Batches {
    fn messages(&mut self, batch: Batch) {
        self.0.push(batch);
    }

    fn command(&mut self, _: Command<'_>) {}
}

fn long_header(flags: u8, size: usize) -> Vec<u8> {
    [&[flags | 2], &(size as u64).to_be_bytes()[..]].concat()
}

#[test]
fn a_claim_of_four_exabytes_holds_what_came_and_little_more() {
    for version in ALL_VERSIONS {
        let mut decoder = decoder(version);
        let mut head = long_header(0, 1 << 62);
        if version == Version::V1 {
            head = [&[0xFF], &(1_u64 << 62).to_be_bytes()[..], &[0]].concat();
        }
        receive(&mut decoder, &head);
        // Memory that another test of this process gave back may be four times as long as what is asked for.
        let first = 4 * 256 * 1024;
        assert!(decoder.held() <= first);
        let mut came = 0;
        for _ in 0..100 {
            receive(&mut decoder, &[1; 20_000]);
            came += 20_000;
            assert!(decoder.held() <= first + 2 * came, "{} for {came}", decoder.held());
        }
    }
}

#[test]
fn the_body_of_a_large_frame_is_delivered_in_the_memory_it_was_read_into() {
    let size = 200_000;
    let mut decoder = decoder(Version::V3_1);
    let mut scratch = vec![];
    let mut batches = Batches::default();
    decoder.target(&mut scratch).extend(long_header(0, size));
    decoder.advance(&mut scratch, &mut batches).unwrap();
    let target = decoder.target(&mut scratch);
    let place = target.as_ptr();
    target.resize(size, 5);
    decoder.advance(&mut scratch, &mut batches).unwrap();
    let body = batches.0.pop().unwrap().pop().unwrap().into_first().into_bytes();
    assert_eq!((body.as_ptr(), body.len()), (place, size));
}

#[test]
fn whoever_reads_can_ask_whether_large_bodies_follow_each_other() {
    let mut decoder = decoder(Version::V3_1);
    let large = [long_header(0, 64 * 1024), vec![5; 64 * 1024]].concat();
    receive(&mut decoder, b"\0\x01a");
    assert!(!decoder.is_amid_large());
    for cut in [10, 40_000] {
        let (front, rest) = large.split_at(cut);
        receive(&mut decoder, front);
        receive(&mut decoder, rest);
        assert!(decoder.is_amid_large(), "one has come");
    }
    receive(&mut decoder, &large[..20_000]);
    assert!(decoder.is_amid_large(), "and another is under way");
    receive(&mut decoder, &large[20_000..]);
    receive(&mut decoder, b"\0\x01z");
    assert!(!decoder.is_amid_large(), "what came last was short");
}

#[test]
fn a_frame_that_fills_a_read_keeps_its_memory() {
    let size = 64 * 1024;
    let mut decoder = decoder(Version::V3_1);
    let mut scratch = vec![];
    let mut batches = Batches::default();
    let target = decoder.target(&mut scratch);
    target.extend(b"\x00\x01a");
    target.extend(long_header(0, size));
    let place = target.as_ptr().wrapping_add(target.len());
    target.resize(target.len() + size, 5);
    target.extend(b"\x00\x01z");
    decoder.advance(&mut scratch, &mut batches).unwrap();
    let messages: Vec<_> =
        batches.0.iter_mut().flat_map(|batch| std::iter::from_fn(|| batch.pop())).collect();
    assert_eq!(messages.len(), 3);
    assert_eq!((&messages[0], &messages[2]), (&Message::from("a"), &Message::from("z")));
    assert_eq!(messages[1].frames()[0].as_shared().unwrap().as_ptr(), place);
}

#[test]
fn a_full_read_of_small_messages_is_handed_over_whole_and_a_small_one_is_copied() {
    let mut decoder = decoder(Version::V3_1);
    let mut scratch = vec![];
    let mut batches = Batches::default();
    let small = b"\x00\x05hello";
    let target = decoder.target(&mut scratch);
    let place = target.as_ptr();
    target.extend(small.repeat(9_000));
    target.extend(b"\x00\x05hel");
    decoder.advance(&mut scratch, &mut batches).unwrap();
    let batch = batches.0.pop().unwrap();
    assert_eq!(batch.segments().next().unwrap().as_ptr(), place);
    assert_eq!((batch.messages(), decoder.held()), (9_000, 8), "the cut-off frame is kept, and no more");

    decoder.target(&mut scratch).extend(b"lo");
    decoder.advance(&mut scratch, &mut batches).unwrap();
    assert!(scratch.capacity() > 0, "the read buffer stays with the caller");
    assert_eq!(batches.0.pop().unwrap().size(), small.len());
}

#[test]
fn asking_twice_for_the_target_and_changing_buffers_loses_nothing() {
    let mut decoder = decoder(Version::V3_1);
    let (mut one, mut other) = (vec![], vec![]);
    let mut received = Received::default();
    decoder.target(&mut one).extend(b"\x00\x05he");
    decoder.advance(&mut one, &mut received).unwrap();
    decoder.target(&mut one);
    decoder.target(&mut other).extend(b"llo");
    decoder.advance(&mut other, &mut received).unwrap();
    assert_eq!(received.messages, [Message::from("hello")]);
}

#[test]
fn large_frames_inside_messages_between_small_ones_and_commands_keep_their_order() {
    let large = |octet: u8, size: usize| vec![octet; size];
    let sent = [
        Message::from("first"),
        Message::from_frames([large(1, SHARED_FROM), large(2, 3), large(3, 300_000), large(4, 70_000)]),
        Message::from("between"),
        Message::from(large(5, 40_000)),
        Message::from(large(6, 66_000)),
        Message::from_frames([large(7, 2), large(8, SHARED_FROM - 1), large(9, SHARED_FROM + 1)]),
    ];
    let topic = vec![7; 50_000];
    let mut octets = wire(&Encoder::new(Version::V3_1, None).encode(batch(&sent)));
    Command::Subscribe(&topic).write(&mut octets);
    Command::Pong(b"end").write(&mut octets);
    for portion in [997, 8_192, 16_384, 20_000, 65_536, 69_632, usize::MAX] {
        let (received, result) = feed(&mut decoder(Version::V3_1), &octets, portion);
        assert_eq!(result, Ok(()));
        assert!(received.messages == sent, "by {portion}");
        assert_eq!(received.commands.len(), 2);
        assert_eq!(received.commands[0].len(), 9 + 10 + topic.len());
    }
}
