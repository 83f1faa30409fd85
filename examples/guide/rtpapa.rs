//! DEALER to REP ("papa"): the REP gives back the whole stack of addresses that stood before the empty frame.
//!
//! In the Guide for 2.x a ROUTER asks the REP. Since 3.x the handshake refuses that pair, so a DEALER takes its place.
//!
//! Shows: E2.49 E3.31; C18 C25 C35.

use crate::zhelpers::{Outcome, PATIENCE, Words, dump};
use zeroxide::{Context, Dealer, Rep};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (client, worker) = (Dealer::new(&context)?, Rep::new(&context)?);
    client.connect(&worker.bind("ipc://*")?)?;
    if !client.wait_connected(1, PATIENCE) {
        return Err("the worker is not there".into());
    }
    client.send(["address 3", "address 2", "address 1", "", "This is the workload"])?;
    dump(&worker.recv()?);
    worker.send("This is the reply")?;
    dump(&client.recv()?);
    Ok(())
}
