//! What is measured. It does not know how, nor on whom.

pub(crate) use crate::kit::figure::Unit;
use crate::subject::{Plan, Transport};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// PUSH to PULL, as fast as it goes.
    Stream,
    /// REQ to REP and back, one at a time.
    RoundTrip,
    /// PUB to SUB, losses allowed; the subscriptions are spread over the messages.
    Publish,
    /// Many DEALERs of one process on one ROUTER that echoes.
    Dealers,
    /// PUSH to PULL to PUSH to PULL, as fast as it goes; what is in the middle is a process of its own.
    Streamer,
    /// The same with DEALER to ROUTER to DEALER to DEALER.
    Queue,
    /// The Guide's `tripping`, in one process.
    Tripping { at_once: bool },
    /// The Guide's `mdclient`, broker and worker, in one process.
    Services,
}

#[derive(Clone, Debug)]
pub struct Workload {
    pub name: String,
    pub pattern: Pattern,
    pub plan: Plan,
    /// How much to do in the first round: messages, or for [`Pattern::Publish`] milliseconds.
    pub start: u64,
}

pub fn all() -> Vec<Workload> {
    let mut all = vec![];
    let plan =
        |transport, size| Plan { transport, size, peers: 1, latency: false, subscriptions: 0, curve: false };
    for (name, transport) in [("tcp", Transport::Tcp), ("ipc", Transport::Ipc)] {
        for size in [16, 64, 256, 1024, 8192, 65_536, 1 << 20] {
            // More than fits on the way, so that the first round tells the speed of all of it.
            let start = ((1 << 26) / size as u64).min(20_000);
            all.push(Workload {
                name: format!("thr/{name}/{size}"),
                pattern: Pattern::Stream,
                plan: plan(transport, size),
                start,
            });
        }
    }
    for size in [1, 64, 1024] {
        all.push(Workload {
            name: format!("thr/inproc/{size}"),
            pattern: Pattern::Stream,
            plan: plan(Transport::Inproc, size),
            start: 20_000,
        });
    }
    for (name, transport) in [("tcp", Transport::Tcp), ("ipc", Transport::Ipc), ("inproc", Transport::Inproc)]
    {
        for size in [64, 1024] {
            all.push(Workload {
                name: format!("rtt/{name}/{size}"),
                pattern: Pattern::RoundTrip,
                plan: Plan { latency: true, ..plan(transport, size) },
                start: 500,
            });
        }
    }
    let tcp = plan(Transport::Tcp, 64);
    let mut add = |name: &str, pattern, plan, start| {
        all.push(Workload { name: name.to_owned(), pattern, plan, start });
    };
    add("fanin/4", Pattern::Stream, Plan { peers: 4, ..tcp }, 20_000);
    for peers in [8, 100] {
        add(&format!("pub/{peers}"), Pattern::Publish, Plan { peers, subscriptions: 1, ..tcp }, 100);
    }
    for subscriptions in [10, 10_000, 1_000_000] {
        add(&format!("topics/{subscriptions}"), Pattern::Publish, Plan { subscriptions, ..tcp }, 100);
    }
    for size in [64, 1024, 65_536] {
        let secret = Plan { size, curve: true, ..tcp };
        add(&format!("curve/thr/{size}"), Pattern::Stream, secret, 1_000);
        if size < 65_536 {
            let secret = Plan { latency: true, ..secret };
            add(&format!("curve/rtt/{size}"), Pattern::RoundTrip, secret, 500);
        }
    }
    add("dealers/1000", Pattern::Dealers, Plan { peers: 1000, latency: true, ..tcp }, 2000);
    for size in [64, 1024] {
        let plan = Plan { size, ..tcp };
        add(&format!("proxy/streamer/{size}"), Pattern::Streamer, plan, 20_000);
        add(&format!("proxy/queue/{size}"), Pattern::Queue, plan, 20_000);
    }
    // As many as in the Guide, however long that takes.
    add("guide/tripping/one by one", Pattern::Tripping { at_once: false }, tcp, 10_000);
    add("guide/tripping/at once", Pattern::Tripping { at_once: true }, tcp, 100_000);
    add("guide/majordomo", Pattern::Services, tcp, 100_000);
    all
}

impl Pattern {
    /// Whether there is a third process in the middle.
    pub fn has_proxy(self) -> bool {
        matches!(self, Self::Streamer | Self::Queue)
    }

    /// Whether one process plays all parts, whatever the transport.
    pub fn is_alone(self) -> bool {
        matches!(self, Self::Tripping { .. } | Self::Services)
    }
}

/// One figure of one round.
#[derive(Clone, Debug)]
pub struct Figure {
    pub row: String,
    pub unit: Unit,
    pub value: f64,
}
