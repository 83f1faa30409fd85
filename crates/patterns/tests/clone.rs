//! A shared map on real sockets: joins under load, lifetimes, restarts, a pair that loses its active server again and
//! again, and programs in Python that know only the protocol.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Frame, Message, Push, Sub};
use zeroxide_patterns::{
    PatternError,
    binary_star::{Phase, Role, StarLink, StarOptions},
    clone::{
        Changes, ClientOptions, CloneClient, CloneControl, CloneServer, Endpoints, Format, KeyValue,
        ServerOptions, SetError, WatchEvent,
    },
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Of a server that may have died: long enough for a loaded machine.
const SILENCE: Duration = Duration::from_secs(3);

struct Running {
    control: CloneControl,
    endpoints: Endpoints,
    thread: JoinHandle<Result<(), PatternError>>,
}

impl Running {
    fn end(self) {
        self.control.stop();
        self.thread.join().unwrap().unwrap();
    }
}

/// In the abstract namespace, which leaves no files behind, and where a server can be started again.
fn place(name: &str) -> Endpoints {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
    let at = |what| format!("ipc://@zeroxide-clone-{unique}-{name}-{what}");
    Endpoints { snapshots: at("snapshots"), updates: at("updates"), changes: at("changes") }
}

fn start(context: &Context, at: &Endpoints, options: ServerOptions) -> Running {
    let server = CloneServer::new(context, Changes::Published, options).unwrap();
    run(server, at)
}

fn run(server: CloneServer, at: &Endpoints) -> Running {
    let (endpoints, control) = (server.bind(at).unwrap(), server.control());
    Running { control, endpoints, thread: thread::spawn(move || server.run()) }
}

/// A client of servers that live: none is taken for dead.
fn client(context: &Context, servers: &[Endpoints], subtree: &str) -> CloneClient {
    client_that_minds(context, servers, subtree, PATIENCE)
}

/// A client that leaves a server when it was silent for so long.
fn client_that_minds(
    context: &Context,
    servers: &[Endpoints],
    subtree: &str,
    silence: Duration,
) -> CloneClient {
    let options = ClientOptions { subtree: subtree.into(), silence, ..ClientOptions::default() };
    CloneClient::new(context, servers, options).unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

fn has(client: &CloneClient, key: &str, value: Option<&str>) {
    let value = value.map(Frame::from);
    assert!(client.wait_until(PATIENCE, |get| get(key.as_bytes()) == value), "{key}: {:?}", client.get(key));
}

#[test]
fn clients_that_join_while_the_map_changes_all_have_the_same_in_the_end() {
    let context = Context::new();
    let server = start(&context, &place("join"), ServerOptions::default());
    let writer = client(&context, std::slice::from_ref(&server.endpoints), "");
    assert!(writer.wait_synced(PATIENCE));
    let mut joined = Vec::new();
    for number in 0..5_000_u32 {
        let value = if number.is_multiple_of(7) { String::new() } else { number.to_string() };
        while writer.set(format!("/{}", number % 500), value.clone(), None) == Err(SetError::Full) {
            thread::yield_now();
        }
        if number % 500 == 250 {
            joined.push(client(&context, std::slice::from_ref(&server.endpoints), ""));
        }
    }
    writer.set_published("last", "last", None, PATIENCE).unwrap();
    until("all is published", || writer.statistics().unpublished == 0);
    let expected = writer.entries();
    for client in &joined {
        has(client, "last", Some("last"));
        until("all copies are equal", || client.entries() == expected);
    }
    assert!(expected.len() > 400);
    server.end();
}

#[test]
fn a_subtree_is_all_that_a_client_of_it_sees_and_may_change() {
    let context = Context::new();
    let server = start(&context, &place("subtree"), ServerOptions::default());
    let servers = std::slice::from_ref(&server.endpoints);
    let all = client(&context, servers, "");
    all.set_published("/a/1", "one", None, PATIENCE).unwrap();
    all.set_published("/b/1", "one", None, PATIENCE).unwrap();
    let some = client(&context, servers, "/a/");
    assert!(some.wait_synced(PATIENCE));
    assert_eq!(some.entries(), [(Frame::from("/a/1"), Frame::from("one"))]);
    assert_eq!(some.set("/b/2", "x", None), Err(SetError::OtherSubtree));
    assert_eq!(some.set("HUGZ", "x", None), Err(SetError::Key));
    all.set_published("/b/2", "two", None, PATIENCE).unwrap();
    some.set_published("/a/2", "two", None, PATIENCE).unwrap();
    has(&all, "/a/2", Some("two"));
    assert_eq!(some.entries().len(), 2);
    server.end();
}

#[test]
fn keys_with_a_lifetime_vanish_everywhere_and_watches_tell() {
    let context = Context::new();
    let sweep = Duration::from_millis(50);
    let server = start(&context, &place("ttl"), ServerOptions { sweep, ..ServerOptions::default() });
    let servers = std::slice::from_ref(&server.endpoints);
    let (one, other) = (client(&context, servers, ""), client(&context, servers, ""));
    assert!(other.wait_synced(PATIENCE));
    let watch = other.watch();
    // The short one comes last: its time may be over before anything else is said.
    one.set_published("long", "life", Some(Duration::from_secs(3600)), PATIENCE).unwrap();
    one.set_published("short", "life", Some(Duration::from_secs(1)), PATIENCE).unwrap();
    has(&one, "short", None);
    has(&other, "short", None);
    has(&other, "long", Some("life"));
    let changes: Vec<_> = (0..3)
        .map(|_| match watch.recv() {
            Some(WatchEvent::Changed(change)) => (change.key, change.value),
            other => panic!("{other:?}"),
        })
        .collect();
    let [short, long] = ["short", "long"].map(Frame::from);
    assert_eq!(changes, [(long, "life".into()), (short.clone(), "life".into()), (short, "".into())]);
    until("the server tells of it", || server.control.statistics().expired == 1);
    drop(other);
    assert_eq!(watch.recv(), None, "it ends with its client");
    server.end();
}

#[test]
fn a_server_that_began_anew_is_followed_and_gets_what_was_changed_lately() {
    let context = Context::new();
    let at = place("anew");
    let server = start(&context, &at, ServerOptions::default());
    let client = client_that_minds(&context, std::slice::from_ref(&at), "", SILENCE);
    client.set_published("mine", "1", None, PATIENCE).unwrap();
    server.end();
    let server = start(&context, &at, ServerOptions::default());
    until("the client has come to the new server", || client.statistics().snapshots >= 2);
    until("the new server has the key", || server.control.statistics().keys == 1);
    client.set_published("more", "2", None, PATIENCE).unwrap();
    has(&client, "mine", Some("1"));
    server.end();
}

#[test]
fn the_guides_models_one_to_five_are_options() {
    let context = Context::new();
    // Models 1 to 4: three frames, changes by the server's hand and by PUSH, a subtree.
    let options = ServerOptions { format: Format::Simple, ..ServerOptions::default() };
    let server = run(CloneServer::new(&context, Changes::Pushed, options).unwrap(), &place("models"));
    let (updates, snapshots, changes) =
        (Sub::new(&context).unwrap(), Dealer::new(&context).unwrap(), Push::new(&context).unwrap());
    updates.connect(&server.endpoints.updates).unwrap();
    snapshots.connect(&server.endpoints.snapshots).unwrap();
    changes.connect(&server.endpoints.changes).unwrap();
    assert!(updates.subscribe_confirmed("/client/", PATIENCE).unwrap());
    let number = |number: u64| Frame::from(&number.to_be_bytes());
    server.control.set(KeyValue::new("/client/1", "own"));
    let published = updates.recv_timeout(PATIENCE).unwrap();
    assert_eq!(published, Message::from(["/client/1".into(), number(1), "own".into()]));
    changes.send(KeyValue::new("/other/1", "pushed").encode(Format::Simple)).unwrap();
    changes.send(KeyValue::new("/client/2", "pushed").encode(Format::Simple)).unwrap();
    let published = updates.recv_timeout(PATIENCE).unwrap();
    assert_eq!(published, Message::from(["/client/2".into(), number(3), "pushed".into()]));
    snapshots.send(["ICANHAZ?", "/client/"]).unwrap();
    let mut sent: Vec<_> = (0..3).map(|_| snapshots.recv_timeout(PATIENCE).unwrap()).collect();
    assert_eq!(sent.pop().unwrap(), Message::from(["KTHXBAI".into(), number(3), Frame::from("/client/")]));
    assert_eq!(sent[0], Message::from(["/client/1".into(), number(1), "own".into()]));
    server.end();
}

#[test]
fn nonsense_is_counted_and_the_server_goes_on() {
    let context = Context::new();
    let server = start(&context, &place("nonsense"), ServerOptions::default());
    let dealer = Dealer::new(&context).unwrap();
    dealer.connect(&server.endpoints.snapshots).unwrap();
    for nonsense in [Message::from(""), Message::from("ICANHAZ"), (0..1000).map(|_| "x").collect()] {
        dealer.send(nonsense).unwrap();
    }
    until("nonsense is counted", || server.control.statistics().malformed == 3);
    dealer.send("ICANHAZ?").unwrap();
    assert_eq!(dealer.recv_timeout(PATIENCE).unwrap()[0], "KTHXBAI");
    server.end();
}

/// A hundred thousand keys, and changes all the while; `cargo run --release --example clone_snapshot` takes a million.
#[test]
fn a_large_snapshot_does_not_stop_changes() {
    let context = Context::new();
    let server = start(&context, &place("large"), ServerOptions::default());
    for number in 0..100_000_u32 {
        server.control.set(KeyValue::new(format!("/{number:07}"), number.to_string()));
    }
    until("the map is filled", || server.control.statistics().keys == 100_000);
    let servers = std::slice::from_ref(&server.endpoints);
    let reader = client(&context, servers, "");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Relaxed) {
                let (key, before) = (number * 97 % 100_000, server.control.statistics().changes);
                number += 1;
                server.control.set(KeyValue::new(format!("/{key:07}"), "changed"));
                // One at a time: between two of them the server sends a piece of the snapshot.
                while server.control.statistics().changes == before && !done.load(Relaxed) {
                    thread::yield_now();
                }
            }
        });
        let synced = reader.wait_synced(PATIENCE);
        done.store(true, Relaxed);
        assert!(synced);
    });
    server.control.set(KeyValue::new("last", "last"));
    has(&reader, "last", Some("last"));
    let later = client(&context, servers, "");
    assert!(later.wait_synced(PATIENCE));
    assert!(reader.entries() == later.entries(), "all that was changed meanwhile is there");
    assert_eq!((reader.statistics().gaps, reader.statistics().keys), (0, 100_001));
    server.end();
}

