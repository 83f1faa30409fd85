//! Does a Majordomo broker hold more and more memory? A broker in a process of its own, four workers and a client with
//! many requests at once; what both processes hold is printed twenty times on the way.
//!
//! `cargo run --release -p zeroxide-patterns --example majordomo_soak [SECONDS] [WINDOW] [ENDPOINT]`
//!
//! Ends with code 1 if the broker holds 8 MiB more at the end than after a tenth of the time. Linux only: it reads `/proc`.
#![allow(clippy::print_stdout, reason = "this program exists to print")]

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    CallError,
    majordomo::{BrokerOptions, BrokerServer, Pipeline, PipelineOptions, Worker, WorkerOptions},
};

/// The machine may be at other work, and leave this run aside for minutes: nobody is taken for dead for that.
const LIVENESS: u32 = 60;
const LONG: Duration = Duration::from_secs(600);

type Failure = Box<dyn Error + Send + Sync>;

/// Ends with this value.
struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> Result<ExitCode, Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map(String::as_str);
    let endpoint = word(2).unwrap_or("tcp://127.0.0.1:*");
    if word(0) == Some("broker") {
        let options =
            BrokerOptions { liveness: LIVENESS, request_lifetime: LONG, ..BrokerOptions::default() };
        let broker = BrokerServer::new(&Context::new(), options)?;
        println!("{}", broker.bind(endpoint)?);
        broker.run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let time = Duration::from_secs(word(0).map_or(Ok(60), str::parse)?);
    let window: u16 = word(1).map_or(Ok(32), str::parse)?;
    let mut broker = Broker(
        Command::new(env::current_exe()?).args(["broker", "", endpoint]).stdout(Stdio::piped()).spawn()?,
    );
    let mut endpoint = String::new();
    BufReader::new(broker.0.stdout.take().ok_or("no output")?).read_line(&mut endpoint)?;
    soak(endpoint.trim(), &broker.0.id().to_string(), time, window)
}

fn soak(endpoint: &str, broker: &str, time: Duration, window: u16) -> Result<ExitCode, Failure> {
    let context = Context::new();
    for _ in 0..4 {
        let options = WorkerOptions { window, liveness: LIVENESS, ..WorkerOptions::default() };
        let mut worker = Worker::new(&context, &[endpoint], "echo", options)?;
        thread::spawn(move || worker.serve(Message::clone));
    }
    let options = PipelineOptions { timeout: LONG, ..PipelineOptions::default() };
    let mut pipeline = Pipeline::new(&context, &[endpoint], options)?;
    let (began, mut answered, mut printed) = (Instant::now(), 0_u64, 0_u32);
    let mut held = Vec::new();
    println!("{:>8} {:>14} {:>12} {:>12}", "seconds", "requests", "broker KiB", "others KiB");
    while began.elapsed() < time {
        for _ in 0..10_000 {
            while let Err(error) = pipeline.send("echo", "Hello world").map(drop) {
                match error {
                    CallError::Full => {
                        pipeline.recv().ok_or("nothing to wait for")?.body?;
                        answered += 1;
                    }
                    error => return Err(error.into()),
                }
            }
        }
        if began.elapsed() >= time * printed / 20 {
            printed += 1;
            held.push(resident(broker)?);
            let seconds = began.elapsed().as_secs();
            println!("{seconds:>8} {answered:>14} {:>12} {:>12}", resident(broker)?, resident("self")?);
        }
    }
    let (early, late) = (held.iter().take(3).max().copied(), held.last().copied());
    let grown = late.unwrap_or_default().saturating_sub(early.unwrap_or_default());
    println!("{answered} requests in {:.0} s; the broker grew by {grown} KiB", began.elapsed().as_secs_f64());
    Ok(if grown > 8 * 1024 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a process holds in memory, in KiB.
fn resident(process: &str) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
