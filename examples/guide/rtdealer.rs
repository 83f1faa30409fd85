//! ROUTER to DEALER: work for two by name, one of them twice as likely. A name nobody has is no error: dropped, and counted.
//!
//! Shows: E2.47 E3.29; C20 C33 C37.

use crate::zhelpers::{Outcome, PATIENCE, Words, below};
use std::thread;
use zeroxide::{Context, Dealer, Router};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let client = Router::new(&context)?;
    let endpoint = client.bind("ipc://*")?;
    let workers = ["A", "B"].map(|name| {
        let (context, endpoint) = (context.clone(), endpoint.clone());
        thread::spawn(move || worker(&context, &endpoint, name))
    });
    // A ROUTER can send only to who is there: no sleep, but a look.
    if !client.wait_connected(2, PATIENCE) {
        return Err("the workers did not come".into());
    }
    for _ in 0..10 {
        let name = if below(3) > 0 { "A" } else { "B" };
        client.send([name, "This is the workload"])?;
    }
    client.send(["C", "to nobody"])?;
    client.send(["A", "END"])?;
    client.send(["B", "END"])?;
    let mut total = 0;
    for worker in workers {
        total += worker.join().map_err(|_| "a worker broke")??;
    }
    println!("{total} together");
    Ok(())
}

fn worker(context: &Context, endpoint: &str, name: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    let worker = Dealer::new(context)?;
    worker.set_routing_id(name)?;
    worker.connect(endpoint)?;
    let mut total = 0;
    while worker.recv()?.body() != b"END" {
        total += 1;
    }
    println!("{name} received: {total}");
    Ok(total)
}
