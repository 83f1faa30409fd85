//! A proxy whose messages are captured: a third socket gets a copy of all that passes, both ways.
//!
//! Shows: E0.10; C132 C147.

use crate::zhelpers::{Outcome, Words};
use std::thread;
use zeroxide::{Context, Dealer, Proxy, Pull, Push, Rep, Req, Router};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (front, back, capture) = (Router::new(&context)?, Dealer::new(&context)?, Push::new(&context)?);
    let (clients, workers) = (front.bind("inproc://clients")?, back.bind("inproc://workers")?);
    let listener = Pull::new(&context)?;
    capture.connect(&listener.bind("inproc://capture")?)?;
    let proxy = thread::spawn(move || Proxy::new(&front, &back).capture(&capture).run());

    let (client, worker) = (Req::new(&context)?, Rep::new(&context)?);
    client.connect(&clients)?;
    worker.connect(&workers)?;
    client.send("Hello")?;
    worker.recv()?;
    worker.send("World")?;
    client.recv()?;
    for _ in 0..2 {
        let passed = listener.recv()?;
        println!("captured [{}]", passed.last().and_then(|body| body.as_str()).unwrap_or_default());
    }
    context.terminate(); // ends calls that wait in other threads, with an error
    match proxy.join() {
        Ok(Err(error)) => println!("proxy: {error}"),
        other => println!("proxy: {other:?}"),
    }
    Ok(())
}
