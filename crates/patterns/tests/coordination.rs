//! Node coordination on real sockets: any order of starts, nodes that die or come late, a coordinator that dies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread::{JoinHandle, spawn},
    time::Duration,
};
use zeroxide::{Context, Dealer, Message, Pub, Sub};
use zeroxide_patterns::coordination::{
    Coordinator, CoordinatorOptions, Gathered, JoinError, Joined, Late, Node,
};
use zeroxide_testing::{PATIENCE, eventually};

/// Calls often; a node is silent when it could have answered a hundred times.
const QUICK: CoordinatorOptions = CoordinatorOptions {
    every: Duration::from_millis(20),
    silence: Duration::from_secs(3),
    late: Late::Refused,
    nodes: 100,
};

/// Where a publisher and its coordinator are, again after a restart.
#[derive(Clone)]
struct Place {
    updates: String,
    desk: String,
}

impl Place {
    fn new() -> Self {
        static PLACES: AtomicUsize = AtomicUsize::new(0);
        let place = format!("ipc://@zeroxide-join-{}-{}", std::process::id(), PLACES.fetch_add(1, SeqCst));
        Self { updates: format!("{place}-updates"), desk: format!("{place}-desk") }
    }

    fn publisher(&self, context: &Context, options: CoordinatorOptions) -> (Pub, Coordinator) {
        let publisher = Pub::new(context).unwrap();
        publisher.set_send_high_water_mark(None).unwrap();
        let coordinator = Coordinator::new(context, "join", options).unwrap();
        eventually(|| publisher.bind(&self.updates).is_ok());
        eventually(|| coordinator.bind(&self.desk).is_ok());
        (publisher, coordinator)
    }

    fn node(&self, context: &Context, name: &str) -> (Sub, Node) {
        let subscriber = Sub::new(context).unwrap();
        subscriber.set_receive_high_water_mark(None).unwrap();
        subscriber.subscribe("update").unwrap();
        subscriber.connect(&self.updates).unwrap();
        (subscriber, Node::new(context, &self.desk, name).unwrap())
    }

    /// A node that joins and counts what is published until the end.
    fn counting(&self, context: &Context, name: &str) -> JoinHandle<Result<(Joined, usize), JoinError>> {
        let (subscriber, mut node) = self.node(context, name);
        spawn(move || {
            let joined = node.join(&subscriber, "join", PATIENCE)?;
            let mut count = 0;
            while subscriber.recv_timeout(PATIENCE).unwrap() != Message::from("update: end") {
                count += 1;
            }
            Ok((joined, count))
        })
    }
}

fn publish(publisher: &Pub, count: usize) {
    (0..count).for_each(|number| publisher.send(format!("update {number}")).unwrap());
    publisher.send("update: end").unwrap();
}

#[test]
fn every_node_gets_everything_whoever_starts_first() {
    for round in 0..5 {
        let (context, place) = (Context::new(), Place::new());
        let before: Vec<_> =
            (0..2 * round).map(|n| place.counting(&context, &format!("before {n}"))).collect();
        let (publisher, mut coordinator) = place.publisher(&context, QUICK);
        let after: Vec<_> =
            (2 * round..10).map(|n| place.counting(&context, &format!("after {n}"))).collect();
        let gathered = coordinator.gather(&publisher, 10, PATIENCE).unwrap();
        assert!(gathered.is_complete && gathered.nodes.len() == 10, "{gathered:?}");
        publish(&publisher, 2_000);
        for node in before.into_iter().chain(after) {
            let (joined, count) = node.join().unwrap().unwrap();
            assert!(joined.in_time);
            assert_eq!(count, 2_000);
        }
    }
}

#[test]
fn a_node_that_never_comes_is_missed_when_time_is_over_and_the_others_may_go() {
    let (context, place) = (Context::new(), Place::new());
    let (publisher, mut coordinator) = place.publisher(&context, QUICK);
    let nodes = ["1", "2"].map(|name| place.counting(&context, name));
    let Gathered { is_complete, nodes: present, .. } = loop {
        let gathered = coordinator.gather(&publisher, 3, Duration::from_millis(200)).unwrap();
        if gathered.nodes.len() == 2 {
            break gathered;
        }
    };
    assert_eq!((is_complete, present), (false, vec!["1".into(), "2".into()]));
    coordinator.go(&publisher).unwrap();
    publish(&publisher, 10);
    for node in nodes {
        assert_eq!(node.join().unwrap().unwrap().1, 10);
    }
}

#[test]
fn a_node_that_died_before_the_go_does_not_count() {
    let (context, place) = (Context::new(), Place::new());
    let (publisher, mut coordinator) = place.publisher(&context, QUICK);
    let (subscriber, mut node) = place.node(&context, "dies");
    let joining = spawn(move || node.join(&subscriber, "join", Duration::from_secs(2)).unwrap_err());
    let mut glance = |wanted| coordinator.gather(&publisher, wanted, Duration::from_millis(50)).unwrap();
    while !joining.is_finished() {
        glance(100);
    }
    // On a loaded machine it may not even have heard anything in its two seconds.
    assert!(matches!(joining.join().unwrap(), JoinError::TimedOut { .. }));
    while !glance(100).nodes.is_empty() {}
    let living = place.counting(&context, "lives");
    while glance(2).nodes.is_empty() {}
    assert!(!glance(2).is_complete, "there were two, but not at once");
    let gathered = coordinator.gather(&publisher, 1, PATIENCE).unwrap();
    assert!(gathered.is_complete && gathered.nodes == ["lives"], "{gathered:?}");
    publish(&publisher, 10);
    assert_eq!(living.join().unwrap().unwrap().1, 10);
}

