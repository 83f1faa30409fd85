//! Messages of several parts: they are sent and received whole, all parts or none.
//!
//! Shows: E0.3 E0.4 E1.14 E1.15 E2.25 E2.26; C87 C91 C96 C102.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pull, Push};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let receiver = Pull::new(&context)?;
    let sender = Push::new(&context)?;
    sender.connect(&receiver.bind("tcp://127.0.0.1:*")?)?;
    // A message that was sent is gone: the compiler does not let it be sent twice.
    sender.send(["first", "second", "third"])?;
    let message = receiver.recv()?;
    for (number, part) in message.frames().iter().enumerate() {
        let more = number + 1 < message.len();
        println!("part {}, {} octets, more: {more}", number + 1, part.len());
    }
    // Of one frame: sizes from nothing to what takes many packets.
    for size in [0, 1, 255, 256, 10_000, 1_000_000] {
        sender.send(vec![b'x'; size])?;
        println!("{size} octets sent, {} received", receiver.recv()?.octets());
    }
    Ok(())
}
