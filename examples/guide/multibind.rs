//! One socket with three endpoints, of three transports; and how many I/O threads a context has.
//!
//! Shows: E1.10 E1.11 E2.17 E2.18; C109 C125.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Rep, Req};

pub(crate) fn run(_words: &Words) -> Outcome {
    // Threads are a setting of the context before it is: nothing can be set too late.
    let context = Context::builder().io_threads(4).build();
    let server = Rep::new(&context)?;
    let anywhere = ["tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "ipc://*", "inproc://somename"];
    let endpoints = anywhere.map(|endpoint| server.bind(endpoint));
    for endpoint in endpoints {
        let client = Req::new(&context)?;
        let endpoint = endpoint?;
        client.connect(&endpoint)?;
        client.send("Hello")?;
        server.recv()?;
        server.send("World")?;
        let transport = endpoint.split(':').next().unwrap_or_default();
        println!("{} over {transport}", client.recv()?);
    }
    Ok(())
}
