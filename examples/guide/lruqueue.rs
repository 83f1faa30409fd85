//! Least recently used: requests go to the worker that has been free for longest. The modern Guide calls it `lbbroker`.
//!
//! Clients are not read while no worker is free: requests wait with those who ask.
//!
//! Shows: E2.50 E2.51 E3.32 E3.33; C39 C40.

use crate::zhelpers::{Outcome, Words};
use std::{collections::VecDeque, thread};
use zeroxide::{Context, Frame, Interest, Poller, Req, Router};

const CLIENTS: usize = 10;
const WORKERS: usize = 3;

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let (frontend, backend) = (Router::new(&context)?, Router::new(&context)?);
    let (front, back) = (frontend.bind("ipc://*")?, backend.bind("ipc://*")?);
    let clients: Vec<_> = (0..CLIENTS).map(|_| start(client, &context, &front)).collect();
    for _ in 0..WORKERS {
        start(worker, &context, &back);
    }

    let mut free: VecDeque<Frame> = VecDeque::new();
    let mut answered = 0;
    while answered < CLIENTS {
        let mut poller = Poller::new();
        poller.add(&backend, 0, Interest::READABLE);
        if !free.is_empty() {
            poller.add(&frontend, 1, Interest::READABLE);
        }
        for ready in poller.wait(None)? {
            if ready.token == 0 {
                // [worker] [] READY, or [worker] [] [client] [] [reply]
                let mut message = backend.recv()?;
                free.extend(message.pop_front());
                message.pop_front();
                if message.body() != b"READY" {
                    frontend.send(message)?;
                    answered += 1;
                }
            } else if let Some(worker) = free.pop_front() {
                // [client] [] [request]
                let mut message = frontend.recv()?;
                message.push_front("");
                message.push_front(worker);
                backend.send(message)?;
            }
        }
    }
    for client in clients {
        client.join().map_err(|_| "a client broke")??;
    }
    Ok(())
}

fn start(role: fn(&Context, &str) -> Outcome, context: &Context, endpoint: &str) -> thread::JoinHandle<Outcome> {
    let (context, endpoint) = (context.clone(), endpoint.to_owned());
    thread::spawn(move || role(&context, &endpoint))
}

fn client(context: &Context, endpoint: &str) -> Outcome {
    let client = Req::new(context)?;
    client.connect(endpoint)?;
    client.send("HELLO")?;
    println!("Client: {}", client.recv()?);
    Ok(())
}

fn worker(context: &Context, endpoint: &str) -> Outcome {
    let worker = Req::new(context)?;
    worker.connect(endpoint)?;
    worker.send("READY")?;
    loop {
        // [client] [] [request]
        let mut message = worker.recv()?.into_frames();
        println!("Worker: {}", message.pop().as_ref().and_then(Frame::as_str).unwrap_or_default());
        message.push("OK".into());
        worker.send(message)?;
    }
}
