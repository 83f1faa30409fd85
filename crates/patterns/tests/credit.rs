//! A pipeline by credit on real sockets: consumers that are killed, frozen, cut off, slow, or fail; a source that begins
//! anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::{scope, spawn},
    time::Duration,
};
use zeroxide::{Context, Dealer, Frame, Message};
use zeroxide_patterns::credit::{Consumer, ConsumerOptions, Source, SourceOptions};
use zeroxide_testing::{PATIENCE, eventually};

/// Beats often; silence is death soon enough for a test, and late enough for a loaded machine.
const QUICK: ConsumerOptions =
    ConsumerOptions { window: 4, beat: Duration::from_millis(50), longest_item: PATIENCE };
const SOON: SourceOptions = SourceOptions {
    queue: 100,
    most_at_once: 1_000,
    lifetime: Duration::from_secs(6),
    attempts: None,
    consumers: 100,
};
/// Where all live, nobody is taken for dead.
const NEVER: SourceOptions = SourceOptions { lifetime: PATIENCE, ..SOON };

fn source(context: &Context, options: SourceOptions) -> (Source, String) {
    let source = Source::new(context, options).unwrap();
    let endpoint = source.bind("tcp://127.0.0.1:*").unwrap();
    (source, endpoint)
}

/// A consumer that says exactly what it is told to.
struct Raw(Dealer);

impl Raw {
    fn new(context: &Context, endpoint: &str) -> Self {
        let dealer = Dealer::new(context).unwrap();
        dealer.connect(endpoint).unwrap();
        Self(dealer)
    }

    fn credit(&self, session: &Frame, [done, received, window]: [u64; 3]) {
        let numbers = [done, received, window].map(|number| Frame::from(number.to_be_bytes().to_vec()));
        let head = [Frame::from("CREDIT"), session.clone()];
        self.0.send(head.into_iter().chain(numbers).collect::<Message>()).unwrap();
    }

    /// The session and the number of an item, and what is to be done.
    fn item(&self) -> (Frame, u64, String) {
        let item = self.0.recv_timeout(PATIENCE).unwrap();
        let number = u64::from_be_bytes(item[1][..].try_into().unwrap());
        (item[0].clone(), number, item[2].as_str().unwrap().to_owned())
    }
}

/// Bodies, and how often each was done.
#[derive(Default)]
struct Done(Mutex<BTreeMap<String, u32>>);

impl Done {
    fn note(&self, body: &Message) {
        *self.0.lock().unwrap().entry(body.to_string()).or_default() += 1;
    }

    fn each(&self, count: usize, times: std::ops::RangeInclusive<u32>) {
        let done = self.0.lock().unwrap();
        assert_eq!(done.len(), count);
        assert!(done.values().all(|often| times.contains(often)), "{done:?}");
    }
}

#[test]
fn each_item_is_done_once_by_consumers_that_live() {
    let context = Context::new();
    let (source, endpoint) =
        source(&context, SourceOptions { lifetime: PATIENCE, ..SourceOptions::default() });
    let done = Done::default();
    scope(|scope| {
        for _ in 0..3 {
            let consumer = Consumer::new(&context, &endpoint, ConsumerOptions::default()).unwrap();
            let done = &done;
            // Two threads share each.
            scope.spawn(move || {
                std::thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| consumer.run(|body| done.note(&body)).unwrap());
                    }
                });
            });
        }
        for task in 0..3_000 {
            source.send(task.to_string()).unwrap();
        }
        let report = source.finish(PATIENCE).unwrap();
        assert!(report.is_done(), "{report:?}");
        assert_eq!((report.offered, report.done), (3_000, 3_000));
    });
    done.each(3_000, 1..=1);
}

#[test]
fn what_a_killed_and_a_frozen_consumer_had_is_done_by_another() {
    let context = Context::new();
    let (source, endpoint) = source(&context, SOON);
    let [killed, frozen] = [(); 2].map(|()| Raw::new(&context, &endpoint));
    killed.credit(&Frame::EMPTY, [0, 0, 3]);
    frozen.credit(&Frame::EMPTY, [0, 0, 3]);
    eventually(|| source.statistics().consumers == 2);
    (0..6).for_each(|task| source.send(task.to_string()).unwrap());
    let (session, ..) = killed.item();
    killed.credit(&session, [1, 1, 3]);
    let (frozen_session, ..) = frozen.item();
    drop(killed);
    let done = Done::default();
    let consumer = Consumer::new(&context, &endpoint, QUICK).unwrap();
    scope(|scope| {
        scope.spawn(|| consumer.run(|body| done.note(&body)).unwrap());
        eventually(|| source.statistics().done == 6);
        // It wakes, and does not know that it was given up: what it says counts nothing.
        frozen.credit(&frozen_session, [3, 3, 3]);
        source.send("6").unwrap();
        let report = source.finish(PATIENCE).unwrap();
        assert!(report.is_done() && report.consumers_lost >= 2, "{report:?}");
    });
    // All but the one that was done by the first.
    done.each(6, 1..=7);
}

