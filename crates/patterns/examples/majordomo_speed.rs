//! How many requests a second pass a Majordomo broker: one by one, and many at once, over TCP, all in one process.
//!
//! `cargo run --release -p zeroxide-patterns --example majordomo_speed [WORKERS] [ONE BY ONE] [AT ONCE] [ENDPOINT] [WINDOW]`
#![allow(clippy::print_stdout, reason = "this program exists to print")]

use std::{error::Error, thread::Builder, time::Instant};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    CallError,
    majordomo::{
        BrokerOptions, BrokerServer, Client, ClientOptions, Pipeline, PipelineOptions, Worker, WorkerOptions,
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let workers: usize = arguments.next().map_or(Ok(4), |count| count.parse())?;
    let one_by_one: u32 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let at_once: u32 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let endpoint = arguments.next().unwrap_or_else(|| "tcp://127.0.0.1:*".to_owned());
    let window: u16 = arguments.next().map_or(Ok(1), |count| count.parse())?;
    let context = Context::new();
    let broker = BrokerServer::new(&context, BrokerOptions::default())?;
    let endpoint = broker.bind(&endpoint)?;
    let control = broker.control();
    let serving = Builder::new().name("broker".into()).spawn(move || broker.run())?;
    for _ in 0..workers {
        let mut worker = Worker::new(
            &context,
            &[&endpoint],
            "echo",
            WorkerOptions { window, ..WorkerOptions::default() },
        )?;
        Builder::new().name("worker".into()).spawn(move || worker.serve(Message::clone))?;
    }

    let mut client = Client::new(&context, &[&endpoint], ClientOptions::default())?;
    while !client.is_served("echo")? {}
    let began = Instant::now();
    for _ in 0..one_by_one {
        client.call("echo", "Hello world")?;
    }
    tell("one by one", one_by_one, began);

    let mut pipeline = Pipeline::new(&context, &[&endpoint], PipelineOptions::default())?;
    let began = Instant::now();
    let (mut sent, mut answered) = (0, 0);
    while answered < at_once {
        while sent < at_once {
            match pipeline.send("echo", "Hello world") {
                Ok(_) => sent += 1,
                Err(CallError::Full) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(answer) = pipeline.recv() {
            answer.body?;
            answered += 1;
        }
    }
    tell("many at once", at_once, began);
    println!("{:?}", control.statistics());
    control.stop();
    drop(serving.join());
    Ok(())
}

fn tell(what: &str, requests: u32, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{what:<14} {requests} requests in {seconds:.3} s: {:.0} a second",
        f64::from(requests) / seconds
    );
}
