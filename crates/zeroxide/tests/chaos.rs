//! What networks and machines do to connections: cut, frozen, half open, killed, restarted, and all at once.
//!
//! Bounded here; `cargo xtask chaos` repeats it for as long as it is told, with `ZEROXIDE_CHAOS=long` for the large numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
#[path = "chaos_parts/relay.rs"]
mod relay;
use common::*;
use relay::Relay;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;
use zeroxide::*;
use zeroxide_net::fault::{Call, Fault, Name};
use zeroxide_testing::Process;

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The large number in the long version.
fn many(few: usize, many: usize) -> usize {
    if std::env::var("ZEROXIDE_CHAOS").is_ok_and(|extent| extent == "long") { many } else { few }
}

/// Octets of both sides after which something happens: between and within the parts of their greetings (64 each) and of
/// their handshakes.
const STATES: [usize; 15] = [0, 1, 10, 11, 12, 63, 64, 66, 80, 127, 128, 129, 140, 160, 180];
/// As far as the first question.
const ASKING: [usize; 2] = [190, 200];

/// This very program as a child that plays a part: a REP that binds, or a REQ that connects and asks for ever.
fn child(part: &str, at: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.args(["--exact", "a_child_plays_its_part", "--nocapture"]);
    let command =
        command.env("CHAOS_PART", part).env("CHAOS_AT", at).stdout(Stdio::null()).stderr(Stdio::null());
    Process::start(command).unwrap()
}

#[test]
fn a_child_plays_its_part() {
    let (Ok(part), Ok(at)) = (std::env::var("CHAOS_PART"), std::env::var("CHAOS_AT")) else { return };
    let context = Context::new();
    if part == "server" {
        let server = Rep::new(&context).unwrap();
        eventually(|| server.bind(&at).is_ok());
        loop {
            let question = server.recv().unwrap();
            let _ = server.send(question);
        }
    }
    let client = Req::new(&context).unwrap();
    client.set_req_relaxed(true).unwrap();
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(&at).unwrap();
    loop {
        let _ = client.send_timeout("question", LONG);
        let _ = client.recv_timeout(Duration::from_millis(500));
    }
}

/// A client that asks until it is answered.
fn eager(context: &Context, at: &str) -> Req {
    let client = Req::new(context).unwrap();
    client.set_req_relaxed(true).unwrap();
    client.set_req_correlate(true).unwrap();
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(at).unwrap();
    client
}

fn is_answered(client: &Req) {
    eventually(|| {
        let _ = client.send_timeout("question", Duration::from_millis(100));
        client.recv_timeout(Duration::from_millis(100)).is_ok()
    });
}

#[test]
fn a_server_killed_at_any_point_of_the_handshake_is_found_again() {
    let (context, at) = (Context::new(), free_tcp());
    let relay = Relay::to(&at);
    let client = eager(&context, relay.endpoint());
    for octets in STATES {
        relay.hold_after(octets);
        let mut server = child("server", &at);
        relay.wait_held();
        server.kill();
        relay.heal();
        let _server = child("server", &at);
        is_answered(&client);
        relay.cut();
    }
}

#[test]
fn a_client_killed_at_any_point_of_the_handshake_is_forgotten_and_others_are_served() {
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    let at = server.bind("tcp://127.0.0.1:*").unwrap();
    let relay = Relay::to(&at);
    for octets in STATES.into_iter().chain(ASKING) {
        relay.hold_after(octets);
        let mut client = child("client", relay.endpoint());
        relay.wait_held();
        client.kill();
        relay.heal();
        let _client = child("client", relay.endpoint());
        assert_eq!(server.text(), "question");
        server.send("answer").unwrap();
    }
    eventually(|| server.connected() == 0);
}