#[test]
fn a_consumer_that_fails_or_ends_hands_back_at_once() {
    let context = Context::new();
    // Nobody is given up for silence here.
    let (source, endpoint) = source(&context, SourceOptions { lifetime: Duration::from_secs(3600), ..SOON });
    let first = Consumer::new(&context, &endpoint, QUICK).unwrap();
    (0..4).for_each(|task| source.send(task.to_string()).unwrap());
    let failed = first.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(failed.body(), &Message::from("0"));
    drop(failed);
    let again = loop {
        let item = first.recv_timeout(PATIENCE).unwrap().unwrap();
        if item.body() == &Message::from("0") {
            break item;
        }
        // It was in hand before it failed, and is done twice.
        item.done();
    };
    again.done();
    drop(first);
    let done = Done::default();
    let second = Consumer::new(&context, &endpoint, QUICK).unwrap();
    scope(|scope| {
        scope.spawn(|| second.run(|body| done.note(&body)).unwrap());
        let report = source.finish(PATIENCE).unwrap();
        assert!(report.is_done() && report.consumers_lost == 0, "{report:?}");
        assert!(report.repeated >= 4, "{report:?}");
    });
}

#[test]
fn a_stuck_consumer_is_taken_for_gone_though_its_process_lives() {
    let context = Context::new();
    let (source, endpoint) = source(&context, SOON);
    let options = ConsumerOptions { longest_item: Duration::from_millis(100), ..QUICK };
    let stuck = Consumer::new(&context, &endpoint, options).unwrap();
    source.send("task").unwrap();
    let held = stuck.recv_timeout(PATIENCE).unwrap().unwrap();
    eventually(|| source.statistics().consumers_lost >= 1);
    let other = Consumer::new(&context, &endpoint, QUICK).unwrap();
    scope(|scope| {
        scope.spawn(|| other.run(|body| assert_eq!(body, "task".into())).unwrap());
        eventually(|| source.statistics().done == 1);
        // Too late: it counts for the other.
        held.done();
        assert_eq!(source.finish(PATIENCE).unwrap().done, 1);
    });
}

#[test]
fn who_is_slow_gets_less() {
    let context = Context::new();
    let (source, endpoint) = source(&context, NEVER);
    let slow = Consumer::new(&context, &endpoint, QUICK).unwrap();
    let fast = Consumer::new(&context, &endpoint, QUICK).unwrap();
    eventually(|| source.statistics().consumers == 2);
    let count = AtomicU64::new(0);
    scope(|scope| {
        scope.spawn(|| {
            let work = |_| {
                count.fetch_add(1, SeqCst);
            };
            fast.run(work).unwrap()
        });
        (0..200).for_each(|task| source.send(task.to_string()).unwrap());
        // It takes its four, and does nothing.
        let held: Vec<_> = (0..4).map(|_| slow.recv_timeout(PATIENCE).unwrap().unwrap()).collect();
        eventually(|| count.load(SeqCst) == 196);
        held.into_iter().for_each(|item| item.done());
        assert!(source.finish(PATIENCE).unwrap().is_done());
    });
}

#[test]
fn a_source_takes_no_more_than_it_may_hold() {
    let context = Context::new();
    let (source, endpoint) = source(&context, SourceOptions { queue: 10, ..NEVER });
    let taken = (0..10_000).take_while(|task: &u32| source.try_send(task.to_string()).is_ok()).count();
    assert!((10..=200).contains(&taken), "10, and about 100 on the way to its thread: {taken}");
    eventually(|| source.statistics().waiting == 10);
    let consumer = Consumer::new(&context, &endpoint, QUICK).unwrap();
    scope(|scope| {
        let working = scope.spawn(|| consumer.run(|_| ()).unwrap());
        // Now there is room.
        source.send("one more").unwrap();
        assert!(source.finish(PATIENCE).unwrap().is_done());
        assert_eq!(working.join().unwrap(), taken as u64 + 1);
    });
}

#[test]
fn a_source_without_consumers_ends_when_its_time_is_over() {
    let context = Context::new();
    let (source, _) = source(&context, SOON);
    source.send("nobody does this").unwrap();
    eventually(|| source.statistics().offered == 1);
    let report = source.finish(Duration::from_millis(10)).unwrap();
    assert_eq!((report.is_done(), report.waiting), (false, 1));
}

