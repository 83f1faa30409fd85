//! Asynchronous server: requests and replies flow both ways at will. A request is answered once or more, after a while.
//!
//! Shows: E2.57; C37 C201.

use crate::zhelpers::{Outcome, Words, below, bind, work};
use std::thread;
use zeroxide::{Context, Dealer, Message, Router, proxy};

/// What each client asks, and how often at most it is answered.
const REPLIES: u32 = 4;

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let (frontend, backend) = (Router::new(&context)?, Dealer::new(&context)?);
    let endpoint = bind(&frontend, words.text(0, "tcp://*:5570"))?;
    backend.bind("inproc://backend")?;
    let requests = words.number(1, 5);
    for _ in 0..5 {
        let context = context.clone();
        thread::spawn(move || worker(&context));
    }
    thread::spawn(move || proxy(&frontend, &backend));

    let clients: Vec<_> = (1..=3)
        .map(|number| {
            let (context, endpoint) = (context.clone(), endpoint.clone());
            thread::spawn(move || client(&context, &endpoint, number, requests))
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client broke")??;
    }
    println!("all were answered");
    Ok(())
}

/// Sends without waiting for replies, and takes replies as they come.
fn client(context: &Context, endpoint: &str, number: u32, requests: u32) -> Outcome {
    let client = Dealer::new(context)?;
    client.set_routing_id(format!("{number:04X}"))?;
    client.connect(endpoint)?;
    for request in 1..=requests {
        client.send(format!("request #{request}"))?;
    }
    let mut last = 0;
    while last < requests {
        let mut reply: Message = client.recv()?;
        println!("{number:04X}: {}", reply.pop_front().unwrap_or_default().as_str().unwrap_or_default());
        last += u32::from(reply.body() == b"last");
    }
    Ok(())
}

fn worker(context: &Context) -> Outcome {
    let worker = Dealer::new(context)?;
    worker.connect("inproc://backend")?;
    loop {
        // [client] [request]
        let request = worker.recv()?;
        for left in (0..=below(REPLIES)).rev() {
            work(below(20) + 1);
            let mut reply = request.clone();
            reply.push_back(if left == 0 { "last" } else { "more" });
            worker.send(reply)?;
        }
    }
}
