//! `zox titanic`, `zox lb` and `zox freelance`: requests that survive, from the shell.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

mod support;

use rustix::process::Signal;
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use support::{Zox, run, zox};

const LOCAL: &str = "tcp://127.0.0.1:*";
const LONG: &str = "--timeout=60s";

/// A directory that is gone at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn titanic(broker: &str, file: &Path) -> Zox {
    let mut titanic = zox(&[
        "titanic",
        "--connect",
        broker,
        "--file",
        file.to_str().unwrap(),
        "--tick=100ms",
        "--requests=1",
        "--octets=64k",
        "--accepting=1",
        "--replying=1",
        "--dispatchers=1",
    ]);
    titanic.told("event=started");
    titanic
}

fn ask(broker: &str, service: &str, body: &str) -> String {
    run(&["call", service, "--connect", broker, LONG, "--separator=/", body], b"").well().text().to_owned()
}

/// What Titanic says of a request when it has come to an end.
fn answer(broker: &str, number: &str) -> String {
    loop {
        match ask(broker, "titanic.reply", number) {
            pending if pending == "300\n" => {}
            answer => return answer,
        }
    }
}

#[test]
fn a_request_waits_on_disk_for_its_service_whoever_dies() {
    let directory = Directory::new("titanic");
    let file = directory.0.join("titanic.redb");
    let mut broker = zox(&["broker", "--bind", LOCAL]);
    let at = broker.bound();
    let mut first = titanic(&at, &file);
    let accepted = ask(&at, "titanic.request", "shout/hello");
    let number = accepted.trim().strip_prefix("200/").unwrap();
    assert_eq!(number.len(), 32, "{accepted}");
    assert_eq!(ask(&at, "titanic.reply", number), "300\n");
    assert!(ask(&at, "titanic.request", "shout/more").starts_with("500"), "--requests says one");
    first.counts(&["accepted=1 refused=1", "waiting=1"]);
    first.signal(Signal::KILL);
    let _ = first.ended();

    let second = titanic(&at, &file);
    let _worker = zox(&["worker", "shout", "--connect", &at, "--exec", "tr a-z A-Z"]);
    assert_eq!(answer(&at, number), "200/HELLO\n");
    assert_eq!(ask(&at, "titanic.close", number), "200\n");
    assert_eq!(ask(&at, "titanic.reply", number), "400\n");
    second.signal(Signal::TERM);
    let ended = second.ended().well();
    assert!(
        ended.stderr.contains("event=stopped") && ended.stderr.contains("answered=1"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_titanic_without_its_file_ends_with_code_1_and_without_its_name_with_code_2() {
    assert_eq!(run(&["titanic", "--file", "/no/such/directory/titanic.redb"], b"").code(), 1);
    assert_eq!(run(&["titanic"], b"").code(), 2);
    assert_eq!(run(&["titanic", "--file=t.redb", "--store=host=/run user=me"], b"").code(), 2);
    assert_eq!(run(&["titanic", "--file=t.redb", "--lease=1s"], b"").code(), 2);
}

#[cfg(feature = "postgres")]
#[test]
fn titanics_that_share_a_database_are_one_for_their_clients() {
    let nonsense = run(&["titanic", "--store", "secret nonsense"], b"");
    assert_eq!(nonsense.code(), 1);
    assert!(!nonsense.stderr.contains("secret"), "{}", nonsense.stderr);

    let database = zeroxide_testing::Postgres::start();
    let directory = Directory::new("titanics");
    let path = directory.0.join("titanic.conf");
    std::fs::write(&path, format!("store = {}\nlease = 500ms\ntick = 100ms\n", database.address("queue")))
        .unwrap();
    let mut broker = zox(&["broker", "--bind", LOCAL]);
    let at = broker.bound();
    let titanic = || {
        let mut titanic = zox(&["titanic", "--config", path.to_str().unwrap(), "--connect", &at]);
        titanic.told("event=started");
        titanic
    };
    let first = titanic();
    let accepted = ask(&at, "titanic.request", "shout/hello");
    let number = accepted.trim().strip_prefix("200/").unwrap();
    let second = titanic();
    first.signal(Signal::KILL);
    let _ = first.ended();
    let _worker = zox(&["worker", "shout", "--connect", &at, "--exec", "tr a-z A-Z"]);
    assert_eq!(answer(&at, number), "200/HELLO\n");
    second.signal(Signal::TERM);
    assert!(second.ended().well().stderr.contains("answered=1"));
}

/// Writes a line to its stdin, which stays open.
fn say(to: &mut Zox, line: &str) {
    writeln!(to.child.stdin.as_mut().unwrap(), "{line}").unwrap();
}

#[test]
fn a_worker_at_work_is_waited_for_at_the_end_and_no_other_request_is_taken() {
    let directory = Directory::new("lb");
    let path = directory.0.join("lb.conf");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "dialect = simple\npolicy = least-loaded\ndrain = 1h").unwrap();
    let config = path.to_str().unwrap();
    let mut balancer =
        zox(&["lb", "--config", config, "--frontend", LOCAL, "--backend", LOCAL, "--drain=10m"]);
    let (front, back) = (balancer.bound(), balancer.bound());
    let mut worker = zox(&["req", "--connect", &back, "--format=json"]);
    let client = zox(&["req", "--connect", &front, LONG, "Hello"]);
    say(&mut worker, "[\"READY\"]");
    let request: Vec<String> = serde_json::from_str(&worker.line()).unwrap();
    assert_eq!(request[1..], ["", "Hello"]);
    balancer.counts(&["requests=1 replies=0", "working=1"]);
    balancer.signal(Signal::TERM);
    balancer.told("event=stopping");
    let reply = serde_json::to_string(&[&request[0], "", "World"]).unwrap();
    say(&mut worker, &reply);
    assert_eq!(client.ended().well().text(), "World\n");
    let ended = balancer.ended().well();
    assert!(ended.stderr.contains("event=stopped requests=1 replies=1"), "{}", ended.stderr);
}

#[test]
fn a_request_that_nobody_takes_is_answered_with_the_refusal() {
    let mut balancer =
        zox(&["lb", "--frontend", LOCAL, "--backend", LOCAL, "--waiting-requests=0", "--refusal=come later"]);
    let front = balancer.bound();
    let client = run(&["req", "--connect", &front, LONG, "Hello"], b"").well();
    assert_eq!(client.text(), "come later\n");
    assert!(balancer.told("event=losses").contains("refused=1"));
}

#[test]
fn whichever_server_lives_answers() {
    let directory = Directory::new("freelance");
    let path = directory.0.join("freelance.conf");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "bind = {LOCAL}\nexec = tr a-z A-Z").unwrap();
    let mut shouting = zox(&["freelance", "server", "--config", path.to_str().unwrap()]);
    let mut failing = zox(&["freelance", "server", "--bind", LOCAL, "--format=json", "--exec", "echo no"]);
    let (shouts, fails) = (shouting.bound(), failing.bound());
    let nobody = format!("ipc://@zox-freelance-nobody-{}", std::process::id());
    let servers = ["--connect", &nobody, "--connect", &fails, "--connect", &shouts];
    let called = run(
        &[&["freelance", "call", LONG, "--try-timeout=200ms", "hello", "again"], &servers[..]].concat(),
        b"",
    );
    assert_eq!(called.well().text(), "HELLO\nAGAIN\n");
    let counters = shouting.counts(&[]);
    assert!(!counters.contains("requests=0"), "{counters}");
    shouting.signal(Signal::TERM);
    assert!(shouting.ended().well().stderr.contains("event=stopped"));
    let nobody = run(&["freelance", "call", "--connect", &nobody, "--timeout=100ms", "hello"], b"");
    assert_eq!(nobody.code(), 3, "{}", nobody.stderr);
}

#[test]
fn a_server_that_is_stopped_costs_a_try_and_not_the_request() {
    let mut first = zox(&["freelance", "server", "--bind", LOCAL, "--echo"]);
    let mut second = zox(&["freelance", "server", "--bind", LOCAL, "--exec", "tr a-z A-Z"]);
    let servers = [first.bound(), second.bound()];
    let call = || {
        let called = run(
            &[
                "freelance",
                "call",
                LONG,
                "--try-timeout=500ms",
                "--connect",
                &servers[0],
                "--connect",
                &servers[1],
                "hello",
            ],
            b"",
        );
        called.well().text().to_owned()
    };
    // Its connection stands, and takes what is sent: only silence tells.
    first.signal(Signal::STOP);
    assert_eq!(call(), "HELLO\n");
    second.signal(Signal::STOP);
    first.signal(Signal::CONT);
    assert_eq!(call(), "hello\n");
    second.signal(Signal::KILL);
    assert_eq!(call(), "hello\n");
}
