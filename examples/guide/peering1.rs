//! Brokers that tell each other how many of their workers are free: `peering1 ipc:///tmp DC1 DC2 DC3`.
//!
//! The state flow of the library's broker alone: it has workers, whose number changes, and no clients.
//!
//! Shows: E2.59; C199.

use crate::{
    peering3::broker,
    zhelpers::{Outcome, Words, below, work},
};
use std::thread;
use zeroxide::{Context, Req};

pub(crate) fn run(words: &Words) -> Outcome {
    let (place, own) = (words.text(0, "ipc:///tmp"), words.text(1, "DC1"));
    println!("I: preparing broker at {own}...");
    let context = Context::new();
    let broker = broker(&context, place, own, words.from(2))?;
    let control = broker.control();
    thread::spawn(move || broker.run());
    let mut workers = Vec::new();
    loop {
        // One more of them, up to nine.
        if workers.len() < 9 && below(2) == 0 {
            let worker = Req::new(&context)?;
            worker.connect("inproc://localbe")?;
            worker.send("READY")?;
            workers.push(worker);
        }
        for peer in control.statistics().peers.iter().filter(|peer| peer.is_heard) {
            println!("{} - {} workers free", peer.name.as_str().unwrap_or("?"), peer.capacity);
        }
        work(200);
    }
}
