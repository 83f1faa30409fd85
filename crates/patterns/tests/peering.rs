//! Peering brokers on real sockets: peers that are killed, frozen, cut off, restarted, added, rude, or the Guide's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::{JoinHandle, spawn},
    time::Duration,
};
use zeroxide::{Context, Dealer, Message, Pub, Push, Req, Router, Sub};
use zeroxide_patterns::{
    PatternError,
    balance::{BalancerOptions, Dialect},
    peering::{PeeringControl, PeeringOptions, PeeringServer, PeeringStatistics},
};
use zeroxide_testing::{PATIENCE, Script, eventually};

const BEAT: Duration = Duration::from_millis(50);

/// Beats often, and believes for so long that a loaded machine does not look like a peer that fell silent.
fn quick() -> PeeringOptions {
    let local = BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() };
    PeeringOptions { local, beat: BEAT, state_age: PATIENCE, ..PeeringOptions::default() }
}

/// Where a broker is, again after a restart.
#[derive(Clone)]
struct Place {
    name: String,
    clients: String,
    workers: String,
    cloud: String,
    state: String,
}

impl Place {
    fn new(name: &str) -> Self {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let place = format!("ipc://@zeroxide-peering-{}-{}", std::process::id(), PLACES.fetch_add(1, SeqCst));
        let [clients, workers, cloud, state] =
            ["clients", "workers", "cloud", "state"].map(|what| format!("{place}-{what}"));
        Self { name: name.to_owned(), clients, workers, cloud, state }
    }

    fn start(&self, context: &Context, options: PeeringOptions, peers: &[&Self]) -> Broker {
        let server = PeeringServer::new(context, self.name.as_str(), options).unwrap();
        server.bind_clients(&self.clients).unwrap();
        server.bind_workers(&self.workers).unwrap();
        server.bind_cloud(&self.cloud).unwrap();
        server.bind_state(&self.state).unwrap();
        let control = server.control();
        peers.iter().for_each(|peer| add(&control, peer));
        Broker { control, running: Some(spawn(move || server.run())) }
    }
}

fn add(control: &PeeringControl, at: &Place) {
    let peer = control.peer(at.name.as_str()).unwrap();
    peer.connect(&at.cloud, &at.state).unwrap();
    control.add(peer);
}

struct Broker {
    control: PeeringControl,
    running: Option<JoinHandle<Result<(), PatternError>>>,
}

impl Broker {
    fn stop(mut self) -> PeeringStatistics {
        self.control.stop();
        self.running.take().unwrap().join().unwrap().unwrap();
        self.control.statistics()
    }

    fn hears(&self, name: &str, capacity: u64) {
        eventually(|| {
            let peers = self.control.statistics().peers;
            peers.iter().any(|peer| peer.name == *name && peer.is_heard && peer.capacity == capacity)
        });
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}

/// Workers of the Guide's form, which count what they do and return it with the place.
fn workers(context: &Context, at: &Place, count: usize) -> Arc<AtomicUsize> {
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..count {
        let (worker, done, name) = (Req::new(context).unwrap(), Arc::clone(&done), at.name.clone());
        worker.connect(&at.workers).unwrap();
        worker.send("READY").unwrap();
        spawn(move || {
            while let Ok(mut task) = worker.recv() {
                done.fetch_add(1, SeqCst);
                task.push_back(&name);
                let _ = worker.send(task);
            }
        });
    }
    done
}

fn client(context: &Context, at: &Place) -> Req {
    let client = Req::new(context).unwrap();
    client.connect(&at.clients).unwrap();
    client
}

/// Asks, and tells who did it.
fn ask(client: &Req, task: &str) -> String {
    client.send(task).unwrap();
    let answer = client.recv_timeout(PATIENCE).unwrap();
    assert_eq!(answer[0], task);
    answer[1].as_str().unwrap().to_owned()
}

/// A peer that does exactly what the test says.
struct Raw {
    place: Place,
    cloud: Router,
    state: Pub,
}

impl Raw {
    fn new(context: &Context, place: &Place) -> Self {
        let (cloud, state) = (Router::new(context).unwrap(), Pub::new(context).unwrap());
        cloud.set_routing_id(place.name.as_str()).unwrap();
        cloud.bind(&place.cloud).unwrap();
        state.bind(&place.state).unwrap();
        Self { place: place.clone(), cloud, state }
    }

    /// Says until it is heard that it takes so many.
    fn offer(&self, broker: &Broker, capacity: u64) {
        eventually(|| {
            self.state.send([self.place.name.as_str(), &capacity.to_string()]).unwrap();
            let peers = broker.control.statistics().peers;
            peers.iter().any(|peer| peer.name == *self.place.name && peer.capacity == capacity)
        });
    }