const STAR: StarOptions =
    StarOptions { heartbeat: Duration::from_millis(100), peer_timeout: Duration::from_secs(4) };

struct Place {
    role: Role,
    serves: Endpoints,
    reports: String,
}

fn pair_places() -> [Place; 2] {
    [Role::Primary, Role::Backup].map(|role| {
        let serves = place(&role.to_string());
        Place { role, reports: format!("{}-reports", serves.snapshots), serves }
    })
}

fn start_one(context: &Context, here: &Place, there: &Place) -> Running {
    let options = ServerOptions { silence: Duration::from_secs(3), ..ServerOptions::default() };
    let mut server = CloneServer::new(context, Changes::Published, options).unwrap();
    let link = StarLink::new(context, here.role, STAR).unwrap();
    link.bind(&here.reports).unwrap();
    link.connect(&there.reports).unwrap();
    server.pair(link, there.serves.clone());
    run(server, &here.serves)
}

fn write(writer: &CloneClient, written: &mut Vec<String>, count: usize) {
    for _ in 0..count {
        let key = format!("/{}", written.len());
        writer.set_published(key.clone(), "value", None, PATIENCE).unwrap();
        written.push(key);
    }
}

/// The one that serves is killed, again and again, while a client writes: nothing that was published is lost.
#[test]
fn no_published_change_is_lost_however_often_the_active_server_dies() {
    let context = Context::new();
    let places = pair_places();
    let mut running = [0, 1].map(|which| Some(start_one(&context, &places[which], &places[1 - which])));
    let servers = places.each_ref().map(|place| place.serves.clone());
    let [writer, reader] = [(); 2].map(|()| client_that_minds(&context, &servers, "", SILENCE));
    let mut written = Vec::new();
    for _round in 0..3 {
        write(&writer, &mut written, 20);
        let phase = |which: usize| running[which].as_ref().map(|one: &Running| one.control.phase());
        until("there is a pair", || {
            let phases = [phase(0), phase(1)];
            phases.contains(&Some(Phase::Active)) && phases.contains(&Some(Phase::Passive))
        });
        let active = if phase(0) == Some(Phase::Active) { 0 } else { 1 };
        let passive = running[1 - active].as_ref().unwrap().control.clone();
        let keys = written.len();
        until("the passive one has a copy", || passive.statistics().keys >= keys);
        // What is under way when it dies was not promised yet; what was is there.
        write(&writer, &mut written, 5);
        running[active].take().unwrap().end();
        write(&writer, &mut written, 5);
        running[active] = Some(start_one(&context, &places[active], &places[1 - active]));
    }
    has(&reader, written.last().unwrap(), Some("value"));
    for client in [&writer, &reader] {
        until("everything is there", || written.iter().all(|key| client.get(key).is_some()));
        assert_eq!(client.statistics().keys, written.len());
    }
    running.into_iter().flatten().for_each(Running::end);
}

