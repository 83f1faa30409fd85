//! What is measured. A workload is its name, such as `thr/push/tcp/64`: the processes of a run are told no more.

use super::kit::{figure::Unit, order::WHOLE};
use clap::ValueEnum;
use std::{fmt, str::FromStr};

/// What is asked of the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Family {
    /// One way, one sender and one receiver
    Thr,
    /// There and back, one message at a time
    Rtt,
    /// PUB to many SUBs
    Fanout,
    /// Many PUSHes, each in its own thread, to one PULL
    Fanin,
    /// Many threads that send on one PUSH
    Senders,
    /// PUB to one SUB with many subscriptions; the messages go over all topics
    Topics,
    /// One way through a proxy in a process of its own
    Proxy,
    /// Many DEALERs on one ROUTER that echoes, a message of each under way
    Dealers,
    /// Until many DEALERs are connected and have had their first echo
    Storm,
    /// What a ROUTER's process grows by for each connection
    Memory,
    /// Futures; the blocking calls take turns with them
    Async,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    Tcp,
    Ipc,
    /// Within one process
    Inproc,
}

/// Which sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// PUSH to PULL; there and back over a pair of them each way.
    Push,
    Pair,
    /// REQ and REP.
    Req,
    /// DEALER to ROUTER.
    Dealer,
    /// ROUTER to DEALER.
    Router,
    /// PUB to SUB; there and back over a pair of them each way.
    Pub,
    /// XPUB to XSUB; likewise.
    Xpub,
    /// SCATTER to GATHER; likewise.
    Scatter,
    Channel,
    /// CLIENT to SERVER.
    Client,
    /// RADIO to DISH; likewise.
    Radio,
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    /// Everything sent arrives.
    Stream,
    /// The sender never waits: what arrives and what it counts as dropped is what was sent.
    Lossy,
    RoundTrip,
    Dealers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(super) family: Family,
    pub(super) pattern: Pattern,
    /// Sockets, threads, or subscriptions: what there are many of.
    pub(super) many: usize,
    pub(super) transport: Transport,
    pub(super) size: usize,
}

const PATTERNS: [(&str, Pattern); 11] = [
    ("push", Pattern::Push),
    ("pair", Pattern::Pair),
    ("req", Pattern::Req),
    ("dealer", Pattern::Dealer),
    ("router", Pattern::Router),
    ("pub", Pattern::Pub),
    ("xpub", Pattern::Xpub),
    ("scatter", Pattern::Scatter),
    ("channel", Pattern::Channel),
    ("client", Pattern::Client),
    ("radio", Pattern::Radio),
];