    /// The next task; what it takes is said again meanwhile, as peers do: a task that could not be
    /// sent yet is not tried again before.
    fn task_of(&self, capacity: u64) -> Message {
        let mut task = None;
        eventually(|| {
            self.state.send([self.place.name.as_str(), &capacity.to_string()]).unwrap();
            task = self.cloud.recv_timeout(Duration::from_millis(50)).ok();
            task.is_some()
        });
        task.unwrap()
    }

    fn answer(&self, mut task: Message) {
        task.push_back("raw");
        self.cloud.send(task).unwrap();
    }
}

#[test]
fn what_comes_is_passed_on_whatever_the_clock_says() {
    let (context, place, hour) = (Context::new(), Place::new("one"), Duration::from_secs(3600));
    let local = BalancerOptions { dialect: Dialect::Simple, heartbeat: hour, ..BalancerOptions::default() };
    let options = PeeringOptions { local, beat: hour, pace: hour, ..PeeringOptions::default() };
    let broker = place.start(&context, options, &[]);
    let done = workers(&context, &place, 1);
    let client = Dealer::new(&context).unwrap();
    client.connect(&place.clients).unwrap();
    for number in 0..10 {
        client.send(["".to_owned(), number.to_string()]).unwrap();
        client.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!((broker.stop().replies, done.load(SeqCst)), (10, 10));
}

#[test]
fn clusters_lend_each_other_workers_and_no_task_is_lost_or_done_twice() {
    let context = Context::new();
    let [one, two, three] = ["DC1", "DC2", "DC3"].map(Place::new);
    let brokers = [
        one.start(&context, quick(), &[&two, &three]),
        two.start(&context, quick(), &[&one, &three]),
        three.start(&context, quick(), &[&one, &two]),
    ];
    // All the work comes to the first, which has no workers.
    let done = [workers(&context, &two, 2), workers(&context, &three, 2)];
    ["DC2", "DC3"].iter().for_each(|name| brokers[0].hears(name, 2));
    let asking: Vec<_> = (0..5)
        .map(|number| {
            let client = client(&context, &one);
            spawn(move || (0..40).map(|task| ask(&client, &format!("{number}-{task}"))).collect::<Vec<_>>())
        })
        .collect();
    let doers: Vec<String> = asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect();
    assert_eq!(doers.len(), 200);
    assert!(["DC2", "DC3"].iter().all(|name| doers.iter().any(|doer| doer == name)), "{doers:?}");
    assert_eq!(done.iter().map(|done| done.load(SeqCst)).sum::<usize>(), 200);
    let [one, two, three] = brokers.map(Broker::stop);
    assert_eq!((one.requests, one.replies, one.exported), (200, 200, 200));
    assert_eq!(two.imported + three.imported, 200);
    assert_eq!((two.exported, three.exported, one.stray + two.stray + three.stray), (0, 0, 0));
}

#[test]
fn the_only_worker_of_a_peer_does_task_after_task_within_one_beat() {
    const HOUR: Duration = Duration::from_secs(3600);
    let context = Context::new();
    let [own, idle] = ["own", "idle"].map(Place::new);
    let slow = || PeeringOptions { beat: HOUR, state_age: 2 * HOUR, ..quick() };
    let broker = own.start(&context, slow(), &[&idle]);
    let lender = idle.start(&context, slow(), &[]);
    let done = workers(&context, &idle, 1);
    eventually(|| lender.control.statistics().free == 1);
    let client = client(&context, &own);
    client.send("first").unwrap();
    // It speaks when it is given a peer, and is given one until that hears it and has reached it. Each is given more time
    // than the last, for one that comes anew connects anew.
    let mut time = BEAT;
    eventually(|| {
        add(&lender.control, &own);
        time *= 2;
        client.recv_timeout(time).is_ok()
    });
    for task in 1..50 {
        client.send(task.to_string()).unwrap();
        let answer = client.recv_timeout(PATIENCE);
        assert!(answer.is_ok(), "{:?}, {:?}", broker.control.statistics(), lender.control.statistics());
    }
    assert_eq!((broker.stop().exported, lender.stop().returned, done.load(SeqCst)), (50, 50, 50));
}

#[test]
fn what_a_killed_peer_had_goes_to_another_if_it_may() {
    let context = Context::new();
    let [own, doomed, other] = ["own", "doomed", "other"].map(Place::new);
    let mut options = quick();
    (options.local.attempts, options.state_age) = (2, Duration::from_secs(6));
    let broker = own.start(&context, options, &[&doomed, &other]);
    let raw = Raw::new(&context, &doomed);
    raw.offer(&broker, 1);
    let client = client(&context, &own);
    let asking = spawn(move || ask(&client, "task"));
    drop((raw.task_of(1), raw));
    eventually(|| broker.control.statistics().peers_lost >= 1);
    let alive = other.start(&context, quick(), &[&own]);
    let done = workers(&context, &other, 1);
    assert_eq!(asking.join().unwrap(), "other");
    assert_eq!(done.load(SeqCst), 1);
    let counts = broker.stop();
    assert_eq!((counts.repeated, counts.replies, counts.given_up), (1, 1, 0));
    drop(alive);
}

#[test]
fn a_frozen_peer_is_asked_nothing_and_may_answer_when_it_wakes() {
    let context = Context::new();
    let [own, frozen] = ["own", "frozen"].map(Place::new);
    let broker = own.start(&context, PeeringOptions { state_age: BEAT, ..quick() }, &[&frozen]);
    let raw = Raw::new(&context, &frozen);
    let [first, second] = [(); 2].map(|()| client(&context, &own));
    let asking = spawn(move || ask(&first, "before"));
    let task = loop {
        // What it says is believed for 50 ms only.
        raw.state.send(["frozen", "1"]).unwrap();
        if let Ok(task) = raw.cloud.recv_timeout(BEAT) {
            break task;
        }
    };
    // What it said again before it had the task may still be on its way: behind it comes what is no state.
    raw.state.send(["frozen", "nothing"]).unwrap();
    eventually(|| {
        let counts = broker.control.statistics();
        counts.malformed == 1 && counts.peers_lost >= 1 && !counts.peers[0].is_heard
    });
    let waiting = spawn(move || ask(&second, "meanwhile"));
    eventually(|| broker.control.statistics().waiting == 1);
    assert!(raw.cloud.recv_timeout(2 * BEAT).is_err(), "whatever it said");
    raw.answer(task);
    assert_eq!(asking.join().unwrap(), "raw");
    workers(&context, &own, 1);
    assert_eq!(waiting.join().unwrap(), "own");
}

#[test]
fn a_peer_that_is_restarted_lends_again() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let broker = own.start(&context, quick(), &[&peer]);
    let client = client(&context, &own);
    for round in 0..3 {
        let lender = peer.start(&context, quick(), &[&own]);
        // A context of their own, so that they end.
        let workshop = Context::new();
        workers(&workshop, &peer, 2);
        broker.hears("peer", 2);
        assert_eq!(ask(&client, &format!("task {round}")), "peer");
        let _ = workshop.shutdown(Duration::ZERO);
        lender.stop();
        // It said goodbye: nothing is lost by asking it.
        broker.hears("peer", 0);
    }
    assert_eq!(broker.stop().replies, 3);
}

#[test]
fn what_cannot_be_sent_over_a_cut_stays_for_the_own_workers() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let broker = own.start(&context, quick(), &[&peer]);
    // Its state is heard, but nobody is where it takes requests.
    let state = Pub::new(&context).unwrap();
    state.bind(&peer.state).unwrap();
    eventually(|| {
        state.send(["peer", "7"]).unwrap();
        broker.control.statistics().peers.iter().any(|peer| peer.capacity == 7)
    });
    let client = client(&context, &own);
    let asking = spawn(move || ask(&client, "task"));
    eventually(|| broker.control.statistics().unsent >= 1);
    workers(&context, &own, 1);
    assert_eq!(asking.join().unwrap(), "own");
    let counts = broker.stop();
    assert_eq!((counts.exported, counts.replies), (0, 1));
}

