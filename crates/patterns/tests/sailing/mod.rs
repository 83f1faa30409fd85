//! What the tests of Titanic share: a broker, services, and clients that go on asking whoever dies.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    collections::HashMap,
    path::PathBuf,
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
    majordomo::{BrokerControl, BrokerOptions, BrokerServer, ClientOptions, Worker, WorkerOptions},
    titanic::{RequestNumber, Store, TitanicClient, TitanicError, TitanicOptions, TitanicServer},
};
use zeroxide_testing::{PATIENCE, Process, eventually};

/// A directory that goes with its test.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("zeroxide-sailing-{}", RequestNumber::random()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Broker {
    pub(crate) endpoint: String,
    control: BrokerControl,
    running: JoinHandle<Result<(), PatternError>>,
}

impl Broker {
    /// One that repeats nothing by itself.
    pub(crate) fn start(context: &Context) -> Self {
        let options = BrokerOptions { attempts: 1, ..BrokerOptions::default() };
        let broker = BrokerServer::new(context, options).unwrap();
        let endpoint = broker.bind("tcp://127.0.0.1:*").unwrap();
        Self { endpoint, control: broker.control(), running: spawn(move || broker.run()) }
    }

    pub(crate) fn stop(self) {
        self.control.stop();
        self.running.join().unwrap().unwrap();
    }
}

pub(crate) fn small() -> TitanicOptions {
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

/// A Titanic in this process; called, it stops.
pub(crate) fn titanic(context: &Context, broker: &str, store: impl Store) -> Box<dyn FnOnce()> {
    let titanic = TitanicServer::new(context, &[broker], store, small()).unwrap();
    let control = titanic.control();
    let running = spawn(move || titanic.run());
    Box::new(move || {
        control.stop();
        running.join().unwrap().unwrap();
    })
}

/// A worker; called, it stops.
pub(crate) fn serve(
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
pub(crate) fn persistent() -> ClientOptions {
    ClientOptions {
        timeout: Duration::from_millis(500),
        tries: 120,
        longest_pause: Duration::from_millis(100),
        ..ClientOptions::default()
    }
}

/// Asks once, and waits as long as a test may take: for what is another request if it is asked again.
pub(crate) fn patient() -> ClientOptions {
    ClientOptions { timeout: PATIENCE, tries: 1, ..ClientOptions::default() }
}

/// A test of this program in a process of its own, which may be killed; what it needs to know is in its environment.
pub(crate) fn child(test: &str, environment: &[(&str, &str)]) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).envs(environment.iter().copied()).stdout(Stdio::null());
    Process::start(&mut command).unwrap()
}

/// A service, and what it was asked.
type Asked = (&'static str, Vec<(RequestNumber, String)>);

/// Two services, one of which must not do anything twice, and clients that ask them by way of Titanic.
pub(crate) struct Traffic {
    context: Context,
    broker: String,
    done: Arc<Mutex<HashMap<Vec<u8>, usize>>>,
    stops: Vec<Box<dyn FnOnce()>>,
    asking: Vec<JoinHandle<Asked>>,
    accepted: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Traffic {
    pub(crate) fn start(context: &Context, broker: &str) -> Self {
        let done: Arc<Mutex<HashMap<Vec<u8>, usize>>> = Arc::default();
        let stops = ["echo", "debit", "debit"].map(|service| {
            let done = Arc::clone(&done);
            serve(context, broker, service, move |request| {
                *done.lock().unwrap().entry(request.body().to_vec()).or_default() += 1;
                request.clone()
            })
        });
        let (accepted, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let asking = ["echo", "debit", "echo", "debit"].map(|service| {
            let mut client = TitanicClient::new(context, &[broker], persistent()).unwrap();
            let (accepted, over) = (Arc::clone(&accepted), Arc::clone(&over));
            spawn(move || {
                let mut numbers = Vec::new();
                while !over.load(SeqCst) {
                    let number = RequestNumber::random();
                    let body = format!("{service} {number}");
                    while let Err(error) = client.request_as(number, service, &*body) {
                        assert!(is_away(&error), "{error}");
                    }
                    numbers.push((number, body));
                    accepted.fetch_add(1, SeqCst);
                }
                (service, numbers)
            })
        });
        let (context, broker) = (context.clone(), broker.to_owned());
        Self { context, broker, done, stops: stops.into(), asking: asking.into(), accepted, over }
    }

    /// Returns when so many more were accepted.
    pub(crate) fn flows(&self, more: usize) {
        let enough = self.accepted.load(SeqCst) + more;
        eventually(|| self.accepted.load(SeqCst) >= enough);
    }

    /// No more is asked. What was accepted is done, or is known not to be; what must not be done twice is not.
    pub(crate) fn ends_well(self) {
        self.over.store(true, SeqCst);
        let mut client = TitanicClient::new(&self.context, &[&self.broker], persistent()).unwrap();
        for asking in self.asking {
            let (service, numbers) = asking.join().unwrap();
            for (number, body) in numbers {
                let answer = loop {
                    match client.wait(number, PATIENCE) {
                        Err(error) if is_away(&error) => {}
                        answer => break answer,
                    }
                };
                match answer {
                    Ok(answer) => assert_eq!(answer, Message::from(&*body)),
                    // It died with the request under way: known, and not done again.
                    Err(TitanicError::Refused(status)) if service == "debit" => {
                        assert_eq!(status, "500 failed")
                    }
                    Err(error) => panic!("{service} {number}: {error}"),
                }
                let times = self.done.lock().unwrap().get(body.as_bytes()).copied().unwrap_or_default();
                match service {
                    "echo" => assert!(times >= 1, "answered by nobody"),
                    _ => assert!(times <= 1, "{body} was done {times} times"),
                }
            }
        }
        self.stops.into_iter().for_each(|stop| stop());
    }
}

fn is_away(error: &TitanicError) -> bool {
    matches!(error, TitanicError::Refused(status) if status == "500 store away")
}