#[test]
fn a_frozen_process_is_missed_and_welcome_when_it_goes_on() {
    let (context, at) = (Context::new(), free_tcp());
    let client = eager(&context, &at);
    client.disconnect(&at).unwrap();
    client.set_heartbeat_interval(Some(Duration::from_millis(50))).unwrap();
    client.set_heartbeat_timeout(Some(Duration::from_secs(2))).unwrap();
    let events = client.monitor();
    client.connect(&at).unwrap();
    let server = child("server", &at);
    is_answered(&client);
    server.freeze();
    let lost = events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. }));
    assert!(lost.is_some(), "nobody missed it");
    server.resume();
    is_answered(&client);
}

#[test]
fn half_open_connections_are_found_by_both_sides() {
    let context = Context::new();
    let (one, other) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    for socket in [&*one, &*other] {
        socket.set_heartbeat_interval(Some(Duration::from_millis(50))).unwrap();
        socket.set_heartbeat_timeout(Some(Duration::from_secs(2))).unwrap();
        socket.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    }
    let relay = Relay::to(&one.bind("tcp://127.0.0.1:*").unwrap());
    let events = [one.monitor(), other.monitor()];
    other.connect(relay.endpoint()).unwrap();
    assert!(one.wait_connected(1, LONG) && other.wait_connected(1, LONG));
    relay.freeze();
    for events in &events {
        let lost = events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. }));
        assert!(lost.is_some(), "nobody missed the other");
    }
    relay.heal();
    other.send("found again").unwrap();
    assert_eq!(one.text(), "found again");
}

#[test]
fn through_many_cuts_nothing_comes_twice_or_in_another_order() {
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    let relay = Relay::to(&pull.bind("tcp://127.0.0.1:*").unwrap());
    push.connect(relay.endpoint()).unwrap();
    let (mut next, mut last) = (1, 0);
    for _ in 0..many(20, 1000) {
        for _ in 0..50 {
            push.send_timeout(number(next), LONG).unwrap();
            next += 1;
        }
        relay.cut();
        while let Ok(message) = pull.recv_timeout(Duration::from_millis(5)) {
            assert!(as_number(&message) > last, "{} after {last}", as_number(&message));
            last = as_number(&message);
        }
    }
    // What is sent before a cut is noticed is lost with the connection.
    let lost = next;
    eventually(|| {
        push.send_timeout(number(next), LONG).unwrap();
        next += 1;
        while let Ok(message) = pull.recv_timeout(Duration::from_millis(5)) {
            assert!(as_number(&message) > last, "{} after {last}", as_number(&message));
            last = as_number(&message);
        }
        last >= lost
    });
}

#[test]
fn after_a_cut_everybody_returns_at_once_and_is_served() {
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    let relay = Relay::to(&router.bind("tcp://127.0.0.1:*").unwrap());
    let clients: Vec<_> = (0..many(40, 400)).map(|_| eager_dealer(&context, relay.endpoint())).collect();
    let all_there = |times| clients.iter().all(|client| client.statistics().connections >= times);
    for times in 1..=3 {
        eventually(|| all_there(times));
        relay.cut();
    }
    eventually(|| all_there(4));
    for client in &clients {
        client.send("well?").unwrap();
    }
    for _ in &clients {
        let message = router.get();
        router.send(message).unwrap();
    }
    for client in &clients {
        assert_eq!(client.text(), "well?");
    }
}

fn eager_dealer(context: &Context, at: &str) -> Dealer {
    let client = Dealer::new(context).unwrap();
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(at).unwrap();
    client
}

#[test]
fn a_publisher_that_returns_is_told_all_of_a_hundred_thousand_subscriptions() {
    let (context, at) = (Context::new(), free_tcp());
    let subscriber = Sub::new(&context).unwrap();
    subscriber.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    let count = 100_000;
    for topic in 0..count {
        subscriber.subscribe(format!("topic {topic:06}")).unwrap();
    }
    subscriber.connect(&at).unwrap();
    for life in 0..2 {
        let publisher = Pub::new(&context).unwrap();
        eventually(|| publisher.bind(&at).is_ok());
        for topic in [0, count / 2, count - 1] {
            let topic = format!("topic {topic:06}");
            assert!(publisher.wait_for_subscribers(&topic, 1, LONG), "life {life}: {topic}");
            publisher.send(topic.as_str()).unwrap();
            assert_eq!(subscriber.text(), topic);
        }
        drop(publisher);
        wait_for_connections(&subscriber, 0);
    }
}

