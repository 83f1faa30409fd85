//! Asks a Majordomo broker whether a service is there, by MMI: 200, 404, or 501 for what it does not know.
//!
//! Shows: mmiecho; C185.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use zeroxide::Context;
use zeroxide_patterns::majordomo::{Client, ClientOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let options = ClientOptions { timeout: PATIENCE, ..ClientOptions::default() };
    let mut client = Client::new(&context, &[words.text(0, "tcp://localhost:5555")], options)?;
    client.call("echo", "is served before it is looked up")?;
    for (service, body) in [("mmi.service", "echo"), ("mmi.service", "nobody"), ("mmi.nonsense", "")] {
        println!("Lookup {service} {body}: {}", client.call(service, body)?);
    }
    Ok(())
}
