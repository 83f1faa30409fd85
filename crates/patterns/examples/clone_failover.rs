//! How long a pair of Clone servers is away when the active one is killed: two servers in processes of their own, a client
//! that sets key after key, and one that waits for them. The active server is killed (SIGKILL) between two changes; what
//! is told is the time until the next change is published by the other server and seen by the other client.
//!
//! `cargo run --release -p zeroxide-patterns --example clone_failover [ROUNDS]`
//!
//! Once with the usual times, once with short ones. Ends with an error if anything that was published is lost.
#![allow(clippy::print_stdout, reason = "this program exists to print")]

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use zeroxide::Context;
use zeroxide_patterns::{
    binary_star::{Phase, Role, StarLink, StarOptions},
    clone::{Changes, ClientOptions, CloneClient, CloneServer, Endpoints, ServerOptions},
};

type Failure = Box<dyn Error + Send + Sync>;

const PATIENCE: Duration = Duration::from_secs(120);

/// What is configured, in milliseconds.
#[derive(Clone, Copy)]
struct Times {
    /// A server beats so often, for its peer and for clients.
    beat: u64,
    /// A peer that is silent for so long is dead, if a client says so too.
    peer_timeout: u64,
    /// A client leaves a server that is silent for so long.
    silence: u64,
}

const USUAL: Times = Times { beat: 1_000, peer_timeout: 2_000, silence: 5_000 };
const SHORT: Times = Times { beat: 100, peer_timeout: 500, silence: 1_000 };

fn main() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [role, base, beat, peer_timeout] = &words[..] {
        return serve(role, base, beat.parse()?, peer_timeout.parse()?);
    }
    let rounds = words.first().map_or(Ok(3), |rounds| rounds.parse())?;
    for times in [USUAL, SHORT] {
        println!(
            "configured: beats {} ms, peer_timeout {} ms, a client's silence {} ms",
            times.beat, times.peer_timeout, times.silence
        );
        for round in 0..rounds {
            let base = format!("ipc://@zeroxide-failover-{}-{}-{round}", std::process::id(), times.silence);
            let (set, seen) = fail(&base, times)?;
            println!("  set again after {:.2} s, seen after {:.2} s", set.as_secs_f64(), seen.as_secs_f64());
        }
    }
    Ok(())
}

/// Where a server is, in the abstract namespace.
fn place(base: &str, role: Role) -> Endpoints {
    let at = |what| format!("{base}-{role}-{what}");
    Endpoints { snapshots: at("snapshots"), updates: at("updates"), changes: at("changes") }
}

/// One of the pair. It prints its phase and how many keys it has.
fn serve(role: &str, base: &str, beat: u64, peer_timeout: u64) -> Result<(), Failure> {
    let role = if role == Role::Primary.to_string() { Role::Primary } else { Role::Backup };
    let context = Context::new();
    let heartbeat = Duration::from_millis(beat);
    let options = ServerOptions { hug: heartbeat, ..ServerOptions::default() };
    let mut server = CloneServer::new(&context, Changes::Published, options)?;
    let star = StarOptions { heartbeat, peer_timeout: Duration::from_millis(peer_timeout) };
    let link = StarLink::new(&context, role, star)?;
    link.bind(&format!("{base}-{role}-reports"))?;
    link.connect(&format!("{base}-{}-reports", role.other()))?;
    server.pair(link, place(base, role.other()));
    server.bind(&place(base, role))?;
    let control = server.control();
    thread::spawn(move || {
        loop {
            println!("{} {}", control.phase(), control.statistics().keys);
            thread::park_timeout(Duration::from_millis(20));
        }
    });
    Ok(server.run()?)
}

/// A server process. Ends with this value.
struct Server(Child, Lines<BufReader<ChildStdout>>);

impl Server {
    fn start(base: &str, role: Role, times: Times) -> Result<Self, Failure> {
        let mut command = Command::new(env::current_exe()?);
        command.args([role.to_string(), base.into(), times.beat.to_string(), times.peer_timeout.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let said = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        Ok(Self(child, said))
    }

    /// Waits until it says this.
    fn says(&mut self, wanted: &str) -> Result<(), Failure> {
        while self.1.next().ok_or("the server has ended")?? != wanted {}
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Kills the active server, and tells after what time a change is published and seen again.
fn fail(base: &str, times: Times) -> Result<(Duration, Duration), Failure> {
    let mut primary = Server::start(base, Role::Primary, times)?;
    let mut backup = Server::start(base, Role::Backup, times)?;
    let context = Context::new();
    let servers = [Role::Primary, Role::Backup].map(|role| place(base, role));
    let client = || {
        let silence = Duration::from_millis(times.silence);
        CloneClient::new(&context, &servers, ClientOptions { silence, ..ClientOptions::default() })
    };
    let (writer, reader) = (client()?, client()?);
    const KEYS: usize = 1_000;
    for number in 0..KEYS {
        writer.set_published(format!("/{number}"), "before", None, PATIENCE)?;
    }
    primary.says(&format!("{} {KEYS}", Phase::Active))?;
    backup.says(&format!("{} {KEYS}", Phase::Passive))?;
    let killed = Instant::now();
    drop(primary);
    writer.set_published("next", "after", None, PATIENCE)?;
    let set = killed.elapsed();
    let is_there = reader.wait_until(PATIENCE, |get| get(b"next").is_some());
    let seen = killed.elapsed();
    let whole = (0..KEYS).all(|number| reader.get(format!("/{number}")).is_some());
    if is_there && whole { Ok((set, seen)) } else { Err("something that was published is lost".into()) }
}
