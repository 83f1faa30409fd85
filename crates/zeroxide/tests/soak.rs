//! What connections that come to nothing leave behind, counted in octets: while they are there, and when a great many of
//! them have come and gone. Short here; `cargo xtask soak` asks for more by environment variables.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "in a test a failure here is the failure of the test"
)]

mod common;

use common::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use zeroxide::*;

/// What is measured is the whole process, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn resident_octets() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
}

fn asked(name: &str) -> Option<usize> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

fn speaks_zmtp(kind: &SocketType) -> bool {
    !matches!(kind, SocketType::Stream | SocketType::Dgram)
}

/// A socket at several addresses, so that the system does not run out of ports for those that were closed here first.
struct Idle {
    socket: Socket,
    tcp: Vec<String>,
    unix: String,
    _context: Context,
}

impl Idle {
    fn new(kind: SocketType) -> Self {
        let context = Context::new();
        let socket = Socket::new(&context, kind).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let port = socket.last_endpoint().rsplit_once(':').unwrap().1.to_owned();
        let mut tcp = vec![format!("127.0.0.1:{port}")];
        for last in 2..=32 {
            if let Ok(at) = socket.bind(&format!("tcp://127.0.0.{last}:{port}")) {
                tcp.push(at["tcp://".len()..].to_owned());
            }
        }
        let unix = socket.bind("ipc://*").unwrap()["ipc://".len()..].to_owned();
        Self { socket, tcp, unix, _context: context }
    }

    /// Connections that have come to nothing.
    fn done(&self) -> usize {
        let told = self.socket.statistics();
        let turned_away = told.met(Limit::Handshakes) + told.met(Limit::HandshakesPerAddress);
        (told.failed_handshakes + turned_away) as usize
    }

    /// Somebody connects, says something that leads to nothing, and goes.
    fn cycle(&self, number: usize, sayings: &[Vec<u8>]) {
        let saying = &sayings[number % sayings.len()];
        // The other side may have closed before it took all of it.
        if (number / sayings.len()).is_multiple_of(2) {
            let _ = TcpStream::connect(&self.tcp[number % self.tcp.len()]).unwrap().write_all(saying);
        } else {
            let _ = UnixStream::connect(&self.unix).unwrap().write_all(saying);
        }
    }

    fn cycles(&self, count: usize, sayings: &[Vec<u8>]) {
        let mut wanted = self.done();
        for number in 0..count {
            self.cycle(number, sayings);
            if number % 100 == 99 || number + 1 == count {
                wanted += number % 100 + 1;
                eventually(|| self.done() >= wanted);
            }
        }
    }
}

/// Nothing, halves, noise, another mechanism, another type, too much.
fn sayings() -> Vec<Vec<u8>> {
    let greeting = octets::greeting_v31("NULL");
    let command = |name, data: &[u8]| [greeting.clone(), octets::command(name, data)].concat();
    vec![
        vec![],
        greeting[..10].to_vec(),
        greeting[..40].to_vec(),
        greeting.clone(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        octets::greeting_v31("CURVE"),
        command("READY", &octets::property("Socket-Type", b"NONSENSE")),
        command("READY", &octets::property("X-life-story", &[7; 3000])),
        command("READY", b"\x0bSocket-"),
        [greeting.clone(), vec![6, 0, 0, 0, 0, 0, 1, 0, 0, 7]].concat(),
    ]
}

#[test]
fn handshakes_that_fail_leave_nothing_behind_on_a_socket_of_any_type() {
    let _turn = alone();
    let count = asked("ZEROXIDE_SOAK_HANDSHAKES").unwrap_or(2000);
    let only = std::env::var("ZEROXIDE_SOAK_TYPES").ok();
    let sayings = sayings();
    let wanted =
        |kind: &SocketType| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == kind.name()));
    for kind in SocketType::ALL.into_iter().filter(speaks_zmtp).filter(wanted) {
        let idle = Idle::new(kind);
        // The first ones pay for what there is once.
        idle.cycles((count / 20).max(500), &sayings);
        let (before, start) = (resident_octets(), Instant::now());
        idle.cycles(count, &sayings);
        let grown = resident_octets().saturating_sub(before);
        println!(
            "{kind}: {count} handshakes failed in {:.1} s, memory grew by {} KiB to {} KiB",
            start.elapsed().as_secs_f64(),
            grown >> 10,
            resident_octets() >> 10
        );
        assert!(grown <= 2 << 20, "{kind}: memory grew by {grown} octets");
        assert!(idle.socket.peers().is_empty() && idle.socket.connected() == 0, "{kind}");
    }
}

/// Connections that stop at some point before it is known who they are, and what each of them may cost at most.
fn half_open(mechanism: &str, prepare: impl Fn(&Rep), says: impl Fn(usize) -> Vec<u8>) -> usize {
    const EACH: usize = 1000;
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_max_handshakes(None).unwrap();
    rep.set_max_handshakes_per_address(None).unwrap();
    prepare(&rep);
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let come = |count: usize| -> Vec<TcpStream> {
        let connect = |number: usize| {
            let mut stream = TcpStream::connect(&at["tcp://".len()..]).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(&says(number)).unwrap();
            stream
        };
        let mut streams: Vec<_> = (0..count).map(connect).collect();
        // All of them have been heard out as far as the first ten octets, which are answered by the eleventh.
        for (number, stream) in streams.iter_mut().enumerate() {
            let answers = if says(number).len() >= 64 { 64 } else { 10 };
            stream.read_exact(&mut vec![0; answers]).unwrap();
        }
        streams
    };
    let first = come(EACH);
    let before = resident_octets();
    let more = come(2 * EACH);
    // What lies in the kernel still has to be taken: another connection, behind all of these, is served when it is.
    let each = resident_octets().saturating_sub(before) / more.len();
    println!("{mechanism}: {each} octets for each connection that is not let in yet");
    drop((first, more));
    each
}

