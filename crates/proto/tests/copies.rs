//! How often a body is copied between the application and the kernel, told by addresses: an octet that lies elsewhere than
//! before was copied.
//!
//! ```text
//! send     message -> batch -> what is written          receive     where it was read to -> batch -> message
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use bytes::Bytes;
use std::sync::{Mutex, PoisonError};
use zeroxide_proto::{
    Batch, Command, Established, Frame, Handshake, Message, Options, Settings, Sink, SocketType,
    batch::SHARED_FROM, frame::INLINE_CAPACITY, reuse,
};

/// Bodies of each class: inside the message, in the run of a batch, beside it.
const INLINE: [usize; 2] = [1, INLINE_CAPACITY];
const PACKED: [usize; 3] = [INLINE_CAPACITY + 1, 1024, SHARED_FROM - 1];
const LARGE: [usize; 4] = [SHARED_FROM, 64 * 1024, 256 * 1024, 16 << 20];

/// A connection to a PUSH or PULL of 3.1, after the handshake.
fn established(kind: SocketType) -> Established {
    let mut script = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    script.resize(64, 0);
    script.extend(b"\x04\x06\x05READY");
    let settings = Settings::new(kind, &Options::default());
    let mut out = vec![];
    Handshake::new(settings, &mut out).receive(&script, &mut out).unwrap().established.unwrap()
}

fn address(octets: &[u8]) -> usize {
    octets.as_ptr().addr()
}

fn body_of(size: usize) -> Bytes {
    (0..size).map(|at| at as u8).collect::<Vec<u8>>().into()
}

#[test]
fn a_large_body_is_written_from_where_the_application_made_it() {
    for size in LARGE {
        let body = body_of(size);
        let mut batch = Batch::new();
        batch.push_message(&[], &Message::from(body.clone()));
        let wire = established(SocketType::Push).encoder.encode(batch);
        let written: Vec<&[u8]> = wire.segments().collect();
        assert_eq!(written.len(), 2, "a header, and the body apart");
        assert_eq!((address(written[1]), written[1].len()), (address(&body), size));
    }
}

#[test]
fn a_small_body_is_copied_once_on_its_way_out() {
    for size in INLINE.into_iter().chain(PACKED) {
        let message = Message::from(Frame::from(body_of(size)));
        let mut batch = Batch::new();
        for _ in 0..10 {
            batch.push_message(&[], &message);
        }
        let run: Vec<usize> = batch.segments().map(address).collect();
        let wire = established(SocketType::Push).encoder.encode(batch);
        let written: Vec<usize> = wire.segments().map(address).collect();
        // All ten lie in one run, and what is written is that run.
        assert_eq!((run.len(), &written), (1, &run), "{size}");
    }
}

/// A connection as a socket reads it. It remembers where the kernel would have put each octet.
struct Reader {
    places: Places,
    batches: Vec<Batch>,
}

/// Where the octets of a stream lie: runs of them, by the offset of the first.
#[derive(Default)]
struct Places {
    runs: Vec<(usize, usize)>,
    end: usize,
}

impl Places {
    fn push(&mut self, address: usize, length: usize) {
        self.runs.push((self.end, address));
        self.end += length;
    }

    fn of(&self, offset: usize) -> usize {
        let run = self.runs.partition_point(|(begin, _)| *begin <= offset) - 1;
        self.runs[run].1 + offset - self.runs[run].0
    }
}

impl Sink for Reader {
    fn messages(&mut self, batch: Batch) {
        self.batches.push(batch);
    }

