//! What is told on every ground.

use crate::{
    common::*,
    ground::Ground,
    many,
    process::{child, eager, is_answered},
    relay::Relay,
};
use std::{collections::BTreeSet, time::Duration};
use zeroxide::*;

pub(crate) fn a_server_killed_at_any_point_of_the_handshake_is_found_again(on: &str) {
    let ground = Ground::named(on);
    let (context, (_path, at)) = (Context::new(), ground.not_yet_bound());
    let relay = Relay::to(&at);
    let client = eager(ground, &context, relay.endpoint());
    for octets in ground.states(many(0, 1) == 1) {
        relay.hold_after(octets);
        let mut server = child(on, "server", &at);
        relay.wait_held();
        server.kill();
        relay.heal();
        let _server = child(on, "server", &at);
        is_answered(&client);
        relay.cut();
    }
}

pub(crate) fn a_client_killed_at_any_point_of_the_handshake_is_forgotten_and_others_are_served(on: &str) {
    let ground = Ground::named(on);
    let context = Context::new();
    let server = Rep::new(&context).unwrap();
    ground.guard(&server);
    let at = server.bind(ground.anywhere()).unwrap();
    let relay = Relay::to(&at);
    for octets in ground.states(many(0, 1) == 1).into_iter().chain(ground.asking()) {
        relay.hold_after(octets);
        let mut client = child(on, "client", relay.endpoint());
        relay.wait_held();
        client.kill();
        relay.heal();
        let _client = child(on, "client", relay.endpoint());
        assert_eq!(server.text(), "question");
        server.send("answer").unwrap();
    }
    eventually(|| server.connected() == 0);
}

pub(crate) fn a_frozen_process_is_missed_and_welcome_when_it_goes_on(on: &str) {
    let ground = Ground::named(on);
    let (context, (_path, at)) = (Context::new(), ground.not_yet_bound());
    let client = eager(ground, &context, &at);
    client.disconnect(&at).unwrap();
    client.set_heartbeat_interval(Some(Duration::from_millis(50))).unwrap();
    client.set_heartbeat_timeout(Some(Duration::from_secs(2))).unwrap();
    let events = client.monitor();
    client.connect(&at).unwrap();
    let server = child(on, "server", &at);
    is_answered(&client);
    server.freeze();
    let lost = events.wait_for(LONG, |event| matches!(event, Event::Disconnected { .. }));
    assert!(lost.is_some(), "nobody missed it");
    server.resume();
    is_answered(&client);
}

pub(crate) fn half_open_connections_are_found_by_both_sides(on: &str) {
    let ground = Ground::named(on);
    let context = Context::new();
    let (one, other) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
    for socket in [&*one, &*other] {
        socket.set_heartbeat_interval(Some(Duration::from_millis(50))).unwrap();
        socket.set_heartbeat_timeout(Some(Duration::from_secs(2))).unwrap();
        socket.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    }
    ground.guard(&one);
    ground.admit(&other);
    let relay = Relay::to(&one.bind(ground.anywhere()).unwrap());
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

pub(crate) fn through_many_cuts_nothing_comes_twice_or_in_another_order(on: &str) {
    let ground = Ground::named(on);
    let context = Context::new();
    let (push, pull) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
    push.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
    ground.guard(&pull);
    ground.admit(&push);
    let relay = Relay::to(&pull.bind(ground.anywhere()).unwrap());
    push.connect(relay.endpoint()).unwrap();
    let (mut next, mut heard) = (1, Heard::default());
    for _ in 0..many(20, 1000) {
        for _ in 0..50 {
            push.send_timeout(number(next), LONG).unwrap();
            next += 1;
        }
        relay.cut();
        heard.all_there_is(&pull);
    }
    // What is sent before a cut is noticed is lost with the connection.
    let lost = next;
    eventually(|| {
        push.send_timeout(number(next), LONG).unwrap();
        next += 1;
        heard.all_there_is(&pull);
        heard.numbers.last() >= Some(&lost)
    });
    assert!(heard.runs.len() as u64 <= pull.statistics().connections, "out of order: {:?}", heard.runs);
}

/// What has come over connections that were cut. Each keeps the order; what is left unread of one may come after what the
/// next one brings, so there are no more ascending runs than there were connections.
#[derive(Default)]
struct Heard {
    numbers: BTreeSet<u32>,
    /// The last number of each run.
    runs: Vec<u32>,
}

impl Heard {
    #[track_caller]
    fn all_there_is(&mut self, pull: &Pull) {
        while let Ok(message) = pull.recv_timeout(Duration::from_millis(5)) {
            let number = as_number(&message);
            assert!(self.numbers.insert(number), "{number} came twice");
            match self.runs.iter_mut().filter(|last| **last < number).max() {
                Some(last) => *last = number,
                None => self.runs.push(number),
            }
        }
    }
}

pub(crate) fn after_a_cut_everybody_returns_at_once_and_is_served(on: &str) {
    let ground = Ground::named(on);
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    ground.guard(&router);
    let relay = Relay::to(&router.bind(ground.anywhere()).unwrap());
    let clients: Vec<_> =
        (0..many(40, 400)).map(|_| eager_dealer(ground, &context, relay.endpoint())).collect();
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

fn eager_dealer(ground: Ground, context: &Context, at: &str) -> Dealer {
    let client = Dealer::new(context).unwrap();
    ground.admit(&client);
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(at).unwrap();
    client
}

pub(crate) fn a_publisher_that_returns_is_told_all_subscriptions_of_before(on: &str) {
    let ground = Ground::named(on);
    let (context, (_path, at)) = (Context::new(), ground.not_yet_bound());
    let subscriber = Sub::new(&context).unwrap();
    ground.admit(&subscriber);
    subscriber.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    let count = if ground == Ground::PLAINEST { 100_000 } else { many(10_000, 100_000) };
    for topic in 0..count {
        subscriber.subscribe(format!("topic {topic:06}")).unwrap();
    }
    subscriber.connect(&at).unwrap();
    for life in 0..2 {
        let publisher = Pub::new(&context).unwrap();
        ground.guard(&publisher);
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

pub(crate) fn one_who_does_not_read_holds_up_nobody_else_and_costs_no_more_than_its_queue(on: &str) {
    let ground = Ground::named(on);
    let context = Context::new();
    let publisher = Pub::new(&context).unwrap();
    publisher.set_send_high_water_mark(Some(100)).unwrap();
    ground.guard(&publisher);
    let at = publisher.bind(ground.anywhere()).unwrap();
    let relay = Relay::to(&at);
    let (good, slow) = (Sub::new(&context).unwrap(), Sub::new(&context).unwrap());
    for subscriber in [&good, &slow] {
        subscriber.subscribe("").unwrap();
        ground.admit(subscriber);
    }
    good.connect(&at).unwrap();
    slow.connect(relay.endpoint()).unwrap();
    assert!(publisher.wait_for_subscribers("", 2, LONG));
    relay.freeze();
    let body = vec![b'.'; 10_000];
    let (mut rounds, mut full) = (0, false);
    while !full || rounds < many(1, 100_000) {
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