impl Family {
    pub(super) const ALL: [Self; 11] = [
        Self::Thr,
        Self::Rtt,
        Self::Fanout,
        Self::Fanin,
        Self::Senders,
        Self::Topics,
        Self::Proxy,
        Self::Dealers,
        Self::Storm,
        Self::Memory,
        Self::Async,
    ];

    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The variants that are run unless others are asked for.
    pub(super) fn variants(self) -> &'static [&'static str] {
        match self {
            Self::Thr => {
                &["push", "pair", "dealer", "router", "pub", "xpub", "scatter", "channel", "client", "radio"]
            }
            Self::Rtt => {
                &["req", "dealer", "pair", "push", "pub", "xpub", "scatter", "channel", "client", "radio"]
            }
            Self::Fanout => &["8", "100"],
            Self::Fanin | Self::Senders => &["4"],
            Self::Topics => &["10", "10000", "1000000"],
            Self::Proxy => &["streamer", "queue"],
            Self::Dealers | Self::Storm | Self::Memory => &["1000"],
            Self::Async => &["thr", "rtt"],
        }
    }

    /// Whether its variants are numbers.
    pub(super) fn counts(self) -> bool {
        !matches!(self, Self::Thr | Self::Rtt | Self::Proxy | Self::Async)
    }

    fn variant(self, text: &str) -> Result<(Pattern, usize), String> {
        let number = |pattern| match text.parse() {
            Ok(many @ 1..=MOST) => Ok((pattern, many)),
            _ => Err(format!("{}/{text}: \"{text}\" is no number from 1 to {MOST}", self.name())),
        };
        let known = match self {
            Self::Fanout | Self::Topics => return number(Pattern::Pub),
            Self::Fanin | Self::Senders => return number(Pattern::Push),
            Self::Dealers | Self::Storm | Self::Memory => return number(Pattern::Dealer),
            Self::Thr | Self::Rtt if !self.variants().contains(&text) => None,
            Self::Thr | Self::Rtt => PATTERNS.iter().find(|(name, _)| *name == text).map(|(_, found)| *found),
            Self::Proxy | Self::Async => match text {
                "streamer" if self == Self::Proxy => Some(Pattern::Push),
                "queue" if self == Self::Proxy => Some(Pattern::Dealer),
                "thr" if self == Self::Async => Some(Pattern::Push),
                "rtt" if self == Self::Async => Some(Pattern::Req),
                _ => None,
            },
        };
        let pattern = known.ok_or_else(|| {
            format!("{}/{text}: {} knows {}", self.name(), self.name(), self.variants().join(", "))
        })?;
        Ok((pattern, 1))
    }

    pub(super) fn transports(self) -> &'static [Transport] {
        match self {
            Self::Thr | Self::Rtt => &[Transport::Tcp, Transport::Ipc, Transport::Inproc],
            _ => &[Transport::Tcp],
        }
    }
}

/// The sender's number has 16 bits in a message; topics have seven digits.
const MOST: usize = 9_999_999;
const MOST_SENDERS: usize = 10_000;

impl Workload {
    pub(super) fn new(
        family: Family,
        variant: &str,
        transport: Transport,
        size: usize,
    ) -> Result<Self, String> {
        let (pattern, many) = family.variant(variant)?;
        let workload = Self { family, pattern, many, transport, size };
        let least = workload.least();
        if size < least {
            return Err(format!(
                "{workload}: messages of less than {least} octets cannot carry what is checked"
            ));
        }
        if size > LARGEST {
            return Err(format!("{workload}: messages have at most {LARGEST} octets here"));
        }
        if family != Family::Topics && many > MOST_SENDERS {
            return Err(format!("{workload}: at most {MOST_SENDERS} of them"));
        }
        Ok(workload)
    }

    /// The smallest message that carries what the receiver checks.
    fn least(&self) -> usize {
        match (self.play(), self.family) {
            (_, Family::Topics) => 2 * WHOLE,
            (Play::Lossy, _) => WHOLE,
            (Play::Stream, _) if self.many > 1 => WHOLE,
            _ => 1,
        }
    }

    pub(super) fn play(&self) -> Play {
        match (self.family, self.pattern) {
            (Family::Rtt, _) | (Family::Async, Pattern::Req) => Play::RoundTrip,
            (Family::Dealers | Family::Storm | Family::Memory, _) => Play::Dealers,
            (_, Pattern::Pub | Pattern::Xpub | Pattern::Router | Pattern::Radio) => Play::Lossy,
            _ => Play::Stream,
        }
    }

    pub(super) fn unit(&self) -> Unit {
        match (self.family, self.play()) {
            (Family::Storm, _) => Unit::Milliseconds,
            (Family::Memory, _) => Unit::KibPerConnection,
            (_, Play::RoundTrip) => Unit::Microseconds,
            _ => Unit::PerSecond,
        }
    }

    /// Sockets of the side that has many of them.
    pub(super) fn peers(&self) -> usize {
        if matches!(self.family, Family::Topics | Family::Senders) { 1 } else { self.many }
    }

    /// Whoever numbers messages of its own.
    pub(super) fn senders(&self) -> usize {
        if matches!(self.family, Family::Fanin | Family::Senders) { self.many } else { 1 }
    }

