//! CVE-2020-36400: the decoder's buffer was said to be larger than what had been allocated, so that a stream cut in the
//! right places was read beyond its end.

use super::{common::*, ward::*};
use zeroxide::*;

/// Numbers in an order of no meaning, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Sizes around every buffer: libzmq's of 8192, ours of 8, 34, 64 and 68 KiB.
const SIZES: [usize; 22] = [
    0, 1, 63, 64, 65, 255, 256, 8183, 8191, 8192, 8193, 8201, 16_384, 34_815, 34_816, 34_817, 65_526, 65_527,
    65_536, 69_631, 69_632, 69_633,
];

fn body(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + seed) as u8).collect()
}

#[test]
fn a_stream_cut_anywhere_is_received_as_it_was_sent() {
    for (kind, seed) in [
        SocketType::Pull,
        SocketType::Gather,
        SocketType::Dealer,
        SocketType::Router,
        SocketType::Pair,
        SocketType::Sub,
        SocketType::Xsub,
    ]
    .into_iter()
    .zip(1..)
    {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |_, _| {});
        let mut numbers = Numbers(0x9E37_79B9 + seed);
        let mut stranger = ward.stranger();
        let mut stream = vec![];
        let mut sent = vec![];
        for round in 0..3 {
            for (at, size) in SIZES.into_iter().enumerate() {
                let body = body(size, at + round);
                let form = if numbers.below(2) == 0 { octets::frame } else { octets::frame_long };
                if numbers.below(3) == 0 {
                    stream.extend(octets::ping(0, b"between"));
                }
                stream.extend(form(0, &body));
                sent.push(body);
            }
        }
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let most = [7, 100, 8192, 8193, 70_000][numbers.below(5)];
            let (now, later) = rest.split_at((1 + numbers.below(most)).min(rest.len()));
            stranger.send(now);
            rest = later;
        }
        for body in sent {
            let message = ward.socket.get();
            assert!(message[message.len() - 1] == body[..], "{kind}: {} octets", body.len());
        }
        stranger.close();
        wait_for_connections(&ward.socket, 0);
        ward.join(&ward.at);
        ward.is_well();
    }
}

#[test]
fn noise_cut_anywhere_ends_the_connection_and_nothing_else() {
    for (kind, seed) in kinds().zip(1..) {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |_, _| {});
        let mut numbers = Numbers(0xDEAD_BEEF + seed);
        for round in 0..20 {
            let mut stranger = ward.stranger();
            let mut noise: Vec<u8> = (0..2000).map(|_| numbers.below(256) as u8).collect();
            // Frames that are sound for a while, then a flag that no frame has.
            let sound = octets::frame(0, &body(numbers.below(20_000), round));
            let last = [0x80 | numbers.below(128) as u8];
            noise = [&sound[..], &last, &noise].concat();
            let mut rest = &noise[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at((1 + numbers.below(5000)).min(rest.len()));
                if !stranger.send_until_closed(now) {
                    break;
                }
                rest = later;
            }
            stranger.close_sending();
            stranger.read_to_close();
            ward.hears_of_an_end();
        }
        wait_for_connections(&ward.socket, 0);
        assert_eq!(ward.socket.statistics().protocol_errors, 20, "{kind}");
        // What was sound has come, where somebody receives it.
        while kind.receives() && ward.socket.try_recv().is_ok() {}
        ward.join(&ward.at);
        if kind != SocketType::Rep {
            ward.is_well();
        }
    }
}
