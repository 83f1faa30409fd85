//! What a socket tells of its connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::block_on;
use common::*;
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context as TaskContext, Wake, Waker},
};
use zeroxide::*;

fn name(event: &Event) -> &'static str {
    match event {
        Event::Connected { .. } => "connected",
        Event::ConnectDelayed { .. } => "delayed",
        Event::ConnectRetried { .. } => "retried",
        Event::Listening { .. } => "listening",
        Event::BindFailed { .. } => "bind failed",
        Event::Accepted { .. } => "accepted",
        Event::AcceptFailed { .. } => "accept failed",
        Event::Closed { .. } => "closed",
        Event::Disconnected { .. } => "disconnected",
        Event::HandshakeSucceeded { .. } => "succeeded",
        Event::HandshakeFailed { .. } => "failed",
        Event::Missed(_) => "missed",
        _ => "new",
    }
}

#[track_caller]
fn expect(events: &Monitor, wanted: &[&str]) {
    for (at, wanted) in wanted.iter().enumerate() {
        let event = events.wait_timeout(LONG).expect(wanted);
        assert_eq!(name(&event), *wanted, "event {at}: {event:?}");
    }
}

#[test]
fn both_sides_tell_the_life_of_a_connection_in_order() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (server, client) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
        let (at_server, at_client) = (server.monitor(), client.monitor());
        let at = server.bind(endpoint).unwrap();
        assert_eq!(at_server.wait_timeout(LONG), Some(Event::Listening { endpoint: at.clone() }));
        client.connect(&at).unwrap();
        expect(&at_client, &["delayed", "connected", "succeeded"]);
        expect(&at_server, &["accepted", "succeeded"]);
        client.disconnect(&at).unwrap();
        expect(&at_server, &["disconnected"]);
        server.unbind(&at).unwrap();
        assert_eq!(at_server.wait_timeout(LONG), Some(Event::Closed { endpoint: at }));
        drop(server);
        assert_eq!(at_server.wait_timeout(LONG), None);
    }
}

#[test]
fn a_peer_that_is_lost_is_told_of_and_tried_again() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (server, client) = (Dealer::new(&context).unwrap(), Dealer::new(&context).unwrap());
        let at = server.bind(endpoint).unwrap();
        let events = client.monitor();
        client.connect(&at).unwrap();
        expect(&events, &["delayed", "connected", "succeeded"]);
        drop(server);
        expect(&events, &["disconnected", "retried"]);
    }
}

#[test]
fn a_bind_that_fails_is_told_of() {
    let context = Context::new();
    let (first, second) = (Pull::new(&context).unwrap(), Pull::new(&context).unwrap());
    let at = first.bind("tcp://127.0.0.1:*").unwrap();
    let events = second.monitor();
    second.bind(&at).unwrap_err();
    expect(&events, &["bind failed"]);
}

#[test]
fn a_monitor_that_nobody_reads_slows_nothing_down_and_counts_what_it_missed() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let (unread, dropped) = (pull.monitor(), pull.monitor());
    drop(dropped);
    let at = pull.bind("tcp://127.0.0.1:*").unwrap();
    // Two events for each: accepted and failed. No more at once than the backlog holds.
    for count in 1..=2_500 {
        RawPeer::connect(&at).close();
        if count % 50 == 0 {
            eventually(|| pull.statistics().failed_handshakes == count);
        }
    }
    let push = Push::new(&context).unwrap();
    join_at(&pull, &push, &at);
    push.send("got through").unwrap();
    assert_eq!(pull.text(), "got through");
    let mut seen = 0;
    let missed = loop {
        match unread.try_next().unwrap() {
            Event::Missed(count) => break count,
            _ => seen += 1,
        }
    };
    assert_eq!(seen + missed, 1 + 2 * 2_500 + 2);
    drop(push);
    expect(&unread, &["disconnected"]);
}

#[test]
fn every_monitor_of_a_socket_gets_every_event_and_waiting_ones_are_woken() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitors = [(); 3].map(|()| pull.monitor());
    let (events, at) = once_asleep(
        || monitors.iter().map(|monitor| monitor.wait().unwrap()).collect::<Vec<_>>(),
        || pull.bind("tcp://127.0.0.1:*").unwrap(),
    );
    assert_eq!(events, vec![Event::Listening { endpoint: at }; 3]);
    let [first, second, third] = monitors;
    let all = async move { while second.next_async().await.is_some() {} };
    let (ended, ()) = once_asleep(move || (first.last(), block_on(all)), || drop(pull));
    // The end of the listener may or may not be told before the end of the socket ends the monitors.
    assert!(matches!(ended.0, None | Some(Event::Closed { .. })), "{ended:?}");
    third.for_each(drop);
}

#[test]
fn a_dropped_wait_for_an_event_leaves_nothing_behind() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let events = pull.monitor();
    let nobody = Arc::new(Nobody);
    let waker = Waker::from(nobody.clone());
    // What the loser of a `select!` goes through, round after round.
    for _ in 0..100 {
        let pending = pin!(events.next_async());
        assert!(pending.poll(&mut TaskContext::from_waker(&waker)).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&nobody), 1, "wakers of tasks that wait no more");
    pull.bind("tcp://127.0.0.1:*").unwrap();
    assert_eq!(block_on(events.next_async()).as_ref().map(name), Some("listening"), "no event is lost");
}
