//! Lazy Pirate server: answers, then is slow once, then dies.
//!
//! Shows: E2.63; C176.

use crate::zhelpers::{Outcome, Words, bind, work};
use zeroxide::{Context, Rep};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let server = Rep::new(&context)?;
    bind(&server, words.text(0, "tcp://*:5555"))?;
    for number in 1..=words.number(1, 5) {
        let request = server.recv()?;
        println!("I: normal request ({request})");
        if number == 3 {
            println!("I: simulating CPU overload");
            work(300);
        }
        server.send(request)?;
    }
    server.recv()?;
    println!("I: simulating a crash");
    Ok(())
}
