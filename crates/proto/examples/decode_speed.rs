//! How long the decoder takes for a message, alone and with taking it out of the batch; the copy that stands for the
//! system call is not counted. `cargo run --release -p zeroxide-proto --example decode_speed`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement at the terminal")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use zeroxide_proto::{Batch, Command, Decoder, Handshake, Message, Options, Settings, Sink, SocketType};

/// Octets of one read.
const READ: usize = 64 * 1024;
/// Octets of one run.
const VOLUME: usize = 32 << 20;

struct Count {
    messages: usize,
    pop: bool,
}

impl Sink for Count {
    fn messages(&mut self, mut batch: Batch) {
        self.messages += batch.messages();
        while self.pop && batch.pop().is_some_and(|message| !black_box(&message).is_empty()) {}
    }

    fn command(&mut self, _: Command<'_>) {}
}

/// The decoder of a connection to a PUSH of 3.1.
fn decoder() -> Decoder {
    let mut script = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    script.resize(64, 0);
    script.extend(b"\x04\x06\x05READY");
    let settings = Settings::new(SocketType::Pull, &Options::default());
    let mut out = vec![];
    Handshake::new(settings, &mut out).receive(&script, &mut out).unwrap().established.unwrap().decoder
}

/// Time for all octets, without that of putting them into the target.
fn run(wire: &[u8], sink: &mut Count) -> Duration {
    let (mut decoder, mut scratch, mut rest) = (decoder(), vec![], wire);
    let mut reading = Duration::ZERO;
    let start = Instant::now();
    while !rest.is_empty() {
        let target = decoder.target(&mut scratch);
        let (now, later) = rest.split_at(READ.min(target.capacity() - target.len()).min(rest.len()));
        let before = Instant::now();
        target.extend_from_slice(now);
        reading += before.elapsed();
        rest = later;
        decoder.advance(&mut scratch, sink).unwrap();
    }
    start.elapsed() - reading
}

fn main() {
    println!("{:>9} {:>6} {:>12} {:>18}", "octets", "frames", "walk, ns/msg", "walk + pop, ns/msg");
    for (size, frames) in
        [(16, 1), (64, 1), (64, 2), (256, 1), (1024, 1), (8192, 1), (65_536, 1), (1 << 20, 1)]
    {
        let count = VOLUME / (size * frames);
        let message = Message::from_frames((0..frames).map(|_| vec![7; size]));
        let mut batch = Batch::new();
        for _ in 0..count {
            batch.push_message(&[], &message);
        }
        let wire: Vec<u8> = batch.segments().flatten().copied().collect();
        let best = |pop| {
            let times = (0..5).map(|_| {
                let mut sink = Count { messages: 0, pop };
                let time = run(&wire, &mut sink);
                assert_eq!(sink.messages, count);
                time.as_secs_f64() * 1e9 / count as f64
            });
            times.fold(f64::MAX, f64::min)
        };
        println!("{size:>9} {frames:>6} {:>12.1} {:>18.1}", best(false), best(true));
    }
}
