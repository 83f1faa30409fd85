//! One client of three servers: its requests go to them in turn.
//!
//! Shows: E1.33; C8.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use zeroxide::{Context, Rep, Req};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let client = Req::new(&context)?;
    let servers = [Rep::new(&context)?, Rep::new(&context)?, Rep::new(&context)?];
    for (number, server) in servers.iter().enumerate() {
        client.connect(&server.bind("tcp://127.0.0.1:*")?)?;
        // One after the other, so that it is known who comes first.
        if !client.wait_connected(number + 1, PATIENCE) {
            return Err("a server is not there".into());
        }
    }
    for (number, (server, name)) in servers.iter().zip(["A", "B", "C"]).cycle().take(4).enumerate() {
        client.send(format!("R{}", number + 1))?;
        println!("{} -> {name}", server.recv()?);
        server.send("done")?;
        client.recv()?;
    }
    Ok(())
}