#[test]
fn whoever_comes_late_is_refused_or_knows_that_it_has_missed_something() {
    for late in [Late::Refused, Late::Admitted] {
        let (context, place) = (Context::new(), Place::new());
        let (publisher, mut coordinator) = place.publisher(&context, CoordinatorOptions { late, ..QUICK });
        assert!(coordinator.gather(&publisher, 0, PATIENCE).unwrap().is_complete);
        publisher.send("update missed").unwrap();
        let (subscriber, mut node) = place.node(&context, "late");
        let joining = spawn(move || (node.join(&subscriber, "join", PATIENCE), subscriber));
        while !joining.is_finished() {
            coordinator.attend(&publisher).unwrap();
            std::thread::yield_now();
        }
        let (outcome, subscriber) = joining.join().unwrap();
        match late {
            Late::Refused => assert!(matches!(outcome, Err(JoinError::Late)), "{outcome:?}"),
            Late::Admitted => {
                assert!(!outcome.unwrap().in_time);
                publisher.send("update later").unwrap();
                assert_eq!(subscriber.recv_timeout(PATIENCE).unwrap(), "update later".into());
            }
        }
        assert!(coordinator.statistics().late >= 1);
    }
}

#[test]
fn when_the_coordinator_dies_nodes_join_at_the_next() {
    let (context, place) = (Context::new(), Place::new());
    let nodes = ["1", "2"].map(|name| place.counting(&context, name));
    {
        let (publisher, mut coordinator) = place.publisher(&context, QUICK);
        // It waits for three, and has two when it ends.
        while coordinator.gather(&publisher, 3, Duration::from_millis(100)).unwrap().nodes.len() < 2 {}
        publisher.set_linger(Some(Duration::ZERO));
    }
    let (publisher, mut coordinator) = place.publisher(&context, QUICK);
    assert!(coordinator.gather(&publisher, 2, PATIENCE).unwrap().is_complete);
    publish(&publisher, 100);
    for node in nodes {
        let (joined, count) = node.join().unwrap().unwrap();
        assert!(joined.in_time && count == 100);
    }
}

#[test]
fn nonsense_at_the_desk_is_counted_and_more_nodes_than_may_be_are_refused() {
    let (context, place) = (Context::new(), Place::new());
    let (publisher, mut coordinator) = place.publisher(&context, CoordinatorOptions { nodes: 1, ..QUICK });
    let rude = Dealer::new(&context).unwrap();
    rude.connect(&place.desk).unwrap();
    for frames in [
        &[""][..],
        &["", "HERE"],
        &["", "THERE", "e", "n"],
        &["x", "HERE", "e", "n"],
        &["", "HERE", "e", "n", "n"],
    ] {
        rude.send(Message::from_frames(frames.iter().copied())).unwrap();
    }
    rude.send(["", "HERE", "made up", "n"]).unwrap();
    assert_eq!(
        loop {
            coordinator.gather(&publisher, 1, Duration::from_millis(20)).unwrap();
            if let Ok(answer) = rude.try_recv() {
                break answer[1].clone();
            }
        },
        "OTHER"
    );
    assert_eq!((coordinator.statistics().malformed, coordinator.statistics().other), (5, 1));
    let outcomes = ["1", "2"].map(|name| place.counting(&context, name));
    while !outcomes.iter().any(JoinHandle::is_finished) {
        assert!(!coordinator.gather(&publisher, 2, Duration::from_millis(20)).unwrap().is_complete);
    }
    assert!(coordinator.gather(&publisher, 1, PATIENCE).unwrap().is_complete);
    publish(&publisher, 10);
    let outcomes = outcomes.map(|node| node.join().unwrap());
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(JoinError::Full))).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok((_, 10)))).count(), 1);
}

#[test]
fn tasks_of_an_executor_join_as_threads_do() {
    let (context, place) = (Context::new(), Place::new());
    let (publisher, mut coordinator) = place.publisher(&context, QUICK);
    let (subscriber, mut node) = place.node(&context, "task");
    let (nobody, mut lonely) = Place::new().node(&context, "lonely");
    smol::block_on(async {
        let joining = node.join_async(&subscriber, "join", PATIENCE);
        let gathering = coordinator.gather_async(&publisher, 1, PATIENCE);
        let (joined, gathered) = smol::future::zip(joining, gathering).await;
        assert!(joined.unwrap().in_time && gathered.unwrap().is_complete);
        publisher.send("update").unwrap();
        assert_eq!(subscriber.recv_async().await.unwrap(), "update".into());
        let failure = lonely.join_async(&nobody, "join", Duration::from_millis(10)).await.unwrap_err();
        assert!(matches!(failure, JoinError::TimedOut { heard: false, accepted: false }), "{failure}");
    });
}
