//! Titanic on real sockets and a real disk: its words, its death, and what it keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{JoinHandle, spawn},
    time::Duration,
};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    Control, PatternError,
    majordomo::{BrokerControl, BrokerOptions, BrokerServer, Client, ClientOptions, Worker, WorkerOptions},
    titanic::{
        FileStore, RequestNumber, StoreLimits, TitanicClient, TitanicError, TitanicOptions, TitanicServer,
    },
};
use zeroxide_testing::{PATIENCE, Process, eventually};

/// A directory that goes with its test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("zeroxide-titanic-{}", RequestNumber::random()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("titanic.redb")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Broker {
    endpoint: String,
    control: BrokerControl,
    running: JoinHandle<Result<(), PatternError>>,
}

impl Broker {
    /// One that repeats nothing by itself.
    fn start(context: &Context) -> Self {
        let options = BrokerOptions { attempts: 1, ..BrokerOptions::default() };
        let broker = BrokerServer::new(context, options).unwrap();
        let endpoint = broker.bind("tcp://127.0.0.1:*").unwrap();
        Self { endpoint, control: broker.control(), running: spawn(move || broker.run()) }
    }

    fn stop(self) {
        self.control.stop();
        self.running.join().unwrap().unwrap();
    }
}

fn small() -> TitanicOptions {
    TitanicOptions {
        tick: Duration::from_millis(50),
        accepting: 4,
        replying: 2,
        dispatchers: 4,
        once: vec!["debit".into()],
        attempts: 1000,
        ..TitanicOptions::default()
    }
}

fn titanic(context: &Context, broker: &str, file: &Path, limits: StoreLimits) -> Box<dyn FnOnce()> {
    let store = FileStore::open(file, limits).unwrap();
    let titanic = TitanicServer::new(context, &[broker], store, small()).unwrap();
    let control = titanic.control();
    let running = spawn(move || titanic.run());
    Box::new(move || {
        control.stop();
        running.join().unwrap().unwrap();
    })
}

fn serve(
    context: &Context,
    broker: &str,
    service: &str,
    work: impl FnMut(&Message) -> Message + Send + 'static,
) -> Box<dyn FnOnce()> {
    let mut worker = Worker::new(context, &[broker], service, WorkerOptions::default()).unwrap();
    let control: Control = worker.control();
    let working = spawn(move || worker.serve(work));
    Box::new(move || {
        control.stop();
        working.join().unwrap().unwrap();
    })
}

/// Asks as long as the test is patient: Titanic may be dead for a while.
fn persistent() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(500),
        tries: 120,
        longest_pause: Duration::from_millis(100),
        ..ClientOptions::default()
    }
}

#[test]
fn the_words_of_the_rfc_are_answered_in_its_words() {
    let (context, place) = (Context::new(), Place::new());
    let broker = Broker::start(&context);
    let stop = titanic(&context, &broker.endpoint, &place.file(), StoreLimits { requests: 1, octets: 1000 });
    let mut client = Client::new(&context, &[&broker.endpoint], persistent()).unwrap();
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
    let (context, place) = (Context::new(), Place::new());
    let broker = Broker::start(&context);
    let mut client = TitanicClient::new(&context, &[&broker.endpoint], persistent()).unwrap();
    let stop = titanic(&context, &broker.endpoint, &place.file(), StoreLimits::default());
    let number = client.request("echo", "Hello world").unwrap();
    assert_eq!(client.request_as(number, "echo", "Hello world").unwrap(), number, "it is the same request");
    let other = client.request_by_rfc("echo", "Hello again").unwrap();
    stop();
    let stop = titanic(&context, &broker.endpoint, &place.file(), StoreLimits::default());
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
    let stop = titanic(&context, &broker.endpoint, &place.file(), StoreLimits::default());
    assert_eq!(client.reply(number).unwrap(), Some(Message::from("Hello world")), "also after a restart");
    assert_eq!(asked.load(SeqCst), 2);
    client.close(number).unwrap();
    assert!(matches!(client.reply(number), Err(TitanicError::Unknown)));
    stop_echo();
    stop();
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

fn child(broker: &str, file: &Path) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["titanic_in_a_child", "--exact", "--nocapture"]);
    command.env("TITANIC_BROKER", broker).env("TITANIC_FILE", file).stdout(Stdio::null());
    Process::start(&mut command).unwrap()
}

/// Kills Titanic after so many requests that were accepted since it was started, in all phases of what it does: the clients go
/// on asking, the services go on answering, and each kill comes in the middle of some of it.
const KILLS: [usize; 16] = [0, 1, 2, 3, 5, 7, 1, 11, 13, 4, 17, 1, 23, 2, 29, 31];

#[test]
fn killed_at_any_moment_it_loses_nothing_that_was_accepted_and_does_nothing_twice_that_must_not_be() {
    let (context, place) = (Context::new(), Place::new());
    let broker = Broker::start(&context);
    let done: Arc<Mutex<HashMap<Vec<u8>, usize>>> = Arc::default();
    let stops = ["echo", "debit", "debit"].map(|service| {
        let done = Arc::clone(&done);
        serve(&context, &broker.endpoint, service, move |request| {
            *done.lock().unwrap().entry(request.body().to_vec()).or_default() += 1;
            request.clone()
        })
    });
    let (accepted, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let asking = ["echo", "debit", "echo", "debit"].map(|service| {
        let mut client = TitanicClient::new(&context, &[&broker.endpoint], persistent()).unwrap();
        let (accepted, over) = (Arc::clone(&accepted), Arc::clone(&over));
        spawn(move || {
            let mut numbers = Vec::new();
            while !over.load(SeqCst) {
                let number = RequestNumber::random();
                let body = format!("{service} {number}");
                client.request_as(number, service, &*body).unwrap();
                numbers.push((number, body));
                accepted.fetch_add(1, SeqCst);
            }
            (service, numbers)
        })
    });
    for after in KILLS {
        let before = accepted.load(SeqCst);
        let mut titanic = child(&broker.endpoint, &place.file());
        eventually(|| accepted.load(SeqCst) >= before + after);
        titanic.kill();
    }
    let mut titanic = child(&broker.endpoint, &place.file());
    over.store(true, SeqCst);
    let asked = asking.map(|asking| asking.join().unwrap());
    let mut client = TitanicClient::new(&context, &[&broker.endpoint], persistent()).unwrap();
    for (service, numbers) in asked {
        for (number, body) in numbers {
            match client.wait(number, PATIENCE) {
                Ok(answer) => assert_eq!(answer, Message::from(&*body)),
                // It died with the request under way: known, and not done again.
                Err(TitanicError::Refused(status)) if service == "debit" => assert_eq!(status, "500 failed"),
                Err(error) => panic!("{service} {number}: {error}"),
            }
            let times = done.lock().unwrap().get(body.as_bytes()).copied().unwrap_or_default();
            match service {
                "echo" => assert!(times >= 1, "answered by nobody"),
                _ => assert!(times <= 1, "{body} was done {times} times"),
            }
        }
    }
    titanic.kill();
    stops.into_iter().for_each(|stop| stop());
    broker.stop();
}
