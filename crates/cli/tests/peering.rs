//! `zox peering`: clusters that share their workers, of processes that are killed, frozen and told of new peers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say so and end"
)]

mod support;

use rustix::process::Signal;
use std::{fs, path::PathBuf, thread};
use support::{Zox, run, zox};
use zeroxide::{Context, Req};

const LOCAL: &str = "tcp://127.0.0.1:*";
const LONG: &str = "--timeout=60s";

/// A running broker, and where it is.
struct Cluster {
    zox: Zox,
    name: &'static str,
    clients: String,
    workers: String,
    peer: String,
}

impl Cluster {
    fn start(name: &'static str, more: &[&str]) -> Self {
        let doors =
            [["--frontend", LOCAL], ["--backend", LOCAL], ["--cloud", LOCAL], ["--state", LOCAL]].concat();
        let quick = ["--dialect=simple", "--beat=100ms", "--state-age=6s"];
        let mut zox = zox(&[&["peering", "--name", name][..], &doors, &quick, more].concat());
        let [clients, workers, cloud, state] = [(); 4].map(|()| zox.bound());
        zox.told("event=started");
        Self { zox, name, clients, workers, peer: format!("{name}={cloud},{state}") }
    }

    /// A worker of the Guide's form, which says who it is.
    fn employ(&self, context: &Context) {
        let (worker, name) = (Req::new(context).unwrap(), self.name);
        worker.connect(&self.workers).unwrap();
        worker.send("READY").unwrap();
        thread::spawn(move || {
            while let Ok(task) = worker.recv() {
                let mut frames = task.into_frames();
                frames.pop();
                frames.push(name.into());
                let _ = worker.send(frames);
            }
        });
    }

    fn ask(&self) -> Zox {
        zox(&["req", "--connect", &self.clients, LONG, "task"])
    }
}

/// A file that is gone at the end of the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zox-peering-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_cluster_without_workers_is_lent_some_whoever_is_killed_or_frozen() {
    let context = Context::new();
    let two = Cluster::start("DC2", &[]);
    two.employ(&context);
    let peers = File::new("peers", &format!("# clusters\n{}\n", two.peer));
    let mut one = Cluster::start("DC1", &["--peers", peers.path(), "--request-lifetime=10m"]);
    assert_eq!(one.ask().ended().well().text(), "DC2\n");
    two.zox.signal(Signal::KILL);
    one.zox.told("event=peer_silent name=DC2");
    let waiting = one.ask();

    // Another is added while it runs, and does what waits.
    let three = Cluster::start("DC3", &[]);
    three.employ(&context);
    fs::write(&peers.0, &three.peer).unwrap();
    one.zox.signal(Signal::HUP);
    one.zox.told("event=peer_removed name=DC2");
    one.zox.told("event=peer_added name=DC3");
    assert_eq!(waiting.ended().well().text(), "DC3\n");
    three.zox.signal(Signal::STOP);
    one.zox.told("event=peer_silent name=DC3");
    let waiting = one.ask();
    one.zox.counts(&["peers=1 peers_heard=0", "exported=2"]);
    three.zox.signal(Signal::CONT);
    assert_eq!(waiting.ended().well().text(), "DC3\n");

    // A file that makes no sense changes nothing.
    fs::write(&peers.0, "DC4 = nowhere\n").unwrap();
    one.zox.signal(Signal::HUP);
    one.zox.told("event=peers_unread");
    assert_eq!(one.ask().ended().well().text(), "DC3\n");
    one.zox.signal(Signal::TERM);
    let ended = one.zox.ended().well();
    assert!(ended.stderr.contains("event=stopped requests=4 replies=4"), "{}", ended.stderr);
    three.zox.signal(Signal::INT);
    let ended = three.zox.ended().well();
    assert!(ended.stderr.contains("imported=3 returned=3"), "{}", ended.stderr);
}

#[test]
fn a_file_configures_it_and_what_makes_no_sense_is_refused() {
    let text = format!(
        "name = DC1\nfrontend = {LOCAL}\nbackend = {LOCAL}\ncloud = {LOCAL}\nstate = {LOCAL}\n\
        peer = DC2=tcp://127.0.0.1:9,tcp://127.0.0.1:9\nwaiting-requests = 0\nrefusal = \"come later\"\n"
    );
    let config = File::new("config", &text);
    let mut broker = zox(&["peering", "--config", config.path()]);
    let clients = broker.bound();
    let refused = run(&["req", "--connect", &clients, LONG, "task"], b"").well();
    assert_eq!(refused.text(), "come later\n");
    assert!(broker.told("event=losses").contains("refused=1"));
    broker.signal(Signal::TERM);
    assert!(broker.ended().well().stderr.contains("event=stopped"));
    for wrong in [
        &["peering"][..],
        &["peering", "--name=x", "--peer=DC2"],
        &["peering", "--name=x", "--peers=/no/file"],
    ] {
        let wrong =
            [wrong, &["--frontend", LOCAL, "--backend", LOCAL, "--cloud", LOCAL, "--state", LOCAL]].concat();
        let ended = run(&wrong, b"");
        assert_eq!(ended.code(), 2, "{}", ended.stderr);
    }
}

#[test]
fn clusters_talk_in_secret_and_a_stranger_is_lent_nothing() {
    let folder = std::env::temp_dir().join(format!("zox-peering-{}-keys", std::process::id()));
    let friends = folder.join("friends");
    fs::create_dir_all(&friends).unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.join(name));
    for key in [&one, &two] {
        run(&["keygen", key.to_str().unwrap()], b"").well();
    }
    fs::copy(folder.join("one.pub"), friends.join("one.pub")).unwrap();
    let context = Context::new();
    let serves = format!("--cloud-option=curve-server={},{}", two.display(), friends.display());
    let lender = Cluster::start("DC2", &[&serves]);
    lender.employ(&context);
    let public = fs::read_to_string(folder.join("two.pub")).unwrap();
    let asks = format!("--peer-option=curve-client={},{}", public.trim(), one.display());
    let friend = Cluster::start("DC1", &["--peer", &lender.peer, &asks]);
    assert_eq!(friend.ask().ended().well().text(), "DC2\n");
    let plain = Cluster::start("DC3", &["--peer", &lender.peer, "--request-lifetime=2s", "--refusal=nobody"]);
    assert_eq!(plain.ask().ended().well().text(), "nobody\n");
    // The server does not know this key.
    let asks = format!("--peer-option=curve-client={},{}", public.trim(), two.display());
    let stranger =
        Cluster::start("DC4", &["--peer", &lender.peer, &asks, "--request-lifetime=2s", "--refusal=nobody"]);
    assert_eq!(stranger.ask().ended().well().text(), "nobody\n");
    let wrong = run(
        &["peering", "--name=x", "--frontend", LOCAL, "--option=curve-server=/no/file,/no/directory"],
        b"",
    );
    assert_eq!(wrong.code(), 2, "{}", wrong.stderr);
    fs::remove_dir_all(folder).unwrap();
}