#[test]
fn a_peer_under_another_name_is_not_asked() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let broker = own.start(&context, quick(), &[&peer]);
    let raw = Raw::new(&context, &Place { name: "impostor".to_owned(), ..peer.clone() });
    let client = client(&context, &own);
    client.send("task").unwrap();
    eventually(|| {
        raw.state.send(["peer", "1"]).unwrap();
        broker.control.statistics().unsent >= 1
    });
    assert_eq!(broker.control.statistics().waiting, 1);
}

#[test]
fn peers_come_and_go_while_the_broker_runs() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let (broker, lender) = (own.start(&context, quick(), &[]), peer.start(&context, quick(), &[]));
    workers(&context, &peer, 1);
    let client = client(&context, &own);
    let asking = spawn(move || (ask(&client, "task"), client));
    eventually(|| broker.control.statistics().waiting == 1);
    add(&broker.control, &peer);
    let (doer, client) = asking.join().unwrap();
    assert_eq!(doer, "peer");
    broker.control.remove("peer");
    eventually(|| broker.control.statistics().peers.is_empty());
    client.send("next").unwrap();
    eventually(|| broker.control.statistics().waiting == 1);
    add(&broker.control, &peer);
    assert_eq!(client.recv_timeout(PATIENCE).unwrap()[1], "peer");
    assert_eq!(lender.stop().imported, 2);
}

