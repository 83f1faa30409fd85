//! Does a Majordomo broker hold more and more memory? An hour's worth of traffic, 100,000 requests a second, through its
//! rules alone: no sockets, and an hour of the clock that the rules are given, so that it takes minutes. What they hold
//! is counted to the octet and printed twenty times on the way.
//!
//! `cargo run --release -p zeroxide-patterns --example majordomo_hour [SECONDS]`
//!
//! Not only what goes well: in each second a worker is lost with all it had and another comes, somebody asks for a
//! service that nobody serves, the broker itself is asked, and a stranger talks nonsense.
//!
//! Ends with code 1 if the rules hold 64 KiB more at the end than after a twentieth of the time.
#![allow(clippy::print_stdout, reason = "this program exists to print")]

use std::{
    env,
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};
use zeroxide_patterns::majordomo::{Broker, BrokerOptions};

/// Requests in each second.
const RATE: u64 = 100_000;

/// How many requests come between two looks of the workers at what they have.
const BURST: u64 = 100;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let seconds: u64 = env::args().nth(1).map_or(Ok(3_600), |seconds| seconds.parse())?;
    let mut hour = Hour::new();
    let (began, mut held, mut early) = (Instant::now(), 0, 0);
    println!("{:>8} {:>12} {:>12}  counters", "seconds", "requests", "octets held");
    for part in 0..20 {
        let used = allocation_counter::measure(|| {
            for _ in seconds * part / 20..seconds * (part + 1) / 20 {
                hour.second();
            }
        });
        held += used.bytes_current;
        if part == 0 {
            early = held;
        }
        let counts = hour.broker.statistics();
        let lines: Vec<String> = counts.lines().map(|(name, count)| format!("{name}={count}")).collect();
        println!("{:>8} {:>12} {held:>12}  {}", hour.seconds, counts.requests, lines.join(" "));
    }
    println!(
        "{:.0} s; from a twentieth on {} octets came to stay",
        began.elapsed().as_secs_f64(),
        held - early
    );
    Ok(if held - early > 64 * 1024 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The broker, and everybody else.
struct Hour {
    broker: Broker,
    now: Instant,
    seconds: u64,
    requests: u64,
    /// What the workers have to answer.
    orders: Vec<Vec<Frame>>,
    out: Vec<Message>,
}

impl Hour {
    fn new() -> Self {
        let now = Instant::now();
        let broker = Broker::new(BrokerOptions::default(), now);
        let mut hour = Self { broker, now, seconds: 0, requests: 0, orders: Vec::new(), out: Vec::new() };
        for number in 0..4 {
            hour.register(number);
        }
        hour
    }

    /// A second of the clock.
    fn second(&mut self) {
        for _ in 0..RATE / BURST {
            for _ in 0..BURST {
                self.requests += 1;
                let client = Frame::from(&(self.requests % 1_000).to_be_bytes());
                let number = Frame::from(&self.requests.to_be_bytes());
                self.say([client, number, "".into(), "MDPC01".into(), "echo".into(), "Hello world".into()]);
            }
            self.now += Duration::from_secs(1) / (RATE / BURST) as u32;
            self.work();
        }
        // One has taken some more, and dies with them.
        for number in 0..BURST {
            self.say([
                Frame::from(&number.to_be_bytes()),
                "".into(),
                "MDPC01".into(),
                "echo".into(),
                "again".into(),
            ]);
        }
        self.take();
        let lost = worker(self.seconds);
        self.orders.retain(|order| order.first() != Some(&lost));
        self.broker.gone(&lost, self.now, &mut self.out);
        self.seconds += 1;
        self.register(self.seconds + 3);
        self.say([
            "nobody".into(),
            "".into(),
            "MDPC01".into(),
            Frame::from(&*format!("service {}", self.seconds)),
            "?".into(),
        ]);
        self.say(["asker".into(), "".into(), "MDPC01".into(), "mmi.service".into(), "echo".into()]);
        self.say(["stranger".into(), "nonsense".into()]);
        self.broker.tick(self.now, &mut self.out);
        self.work();
    }

    fn register(&mut self, number: u64) {
        // 0, 32: how many requests it takes ahead.
        self.say([worker(number), "".into(), "MDPW01".into(), "\u{1}".into(), "echo".into(), "\0 ".into()]);
    }

    fn say<const N: usize>(&mut self, frames: [Frame; N]) {
        self.broker.receive(Message::from_frames(frames), self.now, &mut self.out);
    }

    /// Workers get what is for them; all else goes to clients, and is done with.
    fn take(&mut self) {
        let said = self.out.drain(..).map(Message::into_frames);
        self.orders.extend(said.filter(
            |frames| matches!(&frames[..], [_, _, who, what, ..] if *who == "MDPW01" && *what == "\u{2}"),
        ));
    }

    /// Workers answer until nobody has anything to do.
    fn work(&mut self) {
        self.take();
        while !self.orders.is_empty() {
            for mut frames in std::mem::take(&mut self.orders) {
                if let Some(what) = frames.get_mut(3) {
                    *what = "\u{3}".into();
                }
                self.broker.receive(Message::from_frames(frames), self.now, &mut self.out);
            }
            self.take();
        }
    }
}

/// The address of a worker.
fn worker(number: u64) -> Frame {
    Frame::from(&*format!("worker {number}"))
}
