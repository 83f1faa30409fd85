//! `zox proxy`.

use crate::{
    endpoint_args::{SettingArgs, SocketArgs},
    exit::Failure,
    service::{
        log::log,
        teller::{details, serve_counters},
    },
    session::{Part, Session},
    terminal::{counted, grouped, note},
};
use clap::{Args, ValueEnum};
use std::{sync::mpsc::channel, time::Instant};
use zeroxide::{Proxy as Passing, ProxyError, ProxyStatistics, SocketType};

/// Pass messages between two sides: a broker, a forwarder, a streamer
///
/// FRONT is where messages enter (clients, publishers, or who hands out work), BACK where they leave (workers or
/// subscribers): endpoints to bind, or connect:ENDPOINT to connect; several are set apart by commas. The Guide's device
/// queue, forwarder or streamer may stand in front of them. Runs until it is stopped by SIGINT or SIGTERM, then tells on
/// stderr what it has passed; SIGUSR1 has that logged before.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Proxy {
    /// queue, forwarder or streamer, if not --kind says it; and the two sides
    #[arg(value_names = ["[KIND] FRONT", "BACK"], num_args = 2..=3, required = true)]
    sides: Vec<String>,

    /// What is passed; queue unless told otherwise
    #[arg(long, value_enum)]
    kind: Option<Kind>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// Publish a copy of every message here (PUB)
    #[arg(long, value_name = "ENDPOINT")]
    capture: Option<String>,

    #[command(flatten)]
    settings: SettingArgs,
}

const EXAMPLES: &str = "\
Examples:
  zox proxy tcp://*:5559 tcp://*:5560                                          REQ clients, REP workers
  zox proxy forwarder connect:tcp://192.168.55.210:5556 tcp://*:8100    publishers to another network
  zox proxy streamer tcp://*:5557 tcp://*:5558 --capture tcp://*:9000   and `zox sub` listens in";

/// The pair of sockets between which messages are passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Kind {
    /// ROUTER and DEALER: requests one way, replies the other
    Queue,
    /// XSUB and XPUB: publications one way, subscriptions the other
    Forwarder,
    /// PULL and PUSH: work, one way
    Streamer,
}

/// The endpoints of one side.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Side {
    bind: Vec<String>,
    connect: Vec<String>,
}

impl Side {
    fn new(text: &str) -> Self {
        let mut side = Self { bind: Vec::new(), connect: Vec::new() };
        for endpoint in text.split(',') {
            match endpoint.strip_prefix("connect:") {
                Some(there) => side.connect.push(there.to_owned()),
                None => side.bind.push(endpoint.strip_prefix("bind:").unwrap_or(endpoint).to_owned()),
            }
        }
        side
    }
}

/// What is passed between which sides; the kind is a word of its own, or an option.
fn read(words: &[String], option: Option<Kind>) -> Result<(Kind, Side, Side), Failure> {
    let (word, front, back) = match words {
        [front, back] => (None, front, back),
        [kind, front, back] => {
            let kind = Kind::from_str(kind, false).map_err(|_| {
                Failure::Usage(format!("\"{kind}\" is none of queue, forwarder and streamer"))
            })?;
            (Some(kind), front, back)
        }
        _ => return Err(Failure::Usage("a proxy has two sides".into())),
    };
    let kind = match (word, option) {
        (Some(word), Some(option)) if word != option => {
            return Err(Failure::Usage("--kind says another kind of proxy".into()));
        }
        (word, option) => word.or(option).unwrap_or(Kind::Queue),
    };
    if let Some(kind) = [front, back].into_iter().find(|side| Kind::from_str(side, false).is_ok()) {
        return Err(Failure::Usage(format!("{kind} needs two sides")));
    }
    Ok((kind, Side::new(front), Side::new(back)))
}

impl Proxy {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(false)?;
        let (kind, front, back) = read(&self.sides, self.kind)?;
        let (front_type, back_type) = match kind {
            Kind::Queue => (SocketType::Router, SocketType::Dealer),
            Kind::Forwarder => (SocketType::Xsub, SocketType::Xpub),
            Kind::Streamer => (SocketType::Pull, SocketType::Push),
        };
        let front = session.open(front_type, &self.side(&front))?;
        let back = session.open(back_type, &self.side(&back))?;
        let capture = match &self.capture {
            Some(side) => Some(session.open(SocketType::Pub, &self.side(&Side::new(side)))?),
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
        let control = control.recv();
        if let Ok(control) = control.clone() {
            serve_counters(move || log("statistics", details(counters(&control.statistics()))))?;
        }
        let outcome = session.finish();
        if let Ok(control) = control {
            note(format_args!("ran for {:.1} s", began.elapsed().as_secs_f64()));
            tell(&control.statistics());
        }
        outcome
    }

    fn side(&self, side: &Side) -> SocketArgs {
        SocketArgs {
            bind: side.bind.clone(),
            connect: side.connect.clone(),
            settings: self.settings.clone(),
            timeout: None,
            wait_peers: 0,
        }
    }
}

fn counters(statistics: &ProxyStatistics) -> [(&'static str, u64); 8] {
    let ProxyStatistics { front_received, front_sent, back_received, back_sent } = statistics;
    [
        ("front_received", front_received.messages),
        ("front_received_octets", front_received.octets),
        ("back_sent", back_sent.messages),
        ("back_sent_octets", back_sent.octets),
        ("back_received", back_received.messages),
        ("back_received_octets", back_received.octets),
        ("front_sent", front_sent.messages),
        ("front_sent_octets", front_sent.octets),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str, option: Option<Kind>) -> Option<(Kind, Side, Side)> {
        read(&words.split(' ').map(str::to_owned).collect::<Vec<_>>(), option).ok()
    }

    #[test]
    fn the_kind_is_a_word_or_an_option() {
        let sides = |kind| Some((kind, Side::new("ipc://a"), Side::new("ipc://b")));
        assert_eq!(said("ipc://a ipc://b", None), sides(Kind::Queue));
        assert_eq!(said("ipc://a ipc://b", Some(Kind::Streamer)), sides(Kind::Streamer));
        assert_eq!(said("forwarder ipc://a ipc://b", None), sides(Kind::Forwarder));
        assert_eq!(said("forwarder ipc://a ipc://b", Some(Kind::Forwarder)), sides(Kind::Forwarder));
        assert_eq!(said("forwarder ipc://a ipc://b", Some(Kind::Queue)), None);
        assert_eq!(said("device ipc://a ipc://b", None), None);
        assert_eq!(said("queue ipc://a", None), None);
    }

    #[test]
    fn a_side_binds_unless_it_says_that_it_connects() {
        let side = Side::new("ipc://a,connect:ipc://b,bind:ipc://c");
        assert_eq!((side.bind.len(), &side.connect[..]), (2, &["ipc://b".to_owned()][..]));
    }
}
