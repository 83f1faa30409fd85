//! Least recently used, by the library: the broker and the worker of `lruqueue` are types of `zeroxide-patterns`.
//!
//! Shows: E2.56; C15 C39 C84.

use crate::zhelpers::{Outcome, Words};
use std::thread;
use zeroxide::{Context, Req};
use zeroxide_patterns::{
    balance::{BalancerOptions, BalancerServer},
    pirate::{PirateOptions, PirateWorker},
};

pub(crate) fn run(_words: &Words) -> Outcome {
    let context = Context::new();
    let broker = BalancerServer::new(&context, BalancerOptions::default())?;
    let (front, back) = (broker.bind_front("ipc://*")?, broker.bind_back("ipc://*")?);
    thread::spawn(move || broker.run());
    for _ in 0..3 {
        let mut worker = PirateWorker::new(&context, &back, PirateOptions::default())?;
        thread::spawn(move || {
            worker.serve(|request| {
                println!("Worker: {request}");
                "OK".into()
            })
        });
    }
    thread::scope(|scope| {
        let ask = || -> Outcome {
            let client = Req::new(&context)?;
            client.connect(&front)?;
            client.send("HELLO")?;
            println!("Client: {}", client.recv()?);
            Ok(())
        };
        let clients: Vec<_> = (0..10).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| "a client broke")?)
    })
}
