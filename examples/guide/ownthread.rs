//! A thread with sockets of its own, and what the Guide warns of: a socket that two threads use. Here that is no crash: sockets
//! are `Send` and `Sync`, and each call is whole.
//!
//! Shows: E2.12 E2.13; C134 C136 C137.

use crate::zhelpers::{Outcome, Words};
use std::thread;
use zeroxide::{Context, Pair, Pull, Push};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let boss = Pair::new(&context)?;
    boss.bind("inproc://worker")?;
    let own = context.clone();
    let worker = thread::spawn(move || -> Outcome {
        let socket = Pair::new(&own)?;
        socket.connect("inproc://worker")?;
        let message = socket.recv()?;
        let parts: String = message.iter().map(|part| format!("[{}]", part.as_str().unwrap_or_default())).collect();
        println!("Worker got {parts}");
        Ok(())
    });
    boss.send(["a", "b"])?;
    worker.join().map_err(|_| "the worker broke")??;

    let (shared, sink) = (Push::new(&context)?, Pull::new(&context)?);
    shared.connect(&sink.bind("inproc://shared")?)?;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1000).try_for_each(|_| shared.send(["whole", "message"])));
        }
        for _ in 0..2000 {
            if sink.recv()? != ["whole", "message"].into() {
                return Err("mixed".into());
            }
        }
        println!("2000 whole messages");
        Ok(())
    })
}
