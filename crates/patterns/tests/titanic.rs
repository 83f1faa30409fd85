//! Titanic on real sockets and a real disk: its words, its death, and what it keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

mod sailing;

use sailing::{Broker, Directory, Traffic, child, patient, persistent, serve, small, titanic};
use std::{
    fs::OpenOptions,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::spawn,
    time::Duration,
};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    majordomo::{Client, Worker, WorkerOptions},
    titanic::{FileStore, StoreLimits, TitanicClient, TitanicError, TitanicOptions, TitanicServer},
};
use zeroxide_testing::{PATIENCE, eventually};

fn file(place: &Directory) -> PathBuf {
    place.file("titanic.redb")
}

fn store(place: &Directory) -> FileStore {
    FileStore::open(file(place), StoreLimits::default()).unwrap()
}

#[test]
fn the_words_of_the_rfc_are_answered_in_its_words() {
    let (context, place) = (Context::new(), Directory::new());
    let broker = Broker::start(&context);
    let store = FileStore::open(file(&place), StoreLimits { requests: 1, octets: 1000 }).unwrap();
    let stop = titanic(&context, &broker.endpoint, store);
    let mut client = Client::new(&context, &[&broker.endpoint], patient()).unwrap();
    let mut ask = |service: &str, body: Message| client.call(service, body).unwrap();

    let unknown = "0123456789ABCDEF0123456789ABCDEF";
    assert_eq!(ask("titanic.reply", Message::from(unknown)), Message::from("400"));
    assert_eq!(ask("titanic.reply", Message::from("../../etc/passwd")), Message::from("400"));
    assert_eq!(ask("titanic.close", Message::from(unknown)), Message::from("200"));
    assert_eq!(ask("titanic.request", Message::from("no body")), Message::from("500 makes no sense"));

    let accepted = ask("titanic.request", Message::from(["echo", "Hello", "world"]));
    let number = accepted[1].clone();
    assert_eq!((&accepted[0][..], number.len()), (&b"200"[..], 32));
    assert_eq!(ask("titanic.request", Message::from(["echo", "more"])), Message::from("500 full"));
    assert_eq!(ask("titanic.reply", Message::from(number.clone())), Message::from("300"));

    let stop_echo = serve(&context, &broker.endpoint, "echo", Message::clone);
    eventually(|| {
        ask("titanic.reply", Message::from(number.clone())) == Message::from(["200", "Hello", "world"])
    });
    for _ in 0..2 {
        assert_eq!(ask("titanic.close", Message::from(number.clone())), Message::from("200"));
        assert_eq!(ask("titanic.reply", Message::from(number.clone())), Message::from("400"));
    }
    stop_echo();
    stop();
    broker.stop();
}

#[test]
fn a_request_waits_for_its_service_through_restarts() {
    let (context, place) = (Context::new(), Directory::new());
    let broker = Broker::start(&context);
    let mut client = TitanicClient::new(&context, &[&broker.endpoint], persistent()).unwrap();
    let mut by_rfc = TitanicClient::new(&context, &[&broker.endpoint], patient()).unwrap();
    let stop = titanic(&context, &broker.endpoint, store(&place));
    let number = client.request("echo", "Hello world").unwrap();
    assert_eq!(client.request_as(number, "echo", "Hello world").unwrap(), number, "it is the same request");
    let other = by_rfc.request_by_rfc("echo", "Hello again").unwrap();
    stop();
    let stop = titanic(&context, &broker.endpoint, store(&place));
    assert_eq!(client.reply(number).unwrap(), None);
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let stop_echo = serve(&context, &broker.endpoint, "echo", move |request| {
        counting.fetch_add(1, SeqCst);
        request.clone()
    });
    assert_eq!(client.wait(number, PATIENCE).unwrap(), Message::from("Hello world"));
    assert_eq!(client.wait(other, PATIENCE).unwrap(), Message::from("Hello again"));
    stop();
    let stop = titanic(&context, &broker.endpoint, store(&place));
    assert_eq!(client.reply(number).unwrap(), Some(Message::from("Hello world")), "also after a restart");
    assert_eq!(asked.load(SeqCst), 2);
    client.close(number).unwrap();
    assert!(matches!(client.reply(number), Err(TitanicError::Unknown)));
    stop_echo();
    stop();
    broker.stop();
}