#[test]
fn consumers_go_on_with_the_next_source() {
    let context = Context::new();
    let endpoint = format!("ipc://@zeroxide-credit-{}", std::process::id());
    let consumer = Consumer::new(&context, &endpoint, QUICK).unwrap();
    let mut held = Vec::new();
    for life in 0..3 {
        let source = Source::new(&context, NEVER).unwrap();
        eventually(|| source.bind(&endpoint).is_ok());
        source.send(format!("{life}-a")).unwrap();
        source.send(format!("{life}-b")).unwrap();
        let first = consumer.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(first.body(), &Message::from(format!("{life}-a")));
        first.done();
        let second = consumer.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(second.body(), &Message::from(format!("{life}-b")));
        // It dies before it hears whether that is done.
        held.push(second);
        drop(source);
    }
    assert_eq!(held.len(), 3);
}

#[test]
fn a_consumer_whose_connection_breaks_goes_on_and_does_nothing_twice() {
    let context = Context::new();
    let (source, endpoint) = source(&context, NEVER);
    // Breaks the connection again and again: what is on its way is lost with it.
    let cable = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = format!("tcp://{}", cable.local_addr().unwrap());
    let far = endpoint.trim_start_matches("tcp://").to_owned();
    spawn(move || {
        for (number, near) in cable.incoming().enumerate() {
            let (near, Ok(far)) = (near.unwrap(), std::net::TcpStream::connect(&far)) else { return };
            let mut ways = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
            ways.reverse();
            for (way, (mut from, mut to)) in ways.into_iter().enumerate() {
                // The first few break after so many octets of the source's.
                let most = if number < 10 && way == 0 { 400 + 150 * number as u64 } else { u64::MAX };
                spawn(move || {
                    let _ = std::io::copy(&mut std::io::Read::take(&mut from, most), &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                    let _ = from.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    let done = Done::default();
    let consumer = Consumer::new(&context, &near, ConsumerOptions { window: 20, ..QUICK }).unwrap();
    scope(|scope| {
        scope.spawn(|| consumer.run(|body| done.note(&body)).unwrap());
        (0..500).for_each(|task| source.send(task.to_string()).unwrap());
        eventually(|| source.statistics().done == 500);
        let report = source.finish(PATIENCE).unwrap();
        assert_eq!((report.consumers_lost, report.repeated), (0, 0), "{report:?}");
        assert!(report.sent_again > 0, "nothing was lost on the way: {report:?}");
    });
    done.each(500, 1..=1);
}

#[test]
fn nonsense_is_counted_and_harms_nobody() {
    let context = Context::new();
    let (source, endpoint) = source(&context, NEVER);
    let rude = Raw::new(&context, &endpoint);
    let nonsense: [&[&str]; 6] =
        [&[""], &["CREDIT"], &["CREDIT", "", "1", "2", "3"], &["BYE"], &["BYE", "x", "7"], &["x"; 6]];
    nonsense.iter().for_each(|frames| rude.0.send(Message::from_frames(frames.iter().copied())).unwrap());
    rude.0.send(Message::from_frames((0..1_000).map(|_| "x"))).unwrap();
    // Nobody was given a session of that name: it is a new one, of which nothing is done.
    rude.credit(&"made up".into(), [7, 9, 0]);
    eventually(|| source.statistics().malformed == 7);
    // One that asks for everything gets a part, and does not read it.
    rude.credit(&Frame::EMPTY, [0, 0, 0]);
    let consumer = Consumer::new(&context, &endpoint, QUICK).unwrap();
    (0..50).for_each(|task| source.send(task.to_string()).unwrap());
    scope(|scope| {
        let working = scope.spawn(|| consumer.run(|_| ()).unwrap());
        assert!(source.finish(PATIENCE).unwrap().is_done());
        assert_eq!(working.join().unwrap(), 50);
    });
}

#[test]
fn tasks_of_an_executor_work_as_threads_do() {
    let context = Context::new();
    let (source, endpoint) = source(&context, SourceOptions { queue: 10, ..NEVER });
    let consumer = Consumer::new(&context, &endpoint, ConsumerOptions::default()).unwrap();
    let report = smol::block_on(async {
        let working = async {
            let mut count = 0;
            while let Some(item) = consumer.recv_async().await.unwrap() {
                item.done();
                count += 1;
            }
            count
        };
        let sending = async {
            for task in 0..500 {
                source.send_async(task.to_string()).await.unwrap();
            }
            source.finish_async().await.unwrap()
        };
        let (count, report) = smol::future::zip(working, sending).await;
        assert_eq!(count, 500);
        report
    });
    assert!(report.is_done());
}
