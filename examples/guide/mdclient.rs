//! Majordomo client, and the Guide's comparison `tripping`: requests one by one, then many under way at once.
//!
//! Shows: mdcliapi mdclient mdcliapi2 mdclient2 tripping; C182 C183 C184.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use std::time::Instant;
use zeroxide::Context;
use zeroxide_patterns::majordomo::{Client, ClientOptions, Pipeline, PipelineOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let broker = words.text(0, "tcp://localhost:5555");
    let requests = words.number(1, 100_000);

    let options = ClientOptions { timeout: PATIENCE, ..ClientOptions::default() };
    let mut client = Client::new(&context, &[broker], options)?;
    let began = Instant::now();
    for _ in 0..requests {
        client.call("echo", "Hello world")?;
    }
    println!("{requests} requests/replies processed one by one in {:?}", began.elapsed());

    let options = PipelineOptions { timeout: PATIENCE, window: requests as usize, ..PipelineOptions::default() };
    let mut pipeline = Pipeline::new(&context, &[broker], options)?;
    let began = Instant::now();
    for _ in 0..requests {
        pipeline.send("echo", "Hello world")?;
    }
    for _ in 0..requests {
        pipeline.recv().ok_or("an answer is missing")?.body?;
    }
    println!("{requests} requests/replies processed at once in {:?}", began.elapsed());
    Ok(())
}
