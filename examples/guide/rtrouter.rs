//! ROUTER to ROUTER: both have names, and both have to know the other's. Sent only when they have met.
//!
//! Shows: E2.58; C38.

use crate::zhelpers::{Outcome, PATIENCE, Words, dump};
use zeroxide::{Context, Router};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (worker, server) = (Router::new(&context)?, Router::new(&context)?);
    worker.set_routing_id("WORKER")?;
    server.set_routing_id("SERVER")?;
    server.connect(&worker.bind("ipc://*")?)?;
    if !(worker.wait_connected(1, PATIENCE) && server.wait_connected(1, PATIENCE)) {
        return Err("they do not meet".into());
    }
    server.send(["WORKER", "", "send to worker"])?;
    dump(&worker.recv()?);
    worker.send(["SERVER", "", "send to server"])?;
    dump(&server.recv()?);
    Ok(())
}
