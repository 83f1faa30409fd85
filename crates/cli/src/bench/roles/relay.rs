//! The proxy between sender and receiver.

use crate::{
    bench::{
        stage::{Clock, Stage},
        workload::Pattern,
    },
    exit::Failure,
    line::Facts,
};
use std::{sync::mpsc, thread};
use zeroxide::{Proxy, SocketType};

/// Passes messages on until the next word.
pub(super) fn proxy(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let (front, back) = match stage.workload.pattern {
        Pattern::Push => (SocketType::Pull, SocketType::Push),
        _ => (SocketType::Router, SocketType::Dealer),
    };
    let (front, back) = (stage.socket(front)?, stage.socket(back)?);
    let bound = [stage.bind(&front, 0)?, stage.bind(&back, 1)?];
    let (sender, control) = mpsc::channel();
    // It is not joined: what it fails of shows in the receiver's count, and the process ends soon.
    let run = move || {
        let proxy = Proxy::new(&front, &back);
        let _ = sender.send(proxy.controller());
        proxy.run()
    };
    let thread = thread::Builder::new().spawn(run);
    thread.map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
    let control = control.recv().map_err(|_| Failure::Failed("the proxy did not start".to_owned()))?;
    stage.ready(&bound)?;
    let clock = Clock::start();
    stage.cue()?;
    let facts = Facts::default().with("cpu", clock.cpu());
    let moved = control.statistics();
    if moved.front_received != moved.back_sent {
        return Err(Failure::Failed("the proxy kept messages to itself".to_owned()));
    }
    Ok(facts)
}
