//! The life of a socket: options, endpoints, messages, and its end. There are two high-water marks, of 1000 messages unless
//! told otherwise; nothing has to be closed by hand.
//!
//! Shows: E2.16; C101 C163 C164 C165.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pull, Push};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let trap = Pull::new(&context)?;
    println!("room for {:?} messages", trap.receive_high_water_mark());
    trap.set_receive_high_water_mark(Some(10_000))?;
    let mouse = Push::new(&context)?;
    mouse.connect(&trap.bind("tcp://127.0.0.1:*")?)?;
    mouse.send("squeak")?;
    println!("caught: {}", trap.recv()?);
    drop(trap);
    drop(mouse);
    println!("{} sockets left", context.open_sockets());
    Ok(())
}
