//! Freelance servers of the Guide's three models: 1 answers what it is asked, 2 gives back the request's number, 3 knows its
//! own endpoint, by which clients address it. 1 and 2 are plain REP sockets.
//!
//! Shows: flserver1 flserver2 flserver3; C190.

use crate::zhelpers::{Outcome, Words, bind};
use zeroxide::{Context, Rep};
use zeroxide_patterns::freelance::FreelanceServer;

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let endpoint = words.text(1, "tcp://*:5555");
    if words.number(0, 1) == 3 {
        let server = FreelanceServer::bind(&context, endpoint)?;
        println!("bound {}", server.endpoint());
        return Ok(server.run(|_| "OK".into())?);
    }
    let server = Rep::new(&context)?;
    bind(&server, endpoint)?;
    loop {
        let mut answer = server.recv()?.into_frames();
        answer.pop();
        answer.push("OK".into()); // behind the number, if there is one
        server.send(answer)?;
    }
}
