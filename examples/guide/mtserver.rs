//! Multithreaded server: five workers in threads, behind a proxy, over inproc.
//!
//! Shows: E2.32 E3.18; C112 C137.

use crate::zhelpers::{Outcome, Words, bind, work};
use std::thread;
use zeroxide::{Context, Dealer, Rep, Router, proxy};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let clients = Router::new(&context)?;
    bind(&clients, words.text(0, "tcp://*:5555"))?;
    let workers = Dealer::new(&context)?;
    workers.bind("inproc://workers")?;
    for _ in 0..5 {
        let context = context.clone();
        thread::spawn(move || serve(&context));
    }
    proxy(&clients, &workers)?;
    Ok(())
}

fn serve(context: &Context) -> Outcome {
    let receiver = Rep::new(context)?;
    receiver.connect("inproc://workers")?;
    loop {
        println!("Received request: [{}]", receiver.recv()?);
        work(10);
        receiver.send("World")?;
    }
}
