//! How many requests a second pass a load balancing broker: one by one, and many at once, over TCP, all in one process.
//!
//! `cargo run --release -p zeroxide-patterns --example balancer_speed [WORKERS] [ONE BY ONE] [AT ONCE] [ENDPOINT]`
#![allow(clippy::print_stdout, reason = "this program exists to print")]

use std::{error::Error, thread::Builder, time::Instant};
use zeroxide::{Context, Dealer, Message};
use zeroxide_patterns::{
    balance::{BalancerOptions, BalancerServer},
    pirate::{PirateOptions, PirateWorker},
};

/// Requests that are under way at once, where many are.
const WINDOW: u32 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let workers: usize = arguments.next().map_or(Ok(4), |count| count.parse())?;
    let one_by_one: u32 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let at_once: u32 = arguments.next().map_or(Ok(500_000), |count| count.parse())?;
    let endpoint = arguments.next().unwrap_or_else(|| "tcp://127.0.0.1:*".to_owned());
    let context = Context::new();
    let broker = BalancerServer::new(&context, BalancerOptions::default())?;
    let (front, back) = (broker.bind_front(&endpoint)?, broker.bind_back("tcp://127.0.0.1:*")?);
    let control = broker.control();
    let serving = Builder::new().name("broker".into()).spawn(move || broker.run())?;
    for _ in 0..workers {
        let mut worker = PirateWorker::new(&context, &back, PirateOptions::default())?;
        Builder::new().name("worker".into()).spawn(move || worker.serve(|request| request))?;
    }

    let client = Dealer::new(&context)?;
    client.connect(&front)?;
    ask(&client)?;
    client.recv()?;
    let began = Instant::now();
    for _ in 0..one_by_one {
        ask(&client)?;
        client.recv()?;
    }
    tell("one by one", one_by_one, began);

    let began = Instant::now();
    let (mut sent, mut answered) = (0, 0);
    while answered < at_once {
        while sent < at_once && sent - answered < WINDOW {
            ask(&client)?;
            sent += 1;
        }
        client.recv()?;
        answered += 1;
    }
    tell("many at once", at_once, began);
    control.stop();
    drop(serving.join());
    println!("{:?}", control.statistics());
    Ok(())
}

fn ask(client: &Dealer) -> Result<(), zeroxide::SendError> {
    client.send(Message::from(["", "Hello world"]))
}

fn tell(what: &str, requests: u32, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{what:<14} {requests} requests in {seconds:.3} s: {:.0} a second",
        f64::from(requests) / seconds
    );
}