#[test]
fn names_that_cannot_be_resolved_are_asked_for_again() {
    let context = Context::new();
    let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
    other.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    let at = one.bind("tcp://127.0.0.1:*").unwrap().replace("127.0.0.1", "localhost");
    let unknown = Fault::plan(
        Call::Resolve,
        1,
        zeroxide_net::fault::Harm::Error(rustix::io::Errno::AGAIN),
        zeroxide_net::fault::Times::Always,
        None,
    );
    let events = other.monitor();
    other.connect(&at).unwrap();
    for _ in 0..3 {
        assert!(events.wait_for(LONG, |event| matches!(event, Event::ConnectRetried { .. })).is_some());
    }
    drop(unknown);
    other.send("found").unwrap();
    assert_eq!(one.text(), "found");
}

#[test]
fn a_name_that_hangs_delays_nobody_else_and_no_end() {
    let context = Context::new();
    let hanging = Name::hangs("hangs.test");
    let client = Pair::new(&context).unwrap();
    client.connect("tcp://hangs.test:5555").unwrap();
    eventually(|| hanging.asked() == 1);
    let _named = Name::answers("answers.test", LOCALHOST.into());
    let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
    let at = one.bind("tcp://127.0.0.1:*").unwrap().replace("127.0.0.1", "answers.test");
    other.connect(&at).unwrap();
    other.send("found").unwrap();
    assert_eq!(one.text(), "found");
    drop((client, one, other));
    assert!(context.shutdown(LONG).complete);
}

#[test]
fn who_moves_to_another_address_is_found_there() {
    let context = Context::new();
    let named = Name::answers("moves.test", LOCALHOST.into());
    let first = Rep::new(&context).unwrap();
    let at = first.bind("tcp://127.0.0.1:*").unwrap();
    let client = eager(&context, &at.replace("127.0.0.1", "moves.test"));
    client.send("question").unwrap();
    assert_eq!(first.text(), "question");
    // The other address, the same port.
    let second = Rep::new(&context).unwrap();
    second.bind(&at.replace("127.0.0.1", "127.0.0.2")).unwrap();
    drop(named);
    let _named = Name::answers("moves.test", Ipv4Addr::new(127, 0, 0, 2).into());
    drop(first);
    // What is asked before the end is noticed goes with the connection.
    eventually(|| client.statistics().connections == 2);
    client.send("are you here").unwrap();
    assert_eq!(second.text(), "are you here");
    second.send("yes").unwrap();
    assert_eq!(client.text(), "yes");
}

#[test]
fn one_who_does_not_read_holds_up_nobody_else_and_costs_no_more_than_its_queue() {
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    publisher.set_send_high_water_mark(Some(100)).unwrap();
    let at = publisher.bind("tcp://127.0.0.1:*").unwrap();
    let relay = Relay::to(&at);
    let (good, slow) = (Sub::new(&context).unwrap(), Sub::new(&context).unwrap());
    for subscriber in [&good, &slow] {
        subscriber.subscribe("").unwrap();
    }
    good.connect(&at).unwrap();
    slow.connect(relay.endpoint()).unwrap();
    assert!(publisher.wait_for_subscribers("", 2, LONG));
    relay.freeze();
    let body = vec![b'.'; 10_000];
    let (mut rounds, mut full) = (0, false);
    while !full || rounds < many(2_000, 100_000) {
        publisher.send(&body).unwrap();
        assert_eq!(good.get().len(), 1, "one frame");
        let queued = publisher.peers().iter().map(|peer| peer.queued_out).max().unwrap();
        assert!(queued <= 100, "{queued}");
        full = publisher.statistics().lost_to(Loss::HighWaterMark) > 0;
        rounds += 1;
    }
    relay.heal();
    eventually(|| slow.try_recv().is_ok());
}