#[test]
fn nonsense_at_every_door_is_counted_and_harms_nobody() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let broker = own.start(&context, quick(), &[&peer]);
    let raw = Raw::new(&context, &peer);
    let doors = [&own.clients, &own.workers, &own.cloud].map(|door| {
        let dealer = Dealer::new(&context).unwrap();
        dealer.connect(door).unwrap();
        dealer
    });
    let nonsense: [&[&str]; 5] =
        [&[""], &["\x02"], &["no", "delimiter"], &["", "", ""], &["x", "", "\x01", "", "y"]];
    for frames in nonsense {
        doors.iter().for_each(|door| door.send(Message::from_frames(frames.iter().copied())).unwrap());
    }
    doors.iter().for_each(|door| door.send(Message::from_frames((0..1_000).map(|_| "x"))).unwrap());
    // A socket of another type is refused before it says anything.
    let stranger = Push::new(&context).unwrap();
    stranger.connect(&own.state).unwrap();
    let ear = Sub::new(&context).unwrap();
    ear.subscribe("own").unwrap();
    ear.connect(&own.state).unwrap();
    assert_eq!(ear.recv_timeout(PATIENCE).unwrap()[0], "own");
    raw.offer(&broker, 3);
    for state in [&["peer"][..], &["peer", "x"], &["peer", "1", "1"], &["peerless", "9"]] {
        raw.state.send(Message::from_frames(state.iter().copied())).unwrap();
    }
    eventually(|| broker.control.statistics().malformed >= 4);
    assert!(broker.control.statistics().peers[0].capacity <= 3);
    drop(doors);
    // The peer answers nothing of what it was sent.
    broker.control.remove("peer");
    eventually(|| broker.control.statistics().peers.is_empty());
    workers(&context, &own, 1);
    // What the strangers asked may be served before.
    assert_eq!(ask(&client(&context, &own), "task"), "own");
}

#[test]
fn whoever_is_at_work_is_waited_for_at_the_end_and_peers_are_told() {
    let context = Context::new();
    let [own, peer] = ["own", "peer"].map(Place::new);
    let mut options = quick();
    options.local.drain = PATIENCE;
    let broker = own.start(&context, options, &[&peer]);
    let raw = Raw::new(&context, &peer);
    raw.offer(&broker, 2);
    let client = client(&context, &own);
    let asking = spawn(move || ask(&client, "task"));
    let task = raw.task_of(2);
    broker.control.stop();
    raw.answer(task);
    assert_eq!(asking.join().unwrap(), "raw");
    let counts = broker.stop();
    assert_eq!((counts.replies, counts.working), (1, 0));
}

/// A broker of the Guide's in Python.
fn python(own: &Place, peer: &Place, workers: u32, tasks: u32) -> Script {
    let [workers, tasks] = [workers, tasks].map(|count| count.to_string());
    let places = [&own.name, &peer.name, &own.cloud, &own.state, &peer.cloud, &peer.state];
    let arguments = [&places[..], &[&workers, &tasks]].concat();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/peering3.py");
    let mut python = Script::start(file, &arguments);
    assert_eq!(python.line(), "ready");
    python
}

#[test]
fn a_broker_of_the_guide_does_our_tasks_until_it_is_killed() {
    let context = Context::new();
    let [own, theirs] = ["own", "python"].map(Place::new);
    let options = PeeringOptions { state_age: Duration::from_secs(6), ..quick() };
    let broker = own.start(&context, options, &[&theirs]);
    let mut guide = python(&theirs, &own, 2, 0);
    let client = client(&context, &own);
    for task in 0..50 {
        client.send(task.to_string()).unwrap();
        assert_eq!(client.recv_timeout(PATIENCE).unwrap(), Message::from("OK from python"));
    }
    guide.kill();
    eventually(|| broker.control.statistics().peers.iter().all(|peer| !peer.is_heard));
    client.send("after").unwrap();
    eventually(|| broker.control.statistics().waiting == 1);
    workers(&context, &own, 1);
    assert_eq!(client.recv_timeout(PATIENCE).unwrap()[1], "own");
}

#[test]
fn a_broker_of_the_guide_is_lent_our_workers() {
    let context = Context::new();
    let [own, theirs] = ["own", "python"].map(Place::new);
    let broker = own.start(&context, quick(), &[&theirs]);
    // Another answer than that of Python's own, of which there are none.
    let worker = Req::new(&context).unwrap();
    worker.connect(&own.workers).unwrap();
    worker.send("READY").unwrap();
    spawn(move || {
        while let Ok(task) = worker.recv() {
            let mut frames = task.into_frames();
            frames.pop();
            frames.push("OK from own".into());
            let _ = worker.send(frames);
        }
    });
    let mut guide = python(&theirs, &own, 0, 50);
    assert_eq!(guide.line(), "answered 50 by OK from own");
    let counts = broker.stop();
    assert_eq!((counts.imported, counts.returned, counts.stray), (50, 50, 0));
}
