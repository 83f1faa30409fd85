//! What CURVE costs a message: sealing and opening, through the encoder and the decoder that connections use.
//!
//! `cargo run --release -p zeroxide-proto --example seal_speed`

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::{sync::Arc, time::Instant};
use zeroxide_proto::{
    Batch, Command, Established, Handshake, HandshakeError, Options, Settings, Sink, SocketType,
    security::{CurveClient, CurveServer, Entropy, Keypair, NoEntropy, Security},
};

/// Good for a measurement and for nothing else.
#[derive(Debug)]
struct NotRandom;

impl Entropy for NotRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        octets.fill(7);
        Ok(())
    }
}

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn messages(&mut self, batch: Batch) {
        self.0 += batch.messages();
    }
    fn command(&mut self, _command: Command<'_>) {}
}

fn main() -> Result<(), HandshakeError> {
    let (one, other) = (Keypair::from_random([1; 32]), Keypair::from_random([2; 32]));
    let client = CurveClient { keys: one, server: other.public, entropy: Arc::new(NotRandom) };
    let server = CurveServer { keys: other, entropy: Arc::new(NotRandom) };
    let Some((mut from, mut to)) =
        meet(Security::CurveClient(client.into()), Security::CurveServer(server.into()))?
    else {
        return Ok(());
    };
    for size in [64, 1024, 65_536] {
        let count = 64 * 1024 * 1024 / (size + 400);
        let mut messages = Batch::new();
        for _ in 0..(65_536 / size).max(1) {
            messages.push_frame(&vec![1; size], false);
        }
        let rounds = count / messages.messages();
        let (mut sealing, mut opening, mut received) = (0.0, 0.0, Count::default());
        for _ in 0..rounds {
            let begin = Instant::now();
            let sealed = from.encoder.encode(messages.clone());
            sealing += begin.elapsed().as_secs_f64();
            let octets: Vec<u8> = sealed.segments().flatten().copied().collect();
            let mut scratch = Vec::new();
            let begin = Instant::now();
            let mut rest = &octets[..];
            while !rest.is_empty() {
                let target = to.decoder.target(&mut scratch);
                let (now, later) = rest.split_at(rest.len().min(target.capacity() - target.len()));
                target.extend_from_slice(now);
                rest = later;
                to.decoder.advance(&mut scratch, &mut received).map_err(HandshakeError::Frame)?;
            }
            opening += begin.elapsed().as_secs_f64();
        }
        let each = 1e9 / received.0 as f64;
        println!("{size:6} octets: seal {:8.0} ns, open {:8.0} ns a message", sealing * each, opening * each);
    }
    Ok(())
}

fn meet(one: Security, other: Security) -> Result<Option<(Established, Established)>, HandshakeError> {
    let side = |security| Settings { security, ..Settings::new(SocketType::Pair, &Options::default()) };
    let (mut one_out, mut other_out) = (vec![], vec![]);
    let mut left = Handshake::new(side(one), &mut one_out);
    let mut right = Handshake::new(side(other), &mut other_out);
    let (mut left_up, mut right_up) = (None, None);
    for _ in 0..10 {
        if left_up.is_none() {
            left_up = left.receive(&std::mem::take(&mut other_out), &mut one_out)?.established;
        }
        if right_up.is_none() {
            right_up = right.receive(&std::mem::take(&mut one_out), &mut other_out)?.established;
        }
    }
    Ok(left_up.zip(right_up))
}