#[test]
fn a_pair_hands_over_by_order_and_keeps_its_map() {
    let context = Context::new();
    let places = pair_places();
    let [one, other] = [0, 1].map(|which| start_one(&context, &places[which], &places[1 - which]));
    let servers = places.each_ref().map(|place| place.serves.clone());
    let client = client_that_minds(&context, &servers, "", SILENCE);
    client.set_published("a", "1", None, PATIENCE).unwrap();
    until("the backup has a copy", || other.control.statistics().keys == 1);
    one.control.yield_to_peer();
    until("the backup serves", || other.control.phase() == Phase::Active);
    client.set_published("b", "2", None, PATIENCE).unwrap();
    has(&client, "a", Some("1"));
    until("the primary has a copy", || one.control.statistics().keys == 2);
    one.end();
    other.end();
}

#[test]
fn clients_and_servers_of_a_pair_start_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let context = Context::new();
        let [primary, backup] = pair_places();
        let servers = [primary.serves.clone(), backup.serves.clone()];
        let (mut running, mut early) = (Vec::new(), None);
        for part in order {
            match part {
                0 => running.push(start_one(&context, &primary, &backup)),
                1 => running.push(start_one(&context, &backup, &primary)),
                _ => early = Some(client_that_minds(&context, &servers, "", SILENCE)),
            }
        }
        let early = early.unwrap();
        early.set_published("key", "value", None, PATIENCE).unwrap();
        has(&client_that_minds(&context, &servers, "", SILENCE), "key", Some("value"));
        running.into_iter().for_each(Running::end);
    }
}
