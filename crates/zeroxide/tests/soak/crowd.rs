//! Many who connect and never speak.

use crate::{again, alone, asked, common::*, ran_elsewhere, resident_octets};
use rustix::process::{Resource, getrlimit};
use std::{
    io::{BufRead, BufReader, Lines, Read},
    net::TcpStream,
    process::{Child, ChildStdout, Stdio},
    time::{Duration, Instant},
};
use zeroxide::*;

const STORY: &str = "crowd::a_crowd_that_says_nothing_does_not_disturb_those_who_talk";

/// In a process of its own, for the system gives one no more descriptors than both ends would take.
fn be_the_crowd(address: &str, count: usize) {
    let streams: Vec<_> = (0..count).map(|_| TcpStream::connect(address).unwrap()).collect();
    // Who has the beginning of a greeting was accepted; the others have been turned away by now.
    for stream in &streams {
        let _ = (&*stream).read_exact(&mut [0; 10]);
    }
    println!("\nall are here");
    let _ = std::io::stdin().read(&mut [0]);
}

/// So many silent connections to an endpoint, until [`Crowd::leave`].
struct Crowd {
    process: Child,
    /// What it says to nobody would end it.
    _says: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    fn come(endpoint: &str, count: usize) -> Self {
        let place = ("ZEROXIDE_CROWD", format!("{} {count}", &endpoint["tcp://".len()..]));
        let mut process = again(STORY, place).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "all are here"));
        Self { process, _says: lines }
    }

    fn leave(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// Ten thousand, or as many as the system has descriptors for.
fn ten_thousand() -> usize {
    getrlimit(Resource::Nofile).maximum.map_or(10_000, |most| (most as usize).saturating_sub(500).min(10_000))
}

#[track_caller]
fn converse(rep: &Rep, req: &Req) {
    req.send("question").unwrap();
    assert_eq!(rep.text(), "question");
    rep.send("answer").unwrap();
    assert_eq!(req.text(), "answer");
}

#[test]
fn of_ten_thousand_who_say_nothing_only_as_many_stay_as_may() {
    if ran_elsewhere("crowd::of_ten_thousand_who_say_nothing_only_as_many_stay_as_may") {
        return;
    }
    let _turn = alone();
    let count = ten_thousand();
    let context = Context::new();
    let (rep, req) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let before = resident_octets();
    let crowd = Crowd::come(&at, count);
    let most = rep.max_handshakes_per_address().unwrap();
    eventually(|| rep.statistics().met(Limit::HandshakesPerAddress) as usize >= count - most);
    let grown = resident_octets().saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} octets");
    // From elsewhere there is room.
    req.connect(&at.replace("tcp://", "tcp://127.0.0.2;")).unwrap();
    converse(&rep, &req);
    crowd.leave();
    eventually(|| rep.statistics().failed_handshakes as usize >= most);
    converse(&rep, &req);
}

#[test]
fn ten_thousand_who_say_nothing_are_gone_when_their_time_is_over() {
    let _turn = alone();
    let count = ten_thousand();
    let context = Context::new();
    let (rep, req) = (Rep::new(&context).unwrap(), Req::new(&context).unwrap());
    rep.set_max_handshakes(None).unwrap();
    rep.set_max_handshakes_per_address(None).unwrap();
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    req.connect(&at).unwrap();
    converse(&rep, &req);
    rep.set_handshake_interval(Some(Duration::from_secs(1))).unwrap();
    // They stay until the end: it is not they who close.
    let crowd = Crowd::come(&at, count);
    eventually(|| {
        converse(&rep, &req);
        rep.statistics().failed_handshakes as usize == count
    });
    assert_eq!(rep.statistics().met(Limit::HandshakeTime) as usize, count);
    assert_eq!((rep.connected(), rep.peers().len()), (1, 1));
    crowd.leave();
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
        let silent = Crowd::come(&at, connections);
        crowded.push(per_second());
        silent.leave();
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
