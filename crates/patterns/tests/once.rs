//! A service that does nothing twice, whoever kills it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

mod sailing;

use sailing::{Broker, Directory, child, persistent};
use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread::{park, spawn},
};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    majordomo::{Client, Doubt, Once, OnceOptions, Worker, WorkerOptions},
    titanic::{FileStore, StoreLimits},
};
use zeroxide_testing::eventually;

fn journal(place: &Path, limits: StoreLimits) -> Once {
    let store = FileStore::open(place.join("journal.redb"), limits).unwrap();
    Once::durable(OnceOptions::default(), store).unwrap()
}

/// What a service did.
fn deeds(place: &Directory) -> Vec<String> {
    let deeds = std::fs::read_to_string(place.file("deeds")).unwrap_or_default();
    deeds.lines().map(str::to_owned).collect()
}

fn stamped(nth: u64, body: &str) -> Message {
    Message::from_frames([&[5; 16][..], &nth.to_be_bytes(), body.as_bytes()])
}

/// Not a test: the service in a process of its own, which is killed. Asked to, it never ends what it does.
#[test]
fn service_in_a_child() {
    let (Ok(broker), Ok(place)) = (std::env::var("ONCE_BROKER"), std::env::var("ONCE_PLACE")) else { return };
    let place = Path::new(&place);
    let once = journal(place, StoreLimits::default());
    let mut worker = Worker::new(&Context::new(), &[broker], "debit", WorkerOptions::default()).unwrap();
    let mut deeds: File = OpenOptions::new().create(true).append(true).open(place.join("deeds")).unwrap();
    let serving = worker.serve(|request| {
        once.answer(request, |body| {
            writeln!(deeds, "{body}").unwrap();
            while body.body() == b"never ends" {
                park();
            }
            format!("{body} is done")
        })
    });
    serving.unwrap();
}

#[test]
fn killed_at_work_it_does_not_begin_again_and_killed_afterwards_it_answers_the_same() {
    let (context, place) = (Context::new(), Directory::new());
    let broker = Broker::start(&context);
    let environment = [("ONCE_BROKER", &*broker.endpoint), ("ONCE_PLACE", place.0.to_str().unwrap())];
    let start = || child("service_in_a_child", &environment);
    let client = || Client::new(&context, &[&broker.endpoint], persistent()).unwrap();

    let mut service = start();
    let mut asking = client();
    let broken_off = spawn(move || asking.call_once("debit", "never ends").unwrap());
    eventually(|| !deeds(&place).is_empty());
    service.kill();
    let mut service = start();
    assert_eq!(broken_off.join().unwrap(), Message::from("500 unknown"));

    let mut client = client();
    let answer = client.call("debit", stamped(1, "ten")).unwrap();
    assert_eq!(answer, stamped(1, "ten is done"));
    service.kill();
    let mut service = start();
    assert_eq!(client.call("debit", stamped(1, "ten")).unwrap(), answer);
    assert_eq!(client.call("debit", stamped(2, "ten")).unwrap(), stamped(2, "ten is done"));
    assert_eq!(deeds(&place), ["never ends", "ten", "ten"]);
    service.kill();
    broker.stop();
}

#[test]
fn what_panics_or_has_no_room_is_told_so_and_is_not_done() {
    let place = Directory::new();
    let once = journal(&place.0, StoreLimits { requests: 2, ..StoreLimits::default() });
    let panicking = || once.answer(&stamped(1, "x"), |_| -> Message { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    let never = |_: &Message| -> Message { panic!("it is not to be done") };
    assert_eq!(once.try_answer(&stamped(1, "x"), never), Err(Doubt::Unknown));
    assert_eq!(once.try_answer(&stamped(2, "x"), |_| "done"), Ok(stamped(2, "done")));
    assert_eq!(once.try_answer(&stamped(3, "x"), never), Err(Doubt::NotBegun));
    assert_eq!(once.answer(&stamped(3, "x"), never), stamped(3, "500 not begun"));
    assert_eq!(once.try_answer(&"no stamp".into(), never), Err(Doubt::NoStamp));
    drop(once);
    let once = journal(&place.0, StoreLimits::default());
    assert_eq!(once.answer(&stamped(2, "x"), never), stamped(2, "done"), "from the disk");
    assert_eq!(once.answer(&stamped(1, "x"), never), stamped(1, "500 unknown"));
    assert_eq!(once.answer(&stamped(3, "x"), |_| "done"), stamped(3, "done"));
}
