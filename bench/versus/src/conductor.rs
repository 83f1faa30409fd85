//! Plays one workload once: starts both processes, passes the words on, kills what hangs.

use crate::{
    cores::Cores,
    subject::Transport,
    workload::{Figure, Pattern, Unit, Workload},
};
use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Server,
    Client,
    Proxy,
}

/// What a process said; None is the end of its output.
type Word = (Side, Option<String>);

/// A process that does not outlive this value.
struct Player {
    child: Child,
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Player {
    fn start(
        side: Side,
        subject: &str,
        workload: &Workload,
        count: u64,
        endpoint: &str,
        cores: Cores,
        words: Sender<Word>,
    ) -> Self {
        let role = match side {
            Side::Server => "server",
            Side::Client => "client",
            Side::Proxy => "proxy",
        };
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--cores",
                cores.name(),
                "role",
                role,
                subject,
                &workload.name,
                &count.to_string(),
                endpoint,
            ])
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            // What a panic says stands below where it happened.
            let mut lines = text.lines().skip_while(|line| !line.contains("panicked at"));
            lines.nth(1).or(text.lines().last()).unwrap_or_default().to_owned()
        });
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = words.send((side, Some(line)));
            }
            let _ = words.send((side, None));
            let complaint = complaints.join().unwrap_or_default();
            let _ = words.send((side, Some(format!("ended {complaint}"))));
        });
        Self { child }
    }

    fn tell(&mut self) {
        let _ = self.child.stdin.as_mut().unwrap().write_all(b"go\n");
    }

    /// What all threads have taken of the processors so far, in seconds.
    fn cpu(&self) -> f64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten();
        let time = |thread: std::io::Result<fs::DirEntry>| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        threads.filter_map(time).sum::<f64>() / 1e9
    }

    /// Resident memory, in KiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// The figures of one round, or why there are none.
pub fn play(
    subject: &str,
    workload: &Workload,
    count: u64,
    limit: Duration,
    cores: Cores,
) -> Result<Vec<Figure>, String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = env::temp_dir().join(format!("versus-{}-{number}.sock", std::process::id()));
    let endpoint = match workload.plan.transport {
        Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
        Transport::Ipc => format!("ipc://{}", path.display()),
        Transport::Inproc => format!("inproc://versus-{number}"),
    };
    let result = converse(subject, workload, count, &endpoint, limit, cores);
    let _ = fs::remove_file(path);
    result.map(|said| figures(workload, &said))
}

/// What both sides said at the end, each key with its side.
type Said = HashMap<(Side, String), f64>;

fn converse(
    subject: &str,
    workload: &Workload,
    count: u64,
    endpoint: &str,
    limit: Duration,
    cores: Cores,
) -> Result<Said, String> {
    let (words, heard) = channel();
    let deadline = Instant::now() + limit;
    let start =
        |side, endpoint: &str| Player::start(side, subject, workload, count, endpoint, cores, words.clone());
    if workload.pattern.has_proxy() {
        return converse_through(&start, endpoint, &heard, deadline);
    }
    let mut server = start(Side::Server, endpoint);
    let mut client: Option<Player> = None;
    let (mut said, mut done) = (Said::new(), vec![]);
    let alone = workload.plan.transport == Transport::Inproc || workload.pattern.is_alone();
    loop {
        match next(&heard, deadline)? {
            (Side::Server, Some(line)) if line.starts_with("endpoint ") => {
                said.insert((Side::Server, "memory before".to_owned()), server.memory());
                let endpoint = &line["endpoint ".len()..];
                client = Some(start(Side::Client, endpoint));
            }
            (Side::Client, Some(line)) if line == "ready" => {
                said.insert((Side::Server, "memory after".to_owned()), server.memory());
                match workload.pattern {
                    Pattern::Dealers => client.as_mut().unwrap().tell(),
                    _ => server.tell(),
                }
            }
            (side, Some(line)) if line.starts_with("done") => {
                note(&mut said, side, &line);
                done.push(side);
                match (side, workload.pattern) {
                    (Side::Server, Pattern::Stream) if !alone => client.as_mut().unwrap().tell(),
                    (Side::Client, Pattern::RoundTrip | Pattern::Dealers) => server.tell(),
                    _ => {}
                }
                if alone || done.len() == 2 {
                    return Ok(said);
                }
            }
            (side, Some(line)) if line.starts_with("ended") && !done.contains(&side) => {
                return Err(complaint_of(line["ended".len()..].trim()));
            }
            _ => {}
        }
    }
}

fn note(said: &mut Said, side: Side, line: &str) {
    for (key, value) in line.split(' ').filter_map(|word| word.split_once('=')) {
        said.insert((side, key.to_owned()), value.parse().unwrap_or(f64::NAN));
    }
}