    fn command(&mut self, _: Command<'_>) {}
}

impl Reader {
    /// Reads all of the stream, at most so much at once.
    fn read_all(mut stream: &[u8], most: usize) -> Self {
        let mut reader = Self { places: Places::default(), batches: vec![] };
        let (mut decoder, mut scratch) = (established(SocketType::Pull).decoder, vec![]);
        while !stream.is_empty() {
            let target = decoder.target(&mut scratch);
            let room = (target.capacity() - target.len()).min(stream.len()).min(most);
            let (now, later) = stream.split_at(room);
            reader.places.push(address(target) + target.len(), room);
            target.extend_from_slice(now);
            decoder.advance(&mut scratch, &mut reader).unwrap();
            stream = later;
        }
        reader
    }
}

/// How often the average octet of a body was copied, from where the kernel put it into the message.
fn copies_of_received(size: usize, most: usize) -> f64 {
    let header = if size > 255 { 9 } else { 2 };
    let count = (300_000 / size).max(4);
    let mut sent = Batch::new();
    let message = Message::from(Frame::from(body_of(size)));
    (0..count).for_each(|_| sent.push_message(&[], &message));
    let stream: Vec<u8> = sent.segments().flatten().copied().collect();
    let reader = Reader::read_all(&stream, most);
    let (mut seen, mut copies, mut begin) = (0, 0, 0);
    for mut batch in reader.batches {
        let mut packed = Places::default();
        batch.segments().for_each(|segment| packed.push(address(segment), segment.len()));
        let first = begin;
        while let Some(received) = batch.pop() {
            assert_eq!(received, message);
            let end = address(received.body());
            for at in (0..size).step_by(size.div_ceil(64)) {
                let offset = begin + header + at;
                let way = [reader.places.of(offset), packed.of(offset - first), end + at];
                copies += way.windows(2).filter(|pair| pair[0] != pair[1]).count();
                seen += 1;
            }
            begin += header + size;
        }
    }
    assert_eq!(begin, stream.len(), "all came");
    copies as f64 / f64::from(seen)
}

/// What a socket reads at once when little is there, and when there is more than it has room for.
const SHORT: usize = 1500;
const FULL: usize = usize::MAX;

#[test]
fn a_body_that_a_message_holds_itself_is_copied_once_out_of_a_full_read_and_twice_out_of_a_short_one() {
    // Short reads are copied, so that a few messages that wait to be received do not hold a whole read buffer.
    for size in INLINE {
        let copies = copies_of_received(size, FULL);
        assert!((1.0..1.15).contains(&copies), "{size}: {copies}");
        assert_eq!(copies_of_received(size, SHORT), 2.0, "{size}");
    }
}

#[test]
fn a_longer_body_stays_where_the_kernel_put_it_in_a_full_read() {
    for size in PACKED.into_iter().chain([SHARED_FROM]) {
        // The frame that a read cuts in two is put together: the longer it is, the more that counts.
        let copies = copies_of_received(size, FULL);
        assert!(copies < 0.25, "{size}: {copies}");
    }
}

#[test]
fn a_longer_body_is_copied_once_or_twice_out_of_a_short_read() {
    for size in PACKED {
        let copies = copies_of_received(size, SHORT);
        assert!((1.0..=2.0).contains(&copies), "{size}: {copies}");
    }
}

#[test]
fn a_body_of_less_than_half_a_read_is_copied_at_most_once() {
    for size in [SHARED_FROM, 2 * SHARED_FROM, 4 * SHARED_FROM] {
        for most in [SHORT, FULL] {
            let copies = copies_of_received(size, most);
            assert!(copies < 1.2, "{size} by {most}: {copies}");
        }
    }
}

/// Reads with memory that no other test has used before: what is used again may be longer than what a read asks for, and a
/// body that fills less than half of it is copied.
fn with_fresh_memory(story: impl FnOnce()) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let lengths = || (15..24).map(|power| 1 << power);
    let kept: Vec<Vec<u8>> =
        lengths().flat_map(|length| std::iter::from_fn(move || reuse::take_kept(length))).collect();
    story();
    drop(kept);
}

#[test]
fn a_large_body_stays_where_the_kernel_put_it() {
    // All but what came in one read with the end of the message before, and what growing moves: memory grows with what
    // comes, not with what is promised.
    for (size, most, at_most) in
        [(64 * 1024, FULL, 0.1), (64 * 1024, SHORT, 0.3), (256 * 1024, FULL, 0.3), (256 * 1024, SHORT, 0.3)]
    {
        with_fresh_memory(|| {
            let copies = copies_of_received(size, most);
            assert!(copies <= at_most, "{size} by {most}: {copies}");
        });
    }
}

#[test]
fn a_huge_body_is_copied_at_most_once() {
    for most in [SHORT, FULL] {
        with_fresh_memory(|| {
            let copies = copies_of_received(16 << 20, most);
            assert!(copies <= 1.0, "16 MiB by {most}: {copies}");
        });
    }
}

#[test]
fn a_large_body_that_comes_alone_is_not_copied_at_all() {
    let body = body_of(60 * 1024);
    let mut sent = Batch::new();
    sent.push_message(&[], &Message::from(body.clone()));
    let stream: Vec<u8> = sent.segments().flatten().copied().collect();
    with_fresh_memory(|| {
        let mut reader = Reader::read_all(&stream, FULL);
        let received = reader.batches[0].pop().unwrap();
        assert_eq!(received.body(), body);
        assert_eq!(address(received.body()), reader.places.of(stream.len() - body.len()));
    });
}
