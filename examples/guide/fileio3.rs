//! A file in chunks, by credit: whoever fetches has ten chunks under way, gets the next when it has done with one, and what
//! it leaves undone another gets. In the Guide a client asks for each chunk by its place; here the library keeps the credit,
//! so that several may fetch one file between them.
//!
//! Shows: fileio3, of the Guide's chapter 7.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use std::thread;
use zeroxide::Context;
use zeroxide_patterns::credit::{Consumer, ConsumerOptions, Source, SourceOptions};

/// Chunks under way to one client.
const PIPELINE: u64 = 10;

/// Octets of a chunk.
const CHUNK: usize = 25_000;

pub(crate) fn run(words: &Words) -> Outcome {
    // A file of our own making; the Guide reads its test data from the disk.
    let file = vec![b'x'; words.number(0, 6_250_000) as usize];
    let context = Context::new();
    // Whoever is slow on a busy machine is not taken for dead.
    let source = Source::new(&context, SourceOptions { lifetime: PATIENCE / 2, ..SourceOptions::default() })?;
    let endpoint = source.bind("ipc://*")?;

    // One that takes what is there, looks at a chunk, and goes: all of it is for the next.
    let quitter = Consumer::new(&context, &endpoint, ConsumerOptions { window: PIPELINE, ..Default::default() })?;
    source.send(file.get(..CHUNK).unwrap_or(&file))?;
    let chunk = quitter.recv()?.ok_or("no chunk")?;
    println!("{} bytes, left undone", chunk.body().body().len());
    drop((chunk, quitter));

    let client = Consumer::new(&context, &endpoint, ConsumerOptions { window: PIPELINE, ..Default::default() })?;
    let fetching = thread::spawn(move || {
        let (mut chunks, mut octets) = (0, 0);
        let fetched = client.run(|chunk| {
            chunks += 1;
            octets += chunk.body().len();
        });
        fetched.map(|_| (chunks, octets))
    });
    for chunk in file.chunks(CHUNK).skip(1) {
        source.send(chunk)?;
    }
    let report = source.finish(PATIENCE)?;
    let (chunks, octets) = fetching.join().map_err(|_| "the client broke")??;
    println!("{chunks} chunks received, {octets} bytes");
    println!("what was left undone came again: {}", report.repeated > 0);
    Ok(())
}
