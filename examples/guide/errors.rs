//! Errors: a call that fails says what it was, and for which socket. What cannot work does not compile, such as receiving
//! from a PUB; what can only fail at run time is an error, not a crash.
//!
//! Shows: E1.22 E2.21; C2 C3 C48 C110 C154 C155 C156.

use crate::zhelpers::{Outcome, Words};
use zeroxide::{Context, Pull, Rep, Req, Socket, SocketType};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let server = Rep::new(&context)?;
    let endpoint = server.bind("tcp://127.0.0.1:*")?;
    tell("bind", Rep::new(&context)?.bind(&endpoint));
    tell("reply", server.send("nobody asked"));

    let client = Req::new(&context)?;
    client.connect(&endpoint)?;
    tell("answer", client.recv());
    client.send("one")?;
    tell("second request", client.send("two"));
    server.recv()?;
    server.send("the state is intact")?;
    println!("{}", client.recv()?);

    tell("empty", Pull::new(&context)?.try_recv());
    tell("wrong way", Socket::new(&context, SocketType::Pub)?.recv());
    Ok(())
}

fn tell<T>(what: &str, outcome: Result<T, impl std::fmt::Display>) {
    match outcome {
        Ok(_) => println!("{what}: fine"),
        Err(error) => println!("E: {what} failed: {error}"),
    }
}