/// This program once more, for one story, with a setting: what it frees or holds is not in this process's memory.
fn again(story: &str, setting: (&str, String)) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", story, "--nocapture"]).env(setting.0, setting.1);
    command
}

#[test]
fn a_connection_that_is_not_let_in_yet_costs_less_than_four_kibioctets() {
    let _turn = alone();
    // What one measurement frees would be found by the next: each has a process of its own.
    let Some(which) = asked("ZEROXIDE_HALF_OPEN") else {
        for which in 0..5 {
            let story = "a_connection_that_is_not_let_in_yet_costs_less_than_four_kibioctets";
            let measured = again(story, ("ZEROXIDE_HALF_OPEN", which.to_string())).output().unwrap();
            let told = String::from_utf8_lossy(&measured.stdout);
            told.lines().filter(|line| line.contains("octets for")).for_each(|line| println!("{line}"));
            assert!(measured.status.success(), "{told}{}", String::from_utf8_lossy(&measured.stderr));
        }
        return;
    };
    let each = half_open_connection(which);
    assert!(each < 4096, "{each} octets");
}

/// One way to stay outside: how many octets it costs.
fn half_open_connection(which: usize) -> usize {
    // All but the last octet of the longest command that is accepted, in the mechanism that holds it before it knows the peer.
    let long = |mechanism: &'static str, name: &'static str, size: usize| {
        move |_: usize| {
            let command = octets::command(name, &vec![7; size]);
            [octets::greeting_v31(mechanism), command[..command.len() - 1].to_vec()].concat()
        }
    };
    match which {
        0 => half_open("silent", |_| {}, |_| vec![]),
        1 => half_open("NULL, greeted", |_| {}, |_| octets::greeting_v31("NULL")),
        2 => half_open("NULL, all of a READY but an octet", |_| {}, long("NULL", "READY", 2048)),
        3 => {
            let keys = curve_keypair().unwrap();
            let secure = |rep: &Rep| rep.secure_server(&keys, AllowAny).unwrap();
            half_open("CURVE, all of a HELLO but an octet", secure, long("CURVE", "HELLO", 194))
        }
        _ => {
            let guard = |rep: &Rep| {
                rep.set_plain_server().unwrap();
                rep.set_authenticator(AllowAny).unwrap();
            };
            half_open("PLAIN, all of a HELLO but an octet", guard, long("PLAIN", "HELLO", 512))
        }
    }
}

/// In a process of its own, for the system gives one no more descriptors than both ends would take.
fn be_the_crowd(address: &str, count: usize) {
    let streams: Vec<_> = (0..count).map(|_| TcpStream::connect(address).unwrap()).collect();
    // Who has the beginning of a greeting was accepted.
    for stream in &streams {
        (&*stream).read_exact(&mut [0; 10]).unwrap();
    }
    println!("\nall are here");
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn a_crowd_that_says_nothing_does_not_disturb_those_who_talk() {
    let _turn = alone();
    if let Ok(place) = std::env::var("ZEROXIDE_CROWD") {
        let (address, count) = place.split_once(' ').unwrap();
        return be_the_crowd(address, count.parse().unwrap());
    }
    let crowd = asked("ZEROXIDE_SOAK_SILENT");
    let (connections, messages, rounds) = match crowd {
        Some(count) => (count, 1_000_000, 9),
        None => (500, 10_000, 2),
    };
    let context = Context::new();
    let (pull, push) = (Pull::new(&context).unwrap(), Push::new(&context).unwrap());
    pull.set_max_handshakes(None).unwrap();
    pull.set_max_handshakes_per_address(None).unwrap();
    pull.set_handshake_interval(None).unwrap();
    let at = join(&pull, &push, "tcp://127.0.0.1:*");
    let per_second = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..messages).for_each(|_| push.send(&[7_u8; 64][..]).unwrap()));
            (0..messages).for_each(|_| drop(pull.get()));
        });
        messages as f64 / start.elapsed().as_secs_f64()
    };
    let (mut alone, mut crowded) = (vec![], vec![]);
    per_second();
    for _ in 0..rounds {
        alone.push(per_second());
        let accepted = pull.statistics().failed_handshakes as usize;
        let story = "a_crowd_that_says_nothing_does_not_disturb_those_who_talk";
        let place = ("ZEROXIDE_CROWD", format!("{} {connections}", &at["tcp://".len()..]));
        let mut silent = again(story, place).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(silent.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "all are here"));
        crowded.push(per_second());
        drop(silent.stdin.take());
        assert!(silent.wait().unwrap().success());
        eventually(|| pull.statistics().failed_handshakes as usize == accepted + connections);
    }
    assert_eq!(pull.connected(), 1);
    if crowd.is_some() {
        let middle = |figures: &mut Vec<f64>| {
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        let (alone, crowded) = (middle(&mut alone), middle(&mut crowded));
        println!(
            "64 octets: {alone:.0} messages a second alone, {crowded:.0} beside {connections} silent connections: {:+.1} %",
            (crowded / alone - 1.0) * 100.0
        );
    }
}
