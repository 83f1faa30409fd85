//! ROUTER to REQ (the Guide also calls it "mama", `rtmama`): workers ask for work when they are ready, so the fast get more.
//!
//! Shows: E2.48 E3.30; C36 C41.

use crate::zhelpers::{Outcome, Words, below, work};
use std::thread;
use zeroxide::{Context, Req, Router};

const WORKERS: usize = 10;

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let client = Router::new(&context)?;
    let endpoint = client.bind("ipc://*")?;
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (context, endpoint) = (context.clone(), endpoint.clone());
            thread::spawn(move || worker(&context, &endpoint))
        })
        .collect();
    for number in 0..WORKERS * 11 {
        // The one that has waited longest stands first: [its name] [] [ready]
        let mut message = client.recv()?;
        let address = message.pop_front().unwrap_or_default();
        let task = if number < WORKERS * 10 { "This is the workload" } else { "END" };
        client.send([address, "".into(), task.into()])?;
    }
    let mut total = 0;
    for worker in workers {
        total += worker.join().map_err(|_| "a worker broke")??;
    }
    println!("{total} together");
    Ok(())
}

fn worker(context: &Context, endpoint: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    let worker = Req::new(context)?;
    worker.connect(endpoint)?;
    let mut total = 0;
    loop {
        worker.send("ready")?;
        if worker.recv()?.body() == b"END" {
            println!("Processed: {total} tasks");
            return Ok(total);
        }
        work(below(3) + 1);
        total += 1;
    }
}
