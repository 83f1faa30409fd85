//! Messages of several parts as a type: [`Message`] is what `zmsg` is in the Guide, and an envelope wraps a reply.
//!
//! Shows: E2.52 E2.53 E2.54 E2.55.

use crate::zhelpers::{Outcome, Words, dump};
use zeroxide::{Context, Dealer, Message, Router};
use zeroxide_patterns::Envelope;

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (output, input) = (Dealer::new(&context)?, Router::new(&context)?);
    output.connect(&input.bind("ipc://*")?)?;

    // Sent and received whole.
    let mut message = Message::from("Hello");
    output.send(message.clone())?;
    let mut received = input.recv()?;
    check(received.len() == 2 && received.last().is_some_and(|body| body == "Hello"), "an address before the body")?;

    // Push, pop and append.
    message.push_front("address2");
    message.push_front("address1");
    message.push_back("tail");
    check(message == ["address1", "address2", "Hello", "tail"].into(), "front and back")?;
    check(message.pop_front().is_some_and(|part| part == "address1"), "pop")?;

    // Wrap and unwrap.
    received = Message::from(["client", "", "question"]);
    let (envelope, body) = Envelope::split(received).ok_or("no envelope")?;
    check(body == ["question"], "unwrap")?;
    let reply = envelope.seal(["answer"]);
    check(reply == ["client", "", "answer"].into(), "wrap")?;
    dump(&reply);
    println!(" * zmsg: OK");
    Ok(())
}

fn check(holds: bool, what: &str) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}