fn complaint_of(text: &str) -> String {
    if text.is_empty() { "ended early".to_owned() } else { text.to_owned() }
}

/// With a proxy: it says where it listens, then the receiver begins, then the sender.
fn converse_through(
    start: &impl Fn(Side, &str) -> Player,
    endpoint: &str,
    heard: &Receiver<Word>,
    deadline: Instant,
) -> Result<Said, String> {
    let proxy = start(Side::Proxy, endpoint);
    let (mut said, mut players, mut done) = (Said::new(), vec![], vec![]);
    loop {
        match next(heard, deadline)? {
            (Side::Proxy, Some(line)) if line.starts_with("endpoint ") => {
                let (front, back) = line["endpoint ".len()..].split_once(' ').unwrap();
                players.push(start(Side::Server, back));
                players.push(start(Side::Client, front));
            }
            (side, Some(line)) if line.starts_with("done") => {
                note(&mut said, side, &line);
                done.push(side);
                if side == Side::Server {
                    said.insert((Side::Proxy, "cpu".to_owned()), proxy.cpu());
                    players[1].tell();
                }
                if done.len() == 2 {
                    return Ok(said);
                }
            }
            (side, Some(line)) if line.starts_with("ended") && !done.contains(&side) => {
                return Err(complaint_of(line["ended".len()..].trim()));
            }
            _ => {}
        }
    }
}

fn next(heard: &Receiver<Word>, deadline: Instant) -> Result<Word, String> {
    heard.recv_timeout(deadline.saturating_duration_since(Instant::now())).map_err(|error| match error {
        RecvTimeoutError::Timeout => "hangs".to_owned(),
        RecvTimeoutError::Disconnected => "ended early".to_owned(),
    })
}

fn figures(workload: &Workload, said: &Said) -> Vec<Figure> {
    let get = |key: &str| {
        let find = |side| said.get(&(side, key.to_owned())).copied();
        find(Side::Client).or_else(|| find(Side::Server)).unwrap_or(f64::NAN)
    };
    let cpu: f64 = [Side::Server, Side::Client, Side::Proxy]
        .iter()
        .filter_map(|side| said.get(&(*side, "cpu".to_owned())))
        .sum();
    let messages = get("messages");
    let rate = messages / get("seconds");
    let figure = |row: String, unit, value| Figure { row, unit, value };
    let name = &workload.name;
    let mut figures = vec![];
    match workload.pattern {
        Pattern::Stream
        | Pattern::Streamer
        | Pattern::Queue
        | Pattern::Tripping { .. }
        | Pattern::Services => {
            figures.push(figure(name.clone(), Unit::PerSecond, rate));
            if workload.plan.transport != Transport::Inproc {
                let per_million = cpu / messages * 1e6;
                figures.push(figure(format!("cpu/{name}"), Unit::SecondsPerMillion, per_million));
            }
        }
        Pattern::RoundTrip => {
            figures.push(figure(format!("{name} median"), Unit::Microseconds, get("median")));
            figures.push(figure(format!("{name} p99"), Unit::Microseconds, get("p99")));
        }
        Pattern::Publish => {
            figures.push(figure(name.clone(), Unit::PerSecond, rate));
            let sent = get("sent") / get("sending");
            figures.push(figure(format!("{name} sent"), Unit::PerSecond, sent));
            figures.push(figure(format!("cpu/{name}"), Unit::SecondsPerMillion, cpu / messages * 1e6));
        }
        Pattern::Dealers => {
            figures.push(figure(name.clone(), Unit::PerSecond, rate));
            figures.push(figure(format!("storm/{}", workload.plan.peers), Unit::Milliseconds, get("storm")));
            let memory = (get("memory after") - get("memory before")) / workload.plan.peers as f64;
            figures.push(figure("memory/connection".to_owned(), Unit::KibPerConnection, memory));
        }
    }
    figures
}

/// How much to do so that it takes about `seconds`, as the figures of `count` tell. A short run tells little, so this is
/// at most eight times as much.
pub fn scaled(workload: &Workload, count: u64, figures: &[Figure], seconds: f64) -> Option<u64> {
    let first = figures.first()?;
    let rate = match workload.pattern {
        Pattern::Publish => 1e3,
        Pattern::RoundTrip => 1e6 / first.value,
        Pattern::Tripping { .. } | Pattern::Services => return None,
        Pattern::Stream | Pattern::Dealers | Pattern::Streamer | Pattern::Queue => first.value,
    };
    let wanted = rate * seconds;
    wanted.is_finite().then(|| (wanted as u64).min(8 * count).max(workload.start))
}
