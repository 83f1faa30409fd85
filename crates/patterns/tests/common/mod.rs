//! What the tests of Majordomo share: a broker in a thread, and peers that say exactly what they are told to.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};
use zeroxide::{Context, Dealer, Message};
use zeroxide_patterns::{
    PatternError,
    majordomo::{BrokerControl, BrokerOptions, BrokerServer, ClientOptions, WorkerOptions},
};
use zeroxide_testing::PATIENCE;

/// A broker that runs until this is dropped.
pub struct Running {
    pub endpoint: String,
    pub control: BrokerControl,
    thread: Option<JoinHandle<Result<(), PatternError>>>,
}

impl Running {
    pub fn stop(mut self) {
        self.control.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn broker(context: &Context, options: BrokerOptions) -> Running {
    broker_at(context, "tcp://127.0.0.1:*", options)
}

pub fn broker_at(context: &Context, endpoint: &str, options: BrokerOptions) -> Running {
    serve(BrokerServer::new(context, options).unwrap(), endpoint)
}

pub fn serve(broker: BrokerServer, endpoint: &str) -> Running {
    let endpoint = broker.bind(endpoint).unwrap();
    let control = broker.control();
    let thread = Some(thread::spawn(move || broker.run()));
    Running { endpoint, control, thread }
}

/// Whoever is silent is noticed soon; not so soon that whoever a loaded machine keeps waiting is taken for silent.
pub fn quick() -> BrokerOptions {
    BrokerOptions { heartbeat: Duration::from_millis(100), liveness: 30, ..BrokerOptions::default() }
}

/// A worker of such a broker. Not so quick that a loaded machine makes it look for another broker, nor one that beats as
/// seldom as brokers usually do.
pub fn quick_worker() -> WorkerOptions {
    WorkerOptions {
        heartbeat: Duration::from_millis(50),
        liveness: 120,
        pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(100),
        ..WorkerOptions::default()
    }
}

/// A client that waits as long as a test may take.
pub fn patient() -> ClientOptions {
    ClientOptions { timeout: PATIENCE, tries: 1, ..ClientOptions::default() }
}

/// A client that asks again and again.
pub fn stubborn() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(250),
        tries: 200,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
        ..ClientOptions::default()
    }
}

/// A peer that says what it is told to.
pub fn raw(context: &Context, endpoint: &str) -> Dealer {
    let dealer = Dealer::new(context).unwrap();
    dealer.connect(endpoint).unwrap();
    dealer
}

/// The next message that is no heartbeat.
pub fn hears(dealer: &Dealer) -> Vec<Vec<u8>> {
    loop {
        let message = dealer.recv_timeout(PATIENCE).unwrap();
        let frames: Vec<Vec<u8>> = message.iter().map(|frame| frame.to_vec()).collect();
        if frames != said(["", "MDPW01", "\u{4}"]) && frames != said(["MDPW02", "\u{5}"]) {
            return frames;
        }
    }
}

/// What [`hears`] gives for these frames.
pub fn said<const N: usize>(frames: [&str; N]) -> Vec<Vec<u8>> {
    frames.map(|frame| frame.as_bytes().to_vec()).to_vec()
}

/// The reply to what [`hears`] gave.
pub fn reply(order: &[Vec<u8>], body: &str) -> Message {
    Message::from_frames([&b""[..], b"MDPW01", b"\x03", &order[3], b"", body.as_bytes()])
}
