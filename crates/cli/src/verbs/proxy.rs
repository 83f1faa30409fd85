//! `zox proxy`.

use crate::{
    endpoint_args::SocketArgs,
    exit::Failure,
    options::{self, SocketOption},
    session::{Part, Session},
    terminal::{counted, grouped, note},
};
use clap::{Args, ValueEnum};
use std::{str::FromStr, sync::mpsc::channel, time::Instant};
use zeroxide::{Proxy as Passing, ProxyError, ProxyStatistics, SocketType};

/// Pass messages between two sides: a broker, a forwarder, a streamer
///
/// FRONT and BACK are endpoints to bind, or connect:ENDPOINT to connect; several are set apart by commas. Runs until it
/// is stopped by SIGINT or SIGTERM, then tells on stderr what it has passed.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Proxy {
    /// Where messages enter: clients, publishers, or who hands out work
    #[arg(value_name = "FRONT")]
    front: Side,

    /// Where they leave: workers or subscribers
    #[arg(value_name = "BACK")]
    back: Side,

    /// What is passed
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,

    /// Publish a copy of every message here (PUB)
    #[arg(long, value_name = "ENDPOINT")]
    capture: Option<Side>,

    /// Let others than this machine in without a mechanism, and without a warning
    #[arg(long)]
    open_to_network: bool,

    /// Set an option on both sockets, NAME=VALUE (several allowed); --help lists them
    #[arg(long = "option", value_name = "NAME=VALUE", long_help = options::help())]
    options: Vec<SocketOption>,
}

const EXAMPLES: &str = "\
Examples:
  zox proxy tcp://*:5559 tcp://*:5560                                          REQ clients, REP workers
  zox proxy --kind forwarder connect:tcp://192.168.55.210:5556 tcp://*:8100    publishers to another network
  zox proxy --kind streamer tcp://*:5557 tcp://*:5558 --capture tcp://*:9000   and `zox sub` listens in";

/// The pair of sockets between which messages are passed.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Kind {
    /// ROUTER and DEALER: requests one way, replies the other
    #[default]
    Queue,
    /// XSUB and XPUB: publications one way, subscriptions the other
    Forwarder,
    /// PULL and PUSH: work, one way
    Streamer,
}

/// The endpoints of one side.
#[derive(Clone)]
struct Side {
    bind: Vec<String>,
    connect: Vec<String>,
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut side = Self { bind: Vec::new(), connect: Vec::new() };
        for endpoint in text.split(',') {
            match endpoint.strip_prefix("connect:") {
                Some(there) => side.connect.push(there.to_owned()),
                None => side.bind.push(endpoint.strip_prefix("bind:").unwrap_or(endpoint).to_owned()),
            }
        }
        Ok(side)
    }
}

impl Proxy {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(false)?;
        let (front_type, back_type) = match self.kind {
            Kind::Queue => (SocketType::Router, SocketType::Dealer),
            Kind::Forwarder => (SocketType::Xsub, SocketType::Xpub),
            Kind::Streamer => (SocketType::Pull, SocketType::Push),
        };
        let front = session.open(front_type, &self.side(&self.front))?;
        let back = session.open(back_type, &self.side(&self.back))?;
        let capture = match &self.capture {
            Some(side) => Some(session.open(SocketType::Pub, &self.side(side))?),
            None => None,
        };
        let began = Instant::now();
        // The proxy borrows its sockets, so it is made in its thread; its control is handed out.
        let (sender, control) = channel();
        session.work(Part::Printer, move || {
            let mut proxy = Passing::new(&front, &back);
            if let Some(capture) = &capture {
                proxy = proxy.capture(capture);
            }
            let _ = sender.send(proxy.controller());
            proxy.run().map_err(|error| match error {
                ProxyError::Terminated => Failure::Terminated,
                error => Failure::Failed(error.to_string()),
            })
        })?;
        let outcome = session.finish();
        if let Ok(control) = control.recv() {
            note(format_args!("ran for {:.1} s", began.elapsed().as_secs_f64()));
            tell(&control.statistics());
        }
        outcome
    }

    fn side(&self, side: &Side) -> SocketArgs {
        SocketArgs {
            bind: side.bind.clone(),
            connect: side.connect.clone(),
            open_to_network: self.open_to_network,
            options: self.options.clone(),
            timeout: None,
            wait_peers: 0,
        }
    }
}

fn tell(statistics: &ProxyStatistics) {
    let ways = [
        ("front to back", statistics.front_received, statistics.back_sent),
        ("back to front", statistics.back_received, statistics.front_sent),
    ];
    for (way, received, sent) in ways {
        let octets = grouped(sent.octets);
        let held = received.messages.saturating_sub(sent.messages);
        note(format_args!(
            "{way}: {}, {octets} octets; received and not passed on: {held}",
            counted(sent.messages, "message")
        ));
    }
}