    pub(super) fn subscriptions(&self) -> usize {
        if self.family == Family::Topics { self.many } else { 1 }
    }

    /// The same without futures.
    pub(super) fn twin(&self) -> Option<Self> {
        let family = match self.play() {
            Play::RoundTrip => Family::Rtt,
            _ => Family::Thr,
        };
        (self.family == Family::Async).then_some(Self { family, ..*self })
    }

    /// How many messages the first round has: more than fits on the way, so that it tells the speed of all of it.
    pub(super) fn start(&self) -> u64 {
        let most = match (self.play(), self.family) {
            (_, Family::Storm | Family::Memory) => return 0,
            (Play::RoundTrip, _) => 500,
            (Play::Dealers, _) => 2 * self.many as u64,
            _ => 20_000 / self.peers().min(20) as u64,
        };
        (FIRST_OCTETS / self.size as u64).clamp(4, most.max(4)).max(self.senders() as u64)
    }

    /// At most so many, lest the queues of one round take all memory there is.
    pub(super) fn most(&self) -> u64 {
        let copies = if self.play() == Play::Lossy { self.peers() as u64 } else { 1 };
        if self.size < LARGE { u64::MAX } else { (ROUND_OCTETS / (self.size as u64 * copies)).max(4) }
    }

    fn variant(&self) -> String {
        match self.family {
            family if family.counts() => self.many.to_string(),
            Family::Proxy => if self.pattern == Pattern::Push { "streamer" } else { "queue" }.to_owned(),
            Family::Async => if self.pattern == Pattern::Push { "thr" } else { "rtt" }.to_owned(),
            _ => PATTERNS
                .iter()
                .find(|(_, pattern)| *pattern == self.pattern)
                .map(|(name, _)| (*name).to_owned())
                .unwrap_or_default(),
        }
    }
}

const FIRST_OCTETS: u64 = 1 << 26;
const ROUND_OCTETS: u64 = 1 << 30;
const LARGE: usize = 64 << 10;
const LARGEST: usize = 1 << 28;

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Tcp => "tcp",
            Self::Ipc => "ipc",
            Self::Inproc => "inproc",
        })
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, transport, size, .. } = self;
        write!(out, "{}/{}/{transport}/{size}", family.name(), self.variant())
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let [family, variant, transport, size] = text
            .split('/')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| format!("\"{text}\" is no whole name such as thr/push/tcp/64"))?;
        let size = size.parse().map_err(|_| format!("{text}: \"{size}\" is no size"))?;
        Self::new(Family::from_str(family, false)?, variant, Transport::from_str(transport, false)?, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_whole_workload() {
        for name in [
            "thr/push/tcp/1",
            "thr/xpub/inproc/64",
            "rtt/req/ipc/16777216",
            "fanout/100/tcp/64",
            "topics/1000000/tcp/64",
            "proxy/queue/ipc/64",
            "storm/1000/tcp/64",
            "async/rtt/tcp/64",
        ] {
            assert_eq!(name.parse::<Workload>().unwrap().to_string(), name);
        }
        for wrong in [
            "thr",
            "thr/req/tcp/64",
            "rtt/router/tcp/64",
            "fanout/0/tcp/64",
            "fanout/20000/tcp/64",
            "thr/push/udp/64",
            "thr/push/tcp/0",
            "fanin/4/tcp/4",
            "topics/10/tcp/15",
            "proxy/thr/tcp/64",
            "thr/push/tcp/64/more",
        ] {
            assert!(wrong.parse::<Workload>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_round_of_large_messages_is_small() {
        let count = |name: &str| name.parse::<Workload>().unwrap().start();
        assert_eq!(count("thr/push/tcp/64"), 20_000);
        assert_eq!(count("thr/push/tcp/16777216"), 4);
        assert_eq!(count("storm/1000/tcp/64"), 0);
        assert_eq!(count("dealers/1000/tcp/64"), 2000);
    }
}
