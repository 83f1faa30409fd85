//! What the rules cost per message, in nanoseconds: `cargo run --release -p zeroxide-proto --example rules_cost`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#![expect(clippy::indexing_slicing, reason = "a measurement, not part of the library")]

use std::{hint::black_box, time::Instant};
use zeroxide_proto::{
    FairQueue, Frame, Machine, Message, Options, PeerId, Peers, SocketType,
    routing::Subscriptions,
    socket::{Facts, Upstream},
};

/// Queues of which every one has room, looked up by peer as the core looks them up.
struct Queues(Vec<u32>);

impl Peers for Queues {
    fn has_room(&self, peer: PeerId) -> bool {
        self.0.get(peer.index()).is_some_and(|used| *used < 1000)
    }
}

fn main() {
    for kind in [SocketType::Push, SocketType::Dealer, SocketType::Pair] {
        for peers in [1, 8] {
            if kind != SocketType::Pair || peers == 1 {
                report(&format!("{kind}.route, {peers} peers"), route(kind, peers));
            }
        }
    }
    report("REQ.route + accept, 1 peer", request());
    report("ROUTER.route to a generated id of 1,000", router(false));
    report("ROUTER.route to a chosen id of 1,000", router(true));
    for peers in [1, 8] {
        report(&format!("PUB.route, {peers} subscribers to everything"), publish(peers));
    }
    for topics in [10, 10_000, 1_000_000] {
        report(&format!("matches, {topics} topics of 100 peers"), matches(topics));
    }
    report("SUB.accept, 10 topics", accept(10));
    report("SUB.accept, 1,000,000 topics", accept(1_000_000));
    report("FairQueue, 8 peers: current + rotate", fair_queue());
}

fn report(what: &str, number: f64) {
    #[expect(clippy::print_stdout, reason = "this program exists to print")]
    {
        println!("{what:48} {number:8.1}");
    }
}

/// The best of several runs, for each of `rounds` calls.
fn measure(rounds: u32, mut call: impl FnMut(u32)) -> f64 {
    let run = |call: &mut dyn FnMut(u32)| {
        let start = Instant::now();
        (0..rounds).for_each(call);
        start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
    };
    (0..7).map(|_| run(&mut call)).fold(f64::INFINITY, f64::min)
}

fn machine(kind: SocketType, peers: u32) -> (Machine, Queues) {
    let mut machine = Machine::new(kind, &Options::default(), 7);
    for peer in 0..peers {
        let _ = machine.attach(PeerId(peer), &Facts::default(), &mut vec![]);
    }
    (machine, Queues(vec![0; peers as usize]))
}

fn route(kind: SocketType, peers: u32) -> f64 {
    let (mut machine, queues) = machine(kind, peers);
    let (mut message, mut targets) = (Message::from("hello"), vec![]);
    measure(10_000_000, |_| {
        let _ = black_box(machine.route(black_box(&mut message), black_box(&queues), &mut targets));
    })
}

fn request() -> f64 {
    let (mut machine, queues) = machine(SocketType::Req, 1);
    let (mut message, mut targets) = (Message::from("hello"), vec![]);
    let reply = Message::from(["", "world"]);
    measure(1_000_000, |_| {
        let _ = black_box(machine.route(&mut message, black_box(&queues), &mut targets));
        let _ = black_box(machine.accept(PeerId(0), reply.clone(), &mut vec![]));
    })
}

fn router(chosen: bool) -> f64 {
    let mut machine = Machine::new(SocketType::Router, &Options::default(), 7);
    for peer in 0..1000 {
        let name = if chosen { Frame::from(format!("client-{peer}")) } else { Frame::EMPTY };
        let facts = Facts { routing_id: &name, ..Facts::default() };
        let _ = machine.attach(PeerId(peer), &facts, &mut vec![]);
    }
    let names: Vec<Frame> =
        (0..1000).filter_map(|peer| machine.routing_id_of(PeerId(peer)).cloned()).collect();
    let (queues, mut targets) = (Queues(vec![0; 1000]), vec![]);
    let build = |at: u32| Message::from([names[at as usize % 1000].clone(), Frame::from("hello")]);
    let building = measure(1_000_000, |at| {
        black_box(build(at).pop_front());
    });
    let whole = measure(1_000_000, |at| {
        let _ = black_box(machine.route(&mut build(at), &queues, &mut targets));
    });
    whole - building
}

fn publish(peers: u32) -> f64 {
    let (mut machine, queues) = machine(SocketType::Pub, peers);
    for peer in 0..peers {
        machine.upstream(PeerId(peer), Upstream::Subscribe(b""), &mut vec![]);
    }
    let (mut message, mut targets) = (Message::from("hello"), vec![]);
    measure(3_000_000, |_| {
        let _ = black_box(machine.route(&mut message, black_box(&queues), &mut targets));
    })
}

/// Topics of seven digits, and messages of one topic in each thousand so that memory is walked.
fn matches(topics: u32) -> f64 {
    let mut subscriptions = Subscriptions::new();
    for number in 0..topics {
        subscriptions.add(PeerId(number % 100), format!("{number:07}").as_bytes());
    }
    report(&format!("  octets for each of {topics}"), subscriptions.memory() as f64 / f64::from(topics));
    let texts = texts(topics);
    measure(1_000_000, |at| {
        let text = texts[at as usize % texts.len()].as_bytes();
        subscriptions.matches(black_box(text), |peer| {
            black_box(peer);
        });
    })
}

fn texts(topics: u32) -> Vec<String> {
    (0..4096u32).map(|at| format!("{:07} and text", at.wrapping_mul(0x9E37_79B9) % topics)).collect()
}

fn accept(topics: u32) -> f64 {
    let mut machine = Machine::new(SocketType::Sub, &Options::default(), 7);
    for number in 0..topics {
        let _ = machine.subscribe(format!("{number:07}").as_bytes(), &mut vec![]);
    }
    let messages: Vec<Message> = texts(topics).iter().map(Message::from).collect();
    let mut effects = vec![];
    measure(1_000_000, |at| {
        let message = messages[at as usize % messages.len()].clone();
        let _ = black_box(machine.accept(PeerId(0), message, &mut effects));
    })
}

fn fair_queue() -> f64 {
    let mut queue = FairQueue::new();
    (0..8).for_each(|peer| queue.activate(PeerId(peer)));
    measure(10_000_000, |_| {
        black_box(queue.current());
        queue.rotate();
    })
}
