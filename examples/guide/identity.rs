//! Identities: how a ROUTER calls its peers. One without a name gets five octets, of which the first is zero.
//!
//! Shows: E2.38 E2.46 E3.22 E3.28; C19 C24 C26 C27 C28 C29 C30.

use crate::zhelpers::{Outcome, Words, dump};
use zeroxide::{Context, Dealer, Req, Router};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let sink = Router::new(&context)?;
    sink.bind("inproc://example")?;

    let anonymous = Req::new(&context)?;
    anonymous.connect("inproc://example")?;
    anonymous.send("ROUTER uses a generated identity")?;
    dump(&sink.recv()?);

    let identified = Req::new(&context)?;
    identified.set_routing_id("PEER2")?;
    identified.connect("inproc://example")?;
    identified.send("ROUTER uses REQ's own identity")?;
    dump(&sink.recv()?);

    // A DEALER sends no empty frame before its message.
    let lucy = Dealer::new(&context)?;
    lucy.set_routing_id("Lucy")?;
    lucy.connect("inproc://example")?;
    lucy.send("in the sky")?;
    dump(&sink.recv()?);

    if lucy.set_routing_id(b"\0x").is_err() && lucy.set_routing_id([b'x'; 256].as_slice()).is_err() {
        println!("1 to 255 octets, the first not zero");
    }
    Ok(())
}
