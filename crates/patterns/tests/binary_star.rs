//! A pair on real sockets: starts in any order, kills, cuts, and a server that is stopped for a while.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Message, Pub, Router};
use zeroxide_patterns::{
    PatternError,
    binary_star::{
        Phase, Role, StarClient, StarClientOptions, StarControl, StarFault, StarOptions, StarServer,
    },
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Short, so that tests are; long enough that a loaded machine does not look like a dead peer.
const OPTIONS: StarOptions =
    StarOptions { heartbeat: Duration::from_millis(100), peer_timeout: Duration::from_secs(4) };
/// For a pair of which one dies.
const CLIENT: StarClientOptions =
    StarClientOptions { timeout: Duration::from_secs(2), settle: Duration::from_millis(500), tries: 60 };
/// Where all live: who is slow is waited for, and nobody else is asked.
const PATIENT: StarClientOptions = StarClientOptions { timeout: PATIENCE, ..CLIENT };

/// The two endpoints of a server, which it has again after a restart (so not inproc, where nobody connects again).
struct Place {
    role: Role,
    clients: String,
    reports: String,
}

struct Running {
    control: StarControl,
    thread: JoinHandle<Result<(), PatternError>>,
}

impl Running {
    fn end(self) {
        self.control.stop();
        self.thread.join().unwrap().unwrap();
    }
}

fn places(name: &str) -> [Place; 2] {
    [Role::Primary, Role::Backup].map(|role| Place {
        role,
        clients: place(&format!("{name}-{role}-clients")),
        reports: place(&format!("{name}-{role}-reports")),
    })
}

/// In the abstract namespace, which leaves no files behind.
fn place(name: &str) -> String {
    format!("ipc://@zeroxide-{}-{name}", std::process::id())
}

/// Answers each request with its own role.
fn start(context: &Context, at: &Place, peer: &Place) -> Running {
    let server = StarServer::new(context, at.role, OPTIONS).unwrap();
    server.bind(&at.clients).unwrap();
    server.link().bind(&at.reports).unwrap();
    server.link().connect(&peer.reports).unwrap();
    let (control, role) = (server.control(), at.role.to_string());
    let answer = move |mut request: Message, router: &Router| {
        request.push_back(&role);
        router.try_send(request).unwrap();
    };
    Running { control, thread: thread::spawn(move || server.run(answer)) }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

fn served_by(client: &mut StarClient) -> String {
    let reply = client.call("who?").unwrap();
    assert_eq!(reply[0], "who?");
    reply[1].as_str().unwrap().to_owned()
}

#[test]
fn either_may_start_first_and_the_primary_serves() {
    for backup_first in [false, true] {
        let context = Context::new();
        let [primary, backup] = places(&format!("either-{backup_first}"));
        let (one, other) = if backup_first {
            let other = start(&context, &backup, &primary);
            (start(&context, &primary, &backup), other)
        } else {
            (start(&context, &primary, &backup), start(&context, &backup, &primary))
        };
        until("the primary is active", || one.control.phase() == Phase::Active);
        until("the backup is passive", || other.control.phase() == Phase::Passive);
        let mut client = StarClient::new(&context, [&primary.clients, &backup.clients], PATIENT).unwrap();
        assert_eq!(served_by(&mut client), "primary");
        one.end();
        other.end();
    }
}

#[test]
fn a_primary_alone_serves_when_it_is_asked_and_a_backup_alone_never() {
    let context = Context::new();
    let [primary, backup] = places("alone");
    let one = start(&context, &primary, &backup);
    let mut client = StarClient::new(&context, [&primary.clients, &backup.clients], CLIENT).unwrap();
    assert_eq!(served_by(&mut client), "primary");
    one.end();

    let [primary, backup] = places("alone-backup");
    let other = start(&context, &backup, &primary);
    let asking = Dealer::new(&context).unwrap();
    asking.connect(&backup.clients).unwrap();
    let started = Instant::now();
    while started.elapsed() < OPTIONS.peer_timeout * 2 || other.control.statistics().rejected == 0 {
        asking.send(["", "anybody?"]).unwrap();
        assert!(asking.recv_timeout(Duration::from_millis(100)).is_err());
    }
    assert_eq!(other.control.phase(), Phase::Backup);
    other.end();
}

#[test]
fn the_backup_takes_over_and_the_primary_that_comes_back_does_not_take_it_away() {
    let context = Context::new();
    let [primary, backup] = places("over");
    let one = start(&context, &primary, &backup);
    let other = start(&context, &backup, &primary);
    until("there is a pair", || other.control.phase() == Phase::Passive);
    let mut client = StarClient::new(&context, [&primary.clients, &backup.clients], CLIENT).unwrap();
    assert_eq!(served_by(&mut client), "primary");

    one.end();
    assert_eq!(served_by(&mut client), "backup");
    assert_eq!(client.endpoint(), backup.clients);

    let one = start(&context, &primary, &backup);
    until("the primary is passive", || one.control.phase() == Phase::Passive);
    for _ in 0..10 {
        assert_eq!(served_by(&mut client), "backup", "no flapping");
    }
    assert_eq!(one.control.statistics().promotions, 0);

    other.end();
    assert_eq!(served_by(&mut client), "primary", "and back, as often as needed");
    one.end();
}

#[test]
fn an_active_server_hands_over_by_order() {
    let context = Context::new();
    let [primary, backup] = places("yield");
    let one = start(&context, &primary, &backup);
    let other = start(&context, &backup, &primary);
    until("there is a pair", || other.control.phase() == Phase::Passive);
    one.control.yield_to_peer();
    until("the backup serves", || other.control.phase() == Phase::Active);
    until("the primary is passive", || one.control.phase() == Phase::Passive);
    let mut client = StarClient::new(&context, [&primary.clients, &backup.clients], CLIENT).unwrap();
    assert_eq!(served_by(&mut client), "backup");
    one.end();
    other.end();
}

#[test]
fn a_cut_between_the_servers_alone_promotes_nobody() {
    let context = Context::new();
    let [primary, backup] = places("cut");
    let one = start(&context, &primary, &backup);
    // It hears of nobody: its half of the peering is connected to where nobody is.
    let nowhere = Place { role: Role::Primary, clients: String::new(), reports: place("cut-nobody") };
    let other = start(&context, &backup, &nowhere);
    until("the primary heard the backup", || one.control.phase() == Phase::Active);
    let mut client = StarClient::new(&context, [&primary.clients, &backup.clients], PATIENT).unwrap();
    let started = Instant::now();
    while started.elapsed() < OPTIONS.peer_timeout * 2 {
        assert_eq!(served_by(&mut client), "primary");
    }
    assert_ne!(other.control.phase(), Phase::Active);
    one.end();
    other.end();
}

#[test]
fn two_active_servers_that_hear_each_other_become_one() {
    let context = Context::new();
    let [primary, backup] = places("two");
    // Both are active without knowing of each other: each is asked, and hears of a peer only from us.
    let mirrors = [Role::Primary, Role::Backup].map(|role| Place {
        role,
        clients: String::new(),
        reports: place(&format!("two-mirror-{role}")),
    });
    let reports = mirrors.each_ref().map(|mirror| {
        let publisher = Pub::new(&context).unwrap();
        publisher.bind(&mirror.reports).unwrap();
        publisher
    });
    let one = start(&context, &primary, &mirrors[1]);
    let other = start(&context, &backup, &mirrors[0]);
    assert!(reports.iter().all(|publisher| publisher.wait_for_subscribers("", 1, PATIENCE)));
    reports[1].send("2").unwrap(); // to the primary: a backup waits
    until("the primary serves", || one.control.phase() == Phase::Active);
    reports[0].send("3").unwrap(); // to the backup: the primary is active
    until("the backup is passive", || other.control.phase() == Phase::Passive);
    let asking = Dealer::new(&context).unwrap();
    asking.connect(&backup.clients).unwrap();
    until("the backup serves", || {
        let _ = asking.try_send(["", "please"]);
        other.control.phase() == Phase::Active
    });
    // Each is told of the other, as when a cut is healed. Both are of the first promotion: the primary stays.
    reports[0].send("3").unwrap();
    reports[1].send("3").unwrap();
    until("the backup steps back", || other.control.phase() == Phase::Passive);
    assert_eq!(one.control.phase(), Phase::Active);
    until("the backup tells of it", || other.control.statistics().demotions == 2);
    one.end();
    other.end();
}

#[test]
fn two_primaries_end_with_an_error_and_nonsense_is_counted() {
    let context = Context::new();
    let [primary, backup] = places("fault");
    let publisher = Pub::new(&context).unwrap();
    publisher.bind(&backup.reports).unwrap();
    let one = start(&context, &primary, &backup);
    assert!(publisher.wait_for_subscribers("", 1, PATIENCE));
    publisher.send(["3", "what?"]).unwrap();
    publisher.send("").unwrap();
    until("nonsense is counted", || one.control.statistics().malformed == 2);
    publisher.send("1").unwrap();
    let ended = one.thread.join().unwrap();
    assert!(matches!(ended, Err(PatternError::Star(StarFault::SameRole(Role::Primary)))), "{ended:?}");
}