/// Not a test: a worker that writes down what it is asked, and does not live to answer.
#[test]
fn worker_in_a_child() {
    let (Ok(broker), Ok(deeds)) = (std::env::var("WORKER_BROKER"), std::env::var("WORKER_DEEDS")) else {
        return;
    };
    let mut worker = Worker::new(&Context::new(), &[broker], "debit", WorkerOptions::default()).unwrap();
    let mut deeds = OpenOptions::new().create(true).append(true).open(deeds).unwrap();
    let request = worker.recv().unwrap().unwrap();
    writeln!(deeds, "{request}").unwrap();
    std::process::abort();
}

#[test]
fn a_worker_that_dies_at_work_leaves_a_request_that_nobody_knows_the_end_of_and_nobody_repeats() {
    let (context, place) = (Context::new(), Directory::new());
    let (broker, deeds) = (Broker::start(&context), place.file("deeds"));
    let options = TitanicOptions { service_timeout: Duration::from_millis(500), ..small() };
    let titanic = TitanicServer::new(&context, &[&broker.endpoint], store(&place), options).unwrap();
    let control = titanic.control();
    let sailing = spawn(move || titanic.run());
    let mut client = TitanicClient::new(&context, &[&broker.endpoint], persistent()).unwrap();
    let number = client.request("debit", "ten").unwrap();
    let environment = [("WORKER_BROKER", &*broker.endpoint), ("WORKER_DEEDS", deeds.to_str().unwrap())];
    let mut first = child("worker_in_a_child", &environment);
    first.wait();
    // Whoever comes now would be asked, if anybody was.
    let mut second = child("worker_in_a_child", &environment);
    match client.wait(number, PATIENCE) {
        Err(TitanicError::Refused(status)) => assert_eq!(status, "500 failed"),
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read_to_string(deeds).unwrap().lines().count(), 1);
    second.kill();
    control.stop();
    sailing.join().unwrap().unwrap();
    broker.stop();
}

/// Not a test: Titanic in a process of its own, which is killed.
#[test]
fn titanic_in_a_child() {
    let (Ok(broker), Ok(file)) = (std::env::var("TITANIC_BROKER"), std::env::var("TITANIC_FILE")) else {
        return;
    };
    let store = FileStore::open(file, StoreLimits::default()).unwrap();
    TitanicServer::new(&Context::new(), &[broker], store, small()).unwrap().run().unwrap();
}

/// Kills Titanic after so many requests that were accepted since it was started, in all phases of what it does: the clients go
/// on asking, the services go on answering, and each kill comes in the middle of some of it.
const KILLS: [usize; 16] = [0, 1, 2, 3, 5, 7, 1, 11, 13, 4, 17, 1, 23, 2, 29, 31];

#[test]
fn killed_at_any_moment_it_loses_nothing_that_was_accepted_and_does_nothing_twice_that_must_not_be() {
    let (context, place) = (Context::new(), Directory::new());
    let (broker, file) = (Broker::start(&context), file(&place));
    let traffic = Traffic::start(&context, &broker.endpoint);
    let environment = [("TITANIC_BROKER", &*broker.endpoint), ("TITANIC_FILE", file.to_str().unwrap())];
    let start = || child("titanic_in_a_child", &environment);
    for after in KILLS {
        let mut titanic = start();
        traffic.flows(after);
        titanic.kill();
    }
    let mut titanic = start();
    traffic.ends_well();
    titanic.kill();
    broker.stop();
}
